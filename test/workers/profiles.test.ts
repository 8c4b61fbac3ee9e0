import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { recordCpu, type ProfiledThread } from '../../src/observability/profiled-thread.ts';
import { defaultBuckets } from '../../src/observability/series-layout.ts';
import { startThread, type WorkerLink } from '../../src/workers/worker-link.ts';

const patient = new AbortController().signal;

/** A worker thread of the product, without a configuration. */
async function startWorker(
  t: TestContext,
): Promise<{ link: WorkerLink; thread: ProfiledThread; events: EventTarget }> {
  const events = new EventTarget();
  const link = startThread(
    {
      index: 3,
      bind: '127.0.0.1',
      reusePort: true,
      logLevel: 'error',
      stats: { perRoute: true, buckets: defaultBuckets },
    },
    {
      onMessage: ({ kind }) => events.dispatchEvent(new Event(kind)),
      onError: () => events.dispatchEvent(new Event('error')),
      onExit: () => events.dispatchEvent(new Event('exit')),
    },
  );
  t.after(() => link.terminate());
  await once(events, 'started');
  const { thread } = link;
  assert.ok(thread);
  return { link, thread, events };
}

test('a worker sends its heap, and serves on', async (t) => {
  const { link, thread, events } = await startWorker(t);
  assert.equal(thread.name, 'worker-3');
  const text = Buffer.concat(await thread.heapSnapshot(patient)).toString();
  const { snapshot, strings } = JSON.parse(text) as { snapshot: object; strings: string[] };
  assert.ok('meta' in snapshot);
  assert.ok(strings.includes('runDataPlane'));
  assert.ok((await thread.heapBytes()) > 1_000_000);
  const stats = once(events, 'stats');
  link.send({ kind: 'take-stats' });
  await stats;
});

for (const waitMs of [0, 20, 200]) {
  test(`a worker that ends ${waitMs} ms after it was asked fails its snapshot, not the process`, async (t) => {
    const { link, thread } = await startWorker(t);
    const snapshot = thread.heapSnapshot(patient);
    const outcome = snapshot.then(
      (pieces) => pieces.length > 0, // it was faster
      (error: unknown) => /ended/.test(String(error)),
    );
    await setTimeout(waitMs);
    await link.terminate();
    assert.ok(await outcome);
  });
}

test('who goes away does not wait for the snapshot', async (t) => {
  const { thread } = await startWorker(t);
  const gone = new AbortController();
  const snapshot = thread.heapSnapshot(gone.signal);
  gone.abort(new Error('the client went away'));
  await assert.rejects(snapshot, { message: 'the client went away' });
  assert.ok((await thread.heapSnapshot(patient)).length > 0);
});

test('a worker that ends fails its CPU profile at once', async (t) => {
  const { link, thread } = await startWorker(t);
  const profile = recordCpu(thread, 600_000, patient);
  const refused = assert.rejects(profile, { message: 'worker-3 ended meanwhile' });
  await link.terminate();
  await refused;
  await assert.rejects(recordCpu(thread, 1, patient), { message: 'worker-3 ended meanwhile' });
  await assert.rejects(thread.heapBytes());
});
