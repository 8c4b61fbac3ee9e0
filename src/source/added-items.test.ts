import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addedItems } from './added-items.ts';

for (const [before, now, added] of [
  ['', '', ''],
  ['', 'ab', 'ab'],
  ['abc', 'abc', ''],
  ['abc', 'axc', 'x'],
  ['abc', 'bc', ''],
  ['abc', 'cba', ''],
  ['abc', 'xabc', 'x'],
  ['abc', 'acxy', 'xy'],
  ['abc', '', ''],
] as const) {
  test(`of "${now}" after "${before}" is added "${added}"`, () => {
    assert.equal(addedItems(Array.from(before), Array.from(now)).join(''), added);
  });
}
