import { PatternTable } from '../../src/dataplane/router/pattern-table.ts';
import type { MicroCase } from './harness.ts';

/** Patterns of one host, of which the path matches the last one. */
const patterns = {
  'native engine': { patternOf: (n: number) => `/shop${n}/[^/]+/x`, path: '/shop999/abc/x' },
  re2js: { patternOf: (n: number) => `/shop${n}/(en|de)/x{2}`, path: '/shop999/de/xx' },
};

export const patternCases: readonly MicroCase[] = Object.entries(patterns).map(
  ([engine, { patternOf, path }]) => {
    const entries = Array.from({ length: 1_000 }, (_, n) => ({
      match: { kind: 'pattern' as const, pattern: patternOf(n) },
      value: n,
    }));
    const table = new PatternTable(entries);
    return { name: `the last of 1,000 patterns, ${engine}`, run: () => table.match(path) };
  },
);
