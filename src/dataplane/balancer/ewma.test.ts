import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, fairRange } from '../../../test/unit/chi-square.ts';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import { seededRandom } from '../../../test/unit/seeded-random.ts';
import {
  countPicks,
  sampleEndpoints,
  testBalancerContract,
} from '../../../test/unit/balancer-contract.ts';
import { Ewma } from './ewma.ts';

testBalancerContract('ewma', (random) => new Ewma(random));

const pickAt = (balancer: Ewma, nowMs: number) => balancer.pick(samplePick({ nowMs }));

/** Two endpoints of which the first took 100 ms at the start, the second 50 ms. */
function twoMeasured() {
  const [slow, fast] = sampleEndpoints(2);
  assert.ok(slow && fast);
  const balancer = new Ewma(seededRandom(1));
  balancer.setEndpoints([slow, fast]);
  balancer.ended(slow, 100, 20_000);
  balancer.ended(fast, 50, 20_000);
  return { balancer, slow, fast };
}

test('among endpoints that answer alike it is fair chance', () => {
  const balancer = new Ewma(seededRandom(1));
  balancer.setEndpoints(sampleEndpoints(20));
  const statistic = chiSquare([...countPicks(balancer, 20_000).values()]);
  const { least, most } = fairRange(20);
  assert.ok(statistic > least && statistic < most, String(statistic));
});

test('of two the one that answered faster', () => {
  const { balancer, fast } = twoMeasured();
  for (let turn = 0; turn < 50; turn++) assert.equal(pickAt(balancer, 20_000), fast);
});

test('nobody is shunned for ever: an average sinks while nobody asks', () => {
  const { balancer, slow, fast } = twoMeasured();
  for (let nowMs = 20_000; nowMs < 30_000; nowMs += 100) balancer.ended(fast, 50, nowMs);
  assert.equal(pickAt(balancer, 30_000), slow);
});

test('a new answer counts by the time since the last one: 1 - 1/e after 10 s', () => {
  const { balancer, slow, fast } = twoMeasured();
  // 50 ms to 86.5 ms after two seconds: (1 - e^-2) * 100 decays to 70.8 ms, and 43.2 ms * e^-0.2 + answer * (1 - e^-0.2).
  balancer.ended(fast, 180, 22_000);
  assert.equal(pickAt(balancer, 22_000), fast);
  balancer.ended(fast, 3_000_000, 22_000);
  assert.equal(pickAt(balancer, 22_000), fast, 'no time has passed, so it counts for nothing');
  balancer.ended(fast, 300, 24_000);
  assert.equal(pickAt(balancer, 24_000), slow);
});

test('an attempt without an answer is no fast answer', () => {
  const { balancer, slow, fast } = twoMeasured();
  for (let nowMs = 20_000; nowMs < 25_000; nowMs += 10) balancer.ended(slow, undefined, nowMs);
  assert.equal(pickAt(balancer, 20_000), fast);
});

test('who comes starts at the mean of the others, and these keep what they have', () => {
  const { balancer, slow, fast } = twoMeasured();
  const [, , middle] = sampleEndpoints(3);
  assert.ok(middle);
  balancer.setEndpoints([slow, fast, middle]);
  const only = (...rest: readonly (typeof slow)[]) =>
    balancer.pick(samplePick({ nowMs: 20_000, tried: new Set(rest) }));
  assert.equal(only(slow), fast, 'of the fast one and the mean');
  assert.equal(only(fast), middle, 'of the slow one and the mean');
  balancer.setEndpoints([slow, middle]);
  balancer.setEndpoints([slow, fast, middle]);
  assert.equal(only(slow), middle, 'who left has to start again, at the mean of those who stayed');
});
