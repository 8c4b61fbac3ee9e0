import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

const options = { firstMs: 800, maxMs: 30_000 };

test('waits double up to the bound, and begin anew after a reset', () => {
  const backoff = new Backoff({ ...options, random: () => 0.5 });
  const waits = Array.from({ length: 8 }, () => backoff.next());
  assert.deepEqual(waits, [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  backoff.reset();
  assert.equal(backoff.next(), 800);
});

test('each is spread, and none exceeds the bound', () => {
  for (const random of [0, 0.25, 0.999]) {
    const backoff = new Backoff({ ...options, random: () => random });
    const waits = Array.from({ length: 12 }, () => backoff.next());
    assert.equal(waits[0], 800 * (0.8 + 0.4 * random));
    assert.ok(waits.every((wait) => wait <= 30_000));
  }
});
