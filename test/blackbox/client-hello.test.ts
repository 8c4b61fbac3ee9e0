/** What the https port makes of a connection's first bytes (RFC 8446 §4.1.2, security.md 9.2). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { connect as connectTls } from 'node:tls';
import { connect } from 'node:net';
import {
  helloMessage,
  inOneRecord,
  inRecords,
  nameExtension,
} from '../unit/sample-client-hello.ts';
import { inCrumbs } from './harness/in-crumbs.ts';
import { connectClient, connectTlsClient, RawClient } from './harness/raw-client.ts';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

const certificate = selfSignedCertificate('default', ['app.test']);
const GET = 'GET /healthz HTTP/1.1\r\nHost: nobody.test\r\n\r\n';
const DECODE_ERROR = '\x15\x03\x03\x00\x02\x02\x32';

test('a hello that is broken or too long is answered with an alert, and counted', async (t) => {
  const proxy = await startProxy(t, { certificates: [certificate] });
  const name = nameExtension('app.test');
  const broken = [
    inOneRecord(helloMessage([name, name])),
    inOneRecord(helloMessage([nameExtension('app\0.test')])),
    inOneRecord(Buffer.from('01004000', 'hex')),
    Buffer.from('1603014001', 'hex'),
  ];
  for (const bytes of broken) {
    const client = await connectClient(t, proxy.httpsPort);
    client.write(bytes);
    assert.equal(await client.readToEnd(), DECODE_ERROR);
    assert.equal(client.ended, 'end');
  }
  assert.equal(proxy.limits.get('client-hello'), broken.length);
});

test('a hello that comes byte by byte, however slowly, has the time of one hello', async (t) => {
  const settings = { client: { headMs: 300 } };
  const proxy = await startProxy(t, { certificates: [certificate], settings });
  const client = await connectClient(t, proxy.httpsPort);
  const hello = inRecords(helloMessage([nameExtension('app.test')]), () => 1);
  const beginning = performance.now();
  for (const byte of hello) {
    if (client.ended !== 'no' || client.socket.destroyed) break;
    client.write(Buffer.of(byte));
    await once(AbortSignal.timeout(20), 'abort');
  }
  await client.readToEnd();
  const elapsedMs = performance.now() - beginning;
  assert.ok(elapsedMs < 1_500, `closed after ${elapsedMs} ms`);
  assert.equal(proxy.limits.get('client-hello-timeout'), 1);
});

test('a client that leaves in its hello is forgotten', async (t) => {
  const settings = { client: { headMs: 200 } };
  const proxy = await startProxy(t, { certificates: [certificate], settings });
  const hello = inOneRecord(helloMessage([nameExtension('app.test')]));
  const client = await connectClient(t, proxy.httpsPort);
  client.write(hello.subarray(0, 20));
  client.end();
  assert.equal(await client.readToEnd(), '');
  await once(AbortSignal.timeout(400), 'abort');
  assert.equal(proxy.limits.get('client-hello-timeout'), undefined);
  assert.equal(proxy.stats.openConnections, 0);
});

test('a handshake in segments of one byte ends as any other', async (t) => {
  const proxy = await startProxy(t, { certificates: [certificate] });
  const tcp = connect({ port: proxy.httpsPort, host: '127.0.0.1', noDelay: true });
  tcp.on('error', () => undefined);
  t.after(() => tcp.destroy());
  const options = { servername: 'app.test', ca: certificate.chain };
  const socket = connectTls({ socket: inCrumbs(tcp), ...options });
  await once(socket, 'secureConnect');
  const client = new RawClient(socket);
  client.write(GET);
  assert.equal((await client.readAnswer()).status, 200);
});

test('an odd name gets the default certificate', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end());
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    certificates: [certificate],
  });
  for (const servername of ['a..b', '[2001:db8::1]', 'under_score']) {
    const client = await connectTlsClient(t, proxy.httpsPort, { servername });
    client.write(GET);
    assert.equal((await client.readAnswer()).status, 200, servername);
  }
});
