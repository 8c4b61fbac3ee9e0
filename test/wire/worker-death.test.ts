/**
 * How soon a worker that died is replaced (security.md 11.6). A thread of the running product can't be killed from outside,
 * so this is its pool of threads alone; that others serve meanwhile, and what the new one is given, is in test/workers/.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../src/observability/logger.ts';
import { defaultBuckets } from '../../src/observability/series-layout.ts';
import { startThread, type WorkerLink } from '../../src/workers/worker-link.ts';
import { WorkerPool } from '../../src/workers/worker-pool.ts';
import { buildConfig } from '../blackbox/harness/start-proxy.ts';

/** Where this machine takes longer to start a worker at all, no longer than that may be added. */
const MAX_MS = 1_000;
const MAX_ADDED_MS = 500;

test('a worker that dies is replaced within a second', async (t) => {
  const links: WorkerLink[] = [];
  const serving = Promise.withResolvers<undefined>();
  const pool = new WorkerPool(
    {
      workers: 2,
      httpPort: 0,
      httpsPort: 'off',
      worker: {
        bind: '127.0.0.1',
        logLevel: 'error',
        stats: { perRoute: true, buckets: defaultBuckets },
      },
      startLink: (options, events) => {
        const link = startThread(options, events);
        links.push(link);
        return link;
      },
    },
    {
      onStats: () => undefined,
      onPropagated: () => undefined,
      onServing: () => {
        serving.resolve(undefined);
      },
      onListenFailed: (reason) => {
        serving.reject(new Error(reason));
      },
      onWorkerDied: () => undefined,
      onConfigRefused: () => undefined,
    },
    createLogger({ level: 'silent', destinationFd: 2 }),
  );
  t.after(() => pool.drain(0));
  const startedAt = performance.now();
  pool.start();
  pool.publish(buildConfig({}));
  await serving.promise;
  const startMs = performance.now() - startedAt;
  const diedAt = performance.now();
  await links[0]?.terminate();
  while (links.length < 3 || pool.states().some(({ state }) => state !== 'serving')) {
    assert.ok(performance.now() - diedAt < 5_000, 'no replacement');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const replacedMs = performance.now() - diedAt;
  t.diagnostic(
    `serving after ${startMs.toFixed(0)} ms, and again ${replacedMs.toFixed(0)} ms after`,
  );
  assert.ok(replacedMs <= Math.max(MAX_MS, startMs + MAX_ADDED_MS), `${replacedMs} ms`);
});
