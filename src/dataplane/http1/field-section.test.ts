import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { listElements, listHas, parseConnection, parseContentLength } from './field-section.ts';

for (const { list, elements } of [
  { list: 'a', elements: ['a'] },
  { list: 'Close,\tX-Hop , b', elements: ['close', 'x-hop', 'b'] },
  { list: '', elements: [''] },
  { list: 'a,,b', elements: ['a', '', 'b'] },
  { list: 'a b', elements: ['a b'] },
  { list: '\xa0chunked', elements: ['\xa0chunked'] },
  { list: '\x0bchunked', elements: ['\x0bchunked'] },
]) {
  test(`list elements of ${JSON.stringify(list)}`, () => {
    assert.deepEqual(listElements(list), elements);
  });
}

test('a list of blanks takes no time (security.md 3.5)', () => {
  const blanks = `keep-alive, x-h${'\t'.repeat(500_000)}op`;
  const begun = performance.now();
  assert.deepEqual([...(parseConnection(blanks).named ?? [])].length, 1);
  // A pattern that goes back over the blanks needs minutes.
  assert.ok(performance.now() - begun < 1_000);
});

test('the readers of field values take any text', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(text, (value) => {
      const { named } = parseConnection(value);
      for (const name of named ?? []) assert.equal(name, name.toLowerCase());
      for (const element of listElements(value)) assert.doesNotMatch(element, /^[ \t]|[ \t]$|,/);
      const length = parseContentLength(value);
      assert.ok(length === undefined || (Number.isSafeInteger(length) && length >= 0));
      assert.equal(typeof listHas(value, 'close'), 'boolean');
    }),
    { numRuns: 10_000 },
  );
});
