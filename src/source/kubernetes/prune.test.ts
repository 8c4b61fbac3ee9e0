import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prune } from './prune.ts';

test('an Ingress keeps what routing is made of', () => {
  const rules = [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix' }] } }];
  const given = {
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '7',
      selfLink: '/x',
      managedFields: [{}],
      labels: { app: 'web' },
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
        'nginx.ingress.kubernetes.io/app-root': '/shop',
      },
    },
    spec: { rules, unknown: true },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] }, unknown: true },
  };
  assert.deepEqual(prune('ingresses', given), {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '7',
      labels: { app: 'web' },
      annotations: { 'nginx.ingress.kubernetes.io/app-root': '/shop' },
    },
    spec: { rules },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  });
});

test('an EndpointSlice loses what its endpoints refer to', () => {
  const given = {
    metadata: { name: 'web-1', namespace: 'shop', resourceVersion: '7', annotations: { a: 'b' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef: { kind: 'Pod' } },
    ],
    ports: [{ name: 'http', protocol: 'TCP', port: 8080, appProtocol: 'http' }],
  };
  assert.deepEqual(prune('endpointslices', given), {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'shop', resourceVersion: '7' },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  });
});

test('what Go leaves null stays harmless', () => {
  const metadata = { name: 'web-1', resourceVersion: '7' };
  const slice = prune('endpointslices', { metadata, endpoints: null, ports: null });
  assert.equal(slice?.endpoints ?? undefined, undefined);
});

for (const given of [
  undefined,
  null,
  [],
  {},
  { metadata: [] },
  { metadata: { name: 'web' } },
  { metadata: { name: 7, resourceVersion: '7' } },
]) {
  test(`is no object: ${JSON.stringify(given)}`, () => {
    assert.equal(prune('services', given), undefined);
  });
}
