import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import { ConsistentHash } from './consistent-hash.ts';
import { sampleEndpoints, testBalancerContract } from '../../../test/unit/balancer-contract.ts';

const byAddress = () => new ConsistentHash([{ kind: 'client-address' }]);
testBalancerContract('consistent hash', byAddress);

const clients = Array.from({ length: 2_000 }, (_, index) =>
  samplePick({ clientAddress: `10.${index % 7}.0.${index}` }),
);

test('the same key goes to the same endpoint, on each worker alike', () => {
  const endpoints = sampleEndpoints(10);
  const [one, other] = [byAddress(), byAddress()];
  one.setEndpoints(endpoints);
  other.setEndpoints(sampleEndpoints(3));
  other.setEndpoints(endpoints);
  for (const client of clients) assert.equal(one.pick(client), other.pick(client));
});

test('an endpoint that goes and comes back has its keys again, and others never move', () => {
  const endpoints = sampleEndpoints(10);
  const [gone] = endpoints;
  const balancer = byAddress();
  balancer.setEndpoints(endpoints);
  const before = clients.map((client) => balancer.pick(client));
  balancer.setEndpoints(endpoints.slice(1));
  clients.forEach((client, index) => {
    if (before[index] !== gone) assert.equal(balancer.pick(client), before[index]);
  });
  balancer.setEndpoints(endpoints);
  assert.deepEqual(
    clients.map((client) => balancer.pick(client)),
    before,
  );
});

test('a retry goes where the key would go without the endpoint that failed', () => {
  const endpoints = sampleEndpoints(10);
  const balancer = byAddress();
  const without = byAddress();
  balancer.setEndpoints(endpoints);
  for (const client of clients.slice(0, 200)) {
    const failed = balancer.pick(client);
    assert.ok(failed);
    without.setEndpoints(endpoints.filter((endpoint) => endpoint !== failed));
    const retry = balancer.pick({ ...client, tried: new Set([failed]) });
    assert.equal(retry, without.pick(client));
  }
});
