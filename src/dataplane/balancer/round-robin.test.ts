import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import {
  countPicks,
  sampleEndpoints,
  testBalancerContract,
} from '../../../test/unit/balancer-contract.ts';
import { RoundRobin } from './round-robin.ts';

testBalancerContract('round robin', (random) => new RoundRobin(random));

test('600 picks over 3 endpoints give 200 each', () => {
  const balancer = new RoundRobin();
  balancer.setEndpoints(sampleEndpoints(3));
  assert.deepEqual([...countPicks(balancer, 600).values()], [200, 200, 200]);
});

test('each takes its turn, in order', () => {
  const endpoints = sampleEndpoints(3);
  const balancer = new RoundRobin(() => 0);
  balancer.setEndpoints(endpoints);
  const picks = Array.from({ length: 6 }, () => balancer.pick(samplePick()));
  assert.deepEqual(picks, [...endpoints, ...endpoints]);
});

test('workers start at different endpoints', () => {
  const starts = new Set<string | undefined>();
  for (let worker = 0; worker < 1000; worker++) {
    const balancer = new RoundRobin();
    balancer.setEndpoints(sampleEndpoints(4));
    starts.add(balancer.pick(samplePick())?.key);
  }
  assert.equal(starts.size, 4);
});

test('the turn goes on over a change of endpoints', () => {
  const [first, second, third, fourth] = sampleEndpoints(4);
  assert.ok(first && second && third && fourth);
  const balancer = new RoundRobin(() => 0);
  balancer.setEndpoints([first, second, third]);
  balancer.pick(samplePick());
  balancer.setEndpoints([first, second, third, fourth]);
  assert.equal(balancer.pick(samplePick()), second);
  balancer.setEndpoints([second, third, fourth]);
  assert.equal(balancer.pick(samplePick()), third);
  balancer.setEndpoints([first, second, third]);
  assert.equal(balancer.pick(samplePick()), second, 'who came after the fourth, which is gone');
});

test('retries do not disturb the shares of the others', () => {
  const endpoints = sampleEndpoints(3);
  const balancer = new RoundRobin(() => 0);
  balancer.setEndpoints(endpoints);
  const [, second, third] = endpoints;
  assert.ok(second && third);
  assert.equal(balancer.pick(samplePick({ tried: new Set(endpoints.slice(0, 1)) })), second);
  assert.equal(balancer.pick(samplePick()), third);
});

/** nginx's algorithm as it stands in its manual, for comparison. */
function smooth(weights: readonly number[], picks: number): number[] {
  const current = weights.map(() => 0);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Array.from({ length: picks }, () => {
    weights.forEach((weight, index) => (current[index] = (current[index] ?? 0) + weight));
    const best = current.indexOf(Math.max(...current));
    current[best] = (current[best] ?? 0) - sum;
    return best;
  });
}

for (const weights of [
  [5, 1, 1],
  [1, 1, 5],
  [4, 3, 2],
  [2, 2, 1, 1],
  [1, 2, 1, 2],
  [7, 7, 7],
  [100, 1],
  [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5],
]) {
  test(`weights ${weights.join()}: the order is that of nginx`, () => {
    const endpoints = sampleEndpoints(weights.length);
    const balancer = new RoundRobin(() => 0);
    balancer.setEndpoints(endpoints, weights);
    const picks = Array.from({ length: 300 }, () => balancer.pick(samplePick()));
    assert.deepEqual(
      picks.map((endpoint) => endpoints.findIndex((each) => each === endpoint)),
      smooth(weights, 300),
    );
  });
}

test('weights give shares wherever it starts', () => {
  const balancer = new RoundRobin(() => 0.7);
  balancer.setEndpoints(sampleEndpoints(5), [1, 2, 2, 2, 3]);
  assert.deepEqual([...countPicks(balancer, 1_000).values()].toSorted(), [100, 200, 200, 200, 300]);
});
