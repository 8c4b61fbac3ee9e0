import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { candidateNames, parseResolvConf } from './resolv-conf.ts';

for (const { name, given, want } of [
  { name: 'nothing', given: '', want: { search: [], ndots: 1 } },
  {
    name: "a pod's",
    given:
      'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    want: { search: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'], ndots: 5 },
  },
  {
    name: 'the last search or domain counts',
    given: 'search a b\ndomain c.\n',
    want: { search: ['c'], ndots: 1 },
  },
  {
    name: 'comments, tabs, other options, a root domain',
    given: '# search x\nsearch\ta. .\t; y\r\noptions timeout:1 ndots:2 rotate\n',
    want: { search: ['a'], ndots: 2 },
  },
  { name: 'ndots is bounded', given: 'options ndots:999', want: { search: [], ndots: 15 } },
]) {
  test(`resolv.conf: ${name}`, () => {
    assert.deepEqual(parseResolvConf(given), want);
  });
}

test('no text breaks it', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseResolvConf(text);
    }),
  );
});

const conf = { search: ['x.local', 'local'], ndots: 2 };
for (const { given, want } of [
  { given: 'db', want: ['db.x.local', 'db.local', 'db'] },
  { given: 'db.shop', want: ['db.shop.x.local', 'db.shop.local', 'db.shop'] },
  { given: 'db.shop.svc', want: ['db.shop.svc', 'db.shop.svc.x.local', 'db.shop.svc.local'] },
  { given: 'db.', want: ['db'] },
]) {
  test(`candidates of ${given}`, () => {
    assert.deepEqual(candidateNames(given, conf), want);
  });
}
