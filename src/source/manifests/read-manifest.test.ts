import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readManifest, UnreadableManifest, type Manifest } from './read-manifest.ts';

/** One object as JSON, the way it is written in the tables below. */
const one = (object: unknown): Manifest => readManifest('a.json', JSON.stringify(object));
const meta = { name: 'x', namespace: 'ns' };
const service = { apiVersion: 'v1', kind: 'Service', metadata: meta };

for (const { name, given, want } of [
  {
    name: 'an object without a namespace is in `default`',
    given: { ...service, metadata: { name: 'x' } },
    want: { ...service, metadata: { name: 'x', namespace: 'default' } },
  },
  {
    name: 'a cluster-scoped object has none, whatever it says',
    given: { apiVersion: 'v1', kind: 'Namespace', metadata: { ...meta, labels: { a: 'b' } } },
    want: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', labels: { a: 'b' } } },
  },
  {
    name: 'stringData is encoded and wins over data',
    given: {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: meta, type: 'Opaque' },
      data: { a: 'QQ==', b: 'Qg==' },
      stringData: { b: 'ü' },
    },
    want: {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: meta, type: 'Opaque' },
      data: { a: 'QQ==', b: 'w7w=' },
    },
  },
  {
    name: 'numbers and booleans of a ConfigMap are the text that they stand for',
    given: {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: meta },
      data: { on: true, off: false, count: 7, part: 0.5, text: 'x', none: null },
    },
    want: {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: meta },
      data: { on: 'true', off: 'false', count: '7', part: '0.5', text: 'x' },
    },
  },
  {
    name: 'what an export says of its life in a cluster is dropped, and what nobody reads',
    given: {
      ...service,
      metadata: {
        ...meta,
        uid: '1',
        resourceVersion: '7',
        managedFields: [],
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      spec: {
        type: 'ClusterIP',
        selector: { app: 'x' },
        ports: [{ port: 80, targetPort: 'web', extra: 1 }],
      },
      status: { conditions: [], loadBalancer: { ingress: [{ ip: '203.0.113.7', ports: [] }] } },
    },
    want: {
      ...service,
      metadata: { ...meta, creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { type: 'ClusterIP', ports: [{ port: 80, targetPort: 'web' }] },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }] } },
    },
  },
  {
    name: 'null counts as absent',
    given: {
      ...{
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...meta, labels: null },
      },
      endpoints: null,
      ports: [{ name: null, port: 80 }],
    },
    want: {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: meta },
      ports: [{ port: 80 }],
    },
  },
]) {
  test(`read manifest: ${name}`, () => {
    const { objects, findings } = one(given);
    assert.deepEqual(findings, []);
    assert.deepEqual(
      objects.map(({ object }) => object),
      [want],
    );
  });
}

for (const { name, given, object = 'Service ns/x', field, message } of [
  {
    name: 'no kind',
    given: { apiVersion: 'v1', metadata: meta },
    object: 'File a.json',
    field: 'kind',
    message: /is missing: this is no Kubernetes object; it is not served$/,
  },
  {
    name: 'no apiVersion',
    given: { kind: 'Service', metadata: meta },
    object: 'File a.json',
    field: 'apiVersion',
    message: /is missing/,
  },
  {
    name: 'a list at the top',
    given: [service],
    object: 'File a.json',
    field: undefined,
    message: /must be a mapping/,
  },
  {
    name: 'no metadata',
    given: { ...service, metadata: undefined },
    object: 'File a.json',
    field: 'metadata.name',
    message: /is missing/,
  },
  {
    name: 'a name that is no string',
    given: { ...service, metadata: { name: 7 } },
    object: 'File a.json',
    field: 'metadata.name',
    message: /must be a string: put it in quotes/,
  },
  {
    name: 'a name with a slash',
    given: { ...service, metadata: { name: 'a/b' } },
    object: 'File a.json',
    field: 'metadata.name',
    message: /must be 1 to 253 characters/,
  },
  {
    name: 'a namespace with capitals',
    given: { ...service, metadata: { name: 'a', namespace: 'A' } },
    object: 'File a.json',
    field: 'metadata.namespace',
    message: /must be 1 to 63 characters/,
  },
  {
    name: 'an annotation without quotes',
    given: { ...service, metadata: { name: 'a', annotations: { 'example.com/on': true } } },
    object: 'File a.json',
    field: 'metadata.annotations[example.com/on]',
    message: /put it in quotes/,
  },
  {
    name: 'a mapping where a list belongs',
    given: { ...service, spec: { ports: {} } },
    field: 'spec.ports',
    message: /must be a list/,
  },
  {
    name: 'a fraction where a number belongs',
    given: { ...service, spec: { ports: [{ port: 80.5 }] } },
    field: 'spec.ports[0].port',
    message: /must be a whole number/,
  },
  {
    name: 'an API version that is gone',
    given: { ...service, apiVersion: 'extensions/v1beta1', kind: 'Ingress' },
    object: 'Ingress ns/x',
    field: 'apiVersion',
    message: /must be networking\.k8s\.io\/v1/,
  },
]) {
  test(`read manifest: ${name} is a finding`, () => {
    const { objects, findings } = one(given);
    assert.deepEqual(objects, []);
    assert.equal(findings.length, 1);
    assert.deepEqual([findings[0]?.object, findings[0]?.field], [object, field]);
    assert.match(findings[0]?.message ?? '', message);
  });
}

test('read manifest: the items of a list are objects, and inherit from a typed one', () => {
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [service, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta }],
  };
  const typed = {
    apiVersion: 'v1',
    kind: 'ServiceList',
    items: [{ metadata: meta }, { metadata: {} }],
  };
  assert.deepEqual(
    one(list).objects.map(({ object }) => object),
    [service],
  );
  assert.deepEqual(one(list).ignoredKinds, ['apps/v1 Deployment']);
  assert.deepEqual(
    one(typed).objects.map(({ object }) => object),
    [service],
  );
  assert.equal(one(typed).findings[0]?.field, 'metadata.name');
});

test('read manifest: other APIs that share a kind’s name are passed over', () => {
  const knative = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: meta };
  assert.deepEqual(one(knative).ignoredKinds, ['serving.knative.dev/v1 Service']);
  assert.deepEqual(one(knative).findings, []);
});

test('read manifest: an item that did not change keeps its identity, wherever it moved in the file', () => {
  const items = ['a', 'b', 'c'].map((name) => ({ ...service, metadata: { name } }));
  const text = (list: unknown[]): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: list });
  const before = readManifest('a.json', text(items));
  const after = readManifest(
    'a.json',
    text([items[2], { ...items[0], spec: { type: 'ExternalName' } }, items[1]]),
    before,
  );
  const find = (manifest: Manifest, key: string): unknown =>
    manifest.objects.find((object) => object.key === `default/${key}`)?.object;
  assert.equal(find(after, 'b'), find(before, 'b'));
  assert.equal(find(after, 'c'), find(before, 'c'));
  assert.notDeepEqual(find(after, 'a'), find(before, 'a'));
});

test('read manifest: any text is read, or unreadable; nothing else is thrown', () => {
  const yaml = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(
        fc.constantFrom(
          '---\n',
          'kind: ',
          'List',
          'items:',
          '\n- ',
          '  ',
          '&a ',
          '*a',
          '!x ',
          '{',
          '[',
          '"',
          '|\n',
          '\t',
          ': ',
          '%',
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join('')),
    fc
      .jsonValue()
      .map((value) =>
        JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: meta, spec: value }),
      ),
    fc.jsonValue().map((value) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: value })),
  );
  fc.assert(
    fc.property(yaml, fc.constantFrom('a.yaml', 'a.json'), (text, path) => {
      try {
        readManifest(path, text);
      } catch (error) {
        assert.ok(error instanceof UnreadableManifest, error as Error);
      }
    }),
    { numRuns: 10_000 },
  );
});
