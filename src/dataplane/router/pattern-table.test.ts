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

/** Milliseconds of this thread's own time. */
function cpuMs(run: () => void): number {
  const { user, system } = process.threadCpuUsage();
  run();
  const spent = process.threadCpuUsage({ user, system });
  return (spent.user + spent.system) / 1000;
}

let seed = 1;
function lettersOf(alphabet: string, length: number): string {
  const letter = () => alphabet[(seed = (seed * 48_271) % 2_147_483_647) % alphabet.length];
  return Array.from({ length }, letter).join('');
}

test('many patterns that are slow together do not hold a worker, and what is behind them does not answer', () => {
  const slow = Array.from({ length: 300 }, (_, index) => pattern(`/(a|b)*a(a|b){14}q${index}`));
  const table = tableOf(pattern('/first'), ...slow, root);
  assert.equal(table.match('/other'), 'prefix /');
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const path = `/${lettersOf('ab', 4000)}`;
    const spent = cpuMs(() => {
      assert.equal(table.match(path), undefined);
    });
    least = Math.min(least, spent);
  }
  assert.equal(table.match(`/first${lettersOf('ab', 4000)}`), '/first');
  // Without a common limit it is 2 s. The bound is 20 ms; a busy machine measures more now and then.
  assert.ok(least < 40, `${least} ms`);
});

test('many harmless patterns are all tried, though the worst text would take too long', () => {
  const harmless = Array.from({ length: 300 }, (_, index) =>
    pattern(`/shop${index}/(en|de)/[^/]+/x{2}`),
  );
  const table = tableOf(...harmless, pattern('/.*/end$'), root);
  for (let i = 0; i < 5; i++)
    assert.equal(table.match('/shop299/de/y/xx'), '/shop299/(en|de)/[^/]+/x{2}');
  assert.equal(table.match(`/shop7/en/${lettersOf('abc', 500)}/end`), '/.*/end$');
});

test('patterns that the path can not begin like are not tried: however slow they are, they delay and hide nothing', () => {
  const slow = Array.from({ length: 1_000 }, (_, index) =>
    pattern(`/Shop${index}/(a|b)*a(a|b){14}q`),
  );
  const table = tableOf(...slow, pattern('/shop/last/.*x'), root);
  const text = lettersOf('ab', 4000);
  assert.equal(table.match(`/sHOP/last/${text}x`), '/shop/last/.*x');
  assert.equal(table.match(`/shop/other/${text}`), 'prefix /');
});

test('behind a pattern that can not be decided on so long a path, nothing answers', () => {
  const table = tableOf(pattern('/first'), pattern('/(.?){200}z'), root);
  assert.equal(table.match(`/${'a'.repeat(50)}`), 'prefix /');
  assert.equal(table.match(`/${'a'.repeat(5000)}`), undefined);
  assert.equal(table.match(`/first${'a'.repeat(5000)}`), '/first');
});
