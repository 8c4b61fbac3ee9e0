/** Endpoints come and go under exchanges: these are never touched, whoever chooses, and the others notice nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { BalancerConfig, Endpoint } from '../../src/model/config.ts';
import { connectClient } from './harness/raw-client.ts';
import { startProxy, type RunningProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';
import { echo, openWebSocket, startWebSocketEndpoint } from './harness/websocket.ts';
import { carrier } from './harness/carrier.ts';

const salt = 'salt of the service';
const byClient = [{ kind: 'client-address' }] as const;
const balancers: readonly BalancerConfig[] = [
  { kind: 'round-robin' },
  { kind: 'random' },
  { kind: 'least-request' },
  { kind: 'ewma' },
  { kind: 'least-cost', cost: 'lc' },
  { kind: 'least-cost', cost: 'wlc' },
  { kind: 'least-cost', cost: 'sed' },
  { kind: 'least-cost', cost: 'nq' },
  { kind: 'hash', key: byClient, subset: 'none' },
  { kind: 'hash', key: byClient, subset: 2 },
  { kind: 'client-affinity', service: 'shop-web-80', timeoutSeconds: 600 },
  { kind: 'sticky', mode: 'balanced', cookie: 'route', changesOnFailure: false, salt },
  { kind: 'sticky', mode: 'persistent', cookie: 'route', changesOnFailure: false, salt },
];

/** An endpoint that answers with its name: at once, or where the path is `/held` half of it until `release`. */
interface TestEndpoint {
  readonly endpoint: Endpoint;
  /** Exchanges so far. */
  readonly exchanges: () => number;
  readonly open: ReadonlySet<Socket>;
  release(): void;
}

async function startNamed(t: TestContext, name: string): Promise<TestEndpoint> {
  const held: ServerResponse[] = [];
  const open = new Set<Socket>();
  let exchanges = 0;
  const { endpoint, server } = await startUpstream(t, (request, response) => {
    exchanges += 1;
    response.setHeader('Content-Length', 2 * name.length);
    response.write(name);
    if (request.url === '/held') held.push(response);
    else response.end(name);
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return {
    endpoint,
    exchanges: () => exchanges,
    open,
    release: () => {
      for (const response of held.splice(0)) response.end(name);
    },
  };
}

/** On a connection of its own, so that the endpoint is chosen anew. */
async function ask(t: TestContext, proxy: RunningProxy): Promise<string> {
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n');
  return (await client.readAnswer()).body;
}

async function hold(t: TestContext, proxy: RunningProxy, begin: string) {
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET /held HTTP/1.1\r\nHost: app.test\r\n\r\n');
  await client.waitFor(`\r\n\r\n${begin}`);
  return client;
}

async function closed(sockets: ReadonlySet<Socket>, left: number): Promise<void> {
  while (sockets.size > left)
    await Promise.race([...sockets].map((socket) => once(socket, 'close')));
}

for (const balancer of balancers) {
  const name = Object.values(balancer)
    .filter((value) => typeof value === 'string' && value !== salt)
    .join(' ');

  test(`${name}: who leaves finishes what it has, has nothing new, and keeps no idle connection`, async (t) => {
    const leaving = await startNamed(t, 'leaving');
    const staying = await startNamed(t, 'staying');
    const proxy = await startProxy(t, { upstreams: [leaving.endpoint], balancer });
    const held = await hold(t, proxy, 'leaving');
    assert.equal(await ask(t, proxy), 'leavingleaving');
    assert.equal(leaving.open.size, 2);

    proxy.apply({ upstreams: [staying.endpoint], balancer });
    await closed(leaving.open, 1);
    for (let n = 0; n < 5; n++) assert.equal(await ask(t, proxy), 'stayingstaying');
    assert.equal(leaving.exchanges(), 2);

    leaving.release();
    assert.equal((await held.readAnswer()).body, 'leavingleaving');
    await closed(leaving.open, 0);
    held.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    assert.equal((await held.readAnswer()).body, 'stayingstaying');
  });

  test(`${name}: who stays keeps exchanges and connections while others come and go`, async (t) => {
    const [staying, first, second] = [
      await startNamed(t, 'staying'),
      await startNamed(t, 'first'),
      await startNamed(t, 'second'),
    ];
    const proxy = await startProxy(t, { upstreams: [staying.endpoint], balancer });
    const held = await hold(t, proxy, 'staying');
    await ask(t, proxy);
    const before = [...staying.open];
    for (const other of [first, second, first]) {
      proxy.apply({ upstreams: [staying.endpoint, other.endpoint], balancer });
      await ask(t, proxy);
      proxy.apply({ upstreams: [staying.endpoint], balancer });
      await ask(t, proxy);
    }
    assert.deepEqual([...staying.open], before);
    staying.release();
    assert.equal((await held.readAnswer()).body, 'stayingstaying');
    await closed(first.open, 0);
    await closed(second.open, 0);
  });
}

test('another address of the Service and back: exchanges finish where they began, and count there', async (t) => {
  const pod = await startNamed(t, 'pod');
  const clusterIp = await startNamed(t, 'ip');
  const balancer: BalancerConfig = { kind: 'least-request' };
  const other = await startNamed(t, 'other');
  const proxy = await startProxy(t, { upstreams: [pod.endpoint], balancer });
  const held = await hold(t, proxy, 'pod');
  proxy.apply({ upstreams: [clusterIp.endpoint], balancer });
  assert.equal(await ask(t, proxy), 'ipip');
  proxy.apply({ upstreams: [pod.endpoint, other.endpoint], balancer });
  // The pod still has one under way, and the other none: of two it is never the less busy one.
  for (let n = 0; n < 5; n++) assert.equal(await ask(t, proxy), 'otherother');
  pod.release();
  assert.equal((await held.readAnswer()).body, 'podpod');
  await closed(clusterIp.open, 0);
});

test('a tunnel outlives its endpoint', async (t) => {
  const { endpoint } = await startWebSocketEndpoint(t, echo);
  const staying = await startNamed(t, 'staying');
  const proxy = await startProxy(t, { upstreams: [endpoint] });
  const socket = await openWebSocket(t, proxy.httpPort, { secure: carrier() === 'tls' });
  proxy.apply({ upstreams: [staying.endpoint] });
  assert.equal(await ask(t, proxy), 'stayingstaying');
  socket.send('still there?');
  const [data] = (await once(socket, 'message')) as [Buffer];
  assert.equal(data.toString(), 'still there?');
});
