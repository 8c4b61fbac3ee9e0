import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleCluster, sampleDelta } from '../../test/unit/sample-config.ts';
import type { Certificate, UpstreamTls } from '../model/config.ts';
import { Sensitive } from '../model/sensitive.ts';
import { decodeDelta, encodeDelta } from './messages.ts';

const certificate: Certificate = {
  id: 'shop/endpoints',
  chain: 'chain',
  key: new Sensitive('the key'),
  fingerprint: '00',
  notAfter: '2099-01-01T00:00:00.000Z',
};
const tls: UpstreamTls = {
  fingerprint: '00',
  verify: { ca: 'ca', name: 'web.internal', depth: 1 },
  certificate,
  serverName: undefined,
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: undefined,
};

test('keys of hosts and of clusters cross threads, and are sensitive on both sides', () => {
  const clusters = [
    sampleCluster('one', { protocol: 'https', tls }),
    sampleCluster('two', { protocol: 'https', tls: { ...tls, certificate: undefined } }),
    sampleCluster('three'),
  ];
  const delta = sampleDelta({
    clusters: { set: clusters, remove: ['four'] },
    certificates: { set: [certificate], remove: [] },
  });
  const arrived = decodeDelta(structuredClone(encodeDelta(delta)));
  assert.deepEqual(arrived, delta);
  const [own] = arrived.certificates.set;
  assert.equal(own?.key.reveal(), 'the key');
  assert.equal(arrived.clusters.set[0]?.tls?.certificate?.key.reveal(), 'the key');
});
