import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExternalName } from './external-name.ts';

const parse = (text: string): string | undefined => {
  const external = parseExternalName(text, { allowLocalEndpoints: false });
  return external === undefined ? undefined : `${external.kind} ${external.value}`;
};

for (const [text, want] of [
  ['api.example.org', 'name api.example.org'],
  [' API.example.org. ', 'name api.example.org.'],
  ['db', 'name db'],
  ['_x.example', 'name _x.example'],
  ['192.0.2.1', 'address 192.0.2.1'],
  ['2001:DB8::1', 'address 2001:db8::1'],
  ['localhost', undefined],
  ['a.localhost.', undefined],
  ['127.1', undefined],
  ['0x7f.1', undefined],
  ['1.0x7f', undefined],
  ['http://a', undefined],
  ['a:80', undefined],
  ['a..b', undefined],
  ['', undefined],
  ['.', undefined],
] as const) {
  test(`the external name ${JSON.stringify(text)} is ${want ?? 'none'}`, () => {
    assert.equal(parse(text), want);
  });
}

test('localhost is this machine, where that is allowed', () => {
  const external = parseExternalName('localhost', { allowLocalEndpoints: true });
  assert.deepEqual(external, { kind: 'address', value: '127.0.0.1' });
});
