import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContext } from '../../../test/unit/sample-config.ts';
import type { CidrList } from '../../model/filter-config.ts';
import { createFilter } from './index.ts';

for (const { name, deny = [], allow, clientAddress, passes } of [
  { name: 'nothing is denied', clientAddress: '192.0.2.7', passes: true },
  { name: 'denied', deny: ['192.0.2.0/24'], clientAddress: '192.0.2.7', passes: false },
  { name: 'another is denied', deny: ['192.0.2.8'], clientAddress: '192.0.2.7', passes: true },
  { name: 'allowed', allow: ['192.0.2.0/24'], clientAddress: '192.0.2.7', passes: true },
  { name: 'not allowed', allow: ['10.0.0.0/8'], clientAddress: '192.0.2.7', passes: false },
  { name: 'nobody is allowed', allow: [], clientAddress: '192.0.2.7', passes: false },
  {
    name: 'deny wins over allow',
    deny: ['192.0.2.7'],
    allow: ['192.0.2.0/24'],
    clientAddress: '192.0.2.7',
    passes: false,
  },
  {
    name: 'mapped address denied',
    deny: ['192.0.2.7'],
    clientAddress: '::ffff:192.0.2.7',
    passes: false,
  },
  { name: 'IPv6 allowed', allow: ['2001:db8::/32'], clientAddress: '2001:db8::7', passes: true },
  { name: 'no address is not allowed', allow: ['0.0.0.0/0'], clientAddress: '', passes: false },
] satisfies {
  name: string;
  deny?: CidrList;
  allow?: CidrList;
  clientAddress: string;
  passes: boolean;
}[]) {
  test(`ip-access: ${name}`, () => {
    const filter = createFilter({ kind: 'ip-access', deny, allow });
    const answer = filter.onRequest(sampleContext('/', { clientAddress }));
    assert.deepEqual(answer, passes ? undefined : { status: 403 });
  });
}

test('redirects and missing endpoints answer before it', () => {
  assert.equal(createFilter({ kind: 'ip-access', deny: [], allow: [] }).phase, 'access');
});

test('a list that does not parse is refused, not left open', () => {
  assert.throws(() => createFilter({ kind: 'ip-access', deny: ['everybody'], allow: undefined }));
  assert.throws(() => createFilter({ kind: 'ip-access', deny: [], allow: ['10.0.0.0/40'] }));
});
