import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFakeApiServer, type FakeApiServer, type FakeObject } from './fake-api-server.ts';
import { startSource } from './start-source.ts';

const LIMIT = { timeout: 10_000 };

function node(name: string, beat = '1'): FakeObject {
  return {
    metadata: { name, labels: { zone: 'east' } },
    spec: { podCIDR: '10.0.0.0/24', taints: [{ key: 'a', effect: 'NoSchedule' }] },
    status: {
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: beat }],
      images: [{ names: ['large'], sizeBytes: 1 }],
    },
  };
}

const nodeRequests = ({ requests }: FakeApiServer) =>
  requests.filter(({ resource }) => resource === 'nodes');

test('Nodes are not asked for unless they are needed', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('nodes', node('a'));
  const { synced, store, refer, holds } = startSource(t, server);
  await synced();
  assert.deepEqual(nodeRequests(server), []);
  refer({ nodes: 'all' });
  await holds(({ nodes }) => nodes.size === 1);
  refer({ nodes: 'none' });
  assert.equal(store.snapshot().nodes.size, 0);
});

test(
  'of a Node what is used is kept, and what it says to show that it lives is no change',
  LIMIT,
  async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.apply('nodes', node('a'));
    const { synced, store, holds } = startSource(t, server, { references: { nodes: 'all' } });
    await synced();
    const before = store.get('nodes', 'a');
    assert.deepEqual(before?.spec, { taints: [{ key: 'a' }] });
    assert.deepEqual(before.status, {
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    });
    await server.request(({ verb, resource }) => verb === 'watch' && resource === 'nodes');
    server.apply('nodes', node('a', '2'));
    server.apply('nodes', node('b'));
    await holds(({ nodes }) => nodes.size === 2);
    assert.equal(store.get('nodes', 'a'), before);
  },
);

test('one Node by its name, then all, then that one again', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  for (const name of ['a', 'b']) server.apply('nodes', node(name));
  const { synced, store, refer, holds } = startSource(t, server, {
    references: { nodes: { name: 'b' } },
  });
  await synced();
  assert.deepEqual([...store.snapshot().nodes.keys()], ['b']);
  assert.deepEqual(new Set(nodeRequests(server).map(({ name }) => name)), new Set(['b']));
  const before = store.get('nodes', 'b');
  refer({ nodes: 'all' });
  assert.equal(store.get('nodes', 'b'), before, 'known until the list of all is there');
  await holds(({ nodes }) => nodes.size === 2);
  refer({ nodes: { name: 'b' } });
  assert.deepEqual([...store.snapshot().nodes.keys()], ['b']);
});

test(
  'without the right to read them everything else is served, and a finding says so',
  LIMIT,
  async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.forbid('list', 'nodes');
    const { synced, store, holds } = startSource(t, server, { references: { nodes: 'all' } });
    await synced();
    await holds(() => store.findings().length > 0);
    const [finding] = store.findings();
    assert.equal(finding?.code, 'source-forbidden');
    assert.equal(finding.object, 'Resource nodes');
    assert.match(finding.message, /ports of Nodes answer 503/);
  },
);
