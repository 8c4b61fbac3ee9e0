import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../prune.ts';
import {
  addressesOfNode,
  addressesOfService,
  addressesOfStatus,
  addressOf,
  identityOf,
  sortAddresses,
} from './addresses.ts';

const ingress = [{ ip: '192.0.2.9' }, { hostname: 'lb.example.com', ip: '' }];
const balancer = { loadBalancer: { ingress } };

/** Source: routing.md §14. */
const services: readonly { name: string; service: JsonObject; want: readonly string[] }[] = [
  {
    name: 'a LoadBalancer’s: what its status says, and its external addresses',
    service: {
      spec: { type: 'LoadBalancer', clusterIP: '10.0.0.1', externalIPs: ['192.0.2.1'] },
      status: balancer,
    },
    want: ['192.0.2.1', '192.0.2.9', 'lb.example.com'],
  },
  {
    name: 'a LoadBalancer’s that is pending: none',
    service: {
      spec: { type: 'LoadBalancer', clusterIP: '10.0.0.1' },
      status: { loadBalancer: {} },
    },
    want: [],
  },
  {
    name: 'a NodePort’s: its external addresses',
    service: { spec: { type: 'NodePort', clusterIP: '10.0.0.1', externalIPs: ['2001:db8::1'] } },
    want: ['2001:db8::1'],
  },
  {
    name: 'a NodePort’s without those: its cluster address',
    service: { spec: { type: 'NodePort', clusterIP: '10.0.0.1' } },
    want: ['10.0.0.1'],
  },
  {
    name: 'a ClusterIP’s: that',
    service: { spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', externalIPs: ['192.0.2.1'] } },
    want: ['10.0.0.1'],
  },
  {
    name: 'a headless one’s: none',
    service: { spec: { type: 'ClusterIP', clusterIP: 'None' } },
    want: [],
  },
  {
    name: 'an ExternalName’s: the name',
    service: { spec: { type: 'ExternalName', externalName: 'edge.example.com' } },
    want: ['edge.example.com'],
  },
  { name: 'an object’s of another shape: none', service: { spec: [1], status: 'x' }, want: [] },
];

for (const { name, service, want } of services) {
  test(`addresses of a Service: ${name}`, () => {
    assert.equal(identityOf(addressesOfService(service)), want.join(' '));
  });
}

const NODE = {
  status: {
    addresses: [
      { type: 'Hostname', address: 'node-1' },
      { type: 'InternalIP', address: '10.0.0.7' },
      { type: 'ExternalIP', address: '192.0.2.7' },
    ],
  },
};

for (const { name, node, prefersInternal, want } of [
  { name: 'external ones', node: NODE, prefersInternal: false, want: '192.0.2.7' },
  { name: 'internal ones where asked', node: NODE, prefersInternal: true, want: '10.0.0.7' },
  {
    name: 'internal ones where there are no others',
    node: { status: { addresses: NODE.status.addresses.slice(0, 2) } },
    prefersInternal: false,
    want: '10.0.0.7',
  },
  { name: 'none of what is no Node', node: {}, prefersInternal: false, want: '' },
]) {
  test(`addresses of a Node: ${name}`, () => {
    assert.equal(identityOf(addressesOfNode(node, prefersInternal)), want);
  });
}

test('what is an address becomes `ip`, all else a host name', () => {
  assert.deepEqual(['192.0.2.1', '2001:db8::1', 'localhost', '999.1.1.1'].map(addressOf), [
    { ip: '192.0.2.1' },
    { ip: '2001:db8::1' },
    { hostname: 'localhost' },
    { hostname: '999.1.1.1' },
  ]);
});

test('order and repetition make no other status', () => {
  const [a, b] = [{ ip: '192.0.2.1' }, { hostname: 'a.example.com' }];
  assert.equal(identityOf([a, b, a]), identityOf([b, a]));
  assert.deepEqual(sortAddresses([b, a, b]), [a, b]);
});

test('a status of any shape can be read', () => {
  for (const status of [undefined, null, 5, {}, { ingress: {} }, { ingress: [null, 5, {}] }]) {
    assert.deepEqual(addressesOfStatus(status), []);
  }
  assert.deepEqual(addressesOfStatus(balancer.loadBalancer), [
    { ip: '192.0.2.9' },
    { hostname: 'lb.example.com' },
  ]);
});
