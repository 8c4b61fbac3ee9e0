/** TLS that endpoints terminate: `ssl-passthrough` (routing.md §16). */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connect as connectTls, createServer } from 'node:tls';
import type { Endpoint } from '../../src/model/config.ts';
import { inRecords } from '../unit/sample-client-hello.ts';
import { inCrumbs } from './harness/in-crumbs.ts';
import {
  connectTcp,
  HELLO,
  HELLO_MESSAGE,
  openPassthrough,
  presentedName,
  startAcceptor,
  startPassthrough,
} from './harness/passthrough.ts';
import { connectTlsClient, RawClient } from './harness/raw-client.ts';
import { selfSignedCertificate } from './harness/self-signed.ts';
import type { RunningProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

const endpointCertificate = selfSignedCertificate('endpoint', ['pass.test']);

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

test('the endpoint terminates TLS, by its own certificate', async (t) => {
  const proxy = await startPassthrough(t, [await startTlsEcho(t)]);
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
  const proxy = await startPassthrough(t, [upstream.endpoint]);
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
  const proxy = await startPassthrough(t, [acceptor.endpoint]);
  const hello = inRecords(HELLO_MESSAGE, () => 1);
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
  const proxy = await startPassthrough(t, [await startTlsEcho(t)]);
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
  const proxy = await startPassthrough(t, [await startTlsEcho(t)]);
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
  const proxy = await startPassthrough(t, [acceptor.endpoint]);
  const { client, server } = await openPassthrough(t, proxy, acceptor);
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
  const proxy = await startPassthrough(t, [acceptor.endpoint]);
  const first = await openPassthrough(t, proxy, acceptor);
  first.client.write('question');
  first.client.end();
  assert.equal(await first.server.readToEnd(), 'question');
  first.server.write('late answer');
  first.server.end();
  assert.equal(await first.client.readToEnd(), 'late answer');

  const second = await openPassthrough(t, proxy, acceptor);
  second.server.end();
  assert.equal(await second.client.readToEnd(), '');
  second.client.write('late question');
  second.client.end();
  assert.equal(await second.server.readToEnd(), 'late question');
  assert.equal(second.server.ended, 'end');
});

test('a cut is passed on as a cut, either way', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await startPassthrough(t, [acceptor.endpoint]);
  const first = await openPassthrough(t, proxy, acceptor);
  first.server.reset();
  await first.client.readToEnd();
  assert.equal(first.client.ended, 'reset');
  const second = await openPassthrough(t, proxy, acceptor);
  second.client.reset();
  await second.server.readToEnd();
  assert.equal(second.server.ended, 'reset');
});

test('silence of both sides ends a connection, and that of one does not', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await startPassthrough(t, [acceptor.endpoint], { passthrough: { idleMs: 400 } });
  const { client, server } = await openPassthrough(t, proxy, acceptor);
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
  const proxy = await startPassthrough(t, [acceptor.endpoint]);
  const first = await openPassthrough(t, proxy, acceptor);
  const second = await openPassthrough(t, proxy, acceptor);
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
  const proxy = await startPassthrough(t, [acceptor.endpoint], { settings });
  const { client } = await openPassthrough(t, proxy, acceptor);
  const late = await connectTcp(t, proxy.httpsPort);
  await late.readToEnd();
  assert.equal(proxy.limits.get('connections'), 1);
  client.destroy();
});

test('clients of block-cidrs are closed', async (t) => {
  const acceptor = await startAcceptor(t);
  const settings = { blockedCidrs: ['127.0.0.0/8'] };
  const proxy = await startPassthrough(t, [acceptor.endpoint], { settings });
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
    const proxy = await startPassthrough(t, [acceptor.endpoint], { settings, passthrough });
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
  const proxy = await startPassthrough(t, [acceptor.endpoint], {
    passthrough: { proxyProtocol: 'v1' },
  });
  const client = await connectTcp(t, proxy.httpsPort);
  client.write(HELLO);
  const server = await acceptor.next();
  const { localPort } = client.socket;
  await server.waitFor(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${proxy.httpsPort}\r\n`);
});

test('a client that leaves before an endpoint was reached leaves nothing behind', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await startPassthrough(t, [acceptor.endpoint]);
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
