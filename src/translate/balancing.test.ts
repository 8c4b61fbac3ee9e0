import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateBalancer, type Balancing } from './balancing.ts';
import type { Service } from './snapshot.ts';

const plain: Balancing = { algorithm: 'ewma', hash: undefined, session: undefined };
const withSession: Balancing = {
  ...plain,
  hash: { text: '$host', key: [{ kind: 'host' }], subset: 'none' },
  session: {
    mode: 'balanced',
    changesOnFailure: false,
    cookie: {
      name: 'route',
      path: '/',
      domain: undefined,
      expiresSeconds: undefined,
      maxAgeSeconds: undefined,
      secure: 'tls',
      sameSite: undefined,
      sparesOldClients: false,
    },
  },
};
const service = (uid: string | undefined, sessionAffinity = 'None'): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop', ...(uid === undefined ? {} : { uid }) },
  spec: { sessionAffinity },
});

function saltOf(found: Service | undefined, clusterName = 'shop-web-80'): string {
  const balancer = translateBalancer(withSession, found, clusterName);
  assert.equal(balancer.kind, 'sticky');
  return balancer.salt;
}

test('salts follow the UID and the port of the Service, and do not tell them', () => {
  const uid = '6f1c2c1e-7d7c-4c53-9b57-0c8b8f3f0d11';
  const salt = saltOf(service(uid));
  assert.equal(saltOf(service(uid, 'ClientIP')), salt);
  assert.ok(!salt.includes(uid.slice(0, 8)));
  const others = [
    saltOf(service('another')),
    saltOf(service(undefined)),
    saltOf(service(uid), 'shop-web-81'),
  ];
  assert.equal(new Set([salt, ...others]).size, 4);
  assert.equal(saltOf(undefined), saltOf(service(undefined)), 'where there is no UID');
});

test('ClientIP of a Service goes before an algorithm; no Service, no ClientIP', () => {
  const kindFor = (found: Service | undefined) => translateBalancer(plain, found, 'x').kind;
  assert.equal(kindFor(service('1', 'ClientIP')), 'client-affinity');
  assert.equal(kindFor(service('1')), 'ewma');
  assert.equal(kindFor(undefined), 'ewma');
});

for (const { timeoutSeconds, means } of [
  { timeoutSeconds: 60, means: 60 },
  { timeoutSeconds: 86_400, means: 86_400 },
  { timeoutSeconds: 0, means: 10_800 },
  { timeoutSeconds: 86_401, means: 10_800 },
  { timeoutSeconds: '60' as unknown as number, means: 10_800 },
  { timeoutSeconds: undefined, means: 10_800 },
]) {
  test(`timeoutSeconds ${String(timeoutSeconds)} of ClientIP is ${means}`, () => {
    const clientIP = timeoutSeconds === undefined ? {} : { timeoutSeconds };
    const found = {
      ...service('1'),
      spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP } },
    };
    assert.deepEqual(translateBalancer(plain, found, 'shop-web-80'), {
      kind: 'client-affinity',
      service: 'shop-web-80',
      timeoutSeconds: means,
    });
  });
}
