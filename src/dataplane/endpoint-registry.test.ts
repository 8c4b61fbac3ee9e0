import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSet } from '../model/config.ts';
import { EndpointRegistry } from './endpoint-registry.ts';

/** `10.0.0.1` on port 80 is `1`. */
function setOf(id: string, ...lastOctets: number[]): EndpointSet {
  const endpoints = lastOctets.map((octet) => ({ address: `10.0.0.${octet}`, port: 80 }));
  return { id, endpoints };
}

const keysOf = (endpoints: readonly { key: string }[]) => endpoints.map(({ key }) => key);

test('sets that share an address share its state', () => {
  const registry = new EndpointRegistry();
  registry.update({ set: [setOf('a', 1, 2), setOf('b', 2)], remove: [] });
  const [, second] = registry.endpointsOf('a').endpoints;
  assert.deepEqual(second, registry.endpointsOf('b').endpoints[0]);
  assert.equal(second, registry.endpointsOf('b').endpoints[0]);
  assert.deepEqual(registry.endpointsOf('unknown').endpoints, []);
});

test('keys name address and port, IPv6 in brackets', () => {
  const registry = new EndpointRegistry();
  const endpoints = [
    { address: '10.0.0.1', port: 8080 },
    { address: '2001:db8::1', port: 443 },
  ];
  registry.update({ set: [{ id: 'a', endpoints }], remove: [] });
  assert.deepEqual(keysOf(registry.endpointsOf('a').endpoints), [
    '10.0.0.1:8080',
    '[2001:db8::1]:443',
  ]);
});

test('a state stays over changes of its set', () => {
  const registry = new EndpointRegistry();
  registry.update({ set: [setOf('a', 1, 2)], remove: [] });
  const [first] = registry.endpointsOf('a').endpoints;
  assert.ok(first);
  first.inFlight = 3;
  assert.deepEqual(keysOf(registry.update({ set: [setOf('a', 1, 3)], remove: [] })), [
    '10.0.0.2:80',
  ]);
  assert.equal(registry.endpointsOf('a').endpoints[0], first);
  assert.equal(first.removed, false);
});

test('an endpoint is removed when no set names it any more', () => {
  const registry = new EndpointRegistry();
  registry.update({ set: [setOf('a', 1), setOf('b', 1)], remove: [] });
  const [shared] = registry.endpointsOf('a').endpoints;
  assert.deepEqual(registry.update({ set: [], remove: ['a'] }), []);
  assert.equal(shared?.removed, false);
  assert.deepEqual(registry.update({ set: [setOf('b')], remove: [] }), [shared]);
  assert.equal(shared.removed, true);
  assert.deepEqual(registry.update({ set: [], remove: ['b', 'unknown'] }), []);
});

test('moving from set to set is no removal', () => {
  const registry = new EndpointRegistry();
  registry.update({ set: [setOf('a', 1)], remove: [] });
  const [moving] = registry.endpointsOf('a').endpoints;
  assert.deepEqual(registry.update({ set: [setOf('a'), setOf('b', 1)], remove: [] }), []);
  assert.deepEqual(registry.update({ set: [setOf('c', 1)], remove: ['b'] }), []);
  assert.equal(registry.endpointsOf('c').endpoints[0], moving);
});

test('coming back, an endpoint that still has exchanges gets its state back', () => {
  const registry = new EndpointRegistry();
  registry.update({ set: [setOf('a', 1, 2)], remove: [] });
  const [busy, idle] = registry.endpointsOf('a').endpoints;
  assert.ok(busy && idle);
  busy.inFlight = 1;
  registry.update({ set: [setOf('a')], remove: [] });
  registry.update({ set: [setOf('a')], remove: [] });
  registry.update({ set: [setOf('a', 1, 2)], remove: [] });
  const [first, second] = registry.endpointsOf('a').endpoints;
  assert.equal(first, busy);
  assert.equal(busy.removed, false);
  assert.notEqual(second, idle);
  assert.equal(idle.removed, true);
  busy.inFlight = 0;
  registry.update({ set: [setOf('a', 1)], remove: [] });
  registry.update({ set: [setOf('a', 1)], remove: [] });
  assert.equal(registry.endpointsOf('a').endpoints[0], busy);
});

test('weights stand beside the endpoints of their set, where any has one', () => {
  const registry = new EndpointRegistry();
  const plain = { address: '10.0.0.1', port: 80 };
  const endpoints = [plain, { address: '10.0.0.2', port: 80, weight: 3 }];
  registry.update({
    set: [
      { id: 'a', endpoints },
      { id: 'b', endpoints: [plain] },
    ],
    remove: [],
  });
  assert.deepEqual(registry.endpointsOf('a').weights, [1, 3]);
  assert.equal(registry.endpointsOf('b').weights, undefined);
});
