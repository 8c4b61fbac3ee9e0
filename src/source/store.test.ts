import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../model/finding.ts';
import type { EndpointSlice, Service } from '../translate/snapshot.ts';
import { Store } from './store.ts';

function service(name: string, resourceVersion?: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'shop',
      ...(resourceVersion === undefined ? {} : { resourceVersion, uid: name }),
    },
  };
}

function slice(name: string, serviceName: string): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': serviceName } },
  };
}

function countChanges(store: Store): () => Promise<number> {
  let count = 0;
  let done: () => void = () => undefined;
  store.onChange({ quietMs: 1, maxMs: 5 }, () => {
    count += 1;
    done();
  });
  return async () => {
    await new Promise<void>((resolve) => {
      done = resolve;
    });
    return count;
  };
}

test('an object of the same revision keeps its identity and is no change', () => {
  const store = new Store();
  const first = service('web', '7');
  store.upsert('services', first);
  store.upsert('services', service('web', '7'));
  assert.equal(store.get('services', 'shop/web'), first);
  const next = service('web', '8');
  store.upsert('services', next);
  assert.equal(store.get('services', 'shop/web'), next);
});

test('replace removes what is missing, keeps what is the same, and stays within its bounds', () => {
  const store = new Store();
  const web = service('web', '1');
  store.upsert('services', web);
  store.upsert('services', service('old', '1'));
  store.upsert('services', {
    ...service('far', '1'),
    metadata: { name: 'far', namespace: 'other' },
  });
  store.replace('services', [service('web', '1')], (key) => key.startsWith('shop/'));
  assert.deepEqual([...store.snapshot().services.keys()].sort(), ['other/far', 'shop/web']);
  assert.equal(store.get('services', 'shop/web'), web);
});

test('slices are listed by the Service of their label, and the list changes identity only with its own', () => {
  const store = new Store();
  store.upsert('endpointslices', slice('web-1', 'web'));
  store.upsert('endpointslices', slice('api-1', 'api'));
  const { endpointSlices } = store.snapshot();
  const web = endpointSlices.get('shop/web');
  store.upsert('endpointslices', slice('api-2', 'api'));
  assert.equal(endpointSlices.get('shop/web'), web);
  assert.deepEqual(
    endpointSlices.get('shop/api')?.map(({ metadata }) => metadata.name),
    ['api-1', 'api-2'],
  );
  store.upsert('endpointslices', slice('web-1', 'api'));
  assert.equal(endpointSlices.has('shop/web'), false);
  assert.equal(endpointSlices.get('shop/api')?.length, 3);
  store.remove('endpointslices', 'shop/web-1');
  assert.equal(endpointSlices.get('shop/api')?.length, 2);
});

test('changes of one batch are told once', async () => {
  const store = new Store();
  const changes = countChanges(store);
  for (let index = 0; index < 50; index += 1) store.upsert('services', service(`s${index}`));
  assert.equal(await changes(), 1);
});

test('a steady stream of changes is told after the longest delay, not only when it ends', async () => {
  const store = new Store();
  const feeder = setInterval(() => {
    store.upsert('services', service('web', String(performance.now())));
  }, 1);
  const told = new Promise<void>((resolve) => {
    store.onChange({ quietMs: 5_000, maxMs: 10 }, resolve);
  });
  await told;
  clearInterval(feeder);
});

test('an equal DNS answer is no change', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const store = new Store();
  store.setDnsAnswer('example.org', ['192.0.2.1']);
  let told = 0;
  store.onChange({ quietMs: 0, maxMs: 0 }, () => (told += 1));
  store.setDnsAnswer('example.org', ['192.0.2.1']);
  t.mock.timers.runAll();
  assert.equal(told, 0);
  store.setDnsAnswer('example.org', ['192.0.2.2']);
  t.mock.timers.runAll();
  assert.equal(told, 1);
});

const gone: Finding = {
  code: 'configmap-missing',
  object: 'Service shop/web',
  field: undefined,
  message: 'gone',
};

test('an object that is retained stays in force after its removal, with a finding until it is back', () => {
  const store = new Store();
  const web = service('web', '1');
  store.retain('services', 'shop/web', gone);
  store.upsert('services', web);
  store.upsert('services', service('api', '1'));
  store.remove('services', 'shop/web');
  store.remove('services', 'shop/api');
  assert.deepEqual([...store.snapshot().services.values()], [web]);
  assert.deepEqual(store.findings(), [gone]);

  store.upsert('services', web);
  assert.deepEqual(store.findings(), []);
  store.replace('services', []);
  assert.equal(store.get('services', 'shop/web'), web);
  assert.deepEqual(store.findings(), [gone]);

  const again = service('web', '2');
  store.replace('services', [again]);
  assert.equal(store.get('services', 'shop/web'), again);
  assert.deepEqual(store.findings(), []);
});

test('an object that is retained and was never there is no finding', () => {
  const store = new Store();
  store.retain('services', 'shop/web', gone);
  store.remove('services', 'shop/web');
  assert.deepEqual(store.findings(), []);
});
