/** Server-sent events and long polls: what an endpoint says passes at once, whatever `proxy-buffering` says. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectClient, connectTlsClient, type RawClient } from './harness/raw-client.ts';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy } from './harness/start-proxy.ts';
import { untilStable } from './harness/until-stable.ts';
import { startRawUpstream, startUpstream } from './harness/upstream.ts';

const EVENTS = 'GET /events HTTP/1.1\r\nHost: app.test\r\nAccept: text/event-stream\r\n\r\n';

/** An endpoint that streams events, and its answer once it was asked. */
async function startEvents(t: TestContext) {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.flushHeaders();
    resolve(response);
  });
  return { endpoint: upstream.endpoint, asked };
}

for (const readAheadBytes of ['none', 131_072] as const) {
  for (const secure of [false, true]) {
    const buffering = readAheadBytes === 'none' ? 'off' : 'on';
    const carrier = secure ? 'TLS' : 'plaintext';
    test(`each event passes alone: proxy-buffering ${buffering}, ${carrier}`, async (t) => {
      const { endpoint, asked } = await startEvents(t);
      const proxy = await startProxy(t, {
        upstreams: [endpoint],
        certificates: [selfSignedCertificate('default', ['app.test'])],
        virtualHosts: [{ name: 'app.test', routes: [{ buffering: { readAheadBytes } }] }],
      });
      const client = secure
        ? await connectTlsClient(t, proxy.httpsPort)
        : await connectClient(t, proxy.httpPort);
      client.write(EVENTS);
      // The head comes before there is an event.
      await client.waitFor('\r\n\r\n');
      const response = await asked;
      for (let event = 0; event < 20; event++) {
        response.write(`data: ${event}\n\n`);
        await client.waitFor(`data: ${event}\n\n`);
      }
      response.end();
      assert.equal((await client.readAnswer()).body.split('\n\n').length, 21);
    });
  }
}

test('events of an endpoint that speaks HTTP/1.0 pass alone, too', async (t) => {
  const { promise: asked, resolve } = Promise.withResolvers<(text: string) => void>();
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
      resolve((text) => {
        if (text === '') socket.end();
        else socket.write(text);
      });
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(EVENTS);
  const say = await asked;
  for (const event of ['data: a\n\n', 'data: b\n\n']) {
    say(event);
    await client.waitFor(event);
  }
  say('');
  assert.equal((await client.readAnswer()).body, 'data: a\n\ndata: b\n\n');
});

test('a long poll waits for its answer, and others are served meanwhile', async (t) => {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/poll') resolve(response);
    else response.end('other');
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ timeouts: { readMs: 5_000 } }] }],
  });
  const poll = await connectClient(t, proxy.httpPort);
  poll.write('GET /poll HTTP/1.1\r\nHost: app.test\r\n\r\n');
  const response = await asked;
  for (let round = 0; round < 5; round++) {
    const other = await connectClient(t, proxy.httpPort);
    other.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    assert.equal((await other.readAnswer()).body, 'other');
  }
  response.end('at last');
  assert.equal((await poll.readAnswer()).body, 'at last');
});

test('silence between events counts against proxy-read-timeout, events do not', async (t) => {
  const { endpoint, asked } = await startEvents(t);
  const proxy = await startProxy(t, {
    upstreams: [endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ timeouts: { readMs: 300 } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(EVENTS);
  const response = await asked;
  for (let event = 0; event < 6; event++) {
    await sleep(100); // the time itself is what is tested
    response.write(`data: ${event}\n\n`);
    await client.waitFor(`data: ${event}\n\n`);
  }
  const text = await client.readToEnd();
  assert.ok(!text.endsWith('0\r\n\r\n'), 'passed on as complete');
  assert.equal(proxy.limits.get('upstream-read-timeout'), 1);
});

test('a client that closes its event stream ends it at the endpoint, with the next event', async (t) => {
  const { endpoint, asked } = await startEvents(t);
  const proxy = await startProxy(t, { upstreams: [endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(EVENTS);
  const response = await asked;
  const closed = once(response, 'close', { signal: AbortSignal.timeout(5_000) });
  client.destroy();
  let events = 0;
  const timer = setInterval(() => {
    events += 1;
    response.write('data: anybody?\n\n');
  }, 10);
  t.after(() => {
    clearInterval(timer);
  });
  await closed;
  assert.ok(events <= 100, `${events} events went nowhere`);
  assert.equal((await proxy.nextRecord()).status, 200);
});

test('a silent event stream whose client is gone ends long before proxy-read-timeout', async (t) => {
  const { endpoint, asked } = await startEvents(t);
  const proxy = await startProxy(t, {
    upstreams: [endpoint],
    settings: { client: { sendMs: 400 } },
    virtualHosts: [{ name: 'app.test', routes: [{ timeouts: { readMs: 3_600_000 } }] }],
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(EVENTS);
  await client.waitFor('\r\n\r\n');
  const response = await asked;
  const closed = once(response, 'close');
  client.destroy();
  await closed;
  assert.match((await proxy.nextRecord()).failure ?? '', /client closed its side/);
});

test('a client that half-closes has its events as long as there are some', async (t) => {
  const { endpoint, asked } = await startEvents(t);
  const proxy = await startProxy(t, {
    upstreams: [endpoint],
    settings: { client: { sendMs: 400 } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(EVENTS);
  client.end();
  const response = await asked;
  for (let event = 0; event < 10; event++) {
    response.write(`data: ${event}\n\n`);
    await client.waitFor(`data: ${event}\n\n`);
    await sleep(100); // so that all take longer than sendMs
  }
  response.end();
  assert.equal((await client.readAnswer()).body.split('\n\n').length, 11);
});

interface KnownToNode {
  _getActiveHandles(): unknown[];
}

/** Bytes that the proxy holds for this client: of its socket, which lives in this process. */
function heldFor(client: RawClient): number {
  const handles = (process as unknown as KnownToNode)._getActiveHandles();
  const [socket] = handles
    .filter((handle) => handle instanceof Socket)
    .filter(({ remotePort }) => remotePort === client.socket.localPort);
  return socket?.writableLength ?? 0;
}

const ON = 131_072;
const STREAM_BYTES = 262_144;

for (const { name, readAheadBytes, line, isAhead } of [
  { name: 'off', readAheadBytes: 'none', line: '', isAhead: false },
  { name: 'on', readAheadBytes: ON, line: '', isAhead: true },
  { name: 'off, but the endpoint wants it', readAheadBytes: 'none', line: 'yes', isAhead: true },
  { name: 'on, but the endpoint forbids it', readAheadBytes: ON, line: 'no', isAhead: false },
] as const) {
  test(`what is read ahead of a client that does not read: ${name}`, async (t) => {
    const upstream = await startRawUpstream(t, (socket) => {
      socket.once('data', () => {
        const accel = line === '' ? '' : `X-Accel-Buffering: ${line}\r\n`;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n${accel}\r\n`);
        socket.write(Buffer.alloc(10_000_000));
      });
    });
    const proxy = await startProxy(t, {
      upstreams: [upstream.endpoint],
      virtualHosts: [{ name: 'app.test', routes: [{ buffering: { readAheadBytes } }] }],
    });
    const client = await connectClient(t, proxy.httpPort);
    client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    await client.waitFor('\r\n\r\n');
    client.socket.pause();
    const held = await untilStable(() => heldFor(client));
    assert.equal(held >= ON, isAhead, `${held} bytes`);
    assert.ok(held <= STREAM_BYTES, `${held} bytes`);
    client.socket.resume();
    while (client.received.length < 10_000_000) await once(client.socket, 'data');
  });
}
