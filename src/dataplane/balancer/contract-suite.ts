import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import type { EndpointState } from '../endpoint-registry.ts';
import type { Balancer } from './balancer.ts';

/** `count` endpoints of one network, from 10.0.0.1 up. */
export function sampleEndpoints(count: number): EndpointState[] {
  return Array.from({ length: count }, (_, i) => {
    const address = `10.0.${Math.floor((i + 1) / 256)}.${(i + 1) % 256}`;
    return { address, port: 80, key: `${address}:80`, inFlight: 0, removed: false };
  });
}

/** How often each endpoint is picked in `picks` attempts. */
export function countPicks(balancer: Balancer, picks: number): Map<EndpointState, number> {
  const counts = new Map<EndpointState, number>();
  for (let i = 0; i < picks; i++) {
    const endpoint = balancer.pick(samplePick());
    assert.ok(endpoint);
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  }
  return counts;
}

/** What is true of every balancer, whatever it prefers. Each one's test runs this. */
export function testBalancerContract(name: string, create: () => Balancer): void {
  const balancerOf = (endpoints: readonly EndpointState[]): Balancer => {
    const balancer = create();
    balancer.setEndpoints(endpoints);
    return balancer;
  };

  test(`${name}: without endpoints it picks none`, () => {
    assert.equal(create().pick(samplePick()), undefined);
    assert.equal(balancerOf([]).pick(samplePick()), undefined);
    assert.equal(balancerOf([]).pick(samplePick({ tried: new Set() })), undefined);
  });

  test(`${name}: the only endpoint is picked, even when it was tried`, () => {
    const [only] = sampleEndpoints(1);
    assert.ok(only);
    const balancer = balancerOf([only]);
    assert.equal(balancer.pick(samplePick()), only);
    assert.equal(balancer.pick(samplePick({ tried: new Set([only]) })), only);
  });

  test(`${name}: what was tried is not picked while there are others`, () => {
    const endpoints = sampleEndpoints(5);
    const balancer = balancerOf(endpoints);
    for (let round = 0; round < 50; round++) {
      const tried = new Set<EndpointState>();
      while (tried.size < endpoints.length) {
        const endpoint = balancer.pick(samplePick({ tried }));
        assert.ok(endpoint && !tried.has(endpoint));
        tried.add(endpoint);
      }
      assert.ok(endpoints.includes(balancer.pick(samplePick({ tried })) as EndpointState));
    }
  });

  test(`${name}: an endpoint that left is not picked, one that came is`, () => {
    const [first, second, third] = sampleEndpoints(3);
    assert.ok(first && second && third);
    const balancer = balancerOf([first, second]);
    countPicks(balancer, 7);
    balancer.setEndpoints([second, third]);
    assert.deepEqual(new Set(countPicks(balancer, 100).keys()), new Set([second, third]));
    balancer.setEndpoints([]);
    assert.equal(balancer.pick(samplePick()), undefined);
    balancer.setEndpoints([first]);
    assert.equal(balancer.pick(samplePick()), first);
  });
}
