import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, describe, pathOf, targetOfKey } from './watch-target.ts';

test('paths of a resource everywhere, in a namespace, and of one object', () => {
  const everywhere = { resource: 'ingresses', namespace: undefined, name: undefined } as const;
  assert.equal(
    pathOf(everywhere, { limit: '500' }),
    '/apis/networking.k8s.io/v1/ingresses?limit=500',
  );
  assert.equal(
    pathOf({ ...everywhere, resource: 'services', namespace: 'shop' }, { watch: 'true' }),
    '/api/v1/namespaces/shop/services?watch=true',
  );
  assert.equal(
    pathOf({ resource: 'secrets', namespace: 'shop', name: 'tls' }, {}),
    '/api/v1/namespaces/shop/secrets?fieldSelector=metadata.name%3Dtls',
  );
});

test('a target covers its own objects alone', () => {
  const shop = { resource: 'services', namespace: 'shop', name: undefined } as const;
  assert.equal(covers(shop)('shop/web'), true);
  assert.equal(covers(shop)('shop-2/web'), false);
  assert.equal(covers({ ...shop, name: 'web' })('shop/web-2'), false);
  assert.equal(describe({ ...shop, resource: 'secrets', name: 'tls' }), 'Secret shop/tls');
});

for (const key of [
  'tls',
  'shop/',
  '/tls',
  'shop/tls/x',
  'shop/tls,metadata.namespace=kube-system',
  'shop/tls?watch=true',
  '../kube-system/tls',
  'shop/..',
  'Shop/tls',
  `shop/${'a'.repeat(254)}`,
]) {
  test(`no object has the key ${key.slice(0, 60)}`, () => {
    assert.equal(targetOfKey('secrets', key), undefined);
  });
}

test('a dotted name is a name', () => {
  const target = { resource: 'secrets', namespace: 'shop', name: 'shop.example-tls' };
  assert.deepEqual(targetOfKey('secrets', 'shop/shop.example-tls'), target);
});
