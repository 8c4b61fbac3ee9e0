import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { patternSize } from './pattern-size.ts';

const sizes: readonly (readonly [pattern: string, size: number])[] = [
  ['', 0],
  ['/abc', 4],
  ['/a{3}', 4],
  ['/a{3,}b', 5],
  ['/a{0,1000}', 1_001],
  ['/(?:a{100}){100}', 10_101],
  ['/(ab){2}', 7],
  ['/(?P<name>ab){2}', 7],
  ['/[a-z]{10}', 11],
  ['/[]a]{10}', 11],
  ['/[[:alpha:]]{10}', 11],
  ['/[\\]]{10}', 11],
  ['/\\pL{10}', 1_001],
  ['/\\p{Greek}{10}', 1_001],
  ['/[\\pL\\pN]', 202],
  ['/\\{10}', 5],
  ['/\\x{10}', 2],
  ['/a{,3}', 6],
  ['/a{x}', 5],
];
for (const [pattern, size] of sizes) {
  test(`${pattern} is of size ${size}`, () => {
    assert.equal(patternSize(pattern), size);
  });
}

test('what is not closed counts all the same', () => {
  assert.equal(patternSize('/(a{1000}'), 1_001);
  assert.equal(patternSize('/a)b'), 4);
  assert.equal(patternSize('/[a{1000}'), 1_002);
  assert.equal(patternSize('/a\\'), 3);
});

test('a program is never much larger than that', () => {
  const unit = fc.constantFrom(...Array.from('ab/.*+?()[]{}|\\^$019,-Q:'));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 14 }), (pattern) => {
      let instructions: number;
      try {
        instructions = RE2JS.compile(pattern).programSize();
      } catch {
        return; // not of the syntax
      }
      assert.ok(instructions <= 8 + 4 * patternSize(pattern), `${instructions}: ${pattern}`);
    }),
    { numRuns: 20_000 },
  );
});
