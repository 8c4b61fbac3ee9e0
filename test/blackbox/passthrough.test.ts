/** TLS that endpoints terminate: `ssl-passthrough` (routing.md §16). */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connect as connectTls, createServer, TLSSocket } from 'node:tls';
import type { Endpoint, Passthrough } from '../../src/model/config.ts';
import {
  helloMessage,
  inOneRecord,
  inRecords,
  nameExtension,
} from '../unit/sample-client-hello.ts';
import { fullEndpoint } from './harness/full-endpoint.ts';
import { inCrumbs } from './harness/in-crumbs.ts';
import { connectTlsClient, RawClient } from './harness/raw-client.ts';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy, type ProxyOptions, type RunningProxy } from './harness/start-proxy.ts';
import { refusedEndpoint, startRawUpstream, startUpstream } from './harness/upstream.ts';

const certificate = selfSignedCertificate('default', ['proxy.test']);
const endpointCertificate = selfSignedCertificate('endpoint', ['pass.test']);
const message = helloMessage([nameExtension('pass.test')]);
const HELLO = inOneRecord(message);
const usual: Passthrough = {
  cluster: 'main',
  connectMs: 5_000,
  idleMs: 60_000,
  attempts: 3,
  withinMs: 'none',
};

function hostWith(
  passthrough: Partial<Passthrough> = {},
): NonNullable<ProxyOptions['virtualHosts']> {
  const own = {
    name: 'pass.test',
    aliases: ['alias.test'],
    passthrough: { ...usual, ...passthrough },
  };
  return [own, { name: '*.pass.test' }, { name: 'app.test' }];
}

async function start(
  t: TestContext,
  upstreams: readonly Endpoint[],
  options: Partial<ProxyOptions> & { readonly passthrough?: Partial<Passthrough> } = {},
): Promise<RunningProxy> {
  const { passthrough, ...rest } = options;
  const virtualHosts = hostWith(passthrough);
  return startProxy(t, { upstreams, certificates: [certificate], virtualHosts, ...rest });
}

/** A TLS server with a certificate of its own, that sends back what it gets. */
async function startTlsEcho(t: TestContext): Promise<Endpoint> {
  const { chain: cert, key } = endpointCertificate;
  const server = createServer({ cert, key: key.reveal(), allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

async function connectTcp(t: TestContext, port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return new RawClient(socket);
}

/** Of the certificate that a client was shown. */
function presentedName({ socket }: RawClient): string {
  assert.ok(socket instanceof TLSSocket);
  return String(socket.getPeerCertificate().subject.CN);
}

/** An endpoint whose connections come one by one. */
async function startAcceptor(
  t: TestContext,
): Promise<{ endpoint: Endpoint; next: () => Promise<RawClient>; connections: () => number }> {
  const waiting: RawClient[] = [];
  let onNext: (() => void) | undefined;
  const upstream = await startRawUpstream(t, (socket) => {
    waiting.push(new RawClient(socket));
    onNext?.();
  });
  const next = async (): Promise<RawClient> => {
    for (;;) {
      const first = waiting.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => (onNext = resolve));
    }
  };
  return { endpoint: upstream.endpoint, next, connections: () => upstream.connections() };
}

/** A client and the endpoint's side of its connection, after the hello. */
async function open(
  t: TestContext,
  proxy: RunningProxy,
  acceptor: { next: () => Promise<RawClient> },
): Promise<{ client: RawClient; server: RawClient }> {
  const client = await connectTcp(t, proxy.httpsPort);
  client.write(HELLO);
  const server = await acceptor.next();
  await server.waitFor(HELLO.toString('latin1'));
  server.take();
  return { client, server };
}

test('the endpoint terminates TLS, by its own certificate', async (t) => {
  const proxy = await start(t, [await startTlsEcho(t)]);
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const ca = endpointCertificate.chain;
    const options = { servername: 'pass.test', ca, rejectUnauthorized: true, maxVersion };
    const client = await connectTlsClient(t, proxy.httpsPort, options);
    client.write('to and fro');
    await client.waitFor('to and fro');
    client.end();
    assert.equal(await client.readToEnd(), 'to and fro');
  }
  const { passthroughOpened, passthroughFailed, ...report } = proxy.stats.take();
  assert.deepEqual([passthroughOpened, passthroughFailed], [2, 0]);
  assert.ok(report.passthroughBytesReceived > 500, `${report.passthroughBytesReceived} received`);
  assert.ok(report.passthroughBytesSent > 1_000, `${report.passthroughBytesSent} sent`);
  assert.equal(proxy.records.length, 0);
});

test('all other names, none at all, and plain HTTP stay with the proxy', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('over HTTP'));
  const proxy = await start(t, [upstream.endpoint]);
  for (const servername of ['app.test', 'alias.test', 'a.pass.test', 'nobody.test', '']) {
    const client = await connectTlsClient(t, proxy.httpsPort, { servername });
    assert.equal(presentedName(client), 'proxy.test', servername);
  }
  const plain = await connectTcp(t, proxy.httpPort);
  plain.write('GET / HTTP/1.1\r\nHost: pass.test\r\n\r\n');
  assert.equal((await plain.readAnswer()).body, 'over HTTP');
  assert.equal(proxy.stats.take().passthroughOpened, 0);
});

test('a hello byte by byte, and in records of one byte, reaches the endpoint as it is', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [acceptor.endpoint]);
  const hello = inRecords(message, () => 1);
  const client = await connectTcp(t, proxy.httpsPort);
  for (const byte of hello) {
    await new Promise((resolve) => client.socket.write(Buffer.of(byte), resolve));
  }
  const server = await acceptor.next();
  await server.waitFor(hello.toString('latin1'));
  server.write('answer');
  await client.waitFor('answer');
});

test('a whole handshake byte by byte', async (t) => {
  const proxy = await start(t, [await startTlsEcho(t)]);
  const tcp = connect({ port: proxy.httpsPort, host: '127.0.0.1', noDelay: true });
  t.after(() => tcp.destroy());
  tcp.on('error', () => undefined);
  const socket = connectTls({
    socket: inCrumbs(tcp),
    servername: 'pass.test',
    ca: endpointCertificate.chain,
  });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  const client = new RawClient(socket);
  client.write('crumbs');
  await client.waitFor('crumbs');
});

test('much goes both ways at once, whole', async (t) => {
  const proxy = await start(t, [await startTlsEcho(t)]);
  const { socket } = await connectTlsClient(t, proxy.httpsPort, { servername: 'pass.test' });
  socket.setEncoding('latin1');
  const sent = randomBytes(8 * 1024 * 1024);
  const hash = createHash('sha256');
  socket.on('data', (text: string) => hash.update(text, 'latin1'));
  socket.end(sent);
  await once(socket, 'end');
  assert.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'));
});

test('who does not read holds the other side back, and loses nothing', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [acceptor.endpoint]);
  const { client, server } = await open(t, proxy, acceptor);
  client.socket.pause();
  const piece = Buffer.alloc(1024 * 1024, 'x');
  const total = 64;
  for (let written = 0; written < total; written++) server.socket.write(piece);
  server.end();
  const { sent, isStalled } = await watchUntilStalled(proxy);
  assert.ok(isStalled);
  assert.ok(sent < (total / 2) * piece.length, `${sent} bytes are on their way`);
  client.socket.resume();
  assert.equal((await client.readToEnd()).length, total * piece.length);
});

test('an end is passed on as an end, either way', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [acceptor.endpoint]);
  const first = await open(t, proxy, acceptor);
  first.client.write('question');
  first.client.end();
  assert.equal(await first.server.readToEnd(), 'question');
  first.server.write('late answer');
  first.server.end();
  assert.equal(await first.client.readToEnd(), 'late answer');

  const second = await open(t, proxy, acceptor);
  second.server.end();
  assert.equal(await second.client.readToEnd(), '');
  second.client.write('late question');
  second.client.end();
  assert.equal(await second.server.readToEnd(), 'late question');
  assert.equal(second.server.ended, 'end');
});

test('a cut is passed on as a cut, either way', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [acceptor.endpoint]);
  const first = await open(t, proxy, acceptor);
  first.server.reset();
  await first.client.readToEnd();
  assert.equal(first.client.ended, 'reset');
  const second = await open(t, proxy, acceptor);
  second.client.reset();
  await second.server.readToEnd();
  assert.equal(second.server.ended, 'reset');
});

test('an endpoint that leaves keeps its connections and gets no new ones', async (t) => {
  const leaving = await startAcceptor(t);
  const staying = await startAcceptor(t);
  const proxy = await start(t, [leaving.endpoint]);
  const { client, server } = await open(t, proxy, leaving);
  proxy.apply({
    upstreams: [staying.endpoint],
    certificates: [certificate],
    virtualHosts: hostWith(),
  });
  await open(t, proxy, staying);
  client.write('still here');
  await server.waitFor('still here');
  // The host, too.
  proxy.apply({ certificates: [certificate], virtualHosts: [] });
  server.write('here, too');
  await client.waitFor('here, too');
  assert.equal(leaving.connections(), 1);
  const other = await connectTlsClient(t, proxy.httpsPort, { servername: 'pass.test' });
  assert.equal(presentedName(other), 'proxy.test');
});

test('connections are spread over endpoints', async (t) => {
  const one = await startAcceptor(t);
  const other = await startAcceptor(t);
  const proxy = await start(t, [one.endpoint, other.endpoint]);
  for (let round = 0; round < 3; round++) {
    await Promise.all([open(t, proxy, one), open(t, proxy, other)]);
  }
  assert.deepEqual([one.connections(), other.connections()], [3, 3]);
});

test('an endpoint that refuses is passed over', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [await refusedEndpoint(), acceptor.endpoint]);
  await open(t, proxy, acceptor);
  await open(t, proxy, acceptor);
  const { passthroughOpened, passthroughFailed } = proxy.stats.take();
  assert.deepEqual([passthroughOpened, passthroughFailed], [2, 0]);
  const [line] = proxy.logLines.filter(({ message }) => message === 'endpoint failed');
  const { reason, cluster } = line?.fields as Record<string, unknown>;
  assert.deepEqual([reason, cluster], ['endpoint refused the connection', 'test-main-80']);
});

test('an endpoint that does not accept in time is passed over', async (t) => {
  const acceptor = await startAcceptor(t);
  const upstreams = [await fullEndpoint(t), acceptor.endpoint];
  const proxy = await start(t, upstreams, { passthrough: { connectMs: 200 } });
  await open(t, proxy, acceptor);
  await open(t, proxy, acceptor);
  // Once or twice: where the round begins is chance.
  assert.ok((proxy.limits.get('upstream-connect-timeout') ?? 0) > 0);
});

test('no other endpoint is tried where that is off, or the time for it is over', async (t) => {
  for (const passthrough of [{ attempts: 1 }, { withinMs: 0 }]) {
    const acceptor = await startAcceptor(t);
    const upstreams = [await refusedEndpoint(), acceptor.endpoint];
    const proxy = await start(t, upstreams, { passthrough });
    const clients = [await connectTcp(t, proxy.httpsPort), await connectTcp(t, proxy.httpsPort)];
    for (const client of clients) client.write(HELLO);
    await Promise.all([acceptor.next(), Promise.race(clients.map((client) => client.readToEnd()))]);
    assert.equal(proxy.stats.take().passthroughFailed, 1);
    assert.equal(acceptor.connections(), 1);
  }
});

test('without an endpoint, or one that answers, a client is closed and counted', async (t) => {
  const none = await start(t, []);
  const client = await connectTcp(t, none.httpsPort);
  client.write(HELLO);
  assert.equal(await client.readToEnd(), '');
  assert.equal(none.stats.take().passthroughFailed, 1);
  const refusing = [await refusedEndpoint(), await refusedEndpoint(), await refusedEndpoint()];
  const some = await start(t, refusing, { passthrough: { attempts: 2 } });
  const other = await connectTcp(t, some.httpsPort);
  other.write(HELLO);
  assert.equal(await other.readToEnd(), '');
  assert.equal(some.stats.take().passthroughFailed, 1);
  const reasons = none.logLines.map(({ fields }) => (fields as { reason?: string }).reason);
  assert.equal(reasons[0], 'no endpoint for TLS passthrough');
});

test('silence of both sides ends a connection, and that of one does not', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [acceptor.endpoint], { passthrough: { idleMs: 400 } });
  const { client, server } = await open(t, proxy, acceptor);
  const beginning = performance.now();
  for (let round = 0; round < 5; round++) {
    server.write('tick');
    await client.waitFor('tick');
    client.take();
    await once(AbortSignal.timeout(150), 'abort');
  }
  assert.equal(server.ended, 'no');
  await Promise.all([client.readToEnd(), server.readToEnd()]);
  assert.ok(performance.now() - beginning > 5 * 150 + 200);
  assert.equal(proxy.limits.get('tunnel-idle-timeout'), 1);
});

test('a drain waits for connections that are passed through, and cuts them at its end', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [acceptor.endpoint]);
  const first = await open(t, proxy, acceptor);
  const second = await open(t, proxy, acceptor);
  let isDrained = false;
  const drained = proxy.dataPlane.drain().then(() => (isDrained = true));
  first.client.write('going on');
  await first.server.waitFor('going on');
  first.client.end();
  first.server.end();
  await first.client.readToEnd();
  assert.equal(isDrained, false);
  proxy.dataPlane.destroy();
  await Promise.all([second.client.readToEnd(), second.server.readToEnd()]);
  await drained;
});

test('as many connections as a worker may hold, and no more', async (t) => {
  const acceptor = await startAcceptor(t);
  const settings = { client: { maxConnections: 1 } };
  const proxy = await start(t, [acceptor.endpoint], { settings });
  const { client } = await open(t, proxy, acceptor);
  const late = await connectTcp(t, proxy.httpsPort);
  await late.readToEnd();
  assert.equal(proxy.limits.get('connections'), 1);
  client.destroy();
});

test('clients of block-cidrs are closed', async (t) => {
  const acceptor = await startAcceptor(t);
  const settings = { blockedCidrs: ['127.0.0.0/8'] };
  const proxy = await start(t, [acceptor.endpoint], { settings });
  const client = await connectTcp(t, proxy.httpsPort);
  client.write(HELLO);
  assert.equal(await client.readToEnd(), '');
  assert.equal(acceptor.connections(), 0);
});

test('a PROXY header is taken off, and the endpoint gets one only where it wants it', async (t) => {
  const acceptor = await startAcceptor(t);
  const LINE = 'PROXY TCP4 192.0.2.7 192.0.2.8 40000 443\r\n';
  const BINARY = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207c00002089c4001bb', 'hex');
  const settings = { forwarded: { proxyProtocol: true } };
  for (const { proxyProtocol, wanted } of [
    { proxyProtocol: undefined, wanted: '' },
    { proxyProtocol: 'v1', wanted: LINE },
    { proxyProtocol: 'v2', wanted: BINARY.toString('latin1') },
  ] as const) {
    const passthrough = proxyProtocol === undefined ? {} : { proxyProtocol };
    const proxy = await start(t, [acceptor.endpoint], { settings, passthrough });
    const client = await connectTcp(t, proxy.httpsPort);
    client.write(LINE);
    client.write(HELLO);
    const server = await acceptor.next();
    await server.waitFor(HELLO.toString('latin1'));
    assert.equal(server.take(), `${wanted}${HELLO.toString('latin1')}`);
  }
});

test('without a PROXY header in front the endpoint is told who connected', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [acceptor.endpoint], { passthrough: { proxyProtocol: 'v1' } });
  const client = await connectTcp(t, proxy.httpsPort);
  client.write(HELLO);
  const server = await acceptor.next();
  const { localPort } = client.socket;
  await server.waitFor(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${proxy.httpsPort}\r\n`);
});

test('a client that leaves before an endpoint was reached leaves nothing behind', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await start(t, [acceptor.endpoint]);
  const client = await connectTcp(t, proxy.httpsPort);
  client.write(HELLO);
  client.reset();
  await proxy.dataPlane.drain();
});

/** Until a quarter of a second long nothing was sent to clients. */
async function watchUntilStalled(
  proxy: RunningProxy,
): Promise<{ sent: number; isStalled: boolean }> {
  let sent = 0;
  for (let round = 0; round < 40; round++) {
    await once(AbortSignal.timeout(250), 'abort');
    const more = proxy.stats.take().passthroughBytesSent;
    if (more === 0 && sent > 0) return { sent, isStalled: true };
    sent += more;
  }
  return { sent, isStalled: false };
}
