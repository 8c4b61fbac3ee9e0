/** When a connection to an endpoint is used again (security.md 7.3, ConfigMap `upstream-keepalive-…`). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeShortBlock } from '../../src/dataplane/body-blocks.ts';
import { connectClient } from './harness/raw-client.ts';
import { startProxy, type SettingsOptions } from './harness/start-proxy.ts';
import { startRawUpstream, startUpstream } from './harness/upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

/** On which connection, counted from 1, each of several requests came, and with which Connection field. */
async function useEndpoint(
  t: TestContext,
  upstreamSettings: NonNullable<SettingsOptions['upstream']>,
  pauses: readonly number[],
) {
  const ports: (number | undefined)[] = [];
  const fields: (string | undefined)[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    ports.push(request.socket.remotePort);
    fields.push(request.headers.connection);
    response.end('x');
  });
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { upstream: upstreamSettings },
  });
  const client = await connectClient(t, proxy.httpPort);
  for (const pauseMs of pauses) {
    await sleep(pauseMs);
    client.write(GET);
    assert.equal((await client.readAnswer()).body, 'x');
  }
  const distinct = [...new Set(ports)];
  return { connections: ports.map((port) => distinct.indexOf(port) + 1), fields };
}

test('upstream-keepalive-requests: the last request says close, the next has a connection of its own', async (t) => {
  const { connections, fields } = await useEndpoint(t, { requestsPerConnection: 2 }, [0, 0, 0, 0]);
  assert.deepEqual(connections, [1, 1, 2, 2]);
  assert.deepEqual(fields, [undefined, 'close', undefined, 'close']);
});

test('upstream-keepalive-time: a connection that is old is not used again', async (t) => {
  const { connections } = await useEndpoint(t, { lifeMs: 300 }, [0, 0, 400, 0]);
  assert.deepEqual(connections, [1, 1, 2, 2]);
});

test('upstream-keepalive-timeout: a connection that is idle for long is closed', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const closed = once(upstream.server, 'connection').then(([socket]) =>
    once(socket as Socket, 'close'),
  );
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { upstream: { idleMs: 200 } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await client.readAnswer();
  const begun = performance.now();
  await closed;
  const tookMs = performance.now() - begun;
  assert.ok(tookMs > 150 && tookMs < 1_500, `closed after ${tookMs} ms`);
});

test('a client that says close takes nothing from the pool', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'));
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  for (let round = 0; round < 3; round++) {
    const client = await connectClient(t, proxy.httpPort);
    client.write(`GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n${GET}`);
    const answer = await client.readAnswer();
    assert.deepEqual(answer.fields.get('connection'), ['close']);
    assert.equal(await client.readToEnd(), '', 'what follows close is no request');
  }
  assert.equal(upstream.connections(), 1);
});

for (const { name, answer, connections } of [
  {
    name: 'HTTP/1.1',
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    connections: 1,
  },
  {
    name: 'HTTP/1.1 that says close',
    answer: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
    connections: 3,
  },
  {
    name: 'HTTP/1.1 that says close among others',
    answer: 'HTTP/1.1 200 OK\r\nConnection: x-a, Close\r\nContent-Length: 2\r\n\r\nok',
    connections: 3,
  },
  {
    name: 'HTTP/1.0',
    answer: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    connections: 3,
  },
  {
    name: 'HTTP/1.0 that says keep-alive',
    answer: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    connections: 1,
  },
  {
    name: 'HTTP/1.0 with chunks, whatever it says',
    answer:
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    connections: 3,
  },
]) {
  test(`an endpoint of ${name}: three requests on ${connections} connections`, async (t) => {
    const upstream = await startRawUpstream(t, (socket) => {
      socket.on('data', () => socket.write(answer));
    });
    const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
    const client = await connectClient(t, proxy.httpPort);
    for (let round = 0; round < 3; round++) {
      client.write(GET);
      const received = await client.readAnswer();
      assert.equal(received.body, 'ok');
      assert.match(received.head, /^HTTP\/1\.1 200 OK\r\n/);
      assert.equal(received.fields.get('connection'), undefined);
    }
    assert.equal(upstream.connections(), connections);
  });
}

test('an endpoint that half-closes after its answer has still sent it whole', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`);
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  for (let round = 0; round < 2; round++) {
    client.write(GET);
    assert.equal((await client.readAnswer()).body.length, 200_000);
  }
});

test('memory that a connection read into is used again once it is closed', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('read into it'));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    settings: { upstream: { idleConnections: 'off' } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  await client.readAnswer();
  let isBack = false;
  for (let turn = 0; turn < 200 && !isBack; turn++) {
    await new Promise(setImmediate);
    isBack = takeShortBlock().includes('read into it');
  }
  assert.ok(isBack);
});
