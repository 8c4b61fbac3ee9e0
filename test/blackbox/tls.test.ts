/** The https port (security.md §9, routing.md §7). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp } from 'node:net';
import test from 'node:test';
import { connect, TLSSocket } from 'node:tls';
import { connectClient, connectTlsClient, type RawClient } from './harness/raw-client.ts';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

const certificate = selfSignedCertificate('default', ['default.test']);
const ownCertificate = selfSignedCertificate('shop/tls', ['app.test']);
const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

test('requests over TLS are served, and the endpoint is told so', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    const { headers } = request;
    response.end(`${String(headers['x-forwarded-proto'])} ${String(headers['x-forwarded-port'])}`);
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    certificates: [certificate],
  });
  const client = await connectTlsClient(t, proxy.httpsPort);
  for (let round = 0; round < 3; round++) {
    client.write(GET);
    assert.equal((await client.readAnswer()).body, 'https 443');
  }
  assert.equal(tlsOf(client).alpnProtocol, 'http/1.1');
  const record = await proxy.nextRecord();
  assert.equal(record.scheme, 'https');
});

test('the certificate follows the name asked for, and the table', async (t) => {
  const proxy = await startProxy(t, {
    certificates: [certificate, ownCertificate],
    virtualHosts: [{ name: 'app.test', certificate: 'shop/tls' }],
  });
  const nameFor = async (servername: string): Promise<string> => {
    const client = await connectTlsClient(t, proxy.httpsPort, { servername });
    return String(tlsOf(client).getPeerCertificate().subject.CN);
  };
  assert.equal(await nameFor('app.test'), 'app.test');
  assert.equal(await nameFor('nobody.test'), 'default.test');
  assert.equal(await nameFor(''), 'default.test');
  const standing = await connectTlsClient(t, proxy.httpsPort, { servername: 'app.test' });
  const renewed = selfSignedCertificate('default', ['renewed.test']);
  proxy.apply({ certificates: [renewed] });
  assert.equal(await nameFor('nobody.test'), 'renewed.test');
  assert.equal(await nameFor(''), 'renewed.test');
  standing.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await standing.readAnswer()).status, 200);
});

test('HSTS is on every answer over TLS, once, whatever the endpoint says', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.setHeader('strict-transport-security', 'max-age=1');
    response.end();
  });
  const hsts = 'max-age=31536000; includeSubDomains';
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    certificates: [certificate],
    virtualHosts: [{ name: 'app.test', hsts }],
  });
  const secure = await connectTlsClient(t, proxy.httpsPort);
  secure.write(GET);
  const answer = await secure.readAnswer();
  assert.deepEqual(answer.fields.get('strict-transport-security'), [hsts]);
  const plain = await connectClient(t, proxy.httpPort);
  plain.write(GET);
  const other = await plain.readAnswer();
  assert.deepEqual(other.fields.get('strict-transport-security'), ['max-age=1']);
});

test('plain HTTP on the https port gets a 400 that says so', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    certificates: [certificate],
  });
  const client = await connectClient(t, proxy.httpsPort);
  client.write(GET + GET);
  const answer = await client.readAnswer();
  assert.equal(answer.status, 400);
  assert.match(answer.body, /The plain HTTP request was sent to HTTPS port/);
  assert.equal(await client.readToEnd(), '');
  assert.equal(proxy.records.length, 1);
});

test('a client that does not finish its hello in time is closed', async (t) => {
  const proxy = await startProxy(t, {
    certificates: [certificate],
    settings: { client: { headMs: 150 } },
  });
  const silent = await connectClient(t, proxy.httpsPort);
  const halting = await connectClient(t, proxy.httpsPort);
  halting.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
  await Promise.all([silent.readToEnd(), halting.readToEnd()]);
  assert.equal(proxy.limits.get('client-hello-timeout'), 2);
});

test('garbage and broken handshakes harm nobody', async (t) => {
  const proxy = await startProxy(t, { certificates: [certificate] });
  for (const bytes of [
    Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5]),
    Buffer.alloc(100, 0xff),
    Buffer.from('SSH-2.0-x\r\n\r\n'),
  ]) {
    const client = await connectClient(t, proxy.httpsPort);
    client.write(bytes);
    client.end();
    await client.readToEnd();
  }
  const gone = connectTcp(proxy.httpsPort, '127.0.0.1');
  await once(gone, 'connect');
  gone.resetAndDestroy();
  const client = await connectTlsClient(t, proxy.httpsPort);
  client.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await client.readAnswer()).status, 200);
  assert.deepEqual(proxy.logLines, []);
});

test('TLS below the floor is refused', async (t) => {
  const proxy = await startProxy(t, {
    certificates: [certificate],
    settings: { tls: { minVersion: 'TLSv1.3' } },
  });
  const socket = connect({
    port: proxy.httpsPort,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
  });
  await assert.rejects(once(socket, 'secureConnect'));
});

test('endpoints that speak TLS are spoken to over TLS, and the connection is kept', async (t) => {
  let connections = 0;
  const server = createServer(
    { cert: certificate.chain, key: certificate.key.reveal() },
    (request, response) => {
      request.pipe(response);
    },
  );
  server.on('secureConnection', (socket) => {
    connections += 1;
    assert.equal(socket.servername, false);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const proxy = await startProxy(t, {
    upstreams: [{ address: '127.0.0.1', port }],
    protocol: 'https',
  });
  const client = await connectClient(t, proxy.httpPort);
  for (const size of [5, 500_000]) {
    const body = 'x'.repeat(size);
    client.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${size}\r\n\r\n${body}`);
    assert.equal((await client.readAnswer()).body.length, size);
  }
  assert.equal(connections, 1);
});

test('large bodies pass over TLS on both sides', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    request.pipe(response);
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    certificates: [certificate],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' }] }],
  });
  const client = await connectTlsClient(t, proxy.httpsPort);
  const size = 4 * 1024 * 1024;
  client.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${size}\r\n\r\n`);
  client.write(Buffer.alloc(size, 'x'));
  const answer = await client.readAnswer();
  assert.equal(answer.body, 'x'.repeat(size));
});

function tlsOf({ socket }: RawClient): TLSSocket {
  assert.ok(socket instanceof TLSSocket);
  return socket;
}
