import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { ErrorCode, Flag, FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import { connectClient, connectTlsClient } from '../blackbox/harness/raw-client.ts';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { startRawUpstream, startUpstream } from '../blackbox/harness/upstream.ts';
import { assertServesOn, startProbe } from '../blackbox/wire/probe.ts';
import {
  connectHttp2,
  data,
  frame,
  get,
  headerBlock,
  openSocket,
  request,
  settings,
  windowUpdate,
} from './frame-client.ts';

const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

test('an answer leaves as the windows of stream and connection allow', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('x'.repeat(200_000)));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectHttp2(t, proxy.httpPort, {
    settings: [[SettingId.InitialWindowSize, 10]],
  });
  client.request(1, get('/'));
  await client.until(() => client.stream(1).body.length === 10);
  client.send(windowUpdate(1, 90));
  await client.until(() => client.stream(1).body.length === 100);
  client.send(settings([SettingId.InitialWindowSize, 500_000]));
  // Now the connection's own 65,535 are the limit.
  await client.until(() => client.stream(1).body.length === 65_535);
  client.send(windowUpdate(0, 1_000_000));
  assert.equal((await client.answer(1)).body.length, 200_000);
});

test('a window may become negative, and opens again', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('x'.repeat(200)));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectHttp2(t, proxy.httpPort, {
    settings: [[SettingId.InitialWindowSize, 100]],
  });
  client.request(1, get('/'));
  await client.until(() => client.stream(1).body.length === 100);
  client.send(settings([SettingId.InitialWindowSize, 50]), windowUpdate(1, 60));
  await client.until(() => client.stream(1).body.length === 110);
  client.send(windowUpdate(1, 1_000));
  assert.equal((await client.answer(1)).body.length, 200);
});

test('streams take turns, and one that is not read holds up none', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('x'.repeat(300_000)));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectHttp2(t, proxy.httpPort, {
    settings: [[SettingId.InitialWindowSize, 100_000]],
  });
  client.send(windowUpdate(0, 10_000_000));
  client.request(1, get('/not-read'));
  await client.until(() => client.stream(1).body.length === 100_000);
  for (const id of [3, 5, 7]) {
    client.request(id, get('/read'));
    client.send(windowUpdate(id, 200_000));
  }
  for (const id of [3, 5, 7]) assert.equal((await client.answer(id)).body.length, 300_000);
  assert.equal(client.stream(1).body.length, 100_000);
});

test('who grants no window for long is reset, and its endpoint is free', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('x'.repeat(5_000_000)));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { sendMs: 300 } },
  });
  const client = await connectHttp2(t, proxy.httpPort, {
    settings: [[SettingId.InitialWindowSize, 0]],
  });
  for (let id = 1; id < 40; id += 2) client.request(id, get('/'));
  for (let id = 1; id < 40; id += 2) {
    assert.equal((await client.answer(id)).reset, ErrorCode.Cancel);
  }
  assert.equal(proxy.limits.get('slow-client'), 20);
});

test('who reads nothing at all is closed', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('x'.repeat(20_000_000)));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { sendMs: 300 } },
  });
  const client = await connectHttp2(t, proxy.httpPort, {
    settings: [[SettingId.InitialWindowSize, 100_000_000]],
  });
  client.send(windowUpdate(0, 100_000_000));
  client.socket.pause();
  client.request(1, get('/'));
  const record = await proxy.nextRecord();
  assert.equal(record.failure, 'client closed the connection');
  assert.equal(proxy.limits.get('slow-client'), 1);
});

test('an upload waits for an endpoint that does not read', async (t) => {
  const accepted = Promise.withResolvers<Socket>();
  const upstream = await startRawUpstream(t, (socket) => {
    socket.pause();
    accepted.resolve(socket);
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' }] }],
  });
  const client = await connectHttp2(t, proxy.httpPort);
  const windowBytes = client.settings.get(SettingId.InitialWindowSize) ?? 65_535;
  assert.ok(windowBytes <= 131_072);
  client.request(1, request('POST', '/'), false);
  const socket = await accepted.promise;
  // Sends whatever is granted until nothing more is.
  let sent = 0;
  const sendGranted = (): number => {
    const left = Math.min(windowBytes + client.granted(1), 65_535 + client.granted(0)) - sent;
    for (let rest = left; rest > 0; rest -= 16_384) {
      client.send(data(1, 'x'.repeat(Math.min(rest, 16_384))));
    }
    sent += left;
    return left;
  };
  let quietRounds = 0;
  while (quietRounds < 3) {
    quietRounds = sendGranted() > 0 ? 0 : quietRounds + 1;
    client.send(frame(FrameType.Ping, 0, 0, '12345678'));
    const pongs = client.counts.get(FrameType.Ping) ?? 0;
    await client.until(() => (client.counts.get(FrameType.Ping) ?? 0) > pongs);
  }
  // The kernel's buffers hold some megabytes of it; then it stops.
  assert.ok(sent < 16_000_000, `${sent} bytes were taken`);
  // It reads: the rest is granted again.
  const before = client.granted(1);
  socket.resume();
  await client.until(() => client.granted(1) > before);
});

test('what a peer sends beyond its window ends the stream', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.pause();
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' }] }],
  });
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, request('POST', '/'), false);
  for (let frames = 0; frames < 2_000; frames++) client.send(data(1, 'x'.repeat(16_384)));
  await client.until(() => client.stream(1).reset !== undefined || client.goaways.length > 0);
  const code = client.stream(1).reset ?? client.goaways[0]?.code;
  assert.equal(code, ErrorCode.FlowControlError);
});

test('silence within a body is answered with 408', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { bodyMs: 300 } } });
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, request('POST', '/'), false);
  client.send(data(1, 'part'));
  assert.equal((await client.answer(1)).status, 408);
  assert.equal(proxy.limits.get('request-body-timeout'), 1);
  client.request(3, get('/'));
  assert.equal((await client.answer(3)).status, 200);
});

for (const { name, bytes } of [
  { name: 'nothing', bytes: '' },
  { name: 'half a preface', bytes: 'PRI * HTTP' },
  { name: 'a preface and no SETTINGS', bytes: CLIENT_PREFACE.toString('latin1') },
]) {
  test(`who sends ${name} is closed in time`, async (t) => {
    const { proxy } = await startProbe(t, { settings: { client: { headMs: 300 } } });
    const client = await openSocket(t, proxy.httpPort);
    client.send(Buffer.from(bytes, 'latin1'));
    await client.ended();
    assert.equal(proxy.limits.get('request-head-timeout'), 1);
  });
}

test('a header block that does not end is not waited for', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { headMs: 300 } } });
  const client = await connectHttp2(t, proxy.httpPort);
  client.send(frame(FrameType.Headers, Flag.EndStream, 1, headerBlock(get('/'))));
  await client.ended();
  assert.equal(proxy.limits.get('request-head-timeout'), 1);
});

test('a head that comes octet by octet is not waited for, whatever else runs', async (t) => {
  const { proxy } = await startProbe(t, {
    settings: { client: { headMs: 300, keepAliveMs: 900 } },
  });
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, request('POST', '/'), false);
  const bytes = frame(FrameType.Headers, 5, 3, headerBlock(get('/')));
  for (const byte of bytes.subarray(0, 30)) {
    client.send(Buffer.of(byte));
    if (client.isClosed) break;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  assert.equal((await client.ended()).code, ErrorCode.EnhanceYourCalm);
  assert.equal(proxy.limits.get('request-head-timeout'), 1);
  assert.equal(proxy.limits.get('idle-timeout'), undefined);
});

test('a header block that does not end is not waited for beside a stream that runs', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { headMs: 300 } } });
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, request('POST', '/'), false);
  client.send(frame(FrameType.Headers, Flag.EndStream, 3, headerBlock(get('/'))));
  assert.equal((await client.ended()).code, ErrorCode.EnhanceYourCalm);
  assert.equal(proxy.limits.get('request-head-timeout'), 1);
});

test('DATA that takes its time, and heads that are cut anywhere, are waited for', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { headMs: 300 } } });
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, request('POST', '/'), false);
  const body = data(1, 'x'.repeat(2_000), true);
  for (let at = 0; at < body.length; at += 200) {
    client.send(body.subarray(at, at + 200));
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  assert.equal((await client.answer(1)).status, 200);
  const heads = Array.from({ length: 10 }, (_, index) =>
    frame(FrameType.Headers, 5, 3 + index * 2, headerBlock(get('/'))),
  );
  const bytes = Buffer.concat(heads);
  const size = heads[0]?.length ?? 0;
  // Each chunk is the end of a head and the beginning of the next.
  for (let at = 0; at < bytes.length + size; at += size) {
    client.send(bytes.subarray(Math.max(0, at - 20), at + size - 20));
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  assert.equal((await client.answer(21)).status, 200);
  assert.equal(proxy.limits.size, 0);
});

test('who asks on after keep-alive-requests streams is not answered for long', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { requestsPerConnection: 3 } } });
  const client = await connectHttp2(t, proxy.httpPort);
  client.answersPings = false;
  for (let id = 1; id <= 401; id += 2) {
    client.request(id, get('/'));
    if (id % 40 === 1 && id < 240) await client.answer(id);
  }
  assert.equal((await client.ended()).code, ErrorCode.NoError);
  assert.equal(client.goaways.at(-1)?.lastStreamId, 2 * (3 + 128) - 1);
  assert.equal(proxy.records.length, 3 + 128);
});

test('an idle connection is told to go away', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { keepAliveMs: 300 } } });
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, get('/'));
  await client.answer(1);
  assert.equal((await client.ended()).code, ErrorCode.NoError);
  assert.equal(client.goaways.at(-1)?.lastStreamId, 1);
  assert.equal(proxy.limits.get('idle-timeout'), 1);
});

test('after keep-alive-requests streams a connection goes away, and loses none', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { requestsPerConnection: 3 } } });
  const client = await connectHttp2(t, proxy.httpPort);
  // Two more than may be are on their way before the client can know.
  for (let id = 1; id <= 9; id += 2) client.request(id, get('/'));
  for (let id = 1; id <= 9; id += 2) assert.equal((await client.answer(id)).status, 200);
  assert.equal((await client.ended()).code, ErrorCode.NoError);
  assert.equal(client.goaways.at(-1)?.lastStreamId, 9);
  // The PING between the two of them tells when the client knows.
  assert.equal(client.goaways.length, 2);
  assert.equal(client.counts.get(FrameType.Ping), 1);
  assert.equal(proxy.limits.get('requests-per-connection'), 1);
});

test('no more streams at once than are allowed', async (t) => {
  const upstream = await startUpstream(t, () => undefined);
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { http2Streams: 2 } },
  });
  const client = await connectHttp2(t, proxy.httpPort);
  for (const id of [1, 3, 5]) client.request(id, get('/'));
  assert.equal((await client.answer(5)).reset, ErrorCode.RefusedStream);
  assert.equal(proxy.limits.get('http2-streams'), 1);
});

test('draining: what runs is finished, what was sent before it is known is served', async (t) => {
  const release = Promise.withResolvers<undefined>();
  const upstream = await startUpstream(t, (incoming, response) => {
    if (incoming.url === '/slow') void release.promise.then(() => response.end('slow'));
    else response.end('quick');
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const idle = await connectHttp2(t, proxy.httpPort);
  const client = await connectHttp2(t, proxy.httpPort);
  client.answersPings = false;
  client.request(1, get('/slow'));
  await once(upstream.server, 'request');
  const drained = proxy.dataPlane.drain();
  await client.until(() => client.goaways.length === 1);
  client.request(3, get('/quick'));
  assert.equal((await client.answer(3)).body, 'quick');
  assert.equal((await idle.ended()).code, ErrorCode.NoError);
  release.resolve(undefined);
  assert.equal((await client.answer(1)).body, 'slow');
  await client.ended();
  await drained;
});

test('the preface is found when it comes in pieces; HTTP/1.1 is served beside it', async (t) => {
  const { proxy } = await startProbe(t);
  const client = await openSocket(t, proxy.httpPort);
  for (const byte of CLIENT_PREFACE) {
    client.socket.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.send(settings());
  client.request(1, get('/'));
  assert.equal((await client.answer(1)).status, 200);
  const old = await connectClient(t, proxy.httpPort);
  old.write('PRI');
  old.write('NT / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.equal((await old.readAnswer()).status, 200);
});

test('with use-http2 off the preface is no request, and ALPN offers HTTP/1.1 alone', async (t) => {
  const certificate = selfSignedCertificate('default', ['app.test']);
  const { proxy } = await startProbe(t, {
    certificates: [certificate],
    settings: { client: { http2Streams: 'off' } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(CLIENT_PREFACE);
  assert.ok([400, 505].includes((await client.readAnswer()).status));
  const tls = await connectTlsClient(t, proxy.httpsPort, { ALPNProtocols: ['h2', 'http/1.1'] });
  tls.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.equal((await tls.readAnswer()).status, 200);
});

test('over TLS h2 is agreed on by ALPN, with forwarded fields and HSTS as over HTTP/1.1', async (t) => {
  const certificate = selfSignedCertificate('default', ['app.test']);
  const { proxy, upstream } = await startProbe(t, {
    certificates: [certificate],
    virtualHosts: [{ name: 'app.test', hsts: 'max-age=1' }],
  });
  const client = await connectHttp2(t, proxy.httpsPort, { tls: true });
  client.request(1, get('/'));
  const answer = await client.answer(1);
  assert.equal(answer.status, 200);
  assert.deepEqual(
    answer.fields.find(([name]) => name === 'strict-transport-security'),
    ['strict-transport-security', 'max-age=1'],
  );
  const proto = upstream.requests[0]?.fields.find(([name]) => name === 'X-Forwarded-Proto');
  assert.equal(proto?.[1], 'https');
});

test('what one turn produces leaves in one write', async (t) => {
  const { proxy } = await startProbe(t, { virtualHosts: [{ name: 'other.test' }] });
  const client = await connectHttp2(t, proxy.httpPort);
  const before = client.chunks;
  const heads = Array.from({ length: 50 }, (_, index) =>
    frame(FrameType.Headers, 5, index * 2 + 1, headerBlock(get('/'))),
  );
  client.send(...heads);
  await client.answer(99);
  assert.equal(client.chunks - before, 1);
});

test('an unfinished request that loses its connection is never completed upstream', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, request('POST', '/cut'), false);
  client.send(data(1, 'part'));
  client.request(3, get('/whole'));
  await client.answer(3);
  client.socket.destroy();
  assert.equal((await proxy.nextRecord()).status, 200);
  assert.equal((await proxy.nextRecord()).status, 499);
  await assertServesOn(t, proxy);
  assert.ok(!upstream.completed().some(({ target }) => target === '/cut'));
});

test('who has said all and closes its half still gets its answers', async (t) => {
  const { proxy } = await startProbe(t);
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, get('/'));
  client.socket.end();
  assert.equal((await client.answer(1)).status, 200);
});
