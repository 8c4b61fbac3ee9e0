import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Finding } from '../../src/model/finding.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createManifestSource } from '../../src/source/manifests/manifest-source.ts';
import type { Source } from '../../src/source/source.ts';
import { Store } from '../../src/source/store.ts';
import type { Ingress } from '../../src/translate/snapshot.ts';

/** A folder of manifests that is followed, for one test. */
export interface Fixture {
  readonly folder: string;
  readonly store: Store;
  readonly source: Source;
  /** Resolves when `condition` holds, at once or after a change of the store; rejects after 5 s. */
  readonly until: (condition: () => boolean) => Promise<void>;
  readonly ingress: (name: string) => Ingress | undefined;
  readonly findings: () => readonly Finding[];
}

export async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-manifests-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface FollowOptions {
  readonly rescanMs?: number;
  readonly configMap?: string;
}

/** Nothing but events brings changes in time: the clock's own rescan is an hour away unless a test asks for it. */
export function follow(
  t: TestContext,
  folders: readonly [string, ...string[]],
  { rescanMs = 3_600_000, configMap }: FollowOptions = {},
): Fixture {
  const store = new Store();
  const log = createLogger({ level: 'silent', destinationFd: 2 });
  const options = { folders, configMap, rescanMs, maxFileBytes: 100_000 };
  const source = createManifestSource(options, store, log);
  t.after(() => source.stop());
  source.start();
  return {
    folder: folders[0],
    store,
    source,
    until: (condition) => waitUntil(store, source, condition),
    ingress: (name) => store.get('ingresses', `default/${name}`),
    findings: () => store.findings(),
  };
}

async function waitUntil(store: Store, source: Source, condition: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const check = (): void => {
    if (condition()) resolve(undefined);
  };
  const forget = store.onChange({ quietMs: 0, maxMs: 0 }, check);
  source.onProgress(check);
  const timeout = setTimeout(() => {
    reject(new Error(`not within 5 s: ${String(condition)}`));
  }, 5_000);
  check();
  await promise.finally(() => {
    clearTimeout(timeout);
    forget();
  });
}

/** An Ingress of one path. */
export function ingress(name: string, path = '/'): string {
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
spec:
  rules:
    - host: ${name}.example.com
      http:
        paths:
          - path: ${path}
            pathType: Prefix
            backend: { service: { name: web, port: { number: 80 } } }
`;
}

export function pathOf(object: Ingress | undefined): string | undefined {
  return object?.spec?.rules?.[0]?.http?.paths?.[0]?.path;
}
