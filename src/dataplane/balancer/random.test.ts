import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, fairRange } from '../../../test/unit/chi-square.ts';
import { seededRandom } from '../../../test/unit/seeded-random.ts';
import {
  countPicks,
  sampleEndpoints,
  testBalancerContract,
} from '../../../test/unit/balancer-contract.ts';
import { RandomChoice } from './random.ts';

testBalancerContract('random', (random) => new RandomChoice(random));

for (const seed of [1, 2, 3]) {
  test(`shares are those of fair chance, seed ${seed}`, () => {
    const balancer = new RandomChoice(seededRandom(seed));
    balancer.setEndpoints(sampleEndpoints(20));
    const statistic = chiSquare([...countPicks(balancer, 20_000).values()]);
    const { least, most } = fairRange(20);
    assert.ok(statistic > least && statistic < most, String(statistic));
  });
}
