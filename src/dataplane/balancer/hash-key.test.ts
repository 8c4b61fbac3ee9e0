import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import type { KeyPart } from '../../model/config.ts';
import { FieldList } from '../fields.ts';
import { hashKey } from './hash-key.ts';

const fields = new FieldList();
fields.push('X-User', 'ann');
fields.push('x-user', 'bob');
fields.push('Cookie', 'a=1; Session=two; b');
fields.push('cookie', 'session=three;c=4');
const context = samplePick({
  target: '/a%20b?id=1&ID=2&empty=&x',
  path: '/a b',
  query: '?id=1&ID=2&empty=&x',
  scheme: 'https',
  method: 'PUT',
  fields,
});

for (const { part, want } of [
  { part: { kind: 'text', text: 'plain' }, want: 'plain' },
  { part: { kind: 'target' }, want: '/a%20b?id=1&ID=2&empty=&x' },
  { part: { kind: 'path' }, want: '/a b' },
  { part: { kind: 'query' }, want: 'id=1&ID=2&empty=&x' },
  { part: { kind: 'host' }, want: 'shop.example.com' },
  { part: { kind: 'authority' }, want: 'shop.example.com:8080' },
  { part: { kind: 'client-address' }, want: '192.0.2.7' },
  { part: { kind: 'scheme' }, want: 'https' },
  { part: { kind: 'method' }, want: 'PUT' },
  { part: { kind: 'field', name: 'x-user' }, want: 'ann, bob' },
  { part: { kind: 'field', name: 'x-other' }, want: '' },
  { part: { kind: 'argument', name: 'id' }, want: '1' },
  { part: { kind: 'argument', name: 'i' }, want: '' },
  { part: { kind: 'argument', name: 'empty' }, want: '' },
  { part: { kind: 'argument', name: 'x' }, want: '' },
  { part: { kind: 'cookie', name: 'session' }, want: 'two' },
  { part: { kind: 'cookie', name: 'a' }, want: '1' },
  { part: { kind: 'cookie', name: 'c' }, want: '4' },
  { part: { kind: 'cookie', name: 'b' }, want: '' },
] as const satisfies readonly { part: KeyPart; want: string }[]) {
  test(`hash key of ${Object.values(part).join(' ')}`, () => {
    assert.equal(hashKey([part], context), want);
  });
}

test('parts stand in a row', () => {
  const text: KeyPart = { kind: 'text', text: '-' };
  assert.equal(
    hashKey([{ kind: 'host' }, text, { kind: 'method' }], context),
    'shop.example.com-PUT',
  );
  assert.equal(hashKey([], context), '');
});
