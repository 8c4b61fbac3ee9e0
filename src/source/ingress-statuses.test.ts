import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ingress } from '../translate/snapshot.ts';
import { Store } from './store.ts';

const FIRST = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { namespace: 'shop', name: 'web', uid: 'u', resourceVersion: '1', generation: 1 },
  spec: { rules: [{ host: 'shop.test' }] },
} satisfies Ingress;
const LOAD_BALANCER = { ingress: [{ ip: '192.0.2.1' }] };

for (const { name, now, isChange } of [
  {
    name: 'a status alone is no change of the object',
    now: { metadata: { resourceVersion: '2' }, status: { loadBalancer: LOAD_BALANCER } },
    isChange: false,
  },
  {
    name: 'a new spec is',
    now: { metadata: { resourceVersion: '2', generation: 2 } },
    isChange: true,
  },
  {
    name: 'new annotations are, which count as no new generation',
    now: { metadata: { resourceVersion: '2', annotations: { a: 'b' } } },
    isChange: true,
  },
  {
    name: 'another object of the same name is',
    now: { metadata: { resourceVersion: '2', uid: 'v' } },
    isChange: true,
  },
]) {
  test(`an Ingress that is written: ${name}`, () => {
    const store = new Store();
    store.upsert('ingresses', FIRST);
    const heard: string[] = [];
    store.ingressStatuses.onChange((key) => heard.push(key));
    store.upsert('ingresses', {
      ...FIRST,
      ...now,
      metadata: { ...FIRST.metadata, ...now.metadata },
    });
    assert.equal(store.get('ingresses', 'shop/web') !== FIRST, isChange);
    assert.deepEqual(heard, ['shop/web']);
    const status = store.ingressStatuses.get('shop/web');
    assert.equal(status?.resourceVersion, '2');
    assert.equal(status.loadBalancer, now.status?.loadBalancer);
  });
}

test('of an Ingress from a file, which has no generation, every write is a change', () => {
  const store = new Store();
  const { resourceVersion, generation, ...metadata } = FIRST.metadata;
  assert.ok(resourceVersion !== '' && generation > 0);
  store.upsert('ingresses', { ...FIRST, metadata });
  const next = { ...FIRST, metadata, spec: { rules: [] } };
  store.upsert('ingresses', next);
  assert.equal(store.get('ingresses', 'shop/web'), next);
});

test('an Ingress that is gone has no status', () => {
  const store = new Store();
  store.upsert('ingresses', FIRST);
  store.remove('ingresses', 'shop/web');
  assert.equal(store.ingressStatuses.get('shop/web'), undefined);
});

test('a status wakes nobody who waits for changes', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const store = new Store();
  store.upsert('ingresses', FIRST);
  let changes = 0;
  store.onChange({ quietMs: 0, maxMs: 0 }, () => {
    changes += 1;
  });
  const metadata = { ...FIRST.metadata, resourceVersion: '2' };
  store.upsert('ingresses', { ...FIRST, metadata, status: { loadBalancer: LOAD_BALANCER } });
  t.mock.timers.tick(10);
  assert.equal(changes, 0);
  store.upsert('ingresses', {
    ...FIRST,
    metadata: { ...metadata, resourceVersion: '3', generation: 2 },
  });
  t.mock.timers.tick(10);
  assert.equal(changes, 1);
});
