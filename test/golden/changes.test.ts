import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toPlain } from '../../src/model/plain-config.ts';
import { Store } from '../../src/source/store.ts';
import type { Ingress, Secret, Snapshot } from '../../src/translate/snapshot.ts';
import {
  translate,
  type TranslateOptions,
  type TranslateResult,
} from '../../src/translate/translate.ts';
import { sampleCertificate } from '../unit/sample-certificate.ts';
import { caseDefaults } from './load-case.ts';
import { sampleConfigMap, sampleIngress, sampleService, sampleSlice } from './sample-objects.ts';

/** All that a translation says, as one text. */
function print({ config, findings, references, ingresses }: TranslateResult): string {
  return JSON.stringify({
    config: toPlain(config),
    findings,
    secrets: [...references.secrets].sort(),
    served: sorted(ingresses.served),
    dropped: sorted(ingresses.dropped),
  });
}

function sorted(ingresses: readonly Ingress[]): readonly Ingress[] {
  return ingresses.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** What somebody makes of it who has never seen an earlier state. */
function whole(snapshot: Snapshot, options: TranslateOptions): TranslateResult {
  const { revision } = snapshot.journal ?? { revision: 0 };
  const journal = { revision, since: () => undefined };
  return translate({ ...snapshot, journal }, { ...options });
}

/** Whether the one was made from the other: what a whole translation puts together is another map each time. */
function isContinued(last: TranslateResult, next: TranslateResult): boolean {
  return next.config.clusters === last.config.clusters;
}

const sample = sampleCertificate('shop.example.com', ['shop.example.com', '*.example.com']);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/tls',
  metadata: { name: 'tls', namespace: 'shop' },
  data: { 'tls.crt': base64(sample.chain), 'tls.key': base64(sample.key.reveal()) },
};
const otherSecret: Secret = { ...secret, metadata: { ...secret.metadata, name: 'other' } };

const NAMES = ['a', 'b', 'c', 'd'] as const;

function withTls(ingress: Ingress, secretName: string | undefined): Ingress {
  if (secretName === undefined) return ingress;
  const hosts = ingress.spec?.rules?.flatMap(({ host }) => host ?? []) ?? [];
  return { ...ingress, spec: { ...ingress.spec, tls: [{ hosts, secretName }] } };
}

/** One of these, or none. */
function seldom(...values: readonly string[]): fc.Arbitrary<string | undefined> {
  return fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, fc.constantFrom(...values));
}

/** Most names have one host for good, so that most changes of them are of routes alone; all others do happen. */
const arbitraryIngress = fc
  .record({
    name: fc.constantFrom(...NAMES),
    otherHost: seldom('shop.example.com', '*.example.com', ''),
    path: fc.constantFrom('/', '/a', '/a/b', '/[a-z]+'),
    service: seldom('api', 'gone'),
    createdAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'),
    tls: seldom('tls', 'other', 'missing'),
    annotation: seldom(
      ...['use-regex', 'rewrite-target', 'server-alias', 'app-root', 'proxy-read-timeout'],
      ...['ssl-passthrough', 'auth-tls-secret', 'allowlist-source-range', 'nobody-knows'],
      ...['ssl-ciphers', 'backend-protocol', 'proxy-ssl-secret', 'service-upstream'],
    ),
    value: fc.constantFrom('true', '/x', 'www.example.com', '5', 'shop/tls', 'HTTPS'),
  })
  .map(({ name, otherHost, service, tls, annotation, value, ...rest }) => {
    const annotations = annotation === undefined ? {} : { [annotation]: value };
    const usual = { host: `${name === 'd' ? 'a' : name}.example.com`, service: 'web' };
    const sampled = { ...rest, annotations, name, host: otherHost ?? usual.host };
    return withTls(sampleIngress({ ...sampled, service: service ?? usual.service }), tls);
  });

const arbitraryChange: fc.Arbitrary<(store: Store) => void> = fc.oneof(
  {
    weight: 8,
    arbitrary: arbitraryIngress.map((ingress) => (store: Store) => {
      store.upsert('ingresses', ingress);
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('web', 'api', 'gone'),
        fc.boolean(),
        fc.uniqueArray(fc.constantFrom('10.0.0.1', '10.0.0.2', '127.0.0.1'), { maxLength: 3 }),
      )
      .map(([service, isNamedSo, addresses]) => (store: Store) => {
        const slice = sampleSlice(service, addresses);
        const metadata = { ...slice.metadata, name: isNamedSo ? `${service}-1` : 'any' };
        store.upsert('endpointslices', { ...slice, metadata });
      }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      (store: Store) => {
        store.remove('ingresses', 'shop/a');
      },
      (store: Store) => {
        store.remove('services', 'shop/api');
      },
      (store: Store) => {
        store.upsert('services', sampleService('api'));
      },
      (store: Store) => {
        store.remove('secrets', 'shop/tls');
      },
      (store: Store) => {
        store.upsert('secrets', { ...secret });
      },
      (store: Store) => {
        store.upsert('configmaps', sampleConfigMap({ 'http-snippet': 'x' }));
      },
      (store: Store) => {
        store.upsert('configmaps', sampleConfigMap({}));
      },
    ),
  },
);

function filledStore(): Store {
  const store = new Store();
  for (const name of ['web', 'api']) {
    store.upsert('services', sampleService(name));
    store.upsert('endpointslices', sampleSlice(name, ['10.0.0.1']));
  }
  for (const each of [secret, otherSecret]) store.upsert('secrets', each);
  for (const name of NAMES.slice(0, 3)) {
    const host = `${name}.example.com`;
    store.upsert('ingresses', sampleIngress({ name, host, service: 'web' }));
  }
  return store;
}

test('after any changes, some at once, the same is said as by a whole translation', (t) => {
  const batches = fc.array(fc.array(arbitraryChange, { minLength: 1, maxLength: 2 }), {
    minLength: 10,
    maxLength: 30,
  });
  let continued = 0;
  let steps = 0;
  fc.assert(
    fc.property(batches, (list) => {
      const options = { ...caseDefaults, configMap: 'ingress/settings', sslPassthrough: true };
      const store = filledStore();
      let last = translate(store.snapshot(), options);
      for (const batch of list) {
        for (const change of batch) change(store);
        const next = translate(store.snapshot(), options);
        assert.equal(print(next), print(whole(store.snapshot(), options)));
        steps += 1;
        if (isContinued(last, next)) continued += 1;
        last = next;
      }
    }),
    { numRuns: 200 },
  );
  t.diagnostic(`${continued} of ${steps} were continued`);
  assert.ok(continued > steps / 10);
});

interface Continuing {
  readonly store: Store;
  readonly first: TranslateResult;
  readonly next: () => TranslateResult;
}

function start(options: TranslateOptions = { ...caseDefaults }): Continuing {
  const store = filledStore();
  const next = (): TranslateResult => translate(store.snapshot(), options);
  return { store, first: next(), next };
}

const web = (path: string): Ingress =>
  sampleIngress({ name: 'a', host: 'a.example.com', service: 'web', path });

test('another path and another endpoint are found without looking at anything else', () => {
  const { store, first, next } = start();
  store.upsert('ingresses', web('/other'));
  store.upsert('endpointslices', sampleSlice('web', ['10.0.0.2']));
  const second = next();
  assert.ok(isContinued(first, second));
  const { virtualHosts, endpointSets } = second.config;
  assert.notEqual(
    virtualHosts.get('a.example.com'),
    first.config.virtualHosts.get('a.example.com'),
  );
  assert.equal(virtualHosts.get('b.example.com'), first.config.virtualHosts.get('b.example.com'));
  assert.deepEqual(endpointSets.get('shop/web:80')?.endpoints[0]?.address, '10.0.0.2');
  assert.equal(first.config.endpointSets.get('shop/web:80')?.endpoints[0]?.address, '10.0.0.1');
  assert.equal(second.findings, first.findings);
});

test('after more changes than are remembered all is looked at', () => {
  const { store, first, next } = start();
  for (let index = 0; index < 1_000; index++) store.upsert('ingresses', web(`/v${index}`));
  const second = next();
  assert.ok(!isContinued(first, second));
  assert.equal(print(second), print(whole(store.snapshot(), caseDefaults)));
});

test('a certificate that expires is told at the next change, whatever that is', () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const options = { ...caseDefaults, now: () => now };
  const { store, first, next } = start(options);
  store.upsert('ingresses', withTls(web('/'), 'tls'));
  const [served] = [...next().config.certificates.values()].filter(({ id }) => id === 'shop/tls');
  assert.ok(served !== undefined);
  now = Date.parse(served.notAfter) - 1_000;
  store.upsert('endpointslices', sampleSlice('web', ['10.0.0.2']));
  assert.deepEqual(next().findings, first.findings);
  now += 2_000;
  store.upsert('endpointslices', sampleSlice('web', ['10.0.0.3']));
  assert.ok(next().findings.some(({ object }) => object === 'Secret shop/tls'));
});
