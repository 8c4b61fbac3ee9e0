/** WebSocket tunnels (security.md §6). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connectClient, type RawClient } from './harness/raw-client.ts';
import { startProxy, type ProxyOptions } from './harness/start-proxy.ts';
import { startRawUpstream } from './harness/upstream.ts';

const ASK =
  'GET /chat HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n';

interface Tunnel {
  readonly client: RawClient;
  readonly endpoint: Socket;
  readonly proxy: Awaited<ReturnType<typeof startProxy>>;
  /** The request's head as the endpoint got it. */
  readonly head: string;
}

async function openTunnel(t: TestContext, options: ProxyOptions = {}): Promise<Tunnel> {
  const { promise, resolve } = Promise.withResolvers<[Socket, string]>();
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', (head: Buffer) => {
      socket.pause();
      socket.write(SWITCHED);
      resolve([socket, head.toString('latin1')]);
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint], ...options });
  const client = await connectClient(t, proxy.httpPort);
  client.write(ASK);
  const [endpoint, head] = await promise;
  assert.equal((await client.readAnswer()).status, 101);
  return { client, endpoint, proxy, head };
}

test('the handshake is passed on, and then bytes in both directions', async (t) => {
  const { client, endpoint, head } = await openTunnel(t);
  assert.match(head, /\r\nConnection: upgrade\r\nUpgrade: websocket\r\n/);
  assert.match(head, /\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n/);
  const bytes = Buffer.from([0, 255, 13, 10, 128, 1]);
  client.write(bytes);
  endpoint.resume();
  assert.deepEqual((await once(endpoint, 'data'))[0], bytes);
  endpoint.write(bytes);
  await client.waitFor(bytes.toString('latin1'));
});

test('the answer of 101 names the upgrade', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => socket.write(`${SWITCHED}first frame`));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(ASK);
  await client.waitFor('first frame');
  const answer = await client.readAnswer();
  assert.deepEqual(answer.fields.get('connection'), ['upgrade']);
  assert.deepEqual(answer.fields.get('upgrade'), ['websocket']);
  assert.deepEqual(answer.fields.get('sec-websocket-accept'), ['x']);
  assert.equal(client.take(), 'first frame');
});

test('the client ends: the endpoint hears of it, and the exchange is recorded', async (t) => {
  const { client, endpoint, proxy } = await openTunnel(t);
  client.write('bye');
  client.end();
  endpoint.resume();
  await once(endpoint, 'end');
  endpoint.end('goodbye');
  assert.equal(await client.readToEnd(), 'goodbye');
  const record = await proxy.nextRecord();
  assert.equal(record.status, 101);
  assert.equal(record.responseBodyBytes, 7);
});

test('the endpoint ends: the client hears of it', async (t) => {
  const { client, endpoint, proxy } = await openTunnel(t);
  endpoint.end('goodbye');
  assert.equal(await client.readToEnd(), 'goodbye');
  assert.equal(client.ended, 'end');
  assert.equal((await proxy.nextRecord()).status, 101);
});

test('the client is gone: the endpoint hears of it', async (t) => {
  const { client, endpoint, proxy } = await openTunnel(t);
  client.socket.resetAndDestroy();
  endpoint.resume();
  await once(endpoint, 'end');
  await proxy.nextRecord();
});

test('much data in both directions at once arrives whole', async (t) => {
  const { client, endpoint } = await openTunnel(t);
  const total = 8 * 1024 * 1024;
  const piece = Buffer.alloc(total, 'x');
  let got = 0;
  endpoint.on('data', (chunk: Buffer) => {
    got += chunk.length;
  });
  endpoint.resume();
  endpoint.write(piece);
  client.write(piece);
  await Promise.all([
    (async () => {
      while (got < total) await once(endpoint, 'data');
    })(),
    (async () => {
      let received = 0;
      while (received < total) {
        received += client.take().length;
        if (received < total) await once(client.socket, 'data');
      }
    })(),
  ]);
  assert.equal(got, total);
});

test('a tunnel that is idle for too long is closed on both sides', async (t) => {
  const { client, endpoint, proxy } = await openTunnel(t, {
    virtualHosts: [{ name: 'app.test', routes: [{ timeouts: { readMs: 200 } }] }],
  });
  endpoint.resume();
  const ended = once(endpoint, 'end');
  for (let round = 0; round < 6; round++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    client.write('still here');
  }
  assert.equal(client.ended, 'no');
  await Promise.all([client.readToEnd(), ended]);
  assert.equal(proxy.limits.get('tunnel-idle-timeout'), 1);
});

test('another answer than 101 leaves the connection in HTTP', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 2; round++) {
    client.write(ASK);
    const answer = await client.readAnswer();
    assert.equal(answer.status, 403);
    assert.equal(answer.body, 'no');
  }
  assert.equal(upstream.connections(), 1);
});

test('a 101 that nobody asked for is 502', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => socket.write(SWITCHED));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.equal((await client.readAnswer()).status, 502);
});

test('bytes that a client sends before the 101 reach nobody before it', async (t) => {
  let endpointGot = '';
  let answer: (() => void) | undefined;
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      endpointGot += chunk.toString('latin1');
      answer ??= () => socket.write(SWITCHED);
      upstream.server.emit('got');
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(`${ASK}early`);
  await once(upstream.server, 'got');
  assert.ok(endpointGot.endsWith('\r\n\r\n'), endpointGot);
  answer?.();
  await once(upstream.server, 'got');
  assert.ok(endpointGot.endsWith('\r\n\r\nearly'), endpointGot);
});
