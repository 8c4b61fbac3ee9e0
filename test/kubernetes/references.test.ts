import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts';
import { object, secret } from './objects.ts';
import type { SeenRequest } from './seen-request.ts';
import { startSource } from './start-source.ts';

const LIMIT = { timeout: 10_000 };

function secretRequests(server: FakeApiServer): readonly SeenRequest[] {
  return server.requests.filter(({ resource }) => resource === 'secrets');
}

test('only the Secrets that are referred to are ever asked for', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  for (const key of ['shop/tls', 'shop/other', 'bank/tls']) server.apply('secrets', secret(key));
  const { store, synced } = startSource(t, server, {
    references: { secrets: new Set(['shop/tls']) },
  });
  await synced();
  await server.request(({ verb, resource }) => verb === 'watch' && resource === 'secrets');

  assert.deepEqual([...store.snapshot().secrets.keys()], ['shop/tls']);
  for (const { namespace, name } of secretRequests(server)) {
    assert.deepEqual([namespace, name], ['shop', 'tls']);
  }
  const verbs = secretRequests(server).map(({ verb }) => verb);
  assert.deepEqual(verbs, ['list', 'watch']);
});

test('what is wanted first is part of the first complete state', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('secrets', secret('shop/tls'));
  server.failNext({ verb: 'list', resource: 'secrets' }, { kind: 'status', status: 503 });
  const { source, synced, store } = startSource(t, server, {
    references: { secrets: new Set(['shop/tls']) },
    timing: { firstRetryMs: 100 },
  });
  await server.request(({ resource }) => resource === 'secrets');
  while (!source.missing().some((line) => line.includes('503'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(source.missing(), [
    'Secret shop/tls: first list not complete (HTTP 503: not now)',
  ]);
  await synced();
  assert.ok(store.get('secrets', 'shop/tls'));
});

test(
  'a Secret that does not exist holds nothing up, and is seen when it comes',
  LIMIT,
  async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    const { synced, holds } = startSource(t, server, {
      references: { secrets: new Set(['shop/tls', 'no such key', 'shop/tls,x=y']) },
    });
    await synced();
    assert.ok(secretRequests(server).every(({ name }) => name === 'tls'));
    server.apply('secrets', secret('shop/tls', 'one'));
    await holds(({ secrets }) => secrets.has('shop/tls'));
    const two = secret('shop/tls', 'two');
    server.apply('secrets', two);
    await holds(({ secrets }) => secrets.get('shop/tls')?.data?.['tls.key'] === keyOf(two));
    server.delete('secrets', 'shop/tls');
    await holds(({ secrets }) => !secrets.has('shop/tls'));
  },
);

function keyOf({ data }: Readonly<Record<string, unknown>>): unknown {
  return (data as { 'tls.key': unknown })['tls.key'];
}

test('what is wanted later is unanswered until it is known, existing or not', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('secrets', secret('shop/new'));
  const { refer, source, store, synced } = startSource(t, server);
  await synced();
  assert.deepEqual(source.unanswered(), []);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  source.onProgress(() => {
    resolve(undefined);
  });
  refer({ secrets: new Set(['shop/new', 'shop/missing']) });
  assert.deepEqual(source.unanswered(), ['Secret shop/new', 'Secret shop/missing']);
  assert.deepEqual(source.missing(), []);
  await promise;
  assert.deepEqual(source.unanswered(), []);
  assert.ok(store.get('secrets', 'shop/new'));
});

test('what is no longer referred to is forgotten', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('secrets', secret('shop/a'));
  server.apply('secrets', secret('shop/b'));
  const { refer, store, synced, holds } = startSource(t, server, {
    references: { secrets: new Set(['shop/a', 'shop/b']) },
  });
  await synced();
  for (const key of ['a', 'b']) {
    await server.request(({ verb, name }) => verb === 'watch' && name === key);
  }
  refer({ secrets: new Set(['shop/b']) });
  assert.deepEqual([...store.snapshot().secrets.keys()], ['shop/b']);

  while (server.watches('secrets') > 1) await new Promise((resolve) => setImmediate(resolve));
  server.apply('secrets', secret('shop/a', 'new'));
  server.delete('secrets', 'shop/b');
  await holds(({ secrets }) => secrets.size === 0);
});

test('ConfigMaps are read when they are named, and what they name too', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('configmaps', { ...object('ops/settings'), data: { 'add-headers': 'ops/headers' } });
  server.apply('configmaps', { ...object('ops/headers'), data: { 'X-A': '1' } });
  server.apply('configmaps', object('ops/other'));
  const { store, synced } = startSource(t, server, {
    references: ({ configMaps }) => ({
      configMaps: new Set([
        'ops/settings',
        ...(configMaps.has('ops/settings') ? ['ops/headers'] : []),
      ]),
    }),
  });
  await synced();
  assert.deepEqual([...store.snapshot().configMaps.keys()], ['ops/settings', 'ops/headers']);
});

test('nothing of a Secret is ever logged', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('secrets', secret('shop/tls', 'topsecret'));
  const leak = Buffer.from('topsecret').toString('base64');
  const bytes = `{"type":"MODIFIED","object":{"data":{"tls.key":"${leak}"\n`;
  const fault = { kind: 'bytes', writes: [bytes], then: 'stall' } as const;
  server.failNext({ verb: 'list', resource: 'secrets' }, { ...fault, then: 'end' });
  server.failNext({ verb: 'watch', resource: 'secrets' }, fault);
  const { lines, store, synced } = startSource(t, server, {
    references: { secrets: new Set(['shop/tls']) },
  });
  await synced();
  await server.request(
    ({ verb }) =>
      verb === 'watch' && secretRequests(server).filter((seen) => seen.verb === verb).length === 2,
  );
  assert.ok(lines.some(({ message }) => message === 'watch interrupted'));
  assert.equal(JSON.stringify([lines, store.findings()]).includes(leak), false);
});

test('hundreds of Secrets share a few HTTP/2 connections', { timeout: 30_000 }, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  const keys = Array.from({ length: 600 }, (_, n) => `shop/tls-${n}`);
  for (const key of keys) server.apply('secrets', secret(key));
  const { store, synced } = startSource(t, server, { references: { secrets: new Set(keys) } });
  await synced();
  assert.equal(store.snapshot().secrets.size, 600);
  while (server.watches('secrets') < 600) await new Promise((resolve) => setImmediate(resolve));
  t.diagnostic(`${server.connections} connections`);
  assert.ok(server.connections <= 8, `${server.connections} connections`);
});
