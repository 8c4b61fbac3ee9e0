import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostName, wildcardParent } from './host-name.ts';

for (const [text, want] of [
  ['', ''],
  ['Shop.Example.com', 'shop.example.com'],
  ['*.example.com', '*.example.com'],
  ['*.localhost', '*.localhost'],
  ['a_b.example', 'a_b.example'],
  ['1.example', '1.example'],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  [`${'a'.repeat(64)}.example`, undefined],
  ['a.'.repeat(130), undefined],
  ['example.com.', undefined],
  ['-a.example', undefined],
  ['a-.example', undefined],
  ['*', undefined],
  ['*a.example', undefined],
  ['a b', undefined],
  ['a\n', undefined],
  ['1.2.3.4', undefined],
  ['[::1]', undefined],
  ['a.example:80', undefined],
] as const) {
  test(`${JSON.stringify(text.slice(0, 40))} as a host`, () => {
    assert.equal(parseHostName(text), want);
  });
}

test('the wildcard above a host has one label less', () => {
  assert.equal(wildcardParent('a.b.example'), '*.b.example');
  assert.equal(wildcardParent('*.b.example'), undefined);
  assert.equal(wildcardParent('localhost'), undefined);
  assert.equal(wildcardParent(''), undefined);
});
