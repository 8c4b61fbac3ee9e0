import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import { countPicks, sampleEndpoints, testBalancerContract } from './contract-suite.ts';
import { RoundRobin } from './round-robin.ts';

testBalancerContract('round robin', () => new RoundRobin());

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
