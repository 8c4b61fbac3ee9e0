/** PROXY headers of a load balancer in front (routing.md §11, security.md 2.5). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { connectClient, RawClient } from './harness/raw-client.ts';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy, type RunningProxy, type SettingsOptions } from './harness/start-proxy.ts';
import { freeEndpoint, startUpstream } from './harness/upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const LINE = 'PROXY TCP4 192.0.2.7 192.0.2.8 40000 8081\r\n';
const BINARY = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207c00002089c4001bb', 'hex');
const certificate = selfSignedCertificate('default', ['app.test']);

/** The endpoint answers what it was told of the client. */
async function start(
  t: TestContext,
  forwarded: SettingsOptions['forwarded'] = {},
  bind = '127.0.0.1',
): Promise<RunningProxy> {
  const upstream = await startUpstream(t, ({ headers }, response) => {
    const told = ['x-real-ip', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-port'];
    response.end(told.map((name) => String(headers[name])).join(' '));
  });
  return startProxy(t, {
    bind,
    upstreams: [upstream.endpoint],
    certificates: [certificate],
    settings: { forwarded: { proxyProtocol: true, ...forwarded } },
  });
}

test('the client is who the header names, of either version', async (t) => {
  const proxy = await start(t);
  const client = await connectClient(t, proxy.httpPort);
  client.write(LINE + GET);
  assert.equal((await client.readAnswer()).body, '192.0.2.7 192.0.2.7 http 8081');
  client.write(GET);
  assert.equal((await client.readAnswer()).body, '192.0.2.7 192.0.2.7 http 8081');
  const other = await connectClient(t, proxy.httpPort);
  other.write(Buffer.concat([BINARY, Buffer.from(GET)]));
  // What came to port 443 was TLS, which the balancer has ended.
  assert.equal((await other.readAnswer()).body, '192.0.2.7 192.0.2.7 https 443');
  assert.equal((await proxy.nextRecord()).clientAddress, '192.0.2.7');
});

test('a header may come in pieces, and requests with it or after it', async (t) => {
  const proxy = await start(t);
  const client = await connectClient(t, proxy.httpPort);
  client.socket.setNoDelay(true);
  for (const piece of [
    LINE.slice(0, 3),
    LINE.slice(3, 20),
    `${LINE.slice(20)}${GET.slice(0, 9)}`,
  ]) {
    client.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  client.write(GET.slice(9));
  assert.equal((await client.readAnswer()).status, 200);
});

test('over TLS, and for HTTP/2 in plaintext', async (t) => {
  const proxy = await start(t);
  const tcp = connect(proxy.httpsPort, '127.0.0.1');
  t.after(() => tcp.destroy());
  tcp.write(BINARY);
  const tls = connectTls({ socket: tcp, servername: 'app.test', rejectUnauthorized: false });
  await once(tls, 'secureConnect');
  const client = new RawClient(tls);
  client.write(GET);
  assert.equal((await client.readAnswer()).body, '192.0.2.7 192.0.2.7 https 443');

  const http2 = await connectClient(t, proxy.httpPort);
  http2.write(`${LINE}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0`);
  // SETTINGS of the server.
  await http2.waitFor('\x04');
});

test('LOCAL and UNKNOWN, and peers that are not trusted, are who they are', async (t) => {
  const proxy = await start(t);
  const local = await connectClient(t, proxy.httpPort);
  local.write(`PROXY UNKNOWN\r\n${GET}`);
  assert.match((await local.readAnswer()).body, /^127\.0\.0\.1 127\.0\.0\.1 http /);
  const distrustful = await start(t, { trustedCidrs: ['10.0.0.0/8'] });
  const client = await connectClient(t, distrustful.httpPort);
  client.write(LINE + GET);
  assert.match((await client.readAnswer()).body, /^127\.0\.0\.1 127\.0\.0\.1 http /);
});

test('one balancer port to two local addresses: each connection has its own client', async (t) => {
  // Both listen on all addresses, and all that is sent to them is loopback's.
  const proxy = await start(t, {}, '0.0.0.0');
  const { port: localPort } = await freeEndpoint();
  const dial = async (host: string, port: number, header: string): Promise<Socket> => {
    const socket = connect({ host, port, localAddress: '127.0.0.1', localPort, noDelay: true });
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(header);
    return socket;
  };
  const toTls = async (tcp: Socket): Promise<RawClient> => {
    const tls = connectTls({ socket: tcp, servername: 'app.test', rejectUnauthorized: false });
    await once(tls, 'secureConnect');
    return new RawClient(tls);
  };
  const seenBy = async (client: RawClient): Promise<string> => {
    client.write(GET);
    return (await client.readAnswer()).body.split(' ')[0] ?? '';
  };
  const { httpPort, httpsPort } = proxy;
  const unknown = 'PROXY UNKNOWN\r\n';
  const plain = new RawClient(await dial('127.0.0.1', httpPort, LINE));
  assert.equal(await seenBy(plain), '192.0.2.7');
  const other = new RawClient(await dial('127.0.0.2', httpPort, unknown));
  assert.equal(await seenBy(other), '127.0.0.1');
  const secure = await toTls(await dial('127.0.0.1', httpsPort, LINE));
  assert.equal(await seenBy(secure), '192.0.2.7');
  const otherSecure = await toTls(await dial('127.0.0.2', httpsPort, unknown));
  assert.equal(await seenBy(otherSecure), '127.0.0.1');
});

test('with use-forwarded-headers the list is read where the named client is trusted', async (t) => {
  const settings = { realAddress: true, trustFields: true };
  const asked = GET.replace('\r\n\r\n', '\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n');
  const trusting = await start(t, { ...settings, trustedCidrs: ['127.0.0.0/8', '192.0.2.0/24'] });
  const client = await connectClient(t, trusting.httpPort);
  client.write(LINE + asked);
  assert.match((await client.readAnswer()).body, /^203\.0\.113\.5 /);
  const strict = await start(t, { ...settings, trustedCidrs: ['127.0.0.0/8'] });
  const other = await connectClient(t, strict.httpPort);
  other.write(LINE + asked);
  assert.match((await other.readAnswer()).body, /^192\.0\.2\.7 /);
});

test('without a header, or with a broken one, nothing is answered', async (t) => {
  const proxy = await start(t);
  const clients = await Promise.all(
    [GET, 'PROXY TCP4 1.2.3.4\r\n', 'PROXY TCP9 192.0.2.1 192.0.2.1 1 1\r\n'].map(async (bytes) => {
      const client = await connectClient(t, proxy.httpPort);
      client.write(bytes);
      return client;
    }),
  );
  for (const client of clients) {
    assert.equal(await client.readToEnd(), '');
  }
  assert.equal(proxy.limits.get('proxy-header'), 3);
  assert.equal(proxy.records.length, 0);
});

test('a header that is not whole in time ends the connection', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { forwarded: { proxyProtocol: true }, client: { headMs: 300 } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write('PROXY TCP4');
  assert.equal(await client.readToEnd(), '');
  assert.equal(proxy.limits.get('proxy-header'), 1);
});
