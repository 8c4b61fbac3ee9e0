import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from './token-bucket.ts';

test('so many at once, then so many a second, and never more at once than that', () => {
  let nowMs = 0;
  const bucket = new TokenBucket({ perSecond: 10, burst: 3, now: () => nowMs });
  const takeAll = (): number => {
    let taken = 0;
    while (bucket.take()) taken += 1;
    return taken;
  };
  assert.equal(takeAll(), 3);
  assert.equal(bucket.waitMs, 100);
  nowMs += 99;
  assert.equal(takeAll(), 0);
  nowMs += 1;
  assert.equal(takeAll(), 1);
  nowMs += 250;
  assert.equal(takeAll(), 2);
  nowMs += 1_000_000;
  assert.equal(takeAll(), 3);
});
