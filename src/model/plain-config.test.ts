import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleHost } from '../../test/unit/sample-config.ts';
import { toPlain } from './plain-config.ts';
import { Sensitive } from './sensitive.ts';
import type { Settings } from './settings.ts';

const nothing = new Map<string, never>();

test('keys are sorted, what is unset is left out, order of lists stays', () => {
  const host = (name: string) => sampleHost({ name, aliases: ['z', 'a'] });
  const plain = toPlain({
    settings: { blockedCidrs: ['10.0.0.0/8'] } as Partial<Settings> as Settings,
    virtualHosts: new Map([
      ['b', host('b')],
      ['a', host('a')],
    ]),
    clusters: nothing,
    endpointSets: nothing,
    certificates: nothing,
  });
  assert.equal(
    JSON.stringify(plain.virtualHosts),
    '{"a":{"name":"a","aliases":["z","a"],"matching":"paths","routes":[],"filters":[]},' +
      '"b":{"name":"b","aliases":["z","a"],"matching":"paths","routes":[],"filters":[]}}',
  );
  assert.deepEqual(plain.settings, { blockedCidrs: ['10.0.0.0/8'] });
});

test('keys of certificates are redacted, their PEM text is left out', () => {
  const certificate = {
    id: 'shop/tls',
    chain: 'PEM',
    key: new Sensitive('secret'),
    fingerprint: 'ab',
    notAfter: '2027-01-01T00:00:00Z',
  };
  const { certificates } = toPlain({
    settings: {} as Partial<Settings> as Settings,
    virtualHosts: nothing,
    clusters: nothing,
    endpointSets: nothing,
    certificates: new Map([['shop/tls', certificate]]),
  });
  assert.deepEqual(certificates, {
    'shop/tls': {
      id: 'shop/tls',
      key: '[redacted]',
      fingerprint: 'ab',
      notAfter: '2027-01-01T00:00:00Z',
    },
  });
});
