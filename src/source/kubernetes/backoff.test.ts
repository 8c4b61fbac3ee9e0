import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

const options = { firstMs: 800, maxMs: 5_000 };

test('waits double up to the bound, and begin anew after a reset', () => {
  const backoff = new Backoff({ ...options, random: () => 0 });
  const waits = Array.from({ length: 6 }, () => backoff.next());
  assert.deepEqual(waits, [800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  backoff.reset();
  assert.equal(backoff.next(), 800);
});

test('each is spread over a fifth, those at the bound too, and none exceeds it', () => {
  for (const random of [0, 0.25, 0.999]) {
    const backoff = new Backoff({ ...options, random: () => random });
    const waits = Array.from({ length: 12 }, () => backoff.next());
    assert.equal(waits[0], 800 * (1 - 0.2 * random));
    assert.equal(waits[11], 5_000 * (1 - 0.2 * random));
    assert.ok(waits.every((wait) => wait <= 5_000));
  }
});

test('a first wait beyond the bound is the bound', () => {
  const backoff = new Backoff({ firstMs: 60_000, maxMs: 5_000, random: () => 0 });
  assert.equal(backoff.next(), 5_000);
});
