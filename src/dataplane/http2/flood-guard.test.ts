import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FloodGuard } from './flood-guard.ts';

function setUp(): { guard: FloodGuard; clock: { nowMs: number }; tripped: string[] } {
  const clock = { nowMs: 1_000 };
  const tripped: string[] = [];
  const guard = new FloodGuard(clock, { onFlood: (limit) => tripped.push(limit) });
  return { guard, clock, tripped };
}

function countMany(guard: FloodGuard, times: number): boolean {
  let isFine = true;
  for (let index = 0; index < times; index++) isFine = guard.count('resets');
  return isFine;
}

test('1,000 resets at once are taken, one more is not', () => {
  const { guard, tripped } = setUp();
  assert.equal(countMany(guard, 1_000), true);
  assert.equal(guard.count('resets'), false);
  assert.deepEqual(tripped, ['http2-resets']);
});

test('33 resets a second are taken for ever', () => {
  const { guard, clock, tripped } = setUp();
  for (let second = 0; second < 100; second++) {
    clock.nowMs += 1_000;
    assert.equal(countMany(guard, 33), true);
  }
  assert.deepEqual(tripped, []);
});

test('a long quiet earns no more than the burst', () => {
  const { guard, clock } = setUp();
  clock.nowMs += 3_600_000;
  assert.equal(countMany(guard, 1_000), true);
  assert.equal(guard.count('resets'), false);
});

test('each kind counts for itself', () => {
  const { guard } = setUp();
  countMany(guard, 1_000);
  assert.equal(guard.count('pings'), true);
});

test('what is excused does not count', () => {
  const { guard } = setUp();
  for (let index = 0; index < 5_000; index++) {
    assert.equal(guard.count('windowUpdates'), true);
    guard.excuse('windowUpdates', 2);
  }
});
