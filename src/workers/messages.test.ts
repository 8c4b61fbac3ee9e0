import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../test/blackbox/harness/default-settings.ts';
import { sampleCluster, sampleDelta } from '../../test/unit/sample-config.ts';
import type { Certificate, UpstreamTls } from '../model/config.ts';
import { Sensitive } from '../model/sensitive.ts';
import type { TlsSettings } from '../model/settings.ts';
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

test('the key of session tickets crosses threads, and is sensitive on both sides', () => {
  const value = new Sensitive('the key');
  const all: readonly TlsSettings['tickets'][] = [
    'off',
    { lifetimeMs: 1_000, key: undefined },
    { lifetimeMs: 1_000, key: { fingerprint: '00', value } },
  ];
  for (const tickets of all) {
    const settings = { ...defaultSettings, tls: { ...defaultSettings.tls, tickets } };
    const arrived = decodeDelta(structuredClone(encodeDelta(sampleDelta({ settings }))));
    const found = arrived.settings?.tls.tickets;
    assert.deepEqual(arrived.settings, settings);
    if (found === undefined || found === 'off' || found.key === undefined) continue;
    assert.equal(found.key.value.reveal(), 'the key');
    assert.doesNotMatch(JSON.stringify(arrived), /the key/);
  }
});
