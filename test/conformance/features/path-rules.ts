import {
  notFound,
  path,
  rule,
  served,
  type Feature,
  type PathType,
  type Scenario,
} from '../feature.ts';

/** Which service stands behind the nth path of a row. */
const SERVICES = ['first', 'second', 'third'] as const;

interface Row {
  readonly paths: readonly (readonly [PathType, string])[];
  readonly request: string;
  /** Which of the paths serves it, from 0; undefined: none. */
  readonly match?: number;
}

/** The table of the documentation, and what the official suite adds to it. */
const ROWS: readonly Row[] = [
  { paths: [['Prefix', '/']], request: '/', match: 0 },
  { paths: [['Prefix', '/']], request: '/any/path', match: 0 },
  { paths: [['Exact', '/foo']], request: '/foo', match: 0 },
  { paths: [['Exact', '/foo']], request: '/foo?query=/', match: 0 },
  { paths: [['Exact', '/foo']], request: '/bar' },
  { paths: [['Exact', '/foo']], request: '/foo/' },
  { paths: [['Exact', '/foo']], request: '/FOO' },
  { paths: [['Exact', '/foo']], request: '/foo/bar' },
  { paths: [['Exact', '/foo/']], request: '/foo' },
  { paths: [['Exact', '/foo/']], request: '/foo/', match: 0 },
  { paths: [['Prefix', '/foo']], request: '/foo', match: 0 },
  { paths: [['Prefix', '/foo']], request: '/foo/', match: 0 },
  { paths: [['Prefix', '/foo']], request: '/FOO' },
  { paths: [['Prefix', '/foo/']], request: '/foo', match: 0 },
  { paths: [['Prefix', '/foo/']], request: '/foo/', match: 0 },
  { paths: [['Prefix', '/aaa/bb']], request: '/aaa/bbb' },
  { paths: [['Prefix', '/aaa/bbb']], request: '/aaa/bbb', match: 0 },
  { paths: [['Prefix', '/aaa/bbb/']], request: '/aaa/bbb', match: 0 },
  { paths: [['Prefix', '/aaa/bbb/']], request: '/aaa/bbb/', match: 0 },
  { paths: [['Prefix', '/aaa/bbb']], request: '/aaa/bbb/', match: 0 },
  { paths: [['Prefix', '/aaa/bbb']], request: '/aaa/bbb/ccc', match: 0 },
  { paths: [['Prefix', '/aaa/bbb']], request: '/aaa/bbbxyz' },
  { paths: [['Prefix', '/aaa/bbb']], request: '/aaa' },
  { paths: prefixes('/aaa/bbb', '/aaa'), request: '/aaa/ccc', match: 1 },
  { paths: prefixes('/aaa/bbb', '/aaa'), request: '/aaa/bbb/ccc', match: 0 },
  { paths: prefixes('/aaa/bbb', '/aaa'), request: '/aaaccc' },
  { paths: prefixes('/', '/aaa'), request: '/aaa/ccc', match: 1 },
  { paths: prefixes('/', '/aaa', '/aaa/bbb'), request: '/aaa/bbb', match: 2 },
  { paths: prefixes('/', '/aaa', '/aaa/bbb'), request: '/ccc', match: 0 },
  { paths: [['Prefix', '/aaa']], request: '/ccc' },
  {
    paths: [
      ['Prefix', '/foo'],
      ['Exact', '/foo'],
    ],
    request: '/foo',
    match: 1,
  },
  {
    paths: [
      ['Prefix', '/foo'],
      ['Exact', '/foo'],
    ],
    request: '/foo/bar',
    match: 0,
  },
  { paths: [['ImplementationSpecific', '/foo']], request: '/foo/bar', match: 0 },
  { paths: [['ImplementationSpecific', '/foo']], request: '/bar' },
];

/** Exact, Prefix and ImplementationSpecific, one host for each row. */
export const pathRules: Feature = {
  name: 'Path rules',
  services: SERVICES,
  prepare: async (site) => {
    await site.apply('path-rules', {
      rules: ROWS.map(({ paths }, row) =>
        rule(
          hostOf(row),
          ...paths.map(([type, text], index) => path(type, text, serviceOf(index))),
        ),
      ),
    });
    // Fan-out, over two objects.
    await site.apply('one', { rules: [rule('fan.test', path('Prefix', '/shop', 'first'))] });
    await site.apply('two', {
      rules: [
        rule(
          'fan.test',
          path('Prefix', '/shop/basket', 'second'),
          path('Exact', '/status', 'third'),
        ),
      ],
    });
    for (const name of ['path-rules', 'one', 'two']) await site.untilExposed(name);
  },
  scenarios: [
    ...ROWS.map(scenarioOf),
    served('fan-out: one host, a path of one Ingress', 'http://fan.test/shop/1', 'first'),
    served(
      'fan-out: a longer path of another Ingress for the same host',
      'http://fan.test/shop/basket/1',
      'second',
    ),
    served('fan-out: an exact path of it', 'http://fan.test/status', 'third'),
    notFound('fan-out: what no path matches', 'http://fan.test/'),
  ],
  lastUrl: 'http://fan.test/shop/1',
};

function scenarioOf({ paths, request, match }: Row, row: number): Scenario {
  const named = paths.map(([type, text]) => `${type} \`${text}\``).join(', ');
  const url = `http://${hostOf(row)}${request}`;
  if (match === undefined) return notFound(`${named}: not \`${request}\``, url);
  const by = paths.length === 1 ? '' : `, by ${paths[match]?.join(' `') ?? ''}\``;
  return served(`${named}: \`${request}\`${by}`, url, serviceOf(match));
}

function prefixes(...texts: readonly string[]): Row['paths'] {
  return texts.map((text) => ['Prefix', text]);
}

function hostOf(row: number): string {
  return `row-${row}.paths.test`;
}

function serviceOf(index: number): string {
  return SERVICES[index] ?? '';
}
