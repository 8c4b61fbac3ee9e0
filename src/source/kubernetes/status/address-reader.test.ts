import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../api-error.ts';
import type { ObjectApi } from '../api-writer.ts';
import type { JsonObject } from '../prune.ts';
import { readAddresses, type AddressReading, type PublishedAddresses } from './address-reader.ts';

const PODS = '/api/v1/namespaces/edge/pods';
const pod = (name: string, node: string, ready = 'True'): JsonObject => ({
  metadata: { name, labels: { app: 'edge' } },
  spec: { nodeName: node },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] },
});
const node = (internal: string, external?: string): JsonObject => ({
  status: {
    addresses: [
      { type: 'InternalIP', address: internal },
      ...(external === undefined ? [] : [{ type: 'ExternalIP', address: external }]),
    ],
  },
});
const CLUSTER: Readonly<Record<string, JsonObject>> = {
  '/api/v1/namespaces/edge/services/lb': {
    spec: { type: 'LoadBalancer' },
    status: { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } },
  },
  '/api/v1/namespaces/edge/services/pending': { spec: { type: 'LoadBalancer' }, status: {} },
  [`${PODS}/own`]: pod('own', 'one'),
  [`${PODS}?labelSelector=app%3Dedge`]: {
    items: [
      pod('own', 'one'),
      pod('twin', 'one'),
      pod('other', 'two'),
      pod('ill', 'three', 'False'),
    ],
  },
  '/api/v1/nodes/one': node('10.0.0.1', '192.0.2.1'),
  '/api/v1/nodes/two': node('10.0.0.2'),
  '/api/v1/nodes/three': node('10.0.0.3'),
};

function read(published: PublishedAddresses, name = 'own'): Promise<AddressReading> {
  const refuse = (): never => {
    throw new ApiError(404, 'not found');
  };
  const api: ObjectApi = {
    get: (path) => Promise.resolve().then(() => CLUSTER[path] ?? refuse()),
    create: refuse,
    replace: refuse,
    merge: refuse,
  };
  return readAddresses(api, { published, namespace: 'edge', pod: name });
}

for (const { name, published, want } of [
  {
    name: 'fixed ones are sorted',
    published: { kind: 'fixed', addresses: ['lb.example.com', '192.0.2.1'] },
    want: [{ ip: '192.0.2.1' }, { hostname: 'lb.example.com' }],
  },
  {
    name: 'a Service’s',
    published: { kind: 'service', service: 'edge/lb' },
    want: [{ hostname: 'lb.example.com' }],
  },
  {
    name: 'of nodes where pods are ready, each once',
    published: { kind: 'nodes', prefersInternal: false },
    want: [{ ip: '10.0.0.2' }, { ip: '192.0.2.1' }],
  },
  {
    name: 'internal ones of those',
    published: { kind: 'nodes', prefersInternal: true },
    want: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }],
  },
] as const) {
  test(`addresses to publish: ${name}`, async () => {
    assert.deepEqual(await read(published), { addresses: want, finding: undefined });
  });
}

for (const { published, podName, says } of [
  {
    published: { kind: 'service', service: 'edge/gone' },
    podName: 'own',
    says: /it does not exist/,
  },
  {
    published: { kind: 'service', service: 'edge/pending' },
    podName: 'own',
    says: /has no address yet/,
  },
  {
    published: { kind: 'nodes', prefersInternal: false },
    podName: 'nobody',
    says: /is no pod of the cluster/,
  },
] as const) {
  test(`without an address a finding says why: ${says.source}`, async () => {
    const { addresses, finding } = await read(published, podName);
    assert.deepEqual(addresses, []);
    assert.equal(finding?.code, 'status-address-missing');
    assert.match(finding.message, says);
  });
}
