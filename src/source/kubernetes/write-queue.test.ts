import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteQueue, type WriteQueueOptions } from './write-queue.ts';

const LIMIT = { timeout: 5_000 };

function queueOf(options: Partial<WriteQueueOptions>): WriteQueue {
  return new WriteQueue({
    concurrency: 1,
    perSecond: 1_000,
    burst: 1_000,
    now: () => performance.now(),
    isDue: () => true,
    write: () => Promise.resolve(),
    ...options,
  });
}

test(
  'each key is written once, urgent ones first, and what is not due not at all',
  LIMIT,
  async () => {
    const written: string[] = [];
    const queue = queueOf({
      isDue: (key) => key !== 'late',
      write: (key) => {
        written.push(key);
        return Promise.resolve();
      },
    });
    queue.add('note', false);
    for (const key of ['a', 'late', 'b', 'a']) queue.add(key);
    await queue.idle();
    assert.deepEqual(written, ['a', 'b', 'note']);
  },
);

test('no more than allowed are under way at once', LIMIT, async () => {
  let underWay = 0;
  let most = 0;
  const queue = queueOf({
    concurrency: 3,
    write: async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
    },
  });
  for (let key = 0; key < 20; key++) queue.add(String(key));
  await queue.idle();
  assert.equal(most, 3);
});

test('beyond the burst the rate holds', LIMIT, async () => {
  const began = performance.now();
  const queue = queueOf({ perSecond: 100, burst: 5 });
  for (let key = 0; key < 15; key++) queue.add(String(key));
  await queue.idle();
  const tookMs = performance.now() - began;
  assert.ok(tookMs >= 95, `ten beyond the burst took ${tookMs} ms`);
});

test('a pause holds everything back, and `clear` ends it', LIMIT, async () => {
  const written: string[] = [];
  const queue = queueOf({
    write: (key) => {
      written.push(key);
      return Promise.resolve();
    },
  });
  queue.pause(60_000);
  queue.add('a');
  await new Promise((resolve) => setImmediate(resolve));
  queue.clear();
  await queue.idle();
  assert.deepEqual(written, []);
});
