import { serialize } from 'node:v8';
import { parseServeOptions } from '../src/cli/options.ts';
import type { Logger } from '../src/observability/logger.ts';
import { defaultBuckets } from '../src/observability/series-layout.ts';
import { startReconciling } from '../src/reconcile.ts';
import { Store } from '../src/source/store.ts';
import { createDefaultCertificate } from '../src/translate/default-certificate.ts';
import { startThread } from '../src/workers/worker-link.ts';
import { WorkerPool } from '../src/workers/worker-pool.ts';

const LONGEST_CHANGE_MS = 30_000;

/** What one change cost. */
export interface Propagation {
  /** From the write of the object to the acknowledgement of the last worker. */
  readonly ms: number;
  /** What was sent to each worker. */
  readonly bytes: number;
}

export interface ControlPlane {
  readonly port: number;
  readonly httpsPort: number;
  readonly store: Store;
  /** Writes to the store, as a watch would, and waits until every worker serves by it. */
  change(write: () => void): Promise<Propagation>;
  stop(): Promise<void>;
}

/** Store, translation and worker threads as the product runs them, filled by `fill` before the first config. */
export async function startControlPlane(
  workers: number,
  fill: (store: Store) => void,
  log: Logger,
): Promise<ControlPlane> {
  const options = parseServeOptions(['--manifests', '.', '--configmap', 'bench/settings']);
  const store = new Store();
  const serving = Promise.withResolvers<{ readonly port: number; readonly httpsPort: number }>();
  let onPropagated = (): void => undefined;
  let bytes = 0;
  const fail = (...reasons: unknown[]) => {
    serving.reject(new Error(`the workers failed: ${reasons.join(' ')}`));
  };
  const pool = new WorkerPool(
    {
      workers,
      httpPort: 0,
      httpsPort: 0,
      worker: {
        bind: '127.0.0.1',
        logLevel: 'error',
        stats: { perRoute: true, buckets: defaultBuckets },
      },
      startLink: (worker, events) => {
        const link = startThread(worker, events);
        const send: typeof link.send = (message) => {
          if (worker.index === 0 && message.kind === 'delta') bytes += serialize(message).length;
          link.send(message);
        };
        return { ...link, send };
      },
    },
    {
      onStats: () => undefined,
      onPropagated: () => {
        onPropagated();
      },
      onServing: ({ httpPort, httpsPort }) => {
        serving.resolve({ port: httpPort ?? 0, httpsPort: httpsPort ?? 0 });
      },
      onListenFailed: fail,
      onWorkerDied: fail,
      onConfigRefused: fail,
    },
    log,
  );
  const defaultCertificate = await createDefaultCertificate(Date.now());
  const reconciler = startReconciling({
    store,
    sources: [],
    translate: {
      ...options.translate,
      defaultCertificate,
      ownAddresses: new Set(),
      ownPorts: new Set(),
      nodeName: undefined,
    },
    batching: options.batching,
    publish: (config) => pool.publish(config),
    log,
  });
  pool.start();
  fill(store);
  const ports = await serving.promise;
  return {
    ...ports,
    store,
    change: async (write) => {
      const live = Promise.withResolvers<undefined>();
      onPropagated = () => {
        live.resolve(undefined);
      };
      bytes = 0;
      const startedAt = performance.now();
      const timer = setTimeout(() => {
        live.reject(new Error('a change did not become live'));
      }, LONGEST_CHANGE_MS);
      write();
      await live.promise;
      clearTimeout(timer);
      return { ms: performance.now() - startedAt, bytes };
    },
    stop: async () => {
      reconciler.stop();
      await pool.drain(1_000);
    },
  };
}
