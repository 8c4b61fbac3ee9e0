import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { toPlain } from '../../src/model/plain-config.ts';
import type { KubernetesObject, Snapshot } from '../../src/translate/snapshot.ts';
import { translate, type TranslateOptions } from '../../src/translate/translate.ts';
import { caseDefaults, loadCase, snapshotOf } from './load-case.ts';
import { sampleIngress, sampleService, sampleSlice } from './sample-objects.ts';

/** All that a translation says, as one text. */
function print(snapshot: Snapshot, options: TranslateOptions): string {
  const { config, findings, references } = translate(snapshot, options);
  return stringify({
    config: toPlain(config),
    findings,
    secrets: [...references.secrets].sort(),
    externalNames: [...references.externalNames].sort(),
  });
}

function reversed<T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...map].reverse());
}

test('every case says the same when its objects come in another order', () => {
  for (const folder of caseFolders()) {
    const { snapshot, options } = loadCase(folder);
    const other: Snapshot = {
      ...snapshot,
      ingresses: reversed(snapshot.ingresses),
      services: reversed(snapshot.services),
      endpointSlices: new Map(
        [...snapshot.endpointSlices].map(([key, slices]) => [key, slices.toReversed()] as const),
      ),
      secrets: reversed(snapshot.secrets),
      nodes: reversed(snapshot.nodes),
    };
    assert.equal(print(other, { ...options }), print(snapshot, options), folder);
  }
});

test('every case says the same when it is translated again, and after another one', () => {
  const options = { ...caseDefaults };
  for (const folder of caseFolders()) {
    const { snapshot } = loadCase(folder);
    const alone = print(snapshot, { ...options });
    assert.equal(print(snapshot, options), alone, folder);
    assert.equal(print(snapshot, options), alone, folder);
  }
});

/** Few hosts, paths and ages, so that they meet. */
const arbitraryIngress = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    host: fc.constantFrom('shop.example.com', '*.example.com', 'www.example.com', ''),
    service: fc.constantFrom('web', 'api', 'gone'),
    path: fc.constantFrom('/', '/a', '/a/', '/a/b', '/[a-z]+'),
    createdAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'),
    annotations: fc.dictionary(
      fc.constantFrom(
        'use-regex',
        'rewrite-target',
        'server-alias',
        'app-root',
        'auth-tls-secret',
        'limit-rps',
      ),
      fc.constantFrom('true', '/x', 'www.example.com', 'alias.example.com', '5'),
      { maxKeys: 2 },
    ),
  })
  .map(sampleIngress);

const backends: readonly KubernetesObject[] = [
  sampleService('web'),
  sampleService('api'),
  sampleSlice('web', ['10.0.0.2', '10.0.0.1']),
  sampleSlice('api', ['127.0.0.1']),
];

test('any Ingresses in any order say the same, whatever was translated before', () => {
  const remembering = { ...caseDefaults };
  const ingresses = fc.uniqueArray(arbitraryIngress, {
    selector: ({ metadata }) => metadata.name,
    maxLength: 6,
  });
  const shuffled = ingresses.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, ([list, other]) => {
      const one = print(snapshotOf([...backends, ...list]), { ...caseDefaults });
      assert.equal(print(snapshotOf([...other, ...backends]), remembering), one);
    }),
    { numRuns: 200 },
  );
});

/** JSON of any shape; each member of an object that we read is often there, with anything in it. */
const garbage: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(
      null,
      true,
      0,
      -1,
      80,
      65_536,
      '',
      '/',
      '*.x',
      'shop.example.com',
      '(',
      '\u0000',
      '__proto__',
    ),
    fc.constantFrom('10.0.0.1', '::1', 'Exact', 'Prefix', 'IPv4', 'TCP', 'ExternalName', 'true'),
    fc.string({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        ...[
          'rules',
          'host',
          'http',
          'paths',
          'path',
          'pathType',
          'backend',
          'service',
          'name',
          'port',
          'number',
        ],
        ...[
          'tls',
          'hosts',
          'secretName',
          'defaultBackend',
          'resource',
          'ports',
          'targetPort',
          'protocol',
          'type',
        ],
        ...[
          'addresses',
          'endpoints',
          'conditions',
          'ready',
          'serving',
          'addressType',
          'externalName',
          'spec',
          'clusterIP',
          'clusterIPs',
          'nodePort',
          'loadBalancer',
          'ingress',
          'ip',
          'hostname',
          'hints',
          'forZones',
        ],
        ...[
          'data',
          'tls.crt',
          'tls.key',
          'proxy-body-size',
          'labels',
          'ingressClassName',
          'controller',
        ],
      ),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

const annotationNames = [
  ...[
    'rewrite-target',
    'use-regex',
    'permanent-redirect',
    'app-root',
    'server-alias',
    'backend-protocol',
  ],
  ...[
    'allowlist-source-range',
    'proxy-body-size',
    'canary',
    'configuration-snippet',
    'nobody-knows',
    'auth-url',
  ],
];

test('no object makes it throw, and the others are served', () => {
  const object = (kind: string, name: string, namespace?: string): fc.Arbitrary<KubernetesObject> =>
    fc
      .record({
        spec: garbage,
        status: garbage,
        data: garbage,
        endpoints: garbage,
        ports: garbage,
        addressType: garbage,
        labels: garbage,
        annotations: fc.oneof(
          garbage,
          fc.dictionary(
            fc.constantFrom(
              ...annotationNames.map((each) => `nginx.ingress.kubernetes.io/${each}`),
            ),
            fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), garbage),
          ),
        ),
        creationTimestamp: garbage,
      })
      .map(
        ({ annotations, creationTimestamp, labels, ...rest }) =>
          ({
            apiVersion: 'v1',
            kind,
            metadata: {
              name,
              namespace,
              annotations,
              creationTimestamp,
              labels: kind === 'EndpointSlice' ? sliceLabels : labels,
            },
            ...rest,
          }) as unknown as KubernetesObject,
      );
  const sliceLabels = { 'kubernetes.io/service-name': 'web' };
  const objects = fc.tuple(
    object('Ingress', 'garbage', 'shop'),
    object('Service', 'web', 'shop'),
    object('EndpointSlice', 'web-1', 'shop'),
    object('Secret', 'tls', 'shop'),
    object('ConfigMap', 'settings', 'shop'),
    object('IngressClass', 'class'),
    object('Namespace', 'shop'),
    object('Node', 'node-1'),
  );
  const good = [
    sampleIngress({ name: 'good', host: 'good.example.com', service: 'good' }),
    sampleService('good'),
    sampleSlice('good', ['10.0.0.7']),
  ];
  const waysOf = (['endpoints', 'cluster-ip', 'node-port', 'load-balancer', 'auto'] as const).map(
    (upstreamAddress) => ({
      ...caseDefaults,
      configMap: 'shop/settings',
      namespaceSelector: '!nobody',
      now: () => 0,
      upstreamAddress,
      topologyAware: true,
      nodeName: 'node-1',
    }),
  );
  fc.assert(
    fc.property(objects, (list) => {
      for (const options of waysOf) {
        const { config } = translate(snapshotOf([...list, ...good]), options);
        assert.ok(config.virtualHosts.has('good.example.com'));
        // Without a cluster IP its endpoints serve; it has no node port and no load balancer.
        const isOffered = !['node-port', 'load-balancer'].includes(options.upstreamAddress);
        const { endpoints } = config.endpointSets.get('shop/good:80') ?? {};
        assert.equal(endpoints?.length, isOffered ? 1 : 0);
      }
    }),
    { numRuns: 1_000 },
  );
});

function caseFolders(): string[] {
  const root = import.meta.dirname;
  const folders = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name));
  return folders(root).flatMap(folders);
}
