import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distinguishedName } from './distinguished-name.ts';

for (const [lines, want] of [
  [undefined, ''],
  ['', ''],
  ['CN=client', 'CN=client'],
  ['C=DE\nO=Shop\nCN=client', 'CN=client,O=Shop,C=DE'],
  ['O=A\\, B\\+C', 'O=A\\, B\\+C'],
  ['OU=x + CN=client\nL=Ulm', 'L=Ulm,CN=client+OU=x'],
  ['O=a \\+ b', 'O=a \\+ b'],
  ['CN=é€', 'CN=\\C3\\A9\\E2\\82\\AC'],
  ['CN=a\x7f', 'CN=a\\7F'],
] as const) {
  test(`distinguished name: ${JSON.stringify(lines)}`, () => {
    assert.equal(distinguishedName(lines), want);
  });
}

test('whatever it is, a field can hold it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.match(distinguishedName(text), /^[\x20-\x7e]*$/);
    }),
  );
});
