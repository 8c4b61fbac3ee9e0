import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteMatch } from '../../model/config.ts';
import { PatternTable } from './pattern-table.ts';

function tableOf(...matches: RouteMatch[]): PatternTable<string> {
  return new PatternTable(
    matches.map((match) => ({
      match,
      value: match.kind === 'pattern' ? match.pattern : `${match.kind} ${match.path}`,
    })),
  );
}

const pattern = (text: string): RouteMatch => ({ kind: 'pattern', pattern: text });
const root: RouteMatch = { kind: 'prefix', path: '/' };

const worked = tableOf(pattern('/foo/.*'), pattern('/foo'), root);
for (const [path, want] of [
  ['/foo', '/foo'],
  ['/foobar', '/foo'],
  ['/FOO/x', '/foo/.*'],
  ['/foo/', '/foo/.*'],
  ['/other', 'prefix /'],
  ['/x/foo', 'prefix /'],
  ['*', 'prefix /'],
] as const) {
  test(`worked example of routing.md §5: ${path} goes to ${want}`, () => {
    assert.equal(worked.match(path), want);
  });
}

test('the first match wins, not the most specific one', () => {
  const table = tableOf(pattern('/foo/bar/[a-z]{3}'), pattern('/foo/bar/bar'));
  assert.equal(table.match('/foo/bar/bar'), '/foo/bar/[a-z]{3}');
  assert.equal(table.match('/foo/bar/b1r'), undefined);
});

test('a prefix among patterns covers whole segments, an exact path itself alone', () => {
  const table = tableOf({ kind: 'exact', path: '/a' }, { kind: 'prefix', path: '/b/' });
  assert.equal(table.match('/a'), 'exact /a');
  assert.equal(table.match('/a/'), undefined);
  assert.equal(table.match('/b'), 'prefix /b/');
  assert.equal(table.match('/b/c'), 'prefix /b/');
  assert.equal(table.match('/bc'), undefined);
});

test('a pattern that does not compile is refused', () => {
  assert.throws(() => tableOf(pattern('/a(?=b)')), /does not compile/);
});

test('behind a pattern that can not be decided on so long a path, nothing answers', () => {
  const table = tableOf(pattern('/first'), pattern('/(.?){200}z'), root);
  assert.equal(table.match(`/${'a'.repeat(50)}`), 'prefix /');
  assert.equal(table.match(`/${'a'.repeat(5000)}`), undefined);
  assert.equal(table.match(`/first${'a'.repeat(5000)}`), '/first');
});
