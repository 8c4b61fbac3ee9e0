import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Certificate } from '../../src/model/config.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { Ingress, KubernetesObject, Snapshot } from '../../src/translate/snapshot.ts';
import { translate } from '../../src/translate/translate.ts';
import { tryIngress } from '../../src/translate/try-ingress.ts';
import type { TranslateOptions } from '../../src/translate/translate-options.ts';
import { caseDefaults, loadCase, snapshotOf } from '../golden/load-case.ts';
import { sampleIngress, sampleService, sampleSlice } from '../golden/sample-objects.ts';
import { sampleCertificate } from '../unit/sample-certificate.ts';

const golden = join(import.meta.dirname, '../golden');

function without(snapshot: Snapshot, key: string): Snapshot {
  const ingresses = new Map(snapshot.ingresses);
  ingresses.delete(key);
  return { ...snapshot, ingresses };
}

function saidOf(object: string, findings: readonly Finding[]): string[] {
  return findings
    .filter((finding) => finding.object === object)
    .map((finding) => JSON.stringify(finding))
    .sort();
}

/** A trial of each Ingress among the others says what translation says of it once it is there. */
function assertSameSentences(snapshot: Snapshot, options: TranslateOptions, about: string): void {
  const { findings } = translate(snapshot, { ...options });
  for (const [key, candidate] of snapshot.ingresses) {
    const others = without(snapshot, key);
    translate(others, options);
    const trial = tryIngress(candidate, others, options);
    const object = `Ingress ${key}`;
    assert.deepEqual(saidOf(object, trial.findings), saidOf(object, findings), `${about}: ${key}`);
  }
}

test('a trial of any Ingress of the golden cases says what translation says of it', () => {
  let ingresses = 0;
  for (const { parentPath, name } of readdirSync(golden, {
    withFileTypes: true,
    recursive: true,
  })) {
    if (name !== 'in.yaml') continue;
    const { snapshot, options } = loadCase(parentPath);
    assertSameSentences(snapshot, options, parentPath);
    ingresses += snapshot.ingresses.size;
  }
  assert.ok(ingresses > 100, `only ${ingresses} Ingresses were tried`);
});

const arbitraryIngress: fc.Arbitrary<Ingress> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    host: fc.constantFrom('shop.example.com', '*.example.com', 'www.example.com', 'a.test', ''),
    path: fc.constantFrom('/', '/a', '/a/', '/a(b|c)', '/['),
    createdAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    tls: fc.constantFrom(undefined, 'shop', 'wildcard', 'broken', 'gone'),
    annotations: fc.record(
      {
        'server-alias': fc.constantFrom('www.example.com', 'b.test', 'a.test, b.test'),
        'use-regex': fc.constantFrom('true', 'false'),
        'app-root': fc.constantFrom('/x', '/y'),
        'whitelist-source-range': fc.constantFrom('10.0.0.0/8', 'nonsense'),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ tls, ...sample }) => {
    const ingress = sampleIngress({ ...sample, annotations: { ...sample.annotations } });
    const hosts = sample.host === '' ? [] : [sample.host];
    if (tls === undefined) return ingress;
    return { ...ingress, spec: { ...ingress.spec, tls: [{ hosts, secretName: tls }] } };
  });

const certificates = [
  sampleSecret('shop', sampleCertificate('shop', ['shop.example.com'])),
  sampleSecret('wildcard', sampleCertificate('wildcard', ['*.example.com'])),
  sampleSecret('broken', undefined),
];

function sampleSecret(name: string, certificate: Certificate | undefined): KubernetesObject {
  const stringData = {
    'tls.crt': certificate?.chain ?? 'x',
    'tls.key': certificate?.key.reveal() ?? 'x',
  };
  const metadata = { name, namespace: 'shop' };
  return { apiVersion: 'v1', kind: 'Secret', metadata, stringData } as KubernetesObject;
}

test('a trial among any Ingresses says what translation says', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(arbitraryIngress, {
        selector: ({ metadata }) => metadata.name,
        minLength: 1,
        maxLength: 6,
      }),
      (ingresses) => {
        const services = [sampleService('a'), sampleSlice('a', ['10.1.0.1'])];
        const snapshot = snapshotOf([...ingresses, ...services, ...certificates]);
        assertSameSentences(snapshot, { ...caseDefaults }, 'random');
      },
    ),
    { numRuns: 200 },
  );
});

test('whether a host has an alias, which it would keep from others, is for its oldest Ingress to say', () => {
  const wish = { 'server-alias': 'b.test' };
  const ingresses = [
    sampleIngress({
      name: 'c',
      host: 'a.test',
      createdAt: '2026-01-03T00:00:00Z',
      annotations: wish,
    }),
    sampleIngress({
      name: 'a',
      host: 'x.test',
      createdAt: '2026-01-02T00:00:00Z',
      annotations: wish,
    }),
    sampleIngress({
      ...{ name: 'd', host: 'x.test', path: '/d', createdAt: '2026-01-01T00:00:00Z' },
      annotations: { 'server-alias': 'www.test' },
    }),
  ];
  assertSameSentences(snapshotOf(ingresses), { ...caseDefaults }, 'aliases');
});

test('a trial leaves no trace in the running translation', () => {
  const options = { ...caseDefaults };
  const snapshot = snapshotOf([
    sampleIngress({ name: 'a', host: 'a.test' }),
    sampleIngress({ name: 'b', host: 'b.test', service: 'gone' }),
    sampleService('a'),
  ]);
  const before = translate(snapshot, options);
  const candidate = sampleIngress({ name: 'a', host: 'a.test', path: '/other' });
  tryIngress(candidate, snapshot, options);
  tryIngress(sampleIngress({ name: 'c', host: 'b.test' }), snapshot, options);
  const after = translate(snapshot, options);
  assert.equal(after.findings, before.findings);
  for (const [name, host] of before.config.virtualHosts) {
    assert.equal(after.config.virtualHosts.get(name), host, name);
  }
  for (const [id, set] of before.config.endpointSets) {
    assert.equal(after.config.endpointSets.get(id), set, id);
  }
});

test('a trial costs what it touches: nothing of unrelated hosts is made again', () => {
  const options = { ...caseDefaults };
  const many = Array.from({ length: 500 }, (_, index) =>
    sampleIngress({ name: `i${index}`, host: `h${index}.test` }),
  );
  const snapshot = snapshotOf(many);
  translate(snapshot, options);
  const reads: string[] = [];
  const watched = new Map([...snapshot.services].map(([key, service]) => [key, service] as const));
  const services = new Proxy(watched, {
    get: (map, property) =>
      property === 'get'
        ? (key: string) => {
            reads.push(key);
            return map.get(key);
          }
        : (Reflect.get(map, property) as unknown),
  });
  const candidate = sampleIngress({ name: 'i7', host: 'h7.test', path: '/new' });
  tryIngress(candidate, { ...snapshot, services }, options);
  assert.deepEqual([...new Set(reads)], ['shop/i7']);
});
