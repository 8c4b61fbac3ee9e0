import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFakeApiServer } from './fake-api-server.ts';
import { ingress, object } from './objects.ts';
import { startSource } from './start-source.ts';

const LIMIT = { timeout: 10_000 };

test('an empty cluster is complete', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  const { synced } = startSource(t, server);
  await synced();
  const listed = server.requests.filter(({ verb }) => verb === 'list');
  assert.deepEqual(listed.map(({ resource }) => resource).sort(), [
    'endpointslices',
    'ingressclasses',
    'ingresses',
    'services',
  ]);
});

test('a server that is away is waited for, and what is missing says why', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  await server.close();
  const { source, synced, lines } = startSource(t, server);
  while (!source.missing().every((line) => line.includes('refused'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(source.missing().includes('ingresses: first list not complete (connection refused)'));

  await server.listen();
  await synced();
  const warnings = lines.filter(({ level }) => level === 'warn');
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['api server does not answer, what is known serves on'],
  );
});

test('nothing is missing any more once it was complete, whatever happens', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('ingresses', ingress('shop/web'));
  const { source, store, refer, synced } = startSource(t, server);
  await synced();
  refer({ secrets: new Set(['shop/tls']) });
  await server.close();
  assert.deepEqual(source.missing(), []);
  assert.ok(store.snapshot().ingresses.has('shop/web'));
});

test('long lists come in pages, stripped to what is used', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  for (let n = 0; n < 1_100; n += 1) server.apply('ingresses', ingress(`shop/web-${n}`));
  const { store, synced } = startSource(t, server);
  await synced();
  const { ingresses } = store.snapshot();
  assert.equal(ingresses.size, 1_100);
  const lists = server.requests.filter(
    ({ verb, resource }) => verb === 'list' && resource === 'ingresses',
  );
  assert.deepEqual(
    lists.map(({ query }) => query.get('limit')),
    ['500', '500', '500'],
  );
  const { metadata, kind, apiVersion } = ingresses.get('shop/web-7') ?? {};
  assert.equal(kind, 'Ingress');
  assert.equal(apiVersion, 'networking.k8s.io/v1');
  assert.deepEqual(metadata?.annotations, { kept: 'yes' });
  assert.equal(JSON.stringify([...ingresses.values()]).includes('managedFields'), false);
});

test(
  'an object that did not change keeps its identity when it is listed again',
  LIMIT,
  async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.apply('ingresses', ingress('shop/web'));
    server.apply('ingresses', ingress('shop/old'));
    const { store, synced, holds } = startSource(t, server);
    await synced();
    const before = store.get('ingresses', 'shop/web');

    await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
    server.failNext({ verb: 'watch', resource: 'ingresses' }, { kind: 'status', status: 410 });
    server.endWatches('ingresses');
    server.delete('ingresses', 'shop/old');
    await holds(({ ingresses }) => !ingresses.has('shop/old'));
    assert.equal(store.get('ingresses', 'shop/web'), before);
  },
);

test('only the watched namespaces are read, each by itself', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  for (const namespace of ['shop', 'bank', 'other']) {
    server.apply('ingresses', ingress(`${namespace}/web`));
  }
  const { store, synced, holds } = startSource(t, server, {
    watchNamespaces: ['shop', 'bank', 'shop'],
  });
  await synced();
  assert.deepEqual([...store.snapshot().ingresses.keys()].sort(), ['bank/web', 'shop/web']);
  const wide = server.requests.filter(({ namespace }) => namespace === undefined);
  assert.ok(wide.every(({ resource }) => resource === 'ingressclasses'));

  // A namespace that is listed again takes nothing of the other with it.
  server.failNext({ verb: 'watch', resource: 'ingresses' }, { kind: 'status', status: 410 });
  await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
  server.endWatches('ingresses');
  server.delete('ingresses', 'shop/web');
  await holds(({ ingresses }) => !ingresses.has('shop/web'));
  assert.ok(store.snapshot().ingresses.has('bank/web'));
});

test('namespaces are read where a selector needs them', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('namespaces', { metadata: { name: 'shop', labels: { team: 'a' } } });
  const { store, synced } = startSource(t, server, { watchNamespaceObjects: true });
  await synced();
  assert.deepEqual(store.get('namespaces', 'shop')?.metadata.labels, { team: 'a' });
});

test('deleted objects go', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('services', object('shop/web'));
  const { synced, holds } = startSource(t, server);
  await synced();
  await holds(({ services }) => services.has('shop/web'));
  server.delete('services', 'shop/web');
  await holds(({ services }) => !services.has('shop/web'));
});

test('what stopped asks for nothing', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  const { source, synced } = startSource(t, server);
  await synced();
  await source.stop();
  const seen = server.requests.length;
  while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(server.requests.length, seen);
});

test('5,000 Ingresses', { timeout: 30_000 }, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  for (let n = 0; n < 5_000; n += 1) {
    server.apply('ingresses', ingress(`shop/web-${n}`, `host-${n}.example`));
  }
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const { store, synced } = startSource(t, server);
  await synced();
  const wallMs = Math.round(performance.now() - startedAt);
  const { user, system } = process.cpuUsage(cpu);
  t.diagnostic(`listed in ${wallMs} ms, CPU ${Math.round((user + system) / 1000)} ms, both ends`);
  assert.equal(store.snapshot().ingresses.size, 5_000);
});
