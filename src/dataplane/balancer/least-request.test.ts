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
import { LeastRequest } from './least-request.ts';

testBalancerContract('least request', (random) => new LeastRequest(random));

test('among idle endpoints it is fair chance', () => {
  const balancer = new LeastRequest(seededRandom(1));
  balancer.setEndpoints(sampleEndpoints(20));
  const statistic = chiSquare([...countPicks(balancer, 20_000).values()]);
  const { least, most } = fairRange(20);
  assert.ok(statistic > least && statistic < most, String(statistic));
});

test('of two the less busy one, always', () => {
  const [idle, busy] = sampleEndpoints(2);
  assert.ok(idle && busy);
  busy.inFlight = 1;
  const balancer = new LeastRequest(seededRandom(1));
  balancer.setEndpoints([idle, busy]);
  assert.deepEqual([...countPicks(balancer, 100).keys()], [idle]);
});

test('the busiest of all is never picked, and the load stays within a few of even', () => {
  const endpoints = sampleEndpoints(100);
  const balancer = new LeastRequest(seededRandom(1));
  balancer.setEndpoints(endpoints);
  for (let exchange = 0; exchange < 10_000; exchange++) {
    const endpoint = balancer.pick(samplePick());
    assert.ok(endpoint);
    endpoint.inFlight += 1;
  }
  const loads = endpoints.map(({ inFlight }) => inFlight);
  assert.ok(Math.max(...loads) - Math.min(...loads) <= 10, String(loads));
});
