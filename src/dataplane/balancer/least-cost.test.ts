import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import { seededRandom } from '../../../test/unit/seeded-random.ts';
import type { EndpointState } from '../endpoint-registry.ts';
import {
  countPicks,
  sampleEndpoints,
  testBalancerContract,
} from '../../../test/unit/balancer-contract.ts';
import { ipvsCosts, LeastCost, type CostOf } from './least-cost.ts';

for (const [name, costOf] of Object.entries(ipvsCosts)) {
  testBalancerContract(name, () => new LeastCost(costOf));

  test(`${name}: idle endpoints take turns`, () => {
    const balancer = new LeastCost(costOf);
    balancer.setEndpoints(sampleEndpoints(7));
    assert.deepEqual(new Set(countPicks(balancer, 70).values()), new Set([10]));
  });

  test(`${name}: the choice is the one that looking at all of them gives`, () => {
    const random = seededRandom(3);
    const endpoints = sampleEndpoints(13);
    const weights = endpoints.map((_, index) => 1 + (index % 4));
    const balancer = new LeastCost(costOf);
    balancer.setEndpoints(endpoints, weights);
    const connections = new Map(endpoints.map((endpoint) => [endpoint, 0]));
    const costs = () =>
      endpoints.map((each, index) => costOf(connections.get(each) ?? 0, weights[index] ?? 1));
    for (let step = 0; step < 3_000; step++) {
      const picked = balancer.pick(samplePick());
      assert.ok(picked);
      assert.equal(costs()[endpoints.indexOf(picked)], Math.min(...costs()));
      balancer.began(picked);
      connections.set(picked, (connections.get(picked) ?? 0) + 1);
      const other = endpoints[Math.floor(random() * endpoints.length)];
      if (other === undefined || (connections.get(other) ?? 0) === 0) continue;
      balancer.ended(other);
      connections.set(other, (connections.get(other) ?? 0) - 1);
    }
  });
}

/** Where `exchanges` that never end go, of two endpoints with the weights 1 and 3. */
function fill(costOf: CostOf, exchanges: number): number[] {
  const [light, heavy] = sampleEndpoints(2);
  assert.ok(light && heavy);
  const balancer = new LeastCost(costOf);
  balancer.setEndpoints([light, heavy], [1, 3]);
  const order: EndpointState[] = [];
  for (let exchange = 0; exchange < exchanges; exchange++) {
    const endpoint = balancer.pick(samplePick());
    assert.ok(endpoint);
    balancer.began(endpoint);
    order.push(endpoint);
  }
  return order.map((endpoint) => (endpoint === heavy ? 3 : 1));
}

test('lc knows no weights, wlc and sed keep to them, nq lets nobody be idle first', () => {
  const share = (order: number[]) => order.filter((weight) => weight === 3).length / order.length;
  assert.equal(share(fill(ipvsCosts.lc, 400)), 0.5);
  assert.equal(share(fill(ipvsCosts.wlc, 400)), 0.75);
  assert.equal(share(fill(ipvsCosts.sed, 400)), 0.75);
  assert.deepEqual(fill(ipvsCosts.sed, 3), [3, 3, 1], 'the first two wait less there than alone');
  assert.deepEqual(fill(ipvsCosts.nq, 2).toSorted(), [1, 3]);
});

test('counts of those that stay are kept over a change', () => {
  const [busy, idle, other] = sampleEndpoints(3);
  assert.ok(busy && idle && other);
  const balancer = new LeastCost(ipvsCosts.lc);
  balancer.setEndpoints([busy, idle]);
  balancer.began(busy);
  balancer.setEndpoints([busy, idle, other]);
  assert.equal(countPicks(balancer, 100).get(busy), undefined);
  balancer.ended(busy);
  assert.equal(balancer.pick(samplePick()), busy, 'it was picked longest ago');
});
