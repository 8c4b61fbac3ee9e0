import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePattern } from '../linear-regex.ts';
import { foldCase, literalPrefix } from './literal-prefix.ts';

for (const [source, want] of [
  ['/shop/items', '/shop/items'],
  ['/Shop/[a-z]+', '/shop/'],
  ['^/shop/(en|de)/x', '/shop/'],
  [String.raw`/v1\.2/\d+`, '/v1.2/'],
  ['/shop(/|$)(.*)', '/shop'],
  ['/a/b?c', '/a/'],
  ['/a/b*', '/a/'],
  ['/a/b{0,2}', '/a/'],
  ['/a/b+c', '/a/b'],
  ['/a/.*', '/a/'],
  ['/a$', '/a'],
  ['/a|/b', ''],
  ['/a/(b|c)|/d', ''],
  ['/a/[|]/b', '/a/'],
  ['/a/[]|]b', '/a/'],
  ['/a/[^]|[:alpha:]|]b', '/a/'],
  [String.raw`/a\|b/(c)`, '/a|b/'],
  [String.raw`/a/[\]|]`, '/a/'],
  [String.raw`/a/\Q(\E|/b`, ''],
  ['(?i)/a', ''],
  ['/a(?i)?', '/'],
  ['(/a)?/b', ''],
  ['/straße', '/stra'],
  ['', ''],
] as const) {
  test(`every match of ${source} begins with ${JSON.stringify(want)}`, () => {
    assert.equal(literalPrefix(source), want);
  });
}

test('letters that RE2 takes for one of ASCII fold to it', () => {
  for (const path of ['/K\u212a', '/s\u017f', '/kK', '/Ss']) {
    const [letter = ''] = foldCase(path).slice(1);
    assert.equal(compilePattern(`(${letter})${letter}`)?.matchesStart(path.slice(1)), true, path);
    assert.ok(foldCase(path).startsWith(literalPrefix(`/${letter}${letter}`)), path);
  }
});

/** Pieces that patterns are made of, with what confuses a reader of prefixes. */
const piece = fc.constantFrom(
  ...[
    '/',
    'a',
    'b',
    'K',
    's',
    '.',
    '-',
    '|',
    '(a|b)',
    '(',
    ')',
    '(?:',
    '[',
    ']',
    '[^',
    '[|]',
    '[]a]',
  ],
  ...[
    '[[:alpha:]]',
    '*',
    '+',
    '?',
    '{0,1}',
    '{2}',
    '^',
    '$',
    '\\',
    '\\.',
    '\\|',
    '\\(',
    '\\d',
    '\\Q',
    '\\E',
  ],
  ...['(?i)', '(?s:', '\\pL', '\\x61', 'ſ'],
);

test('no path that a pattern matches is held back by its prefix', () => {
  const source = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  const letters = [
    '/',
    'a',
    'b',
    'A',
    'k',
    'K',
    '\u212a',
    's',
    '\u017f',
    '.',
    '|',
    '(',
    '-',
    'İ',
    '1',
  ];
  const text = fc.array(fc.constantFrom(...letters), { maxLength: 8 }).map((all) => all.join(''));
  let matches = 0;
  fc.assert(
    fc.property(source, fc.array(text, { minLength: 4, maxLength: 12 }), (pattern, texts) => {
      const compiled = compilePattern(pattern);
      for (const path of compiled === undefined ? [] : texts) {
        if (compiled?.matchesStart(path) !== true) continue;
        matches++;
        assert.ok(foldCase(path).startsWith(literalPrefix(pattern)), `${pattern} on ${path}`);
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(matches > 1_000, `only ${matches} matches`);
});
