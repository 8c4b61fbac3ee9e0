import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePick } from './sample-pick.ts';
import { seededRandom } from './seeded-random.ts';
import type { EndpointState } from '../../src/dataplane/endpoint-registry.ts';
import type { Balancer, RandomSource } from '../../src/dataplane/balancer/balancer.ts';

/** `count` endpoints of one network, from 10.0.0.1 up. */
export function sampleEndpoints(count: number): EndpointState[] {
  return Array.from({ length: count }, (_, i) => {
    const address = `10.0.${Math.floor((i + 1) / 256)}.${(i + 1) % 256}`;
    return { address, port: 80, key: `${address}:80`, inFlight: 0, removed: false };
  });
}

/** How often each endpoint is picked in `picks` attempts of as many clients, one after the other. */
export function countPicks(balancer: Balancer, picks: number): Map<EndpointState, number> {
  const counts = new Map<EndpointState, number>();
  for (let i = 0; i < picks; i++) {
    const endpoint = balancer.pick(samplePick({ clientAddress: `198.51.100.${i}` }));
    assert.ok(endpoint);
    balancer.began?.(endpoint);
    balancer.ended?.(endpoint, undefined, 0);
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  }
  return counts;
}

/**
 * What is true of every balancer, whatever it prefers. Each one's test runs this.
 * @param create one that takes all its chance from the source, and its keys, if any, from the client's address.
 */
export function testBalancerContract(
  name: string,
  create: (random: RandomSource) => Balancer,
): void {
  const balancerOf = (endpoints: readonly EndpointState[], weights?: number[]): Balancer => {
    const balancer = create(seededRandom(7));
    balancer.setEndpoints(endpoints, weights);
    return balancer;
  };

  test(`${name}: without endpoints it picks none`, () => {
    const tried = new Set(sampleEndpoints(1));
    assert.equal(create(Math.random).pick(samplePick()), undefined);
    assert.equal(balancerOf([]).pick(samplePick()), undefined);
    assert.equal(balancerOf([]).pick(samplePick({ tried })), undefined);
    assert.equal(balancerOf(sampleEndpoints(2), [0, 0]).pick(samplePick()), undefined);
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
      const clientAddress = `192.0.2.${round}`;
      const tried = new Set<EndpointState>();
      while (tried.size < endpoints.length) {
        const endpoint = balancer.pick(samplePick({ clientAddress, tried }));
        assert.ok(endpoint && !tried.has(endpoint));
        tried.add(endpoint);
      }
      assert.ok(balancer.pick(samplePick({ clientAddress, tried })));
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

  test(`${name}: weight 0 has nothing, not even a retry`, () => {
    const [first, second, third] = sampleEndpoints(3);
    assert.ok(first && second && third);
    const balancer = balancerOf([first, second, third], [1, 0, 1]);
    assert.deepEqual(new Set(countPicks(balancer, 100).keys()), new Set([first, third]));
    assert.equal(balancer.pick(samplePick({ tried: new Set([first]) })), third);
    assert.notEqual(balancer.pick(samplePick({ tried: new Set([first, third]) })), second);
  });

  test(`${name}: everybody has some`, () => {
    const counts = countPicks(balancerOf(sampleEndpoints(50)), 10_000);
    assert.equal(counts.size, 50);
    // Groups that overlap give the first endpoints two shares.
    assert.ok(Math.max(...counts.values()) < 600, String([...counts.values()]));
  });

  test(`${name}: endpoints come and go under attempts that are under way`, () => {
    const random = seededRandom(11);
    const all = sampleEndpoints(12);
    const balancer = create(random);
    const underWay: EndpointState[] = [];
    for (let step = 0; step < 2_000; step++) {
      const present = all.filter(() => random() < 0.6);
      if (step % 10 === 0) balancer.setEndpoints(present);
      const current = step % 10 === 0 ? present : undefined;
      const endpoint = balancer.pick(samplePick({ nowMs: step, clientAddress: `10.1.0.${step}` }));
      if (current !== undefined) assert.equal(endpoint !== undefined, current.length > 0);
      if (endpoint === undefined) continue;
      if (current !== undefined) assert.ok(current.includes(endpoint));
      endpoint.inFlight += 1;
      balancer.began?.(endpoint);
      underWay.push(endpoint);
      if (random() < 0.5) {
        const [ended] = underWay.splice(Math.floor(random() * underWay.length), 1);
        assert.ok(ended);
        ended.inFlight -= 1;
        balancer.ended?.(ended, random() < 0.5 ? undefined : step % 50, step);
      }
    }
  });
}
