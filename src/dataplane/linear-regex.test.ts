import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { patternProblem } from '../translate/pattern-problem.ts';
import { compilePattern } from './linear-regex.ts';
import type { Groups, Pattern } from './linear-regex.ts';

function compiled(source: string): Pattern {
  const pattern = compilePattern(source);
  assert.ok(pattern, `${source} compiles`);
  return pattern;
}

/** No other one decides on so long a text. */
function isNative(pattern: Pattern): boolean {
  return pattern.matchesStart('x'.repeat(500_000)) !== 'undecided';
}

/** Without the further properties of a match array. */
function plain(groups: ReturnType<Pattern['search']>): unknown {
  return typeof groups === 'object' ? [...groups] : groups;
}

for (const { source, text, starts, found } of [
  { source: '/foo', text: '/FOObar', starts: true, found: ['/FOO'] },
  { source: '/foo', text: '/x/foo', starts: false, found: ['/foo'] },
  { source: '/id/[0-9]+', text: '/id/123a', starts: true, found: ['/id/123'] },
  { source: '/id/[0-9]+$', text: '/id/123a', starts: false, found: undefined },
  { source: '/api(/|$)(.*)', text: '/api', starts: true, found: ['/api', '', ''] },
  { source: '/api(/|$)(.*)', text: '/api/v1/x', starts: true, found: ['/api/v1/x', '/', 'v1/x'] },
  { source: '/api(/|$)(.*)', text: '/apix', starts: false, found: undefined },
  { source: '/api(/|$)(.*)', text: '/v/api/x', starts: false, found: ['/api/x', '/', 'x'] },
  { source: '/a|/b', text: '/x/b', starts: false, found: ['/b'] },
  { source: '/(?i:A)(b)?', text: '/a', starts: true, found: ['/a', undefined] },
  { source: '/\\Qa.b\\E', text: '/a.bc', starts: true, found: ['/a.b'] },
  { source: '/\\Qa.b\\E', text: '/axb', starts: false, found: undefined },
  { source: '/admin/.*$', text: '/admin/\n', starts: true, found: ['/admin/\n'] },
  { source: '/(en|de)/[^/]+/x{2}', text: '/de/y/xx', starts: true, found: ['/de/y/xx', 'de'] },
]) {
  test(`${source} on ${JSON.stringify(text)}`, () => {
    const pattern = compiled(source);
    assert.equal(pattern.matchesStart(text), starts);
    assert.deepEqual(plain(pattern.search(text)), found);
  });
}

for (const source of [
  '/foo(?=bar)',
  '/foo(?!bar)',
  '(?<=a)b',
  '(a)\\1',
  '/foo(',
  '/foo)',
  'a)(b',
  '/\\Qa',
  '/[z-a]+',
  '/a**',
  '/x{1001}',
  '/((x{10}){10}){11}',
  '/(.?){600}',
]) {
  test(`${source} is refused`, () => {
    assert.equal(compilePattern(source), undefined);
    // What translate/ let through would be a delta that no worker takes.
    assert.ok(patternProblem(source));
  });
}

for (const { source, text } of [
  { source: '(a+)+$', text: `${'a'.repeat(20_000)}!` },
  { source: '/([a-z]+)*/x', text: `/${'a'.repeat(10_000)}` },
  // Native ones: each of these goes back over all its runs.
  { source: '/[^/]+/[^/]+/[^/]+/x', text: `/${'a'.repeat(30_000)}`.repeat(3) + '/y' },
  { source: '[a-z]+/([0-9]+)(/|$)x', text: `${'a'.repeat(50_000)}/${'1'.repeat(50_000)}/` },
]) {
  test(`${source} needs linear time`, () => {
    const pattern = compiled(source);
    const start = performance.now();
    assert.equal(pattern.matchesStart(text), false);
    pattern.search(text);
    // Quadratic time would be minutes.
    assert.ok(performance.now() - start < 2000);
  });
}

test('what would take too long is left undecided', () => {
  const large = compiled('/(.?){200}z');
  assert.equal(large.matchesStart('a'.repeat(250)), false);
  assert.equal(large.matchesStart('a'.repeat(5000)), 'undecided');
  assert.equal(large.search('a'.repeat(5000)), 'undecided');
  // Native at the start, and searched by re2js where it does not match there.
  const long = compiled(`/${'a'.repeat(250)}/[0-9]+`);
  assert.equal(long.matchesStart('a'.repeat(8192)), false);
  assert.equal(long.search('a'.repeat(8192)), 'undecided');
  // What people write is decided on whatever fits in a request line.
  assert.equal(compiled('/api/(v1|v2)/(.*)').matchesStart('a'.repeat(8192)), false);
});

test('a pattern of many states keeps few of them', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const pattern = compiled('/.*a.{200}c');
  gc();
  const before = process.memoryUsage().heapUsed;
  let seed = 1;
  for (let i = 0; i < 200; i++) {
    const letters = Array.from(
      { length: 1000 },
      () => 'abc'[(seed = (seed * 48_271) % 2_147_483_647) % 3],
    );
    pattern.matchesStart(`/${letters.join('')}`);
  }
  gc();
  assert.ok(process.memoryUsage().heapUsed - before < 500_000);
  assert.ok(pattern.matchesStart(`/a${'b'.repeat(200)}c`));
});

test('what the native engine might go back over twice is left to re2js', () => {
  for (const source of [
    ...['/[0-9]+/?(.*)', '/[^/]+[^/]+', '/[a-z]+[0-9]', '/([a-z]+)+', '/([a-z]+/)*', '/.*/x'],
    ...['/(a|b)', '/a+', '/[.-z]+/x', '/[^/]+?/x', '/(.*)(.*)', '/.*$x', '/\\w+/x', '/a{2}'],
  ]) {
    assert.ok(!isNative(compiled(source)), source);
  }
});

/** Patterns of the native subset, and some just outside. */
const source = fc
  .array(
    fc.constantFrom(
      ...['a', 'K', '-', '/', '\\.', '(/|$)', '[^/]+', '([^/]*)', '[a-z]+', '([0-9]+)', '\\d*'],
      ...['[a-c0-9_-]+', '/?', '.*', '(.*)', '(.+)', '$', '.', '?', '[S-t]*', '~'],
    ),
    { maxLength: 7 },
  )
  .map((pieces) => `/${pieces.join('')}`);
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'k',
      'K',
      '\u212a',
      'ſ',
      's',
      '1',
      '/',
      '.',
      '-',
      '\n',
      'é',
      '🚀',
      '\udce9',
    ),
    {
      maxLength: 8,
    },
  )
  .map((pieces) => `/${pieces.join('')}`);

test('the native engine and re2js agree', () => {
  let native = 0;
  const property = fc.property(source, text, (pattern, subject) => {
    const ours = compilePattern(pattern);
    let theirs: RE2JS | undefined;
    try {
      theirs = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL);
    } catch {
      // refused
    }
    assert.equal(ours === undefined, theirs === undefined);
    assert.equal(ours === undefined, patternProblem(pattern) !== undefined);
    if (ours === undefined || theirs === undefined) return;
    if (isNative(ours)) native++;
    assert.equal(ours.matchesStart(subject), theirs.matcher(subject).lookingAt());
    const groups = (theirs.exec(subject) ?? undefined) as Groups | undefined;
    assert.deepEqual(plain(ours.search(subject)), plain(groups));
  });
  fc.assert(property, { numRuns: 5000 });
  assert.ok(native > 500, `${native} native patterns`);
});
