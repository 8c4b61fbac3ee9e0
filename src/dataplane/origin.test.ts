import assert from 'node:assert/strict';
import test from 'node:test';
import type { ForwardedSettings } from '../model/settings.ts';
import { AddressList } from './address-list.ts';
import { FieldList } from './fields.ts';
import { droppedRequestFields, originalFields } from './forwarded-fields.ts';
import { ClientPeer, resolveOrigin } from './origin.ts';

const OFF: ForwardedSettings = {
  realAddress: false,
  trustFields: false,
  trustedCidrs: ['0.0.0.0/0'],
  proxyProtocol: false,
  appendFor: false,
  forHeader: 'x-forwarded-for',
  hostHeader: 'x-forwarded-host',
  originalUri: false,
  generateRequestId: true,
};
const TRUST: ForwardedSettings = { ...OFF, trustFields: true };

type Fields = readonly (readonly [name: string, value: string])[];

function listOf(fields: Fields): FieldList {
  const list = new FieldList();
  for (const [name, value] of fields) list.push(name, value);
  return list;
}

/** Everything beside the client's own fields that goes upstream, as an object; Host first. */
function sentFor(given: {
  fields?: Fields;
  settings?: ForwardedSettings;
  peer?: ClientPeer;
  authority?: string;
}): Record<string, string> {
  const settings = given.settings ?? OFF;
  const request = {
    authority: given.authority ?? 'app.test:8080',
    fields: listOf(given.fields ?? []),
    target: '/a?b=c',
  };
  const peer = given.peer ?? new ClientPeer('10.0.0.9', 'http', '80');
  const trusted = new AddressList(settings.trustedCidrs);
  const origin = resolveOrigin(peer, request.fields, settings, trusted);
  const host = origin.authority ?? request.authority;
  const sent: Record<string, string> = { Host: host, 'X-Forwarded-Host': host };
  for (const list of [origin.block.fields, originalFields(request, settings)]) {
    list?.names.forEach((name, index) => (sent[name] = list.values[index] ?? ''));
  }
  return sent;
}

const PLAIN = {
  Host: 'app.test:8080',
  'X-Real-IP': '10.0.0.9',
  'X-Forwarded-For': '10.0.0.9',
  'X-Forwarded-Host': 'app.test:8080',
  'X-Forwarded-Port': '80',
  'X-Forwarded-Proto': 'http',
  'X-Forwarded-Scheme': 'http',
  'X-Scheme': 'http',
};
const CLAIMS: Fields = [
  ['X-Forwarded-Port', '1234'],
  ['X-Forwarded-Proto', 'myproto'],
  ['X-Forwarded-For', '1.2.3.4'],
  ['X-Forwarded-Host', 'myhost'],
];

const cases: readonly { name: string; given: Parameters<typeof sentFor>[0]; want: object }[] = [
  { name: 'no claims: the connection itself', given: {}, want: PLAIN },
  {
    name: 'https: port 443, whatever its number',
    given: { peer: new ClientPeer('2001:db8::1', 'https', '443') },
    want: {
      ...PLAIN,
      'X-Real-IP': '2001:db8::1',
      'X-Forwarded-For': '2001:db8::1',
      'X-Forwarded-Port': '443',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Scheme': 'https',
      'X-Scheme': 'https',
    },
  },
  {
    name: 'claims that are not believed survive as originals alone',
    given: { fields: CLAIMS },
    want: {
      ...PLAIN,
      'X-Original-Forwarded-For': '1.2.3.4',
      'X-Original-Forwarded-Host': 'myhost',
    },
  },
  {
    name: 'claims that are believed',
    given: { fields: CLAIMS, settings: TRUST },
    want: {
      Host: 'myhost',
      'X-Real-IP': '1.2.3.4',
      'X-Forwarded-For': '1.2.3.4',
      'X-Forwarded-Host': 'myhost',
      'X-Forwarded-Port': '1234',
      'X-Forwarded-Proto': 'myproto',
      'X-Forwarded-Scheme': 'myproto',
      'X-Scheme': 'myproto',
      'X-Original-Forwarded-For': '1.2.3.4',
      'X-Original-Forwarded-Host': 'myhost',
    },
  },
  {
    name: 'of a list of hosts the first',
    given: { fields: [['X-Forwarded-Host', 'a.example, b.example']], settings: TRUST },
    want: {
      ...PLAIN,
      Host: 'a.example',
      'X-Forwarded-Host': 'a.example',
      'X-Original-Forwarded-Host': 'a.example, b.example',
    },
  },
  {
    name: 'all hops trusted: the leftmost',
    given: { fields: [['X-Forwarded-For', '1.2.3.4, 5.6.7.8']], settings: TRUST },
    want: {
      ...PLAIN,
      'X-Real-IP': '1.2.3.4',
      'X-Forwarded-For': '1.2.3.4',
      'X-Original-Forwarded-For': '1.2.3.4, 5.6.7.8',
    },
  },
  {
    name: 'a peer that is not trusted is not believed in anything',
    given: { fields: CLAIMS, settings: { ...TRUST, trustedCidrs: ['192.168.0.0/16'] } },
    want: {
      ...PLAIN,
      'X-Original-Forwarded-For': '1.2.3.4',
      'X-Original-Forwarded-Host': 'myhost',
    },
  },
  {
    name: 'the address alone is believed with real-ip',
    given: { fields: CLAIMS, settings: { ...OFF, realAddress: true } },
    want: {
      ...PLAIN,
      'X-Real-IP': '1.2.3.4',
      'X-Forwarded-For': '1.2.3.4',
      'X-Original-Forwarded-For': '1.2.3.4',
      'X-Original-Forwarded-Host': 'myhost',
    },
  },
  {
    name: 'a field of another name holds the address',
    given: {
      fields: [
        ['CF-Connecting-IP', '9.9.9.9'],
        ['X-Forwarded-For', '1.2.3.4'],
      ],
      settings: { ...OFF, realAddress: true, forHeader: 'cf-connecting-ip' },
    },
    want: {
      ...PLAIN,
      'X-Real-IP': '9.9.9.9',
      'X-Forwarded-For': '9.9.9.9',
      'X-Original-Forwarded-For': '9.9.9.9',
    },
  },
  {
    name: 'the whole list goes on with compute-full-forwarded-for',
    given: {
      fields: [
        ['X-Forwarded-For', '1.2.3.4'],
        ['X-Forwarded-For', '5.6.7.8'],
      ],
      settings: { ...TRUST, appendFor: true },
    },
    want: {
      ...PLAIN,
      'X-Real-IP': '1.2.3.4',
      'X-Forwarded-For': '1.2.3.4, 5.6.7.8, 10.0.0.9',
      'X-Original-Forwarded-For': '1.2.3.4, 5.6.7.8',
    },
  },
  {
    name: 'a list of a peer that is not trusted is not gone on with',
    given: {
      fields: [['X-Forwarded-For', '1.2.3.4']],
      settings: { ...TRUST, appendFor: true, trustedCidrs: [] },
    },
    want: { ...PLAIN, 'X-Original-Forwarded-For': '1.2.3.4' },
  },
  {
    name: 'unsound claims are passed over',
    given: {
      fields: [
        ['X-Forwarded-Host', 'a b'],
        ['X-Forwarded-Proto', 'ht tp'],
        ['X-Forwarded-Port', '80a'],
        ['X-Forwarded-For', 'nobody'],
      ],
      settings: TRUST,
    },
    want: {
      ...PLAIN,
      'X-Original-Forwarded-For': 'nobody',
      'X-Original-Forwarded-Host': 'a b',
    },
  },
  {
    name: 'the target as received',
    given: { settings: { ...OFF, originalUri: true } },
    want: { ...PLAIN, 'X-Original-URI': '/a?b=c' },
  },
];

for (const { name, given, want } of cases) {
  test(`forwarded fields: ${name}`, () => {
    assert.deepEqual(sentFor(given), want);
  });
}

test('what a client says of these is never passed on as it was', () => {
  const dropped = droppedRequestFields(OFF);
  const fields = listOf([
    ['X-Forwarded-For', 'a'],
    ['X-Forwarded-Host', 'a'],
    ['X-Forwarded-Proto', 'a'],
    ['X-Forwarded-Port', 'a'],
    ['X-Forwarded-Scheme', 'a'],
    ['X-Scheme', 'a'],
    ['X-Real-IP', 'a'],
    ['X-Request-ID', 'a'],
    ['X-Original-Forwarded-For', 'a'],
    ['X-Original-Forwarded-Host', 'a'],
    ['ssl-client-verify', 'SUCCESS'],
    ['SSL-Client-Cert', 'a'],
  ]);
  for (const [index, name] of fields.names.entries()) {
    assert.equal(dropped[fields.kinds[index] ?? 0], 1, name);
  }
  const own = listOf([
    ['Accept', 'a'],
    ['X-Forwarded-Prefix', 'a'],
    ['X-Original-URI', 'a'],
    ['Authorization', 'a'],
  ]);
  for (const [index, name] of own.names.entries()) {
    assert.equal(dropped[own.kinds[index] ?? 0], 0, name);
  }
});

test('a connection whose claims are not believed has one origin, made once', () => {
  const peer = new ClientPeer('10.0.0.9', 'http', '80');
  const ask = () => resolveOrigin(peer, listOf(CLAIMS), OFF, new AddressList(OFF.trustedCidrs));
  assert.equal(ask(), ask());
  assert.equal(ask().block, ask().block);
});
