import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import findMyWay from 'find-my-way';
import { PathTable } from './path-table.ts';
import type { PathEntry } from './path-table.ts';

type Rule = readonly ['exact' | 'prefix', string];

/** A table whose values are the rules themselves: `prefix /foo`. */
function tableOf(rules: readonly Rule[]): PathTable<string> {
  return new PathTable(rules.map(entryOf));
}

function entryOf([kind, path]: Rule): PathEntry<string> {
  return { match: { kind, path }, value: `${kind} ${path}` };
}

/** The tables of routing.md §4.1 and §4.2, and some of our own; a request that no rule takes has no answer. */
const cases: { rules: Rule[]; requests: Record<string, string | undefined> }[] = [
  { rules: [['prefix', '/']], requests: { '/': 'prefix /', '/x/y': 'prefix /', '*': 'prefix /' } },
  {
    rules: [['exact', '/foo']],
    requests: { '/foo': 'exact /foo', '/bar': undefined, '/foo/': undefined, '/FOO': undefined },
  },
  {
    rules: [['exact', '/foo/']],
    requests: { '/foo': undefined, '/foo/': 'exact /foo/', '/foo/x': undefined },
  },
  {
    rules: [['exact', '/']],
    requests: { '/': 'exact /', '/x': undefined, '*': undefined },
  },
  {
    rules: [['prefix', '/foo']],
    requests: {
      '/foo': 'prefix /foo',
      '/foo/': 'prefix /foo',
      '/foo/x': 'prefix /foo',
      '/foobar': undefined,
      '/Foo': undefined,
    },
  },
  {
    rules: [['prefix', '/foo/']],
    requests: {
      '/foo': 'prefix /foo/',
      '/foo/': 'prefix /foo/',
      '/foo/x': 'prefix /foo/',
      '/foobar': undefined,
    },
  },
  {
    rules: [
      ['prefix', '/foo/'],
      ['exact', '/foo'],
    ],
    requests: { '/foo': 'exact /foo', '/foo/': 'prefix /foo/', '/foo/x': 'prefix /foo/' },
  },
  {
    rules: [
      ['prefix', '/foo'],
      ['prefix', '/foo/'],
    ],
    requests: { '/foo': 'prefix /foo', '/foo/': 'prefix /foo/', '/foo/x': 'prefix /foo/' },
  },
  { rules: [['prefix', '/aaa/bb']], requests: { '/aaa/bbb': undefined } },
  {
    rules: [['prefix', '/aaa/bbb']],
    requests: {
      '/aaa/bbb': 'prefix /aaa/bbb',
      '/aaa/bbb/': 'prefix /aaa/bbb',
      '/aaa/bbb/ccc': 'prefix /aaa/bbb',
      '/aaa/bbbxyz': undefined,
      '/aaa': undefined,
    },
  },
  { rules: [['prefix', '/aaa/bbb/']], requests: { '/aaa/bbb': 'prefix /aaa/bbb/' } },
  {
    rules: [
      ['prefix', '/'],
      ['prefix', '/aaa'],
    ],
    requests: { '/aaa/ccc': 'prefix /aaa', '/ccc': 'prefix /' },
  },
  {
    rules: [
      ['prefix', '/'],
      ['prefix', '/aaa'],
      ['prefix', '/aaa/bbb'],
    ],
    requests: {
      '/aaa/bbb': 'prefix /aaa/bbb',
      '/aaa/x/bbb': 'prefix /aaa',
      '/ccc': 'prefix /',
      '/aaab': 'prefix /',
    },
  },
  {
    rules: [
      ['exact', '/foo'],
      ['prefix', '/foo'],
    ],
    requests: { '/foo': 'exact /foo', '/foo/': 'prefix /foo', '/foo/x': 'prefix /foo' },
  },
  {
    rules: [['prefix', '/aaa']],
    requests: { '/aaacccc': undefined, '/aaa/cccc': 'prefix /aaa', '/aaa/': 'prefix /aaa' },
  },
  {
    rules: [['prefix', '/constructor']],
    requests: { '/constructor': 'prefix /constructor', '/__proto__': undefined },
  },
];

for (const { rules, requests } of cases) {
  for (const [path, want] of Object.entries(requests)) {
    test(`[${rules.join('; ')}] on ${path}: ${want ?? 'nothing'}`, () => {
      assert.equal(tableOf(rules).match(path), want);
      assert.equal(tableOf(rules.toReversed()).match(path), want);
    });
  }
}

test('of two equal rules the first counts', () => {
  const twice = (kind: 'exact' | 'prefix') =>
    new PathTable([
      { match: { kind, path: '/a/' }, value: 1 },
      { match: { kind, path: '/a/' }, value: 2 },
    ]);
  assert.equal(twice('exact').match('/a/'), 1);
  assert.equal(twice('prefix').match('/a/'), 1);
});

/** Straight from the words of routing.md §4, one rule at a time. */
function naiveMatch(rules: readonly Rule[], path: string): string | undefined {
  const exact = rules.find(([kind, text]) => kind === 'exact' && text === path);
  if (exact !== undefined) return exact.join(' ');
  const bare = (text: string) => (text.endsWith('/') ? text.slice(0, -1) : text);
  const [best] = rules
    .filter(([kind, text]) => kind === 'prefix' && `${path}/`.startsWith(`${bare(text)}/`))
    .sort(([, a], [, b]) => {
      if (bare(a) !== bare(b)) return b.length - a.length;
      const slashFirst = path === bare(a) ? 1 : -1;
      return a.endsWith('/') ? slashFirst : -slashFirst;
    });
  return best?.join(' ');
}

const segment = fc.constantFrom('a', 'b', 'ab', 'b.c');
const path = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join('/')}${slash && segments.length > 0 ? '/' : ''}`);
const rules = fc.uniqueArray(fc.tuple(fc.constantFrom('exact' as const, 'prefix' as const), path), {
  selector: ([kind, text]) => `${kind} ${text}`,
  maxLength: 12,
});

test('it finds what the naive reading of the rules finds', () => {
  const property = fc.property(rules, fc.array(path, { minLength: 1 }), (list, requests) => {
    const table = tableOf(list);
    for (const request of requests) assert.equal(table.match(request), naiveMatch(list, request));
  });
  fc.assert(property, { numRuns: 3000 });
});

test('it finds what find-my-way finds', () => {
  const prefixes = fc.uniqueArray(fc.array(segment, { minLength: 1, maxLength: 4 }), {
    selector: (segments) => segments.join('/'),
    maxLength: 12,
  });
  const property = fc.property(prefixes, fc.array(path, { minLength: 1 }), (list, requests) => {
    const table = tableOf(list.map((segments) => ['prefix', `/${segments.join('/')}`]));
    const oracle = findMyWay();
    for (const segments of list) {
      const prefix = `/${segments.join('/')}`;
      const handler = () => undefined;
      oracle.on('GET', prefix, handler, `prefix ${prefix}`);
      oracle.on('GET', `${prefix}/*`, handler, `prefix ${prefix}`);
    }
    for (const request of requests) {
      const found = oracle.find('GET', request)?.store as string | undefined;
      assert.equal(table.match(request), found);
    }
  });
  fc.assert(property, { numRuns: 500 });
});
