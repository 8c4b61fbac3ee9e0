/** Every wait has an end (security.md §5). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import test from 'node:test';
import { connectClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startRawUpstream, startUpstream } from './harness/upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const SHORT_MS = 150;

test('a head that does not become whole in time, however steadily it comes: 408, closed', async (t) => {
  const proxy = await startProxy(t, { settings: { client: { headMs: SHORT_MS } } });
  const client = await connectClient(t, proxy.httpPort);
  const startedMs = performance.now();
  client.write('GET / HTTP/1.1\r\n');
  const drip = setInterval(() => {
    client.write('a: b\r\n');
  }, 20);
  t.after(() => {
    clearInterval(drip);
  });
  const answer = await client.readAnswer();
  clearInterval(drip);
  assert.equal(answer.status, 408);
  assert.ok(performance.now() - startedMs < 10 * SHORT_MS);
  assert.equal(await client.readToEnd(), '');
  assert.equal((await proxy.nextRecord()).status, 408);
  assert.equal(proxy.limits.get('request-head-timeout'), 1);
});

test('a client that says nothing is closed', async (t) => {
  const proxy = await startProxy(t, { settings: { client: { headMs: SHORT_MS } } });
  const client = await connectClient(t, proxy.httpPort);
  assert.equal(await client.readToEnd(), '');
  assert.equal(proxy.records.length, 0);
});

test('a kept connection that is idle for too long is closed', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { keepAliveMs: SHORT_MS } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await client.readAnswer();
  assert.equal(await client.readToEnd(), '');
  assert.equal(client.ended, 'end');
  assert.equal(proxy.limits.get('idle-timeout'), 1);
});

test('silence within a request body: 408, and the endpoint never sees it whole', async (t) => {
  let isWhole = false;
  const upstream = await startUpstream(t, (request) => {
    request.on('end', () => (isWhole = true));
    request.on('error', () => undefined);
    request.resume();
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { bodyMs: SHORT_MS } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nfour');
  const answer = await client.readAnswer();
  assert.equal(answer.status, 408);
  assert.deepEqual(answer.fields.get('connection'), ['close']);
  assert.equal(isWhole, false);
  assert.equal(proxy.limits.get('request-body-timeout'), 1);
});

test('an endpoint that does not answer in time: 504 after all attempts', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => socket.resume());
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [
      { name: 'app.test', routes: [{ timeouts: { readMs: SHORT_MS }, retry: { attempts: 2 } }] },
    ],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  const answer = await client.readAnswer();
  assert.equal(answer.status, 504);
  assert.match(answer.body, /504 Gateway Time-out/);
  assert.equal((await proxy.nextRecord()).attempts.length, 2);
  client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\nx');
  assert.equal((await client.readAnswer()).status, 504);
  assert.equal((await proxy.nextRecord()).attempts.length, 1);
  assert.equal(proxy.limits.get('upstream-read-timeout'), 3);
});

test('silence within an answer cuts it', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ timeouts: { readMs: SHORT_MS } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  assert.match(await client.readToEnd(), /half$/);
  assert.equal((await proxy.nextRecord()).failure, 'endpoint sent nothing in time');
});

test('an answer that comes steadily may take longer than the timeout', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n');
      let left = 8;
      const drip = setInterval(() => {
        socket.write('x');
        left -= 1;
        if (left === 0) clearInterval(drip);
      }, 60);
      t.after(() => {
        clearInterval(drip);
      });
    });
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ timeouts: { readMs: SHORT_MS } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  assert.equal((await client.readAnswer()).body, 'xxxxxxxx');
});

test('a slow upload is no silence of the endpoint', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    request.resume();
    request.on('end', () => response.end('got it'));
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ timeouts: { readMs: SHORT_MS } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 8\r\n\r\n');
  for (let left = 8; left > 0; left--) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    client.write('x');
  }
  assert.equal((await client.readAnswer()).body, 'got it');
});

test('an endpoint that takes no more of a request: 504', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => socket.pause());
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [
      { name: 'app.test', routes: [{ timeouts: { sendMs: SHORT_MS }, maxBodyBytes: 'none' }] },
    ],
  });
  const client = await connectClient(t, proxy.httpPort);
  const total = 64 * 1024 * 1024;
  client.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${total}\r\n\r\n`);
  client.write(Buffer.alloc(total));
  assert.equal((await client.readAnswer()).status, 504);
  assert.equal(proxy.limits.get('upstream-send-timeout'), 1);
});

test('a client that takes no byte of its answer is reset', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.end(Buffer.alloc(64 * 1024 * 1024));
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { client: { sendMs: SHORT_MS } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.socket.removeAllListeners('data');
  client.socket.pause();
  client.write(GET);
  const record = await proxy.nextRecord();
  assert.equal(record.failure, 'client took no byte of the answer in time');
  assert.equal(proxy.limits.get('slow-client'), 1);
  client.socket.resume();
  if (client.ended === 'no') await once(client.socket, 'close').catch(() => undefined);
  assert.equal(client.ended, 'reset');
});

test('an idle upstream connection is closed after its time', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { upstream: { idleMs: SHORT_MS } },
  });
  const connected = once(upstream.server, 'connection');
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await client.readAnswer();
  const [socket] = (await connected) as [Socket];
  await once(socket, 'close');
});
