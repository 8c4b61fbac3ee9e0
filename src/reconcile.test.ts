import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { caseDefaults } from '../test/golden/load-case.ts';
import type { ProxyConfig } from './model/config.ts';
import { createLogger } from './observability/logger.ts';
import { startReconciling, type Reconciler } from './reconcile.ts';
import type { Source } from './source/source.ts';
import { Store } from './source/store.ts';
import type { TranslateOptions } from './translate/translate-options.ts';
import type { Ingress, References } from './translate/snapshot.ts';

/** A source whose state the test sets. */
class StubSource implements Source {
  lacks: string[] = [];
  asked: string[] = [];
  onWant: (references: References) => void = () => undefined;
  #callbacks: (() => void)[] = [];

  start(): void {
    // The test fills the store.
  }
  want(references: References): void {
    this.onWant(references);
  }
  missing(): readonly string[] {
    return this.lacks;
  }
  unanswered(): readonly string[] {
    return this.asked;
  }
  onProgress(callback: () => void): void {
    this.#callbacks.push(callback);
  }
  progress(): void {
    for (const callback of this.#callbacks) callback();
  }
  async stop(): Promise<void> {
    // Nothing was started.
  }
}

const translateOptions: TranslateOptions = { ...caseDefaults, ingressClassByName: true };

function ingress(host: string): Ingress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: host, namespace: 'shop' },
    spec: { rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix' }] } }] },
  };
}

interface Started {
  readonly store: Store;
  readonly source: StubSource;
  readonly reconciler: Reconciler;
  readonly published: ProxyConfig[];
  readonly next: () => Promise<ProxyConfig>;
}

function start(t: TestContext, prepare: (source: StubSource) => void = () => undefined): Started {
  const store = new Store();
  const source = new StubSource();
  prepare(source);
  const published: ProxyConfig[] = [];
  let wake: (config: ProxyConfig) => void = () => undefined;
  const reconciler = startReconciling({
    store,
    sources: [source],
    translate: translateOptions,
    batching: { quietMs: 0, maxMs: 0 },
    publish: (config) => {
      published.push(config);
      wake(config);
    },
    log: createLogger({ level: 'silent' }),
  });
  t.after(() => {
    reconciler.stop();
  });
  const next = (): Promise<ProxyConfig> => new Promise((resolve) => (wake = resolve));
  return { store, source, reconciler, published, next };
}

test('nothing is published before everything was seen, then all of it, and later misses do not matter', async (t) => {
  const { store, source, reconciler, published, next } = start(
    t,
    (stub) => (stub.lacks = ['ingresses']),
  );
  store.upsert('ingresses', ingress('a.test'));
  source.progress();
  assert.deepEqual(published, []);
  assert.deepEqual(reconciler.missing(), ['ingresses']);

  source.lacks = [];
  source.progress();
  assert.deepEqual(reconciler.missing(), []);
  assert.equal(published.length, 1);

  source.lacks = ['ingresses'];
  store.upsert('ingresses', ingress('b.test'));
  const config = await next();
  assert.deepEqual(reconciler.missing(), []);
  assert.ok(config.virtualHosts.has('a.test') && config.virtualHosts.has('b.test'));
});

test('a config waits for what it refers to, until that is answered', async (t) => {
  const { store, source, published, next } = start(t);
  source.progress();
  source.asked = ['Secret shop/tls'];
  const translated = new Promise((resolve) => (source.onWant = resolve));
  store.upsert('ingresses', ingress('a.test'));
  await translated;
  assert.equal(published.filter(({ virtualHosts }) => virtualHosts.has('a.test')).length, 0);
  const config = next();
  source.asked = [];
  source.progress();
  assert.ok((await config).virtualHosts.has('a.test'));
});

test('a config does not wait for ever, and others do not wait again meanwhile', async (t) => {
  const { store, source, next } = start(t);
  source.progress();
  source.asked = ['Secret shop/never'];
  store.upsert('ingresses', ingress('a.test'));
  assert.ok((await next()).virtualHosts.has('a.test'));
  store.upsert('ingresses', ingress('b.test'));
  assert.ok((await next()).virtualHosts.has('b.test'));
});
