import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  createKubernetesSource,
  type KubernetesSourceOptions,
  type KubernetesTiming,
} from '../../src/source/kubernetes/kubernetes-source.ts';
import type { Source } from '../../src/source/source.ts';
import { Store } from '../../src/source/store.ts';
import type { References, Snapshot } from '../../src/translate/snapshot.ts';
import { createRecordingLog, type LogLine } from '../blackbox/harness/recording-log.ts';
import type { FakeApiServer } from './fake-api-server.ts';

export interface RunningSource {
  readonly source: Source;
  readonly store: Store;
  readonly lines: readonly LogLine[];
  readonly tokenFile: string;
  /** What a translation would refer to, from now on. */
  readonly refer: (references: Partial<References>) => void;
  /** Resolves when nothing is missing any more. */
  readonly synced: () => Promise<void>;
  /** Resolves when the store's content is so. */
  readonly holds: (check: (snapshot: Snapshot) => boolean) => Promise<void>;
  /** From now on: the fewest Ingresses that the store held at any time. */
  readonly fewestIngresses: () => () => number;
}

/** Waits that tests can afford; everything else as in production. */
const FAST: Partial<KubernetesTiming> = {
  firstRetryMs: 5,
  maxRetryMs: 40,
  maxRetryAfterMs: 40,
  awayMs: 1_500,
  healthyMs: 1_000,
  silenceMs: 5_000,
  pingMs: 5_000,
};

const NOTHING: References = {
  secrets: new Set(),
  configMaps: new Set(),
  externalNames: new Set(),
  nodes: 'none',
};

export interface StartOptions extends Partial<
  Pick<KubernetesSourceOptions, 'watchNamespaces' | 'watchNamespaceObjects' | 'timing'>
> {
  /** What a translation of these objects refers to. */
  readonly references?: Partial<References> | ((snapshot: Snapshot) => Partial<References>);
  readonly token?: string;
  /** Where the server is reached, if not directly. */
  readonly url?: string;
}

/** A source that watches a fake API server, with a stand-in for the translation that says what it refers to. */
export function startSource(
  t: TestContext,
  server: FakeApiServer,
  options: StartOptions = {},
): RunningSource {
  const { kubeconfig, tokenFile } = writeKubeconfig(t, server, options);
  const { log, lines } = createRecordingLog();
  const store = new Store();
  const source = createKubernetesSource(
    {
      kubeconfig,
      apiserverHost: undefined,
      certificateAuthority: undefined,
      watchNamespaces: options.watchNamespaces ?? [],
      watchNamespaceObjects: options.watchNamespaceObjects ?? false,
      timing: { ...FAST, ...options.timing },
    },
    store,
    log,
  );
  let references = options.references ?? {};
  const listeners = new Set<() => void>();
  const translate = (): void => {
    const wanted = typeof references === 'function' ? references(store.snapshot()) : references;
    source.want({ ...NOTHING, ...wanted });
    for (const listener of listeners) listener();
  };
  const stopListening = store.onChange({ quietMs: 0, maxMs: 0 }, translate);
  source.onProgress(translate);
  source.start();
  t.after(async () => {
    stopListening();
    await source.stop();
  });

  const until = async (check: () => boolean): Promise<void> => {
    while (!check()) {
      await new Promise<void>((resolve) => {
        const listener = (): void => {
          listeners.delete(listener);
          resolve();
        };
        listeners.add(listener);
      });
    }
  };
  return {
    source,
    store,
    lines,
    tokenFile,
    refer: (changed) => {
      references = changed;
      translate();
    },
    synced: () => until(() => source.missing().length === 0),
    holds: (check) => until(() => check(store.snapshot())),
    fewestIngresses: () => {
      let fewest = store.snapshot().ingresses.size;
      listeners.add(() => {
        fewest = Math.min(fewest, store.snapshot().ingresses.size);
      });
      return () => fewest;
    },
  };
}

/** JSON is YAML. */
function writeKubeconfig(
  t: TestContext,
  server: FakeApiServer,
  { token = 'first-token', url = server.url }: StartOptions,
): { kubeconfig: string; tokenFile: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ts-nginx-kubeconfig-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token);
  const ca = server.ca === undefined ? undefined : Buffer.from(server.ca).toString('base64');
  const config = {
    clusters: [{ name: 'fake', cluster: { server: url, 'certificate-authority-data': ca } }],
    users: [{ name: 'tester', user: { tokenFile: 'token' } }],
    contexts: [{ name: 'test', context: { cluster: 'fake', user: 'tester' } }],
    'current-context': 'test',
  };
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(config));
  return { kubeconfig, tokenFile };
}
