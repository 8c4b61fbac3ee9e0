import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubernetesObject } from '../../src/translate/snapshot.ts';
import { translate } from '../../src/translate/translate.ts';
import { caseDefaults, snapshotOf } from './load-case.ts';
import { sampleConfigMap, sampleIngress, sampleService, sampleSlice } from './sample-objects.ts';

/** What no schema allows nearly anywhere; manifests are checked before, but nothing here may rely on that. */
const WRONG: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e9, '', ' ', '/', 'x', '*', '\0', '(', '__proto__', 'a/b', '🦀'],
  ...[[], [null], [[]], ['x'], [1], {}, { x: 1 }, { name: null }, { toString: null }],
];

const ingress = sampleIngress({
  name: 'web',
  host: 'shop.example.com',
  annotations: {
    'rewrite-target': '/$1',
    'server-alias': 'www.example.com',
    'proxy-body-size': '1m',
  },
  createdAt: '2026-01-01T00:00:00Z',
});
const slice = sampleSlice('web', ['10.0.0.1']);
const objects: readonly KubernetesObject[] = [
  {
    ...ingress,
    spec: {
      ...ingress.spec,
      ingressClassName: 'ours',
      defaultBackend: { resource: { kind: 'Bucket', name: 'b' } },
      tls: [{ hosts: ['shop.example.com'], secretName: 'tls' }],
    },
  } as KubernetesObject,
  sampleService('web'),
  {
    ...slice,
    endpoints: [
      { addresses: ['10.0.0.1'], conditions: { ready: true, serving: true, terminating: false } },
    ],
  } as KubernetesObject,
  {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'external', namespace: 'shop' },
    spec: { type: 'ExternalName', externalName: 'a.example.org' },
  } as KubernetesObject,
  {
    kind: 'IngressClass',
    apiVersion: 'v1',
    metadata: { name: 'ours' },
    spec: { controller: caseDefaults.controllerClass },
  } as KubernetesObject,
  {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { name: 'tls', namespace: 'shop' },
    data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' },
  } as KubernetesObject,
  {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { name: 'shop', labels: { a: 'b' } },
  },
  sampleConfigMap({ 'proxy-body-size': '1m' }),
];

const options = {
  ...caseDefaults,
  configMap: 'ingress/settings',
  namespaceSelector: '!nobody',
  now: () => 0,
};

for (const [index, object] of objects.entries()) {
  test(`${object.kind} ${object.metadata.name} may hold anything anywhere, and the host of another Ingress is served`, () => {
    const good = sampleIngress({ name: 'good', host: 'good.example.com', service: 'external' });
    const goodOne = {
      ...good,
      spec: { ...good.spec, ingressClassName: 'fine' },
    } as KubernetesObject;
    const fine = { ...objects[4], metadata: { name: 'fine' } } as KubernetesObject;
    for (const path of pathsOf(object)) {
      if (isKey(path)) continue;
      for (const wrong of WRONG) {
        const others = objects.filter((_, position) => position !== index);
        const all = [...others, withValue(object, path, wrong) as KubernetesObject, fine, goodOne];
        const { config } = translate(snapshotOf(all), options);
        const isClassBroken = object.kind === 'Namespace';
        assert.ok(isClassBroken || config.virtualHosts.has('good.example.com'), path.join('.'));
      }
    }
  });
}

type Path = readonly (string | number)[];

/** Sources and the store need these themselves: no object gets here without. */
function isKey([first, second, third]: Path): boolean {
  return (
    first === 'kind' ||
    (first === 'metadata' &&
      (second === undefined || second === 'name' || second === 'namespace')) ||
    (second === 'labels' && (third === undefined || String(third).endsWith('service-name')))
  );
}

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, each]) =>
    pathsOf(each, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? below : [path, ...below];
}

function withValue(value: unknown, [step, ...rest]: Path, wrong: unknown): unknown {
  if (step === undefined) return wrong;
  if (Array.isArray(value)) {
    return value.map((each: unknown, index) =>
      index === step ? withValue(each, rest, wrong) : each,
    );
  }
  const object = value as Readonly<Record<string, unknown>>;
  return { ...object, [step]: withValue(object[step], rest, wrong) };
}
