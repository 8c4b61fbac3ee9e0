import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { kubernetesTiming } from '../../src/source/kubernetes/kubernetes-source.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import type { Fault } from './fault.ts';
import { ingress, object } from './objects.ts';
import { startSource } from './start-source.ts';

const LIMIT = { timeout: 20_000 };
const KINDS = ['endpointslices', 'ingressclasses', 'ingresses', 'services'];

test('the waits of production keep what is promised', () => {
  const { firstRetryMs, maxRetryMs, awayMs, connectMs, silenceMs, pingMs } = kubernetesTiming;
  assert.ok(firstRetryMs <= 1_000);
  assert.ok(awayMs > firstRetryMs, 'a watch that is cut alone goes on from its version');
  assert.ok(awayMs <= 2_000, 'no API server starts faster');
  assert.ok(maxRetryMs * 0.8 >= 4_000, 'at most one try in 4 s');
  assert.ok(connectMs + maxRetryMs <= 30_000 / 2, 'in sync well within 30 s');
  assert.ok(silenceMs <= 120_000, 'a stalled stream is noticed');
  assert.ok(2 * pingMs <= 120_000, 'and a connection that leads nowhere');
});

suite('an API server that is back', () => {
  const busy: readonly Fault[] = [
    { kind: 'status', status: 503, retryAfter: 1 },
    { kind: 'status', status: 429, retryAfter: 1 },
    { kind: 'status', status: 403 },
    { kind: 'status', status: 410 },
  ];

  test('is asked for at most two lists of a kind, however it stumbles', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http2' });
    server.apply('ingresses', ingress('shop/web'));
    const { synced, holds, fewestIngresses } = startSource(t, server);
    await synced();
    for (const kind of KINDS) {
      await server.request(({ verb, resource }) => verb === 'watch' && resource === kind);
    }
    const fewest = fewestIngresses();
    await server.close();
    for (const resource of KINDS) {
      for (const fault of busy) server.failNext({ verb: 'watch', resource }, fault);
    }
    server.apply('ingresses', ingress('shop/meanwhile'));
    const seen = server.requests.length;
    await server.listen();
    await holds(({ ingresses }) => ingresses.has('shop/meanwhile'));

    const lists = server.requests.slice(seen).filter(({ verb }) => verb === 'list');
    for (const kind of KINDS) {
      const count = lists.filter(({ resource }) => resource === kind).length;
      assert.ok(count <= 2, `${count} lists of ${kind}`);
    }
    assert.equal(fewest(), 1);
  });

  test('with an older state: that is taken, same versions or not', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http2' });
    server.apply('ingresses', ingress('shop/web', 'old.example'));
    server.apply('ingresses', ingress('shop/kept'));
    const backup = server.backup();
    server.apply('ingresses', ingress('shop/web', 'lost.example'));
    const { version } = server;
    server.apply('ingresses', ingress('shop/late'));
    const { store, synced, holds, fewestIngresses } = startSource(t, server);
    await synced();
    await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
    const kept = store.get('ingresses', 'shop/kept');
    const fewest = fewestIngresses();

    await server.close();
    server.restore(backup);
    server.apply('ingresses', ingress('shop/web', 'new.example'));
    assert.equal(server.version, version, 'given out again');
    await server.listen();
    await holds(({ ingresses }) => !ingresses.has('shop/late'));
    const rules = store.get('ingresses', 'shop/web')?.spec?.rules;
    assert.deepEqual(
      rules?.map(({ host }) => host),
      ['new.example'],
    );
    assert.equal(store.get('ingresses', 'shop/kept'), kept, 'what is the same is not touched');
    assert.ok(fewest() >= 2);

    server.apply('ingresses', ingress('shop/next'));
    await holds(({ ingresses }) => ingresses.has('shop/next'));
  });
});

test('a watch from a version that is no more is found out by a bookmark', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  server.numericVersions = true;
  server.refusesFuture = false;
  server.apply('ingresses', ingress('shop/web'));
  const backup = server.backup();
  server.apply('ingresses', ingress('shop/late'));
  const { synced, holds, fewestIngresses } = startSource(t, server, {
    timing: { silenceMs: 60_000 },
  });
  await synced();
  await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
  const fewest = fewestIngresses();
  await server.close();
  server.restore(backup);
  const seen = server.requests.length;
  await server.listen();
  await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses', seen);
  server.bookmark('ingresses');
  await holds(({ ingresses }) => !ingresses.has('shop/late'));
  assert.equal(fewest(), 1);
});

test('an older state is taken, also where its versions have passed ours', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  server.numericVersions = true;
  server.apply('ingresses', ingress('shop/web'));
  const backup = server.backup();
  server.apply('ingresses', ingress('shop/late'));
  const before = Number(server.version);
  const { synced, holds } = startSource(t, server, { timing: { silenceMs: 60_000, awayMs: 1 } });
  await synced();
  await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
  await server.close();
  server.restore(backup);
  for (let n = 0; n < 5; n += 1) server.apply('services', object('shop/busy'));
  assert.ok(Number(server.version) > before);
  await server.listen();
  await holds(({ ingresses }) => !ingresses.has('shop/late'));
});

suite('a list', () => {
  const COUNT = 1_200;

  test('that comes slowly, but comes, is waited for', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http2' });
    for (let n = 0; n < COUNT; n += 1) server.apply('ingresses', ingress(`shop/web-${n}`));
    server.slowLists = { pieces: 8, everyMs: 100 };
    const { store, synced } = startSource(t, server, { timing: { silenceMs: 600 } });
    const startedAt = performance.now();
    await synced();
    assert.equal(store.snapshot().ingresses.size, COUNT);
    assert.ok(performance.now() - startedAt > 600, 'longer than a silence may last');
    const lists = server.requests.filter(({ resource }) => resource === 'ingresses');
    assert.equal(lists.filter(({ verb }) => verb === 'list').length, 3);
  });

  test('that stalls is begun again, and what was known stays whole', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http2' });
    for (let n = 0; n < COUNT; n += 1) server.apply('ingresses', ingress(`shop/web-${n}`));
    const { synced, holds, fewestIngresses } = startSource(t, server, {
      timing: { silenceMs: 400 },
    });
    await synced();
    await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
    const fewest = fewestIngresses();

    const part = { kind: 'bytes', writes: ['{"kind":"List","items":[{'], then: 'stall' } as const;
    server.failNext({ verb: 'watch', resource: 'ingresses' }, { kind: 'status', status: 410 });
    server.failNext({ verb: 'list', resource: 'ingresses' }, part);
    server.endWatches('ingresses');
    server.apply('ingresses', ingress('shop/more'));
    await holds(({ ingresses }) => ingresses.has('shop/more'));
    assert.equal(fewest(), COUNT);
  });
});
