import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProxyConfig } from '../../src/model/config.ts';
import { diffConfig } from '../../src/model/delta.ts';
import type {
  KubernetesObject,
  Node,
  Secret,
  Service,
  Snapshot,
} from '../../src/translate/snapshot.ts';
import { translate } from '../../src/translate/translate.ts';
import { sampleCertificate } from '../unit/sample-certificate.ts';
import { caseDefaults, snapshotOf } from './load-case.ts';
import {
  sampleApp,
  sampleConfigMap,
  sampleIngress,
  sampleService,
  sampleSlice,
} from './sample-objects.ts';

const configMap = 'ingress/settings';

/** The names of the pieces that differ between two translations, one after the other. */
function changesBetween(
  before: readonly KubernetesObject[],
  after: readonly KubernetesObject[],
): string[] {
  const options = { ...caseDefaults, configMap };
  const first = translate(snapshotOf(before), options).config;
  return namesOfChanges(first, translate(snapshotOf(after), options).config);
}

function namesOfChanges(first: ProxyConfig, second: ProxyConfig): string[] {
  const { settings, virtualHosts, clusters, endpointSets, certificates } = diffConfig(
    first,
    second,
    1,
  );
  return [
    ...(settings === undefined ? [] : ['settings']),
    ...virtualHosts.set.map(({ name }) => `host ${name}`),
    ...virtualHosts.remove.map((name) => `no host ${name}`),
    ...[...clusters.set, ...endpointSets.set, ...certificates.set].map(({ id }) => id),
    ...[...clusters.remove, ...endpointSets.remove, ...certificates.remove].map((id) => `no ${id}`),
  ];
}

const apps = [1, 2, 3].flatMap(sampleApp);

function replace(
  objects: readonly KubernetesObject[],
  object: KubernetesObject,
): KubernetesObject[] {
  return objects.map((old) =>
    old.kind === object.kind && old.metadata.name === object.metadata.name ? object : old,
  );
}

test('nothing changes when no object does', () => {
  assert.deepEqual(changesBetween(apps, [...apps]), []);
});

test('a changed slice is one endpoint set, and no route', () => {
  const after = replace(apps, sampleSlice('app-2', ['10.9.9.9']));
  assert.deepEqual(changesBetween(apps, after), ['shop/app-2:80']);
});

test('a changed slice that says the same is nothing', () => {
  const slice = apps.find(({ metadata }) => metadata.name === 'app-2-1');
  assert.ok(slice !== undefined);
  const { metadata } = slice;
  const after = replace(apps, { ...slice, metadata: { ...metadata, resourceVersion: '2' } });
  assert.deepEqual(changesBetween(apps, after), []);
});

test('a deleted Service is one endpoint set', () => {
  const after = apps.filter(
    ({ kind, metadata }) => kind !== 'Service' || metadata.name !== 'app-2',
  );
  assert.deepEqual(changesBetween(apps, after), ['shop/app-2:80']);
});

test('a changed Ingress is its own host alone', () => {
  const annotations = { 'proxy-body-size': '9m' };
  const ingress = sampleIngress({ name: 'app-2', host: 'app-2.example.com', annotations });
  assert.deepEqual(changesBetween(apps, replace(apps, ingress)), ['host app-2.example.com']);
});

test('an Ingress of which only the status or version changed is nothing', () => {
  const ingress = sampleIngress({ name: 'app-2', host: 'app-2.example.com' });
  const metadata = { ...ingress.metadata, resourceVersion: '2' };
  assert.deepEqual(changesBetween(apps, replace(apps, { ...ingress, metadata })), []);
});

test('an Ingress that moves to another host is these two', () => {
  const ingress = sampleIngress({ name: 'app-2', host: 'app-3.example.com', path: '/two' });
  assert.deepEqual(changesBetween(apps, replace(apps, ingress)), [
    'host app-3.example.com',
    'no host app-2.example.com',
  ]);
});

test('a new Ingress is a host, a cluster and an endpoint set', () => {
  assert.deepEqual(changesBetween(apps, [...apps, ...sampleApp(4)]), [
    'host app-4.example.com',
    'shop/app-4:80',
    'shop/app-4:80',
  ]);
});

test('a wildcard host with TLS changes the hosts below it, which are sent to TLS from then on', () => {
  const ingress = sampleIngress({ name: 'wild', host: '*.example.com', service: 'app-1' });
  const wild = { ...ingress, spec: { ...ingress.spec, tls: [{ hosts: ['*.example.com'] }] } };
  const changes = changesBetween(apps, [...apps, wild]);
  assert.deepEqual(changes.toSorted(), [
    'host *.example.com',
    'host app-1.example.com',
    'host app-2.example.com',
    'host app-3.example.com',
  ]);
});

test('an alias that becomes a host of its own leaves the host that had it', () => {
  const annotations = { 'server-alias': 'www.example.com' };
  const aliased = sampleIngress({ name: 'app-2', host: 'app-2.example.com', annotations });
  const before = replace(apps, aliased);
  const own = sampleIngress({ name: 'own', host: 'www.example.com', service: 'app-1' });
  assert.deepEqual(changesBetween(before, [...before, own]), [
    'host app-2.example.com',
    'host www.example.com',
  ]);
});

test('a DNS answer, and another first port of the default backend, are endpoint sets', () => {
  const external = {
    ...sampleService('app-1'),
    spec: { type: 'ExternalName', externalName: 'a.example' },
  };
  const objects = replace(apps, external).filter(({ metadata }) => metadata.name !== 'app-1-1');
  const options = { ...caseDefaults, defaultBackendService: 'shop/app-2' };
  const configOf = (list: readonly KubernetesObject[], address: string): ProxyConfig =>
    translate(snapshotOf(list, new Map([['a.example', [address]]])), options).config;
  const first = configOf(objects, '192.0.2.1');
  const second = configOf(objects, '192.0.2.2');
  assert.deepEqual(namesOfChanges(first, second), ['shop/app-1:80']);
  const ports = [
    { name: 'other', port: 90 },
    { port: 80, targetPort: 8080 },
  ];
  const otherPorts: Service = { ...sampleService('app-2'), spec: { ports } };
  const third = configOf(replace(objects, otherPorts), '192.0.2.2');
  assert.deepEqual(namesOfChanges(second, third), ['upstream-default-backend']);
});

function sampleNode(name: string, address: string, ready: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: {
      addresses: [{ type: 'InternalIP', address }],
      conditions: [{ type: 'Ready', status: ready }],
    },
  };
}

test('another way to reach a Service is its endpoint set alone, and so is a Node that comes or goes', () => {
  const service = sampleService('app-2');
  const annotations = { 'ts-nginx.io/upstream-address': 'node-port' };
  const ports = [{ port: 80, targetPort: 8080, nodePort: 30_080 }];
  const exposed = { ...service, metadata: { ...service.metadata, annotations }, spec: { ports } };
  const nodes = [sampleNode('a', '192.0.2.1', 'True'), sampleNode('b', '192.0.2.2', 'True')];
  const before = [...replace(apps, exposed), ...nodes];
  assert.deepEqual(changesBetween(apps, before), ['shop/app-2:80']);
  const gone = replace(before, sampleNode('b', '192.0.2.2', 'False'));
  assert.deepEqual(changesBetween(before, gone), ['shop/app-2:80']);
  assert.deepEqual(
    changesBetween(before, replace(before, sampleNode('b', '192.0.2.2', 'True'))),
    [],
  );
});

test('a ConfigMap key about settings changes these alone, one about routes the routes', () => {
  const plain = [...apps, sampleConfigMap({})];
  assert.deepEqual(changesBetween(plain, [...apps, sampleConfigMap({ 'server-tokens': 'true' })]), [
    'settings',
  ]);
  const routes = changesBetween(plain, [...apps, sampleConfigMap({ 'proxy-body-size': '2m' })]);
  assert.equal(routes.filter((name) => name.startsWith('host ')).length, 4);
});

test('findings keep their identity, and the whole list when none changed', () => {
  const options = { ...caseDefaults };
  const broken = [...apps, sampleIngress({ name: 'broken', host: 'broken.example.com' })];
  const first = translate(snapshotOf(broken), options).findings;
  const second = translate(
    snapshotOf(replace(broken, sampleSlice('app-1', ['10.8.8.8']))),
    options,
  );
  assert.equal(second.findings, first);
  const third = translate(snapshotOf(replace(broken, sampleSlice('app-1', []))), options).findings;
  assert.equal(third.length, 2);
  assert.ok(first[0] !== undefined && third.includes(first[0]));
});

test('translating 5,000 Ingresses again after one change costs a few milliseconds', (t) => {
  const options = { ...caseDefaults };
  const objects = Array.from({ length: 5_000 }, (_, number) => sampleApp(number)).flat();
  const snapshot = snapshotOf(objects);
  const timed = (next: Snapshot): [number, ProxyConfig] => {
    const start = performance.now();
    const { config } = translate(next, options);
    return [performance.now() - start, config];
  };
  const [firstMs, first] = timed(snapshot);
  let config = first;
  const again: number[] = [];
  const changes: string[] = [];
  for (let round = 1; round <= 10; round++) {
    const service = `app-${round}`;
    const slices = new Map(snapshot.endpointSlices).set(`shop/${service}`, [
      sampleSlice(service, ['10.99.0.1']),
    ]);
    const [ms, next] = timed({ ...snapshot, endpointSlices: slices });
    again.push(ms);
    if (round === 1) changes.push(...namesOfChanges(config, next));
    config = next;
  }
  assert.deepEqual(changes, ['shop/app-1:80']);
  const median = again.toSorted((a, b) => a - b)[5] ?? 0;
  t.diagnostic(
    `first ${firstMs.toFixed(0)} ms, after one change ${median.toFixed(1)} ms (median of 10)`,
  );
});

test('another certificate for endpoints changes the clusters that use it, and no route', () => {
  const secret = (texts: Readonly<Record<string, string>>): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'endpoints', namespace: 'shop' },
    data: Object.fromEntries(
      Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  });
  const secured = (chain: string, key: string): KubernetesObject[] => [
    ...apps,
    sampleService('bank'),
    sampleIngress({
      name: 'bank',
      host: 'bank.example.com',
      annotations: { 'backend-protocol': 'HTTPS', 'proxy-ssl-secret': 'shop/endpoints' },
    }),
    secret({ 'tls.crt': chain, 'tls.key': key }),
  ];
  const first = sampleCertificate('first', []);
  const second = sampleCertificate('second', []);
  const before = secured(first.chain, first.key.reveal());
  const again = secured(first.chain, first.key.reveal());
  const after = secured(second.chain, second.key.reveal());
  assert.deepEqual(changesBetween(before, again), []);
  assert.deepEqual(changesBetween(before, after), ['shop/bank:80 https tls shop/endpoints']);
});

test('what its annotations do not change, a route has in common with all others', () => {
  const annotations = { 'proxy-read-timeout': '7' };
  const slow = sampleIngress({ name: 'slow', host: 'slow.example.com', annotations });
  const options = { ...caseDefaults, configMap };
  const { virtualHosts } = translate(snapshotOf([...apps, slow]), options).config;
  const [usual] = virtualHosts.get('app-1.example.com')?.routes ?? [];
  assert.ok(usual !== undefined);
  for (const { name, routes } of virtualHosts.values()) {
    for (const { timeouts, retry, buffering } of routes) {
      assert.equal(timeouts === usual.timeouts, name !== 'slow.example.com');
      assert.equal(retry, usual.retry);
      assert.equal(buffering, usual.buffering);
    }
  }
});
