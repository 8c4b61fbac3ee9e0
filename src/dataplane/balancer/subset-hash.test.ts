import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, fairRange } from '../../../test/unit/chi-square.ts';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import { seededRandom } from '../../../test/unit/seeded-random.ts';
import type { EndpointState } from '../endpoint-registry.ts';
import { sampleEndpoints, testBalancerContract } from '../../../test/unit/balancer-contract.ts';
import { SubsetHash } from './subset-hash.ts';

testBalancerContract(
  'hash over groups',
  (random) => new SubsetHash([{ kind: 'client-address' }], 3, random),
);

function groupsOf(endpoints: readonly EndpointState[], size: number) {
  const balancer = new SubsetHash([{ kind: 'client-address' }], size, seededRandom(5));
  balancer.setEndpoints(endpoints);
  const groups = new Map<string, number[]>();
  for (let client = 0; client < 60; client++) {
    const counts = new Map<string, number>();
    for (let turn = 0; turn < 300; turn++) {
      const key = balancer.pick(samplePick({ clientAddress: `192.0.2.${client}` }))?.key ?? '';
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    groups.set([...counts.keys()].toSorted().join(' '), [...counts.values()]);
  }
  return groups;
}

test('a key has a group of its own, and chance is fair within it', () => {
  const groups = groupsOf(sampleEndpoints(9), 3);
  assert.deepEqual([...groups.keys()].toSorted(), [
    '10.0.0.1:80 10.0.0.2:80 10.0.0.3:80',
    '10.0.0.4:80 10.0.0.5:80 10.0.0.6:80',
    '10.0.0.7:80 10.0.0.8:80 10.0.0.9:80',
  ]);
  const { most } = fairRange(3);
  for (const counts of groups.values()) assert.ok(chiSquare(counts) < most, String(counts));
});

test('the last group is filled up from the beginning', () => {
  assert.deepEqual([...groupsOf(sampleEndpoints(4), 3).keys()].toSorted(), [
    '10.0.0.1:80 10.0.0.2:80 10.0.0.3:80',
    '10.0.0.1:80 10.0.0.2:80 10.0.0.4:80',
  ]);
});

test('a group is no larger than the set', () => {
  assert.deepEqual([...groupsOf(sampleEndpoints(2), 5).keys()], ['10.0.0.1:80 10.0.0.2:80']);
});
