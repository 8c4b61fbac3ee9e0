import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePattern } from '../dataplane/linear-regex.ts';
import { patternProblem } from './pattern-problem.ts';

for (const pattern of [
  '/a(/|$)(.*)',
  '/id/[0-9]{1,20}',
  '/(?i)x',
  '/\\d+\\.js$',
  '/a*?b',
  '/[[:alpha:]]+',
]) {
  test(`${pattern} can be served`, () => {
    assert.equal(patternProblem(pattern), undefined);
  });
}

for (const pattern of [
  '/a(',
  '/a(?=b)',
  '/(?<!a)b',
  '/(a)\\1',
  '/[z-a]',
  '/a{2000}',
  `/${'(a|b){100}'.repeat(10)}`,
]) {
  test(`${pattern} can't be served`, () => {
    assert.ok(patternProblem(pattern) !== undefined);
  });
}

test('what can be served here compiles in the data plane', () => {
  const text = fc.string({
    unit: fc.constantFrom(...Array.from('ab/.*+?()[]{}|\\^$09,-Q:<=!')),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (pattern) => {
      if (patternProblem(pattern) === undefined) assert.ok(compilePattern(pattern) !== undefined);
    }),
    { numRuns: 10_000 },
  );
});
