import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MatchBudget } from './match-budget.ts';

function burnCpu(ms: number): void {
  const start = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(start);
    if (user + system > ms * 1000) return;
  }
}

test('few steps may take what time they like', () => {
  const budget = new MatchBudget();
  for (let i = 0; i < 10; i++) {
    assert.ok(budget.allows(5_000));
    burnCpu(3);
  }
});

test('more steps may go on until they took too much of the thread', () => {
  const budget = new MatchBudget();
  assert.ok(budget.allows(60_000));
  assert.ok(budget.allows(60_000));
  burnCpu(20);
  assert.equal(budget.allows(60_000), false);
});

test('time in which the thread did not run is not counted', () => {
  const budget = new MatchBudget();
  assert.ok(budget.allows(60_000));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  assert.ok(budget.allows(60_000));
});
