/** WebSockets of the `ws` package through the proxy: nothing of them is ours to touch (security.md §6). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy, type ProxyOptions, type RunningProxy } from './harness/start-proxy.ts';
import {
  echo,
  nextClose,
  nextMessage,
  openWebSocket,
  startWebSocketEndpoint,
} from './harness/websocket.ts';

/** Both ends of a WebSocket through a proxy. */
async function openBoth(
  t: TestContext,
  onConnection: (socket: WebSocket) => void,
): Promise<{ client: WebSocket; far: WebSocket; proxy: RunningProxy }> {
  const { endpoint, server } = await startWebSocketEndpoint(t, onConnection);
  const proxy = await startProxy(t, { upstreams: [endpoint] });
  const client = await openWebSocket(t, proxy.httpPort);
  const [far] = server.clients;
  assert.ok(far);
  return { client, far, proxy };
}

for (const secure of [false, true]) {
  test(`messages of both kinds, ${secure ? 'over TLS' : 'in plaintext'}`, async (t) => {
    const { endpoint } = await startWebSocketEndpoint(t, echo);
    const proxy = await startProxy(t, {
      upstreams: [endpoint],
      certificates: [selfSignedCertificate('default', ['app.test'])],
    });
    const socket = await openWebSocket(t, secure ? proxy.httpsPort : proxy.httpPort, { secure });
    for (const [sent, isBinary] of [
      [Buffer.from('grüß dich'), false],
      [Buffer.from([0, 255, 128, 10, 13]), true],
      [Buffer.alloc(0), true],
      [Buffer.alloc(200_000, 'x'), true],
    ] as const) {
      const received = nextMessage(socket);
      socket.send(sent, { binary: isBinary });
      assert.deepEqual(await received, { data: sent, isBinary });
    }
  });
}

test('the subprotocol is what both sides agreed upon', async (t) => {
  const { endpoint } = await startWebSocketEndpoint(t, echo, {
    handleProtocols: (offered) => (offered.has('chat.v2') ? 'chat.v2' : false),
  });
  const proxy = await startProxy(t, { upstreams: [endpoint] });
  const socket = await openWebSocket(t, proxy.httpPort, { protocols: ['chat.v1', 'chat.v2'] });
  assert.equal(socket.protocol, 'chat.v2');
});

test('pings and pongs pass both ways, with what they carry', async (t) => {
  const { client, far } = await openBoth(t, () => undefined);
  for (const [from, to] of [
    [client, far],
    [far, client],
  ] as const) {
    const [pinged, ponged] = [once(to, 'ping'), once(from, 'pong')];
    from.ping('are you there?');
    assert.equal(String((await pinged)[0]), 'are you there?');
    assert.equal(String((await ponged)[0]), 'are you there?');
  }
});

test('a message in fragments, with a ping between them, arrives as one', async (t) => {
  const { client, far } = await openBoth(t, echo);
  const received = nextMessage(client);
  const pinged = once(far, 'ping');
  client.send('one ', { fin: false });
  client.ping();
  client.send('two ', { fin: false });
  await pinged;
  client.send('three', { fin: true });
  assert.equal((await received).data.toString(), 'one two three');
});

for (const side of ['client', 'endpoint'] as const) {
  for (const [code, reason] of [
    [1000, 'done'],
    [1001, ''],
    [1008, 'policy'],
    [4999, 'ours'],
  ] as const) {
    test(`the ${side} closes with ${code}: the other side hears just that`, async (t) => {
      const { client, far, proxy } = await openBoth(t, echo);
      const [from, to] = side === 'client' ? [client, far] : [far, client];
      const closed = Promise.all([nextClose(from), nextClose(to)]);
      from.close(code, reason);
      assert.deepEqual(await closed, [
        { code, reason },
        { code, reason },
      ]);
      assert.equal((await proxy.nextRecord()).status, 101);
    });
  }

  test(`the ${side} is gone without a word: the other side hears of it`, async (t) => {
    const { client, far } = await openBoth(t, echo);
    const [from, to] = side === 'client' ? [client, far] : [far, client];
    const closed = nextClose(to);
    from.terminate();
    assert.equal((await closed).code, 1006);
  });
}

test('permessage-deflate is between client and endpoint alone', async (t) => {
  const deflate = { perMessageDeflate: { threshold: 0 } };
  const { endpoint } = await startWebSocketEndpoint(t, echo, deflate);
  const proxy = await startProxy(t, { upstreams: [endpoint] });
  const client = await openWebSocket(t, proxy.httpPort, deflate);
  assert.match(client.extensions, /^permessage-deflate/);
  const sent = Buffer.alloc(500_000, 'abc');
  const received = nextMessage(client);
  client.send(sent);
  assert.ok((await received).data.equals(sent));
  client.close();
  const { responseBodyBytes } = await proxy.nextRecord();
  assert.ok(responseBodyBytes < 50_000, `${responseBodyBytes} bytes: it came inflated`);
});

/** Sends something and has it back. */
async function assertWorks(socket: WebSocket): Promise<void> {
  const received = nextMessage(socket);
  socket.send('still here');
  assert.equal((await received).data.toString(), 'still here');
}

test('a tunnel outlives every change, even that its route and its endpoint are no more', async (t) => {
  const { endpoint } = await startWebSocketEndpoint(t, echo);
  const other = await startWebSocketEndpoint(t, echo);
  const certificates = [selfSignedCertificate('default', ['app.test'])];
  const proxy = await startProxy(t, { upstreams: [endpoint], certificates });
  const sockets = [
    await openWebSocket(t, proxy.httpPort),
    await openWebSocket(t, proxy.httpsPort, { secure: true }),
  ];
  const changes: ProxyOptions[] = [
    { upstreams: [endpoint, other.endpoint], certificates },
    { upstreams: [other.endpoint], certificates },
    { upstreams: [], certificates },
    { upstreams: [endpoint], certificates, settings: { client: { keepAliveMs: 'off' } } },
    { upstreams: [endpoint], certificates, settings: { upstream: { idleConnections: 'off' } } },
    { upstreams: [endpoint], certificates: [selfSignedCertificate('default', ['app.test'])] },
    {
      upstreams: [endpoint],
      certificates,
      virtualHosts: [{ name: 'app.test', routes: [{ filters: [{ kind: 'deny', status: 403 }] }] }],
    },
    { certificates, virtualHosts: [{ name: 'other.test' }] },
    { upstreams: [endpoint], certificates },
  ];
  for (const change of changes) {
    proxy.apply(change);
    for (const socket of sockets) await assertWorks(socket);
  }
  assert.equal(proxy.records.length, 0);
});

test('drain: a tunnel goes on until its own end, and is the last', async (t) => {
  const { endpoint } = await startWebSocketEndpoint(t, echo);
  const proxy = await startProxy(t, { upstreams: [endpoint] });
  const socket = await openWebSocket(t, proxy.httpPort);
  let isDrained = false;
  const drained = proxy.dataPlane.drain().then(() => (isDrained = true));
  await assertWorks(socket);
  assert.equal(isDrained, false);
  socket.close(1000);
  await drained;
});

test('a tunnel is idle only when nothing passes either way', async (t) => {
  const { endpoint, server } = await startWebSocketEndpoint(t, () => undefined);
  const proxy = await startProxy(t, {
    upstreams: [endpoint],
    virtualHosts: [{ name: 'app.test', routes: [{ timeouts: { readMs: 300 } }] }],
  });
  const client = await openWebSocket(t, proxy.httpPort, { autoPong: false });
  const [far] = server.clients;
  assert.ok(far);
  for (let round = 0; round < 8; round++) {
    const pinged = once(client, 'ping');
    far.ping();
    await pinged;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(client.readyState, client.OPEN);
  const [{ code }] = await Promise.all([nextClose(client), nextClose(far)]);
  assert.equal(code, 1006);
  assert.equal(proxy.limits.get('tunnel-idle-timeout'), 1);
});
