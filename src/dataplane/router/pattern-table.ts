import type { RouteMatch } from '../../model/config.ts';
import { compilePattern } from '../linear-regex.ts';

export interface PatternEntry<T> {
  readonly match: RouteMatch;
  readonly value: T;
}

interface Candidate<T> {
  readonly value: T;
  readonly matches: (path: string) => boolean | 'undecided';
}

/** Finds the first entry, in the order given, that matches a path. Source: routing.md §5. */
export class PatternTable<T> {
  readonly #candidates: readonly Candidate<T>[];

  /** Throws where a pattern does not compile: translate/ lets none through. */
  constructor(entries: readonly PatternEntry<T>[]) {
    this.#candidates = entries.map(({ match, value }) => ({
      value,
      matches: createMatcher(match),
    }));
  }

  /**
   * Undefined also when an entry is undecided on so long a path: what stands behind it must not answer, for it may be less
   * guarded.
   */
  match(path: string): T | undefined {
    for (const { value, matches } of this.#candidates) {
      const verdict = matches(path);
      if (verdict === true) return value;
      if (verdict === 'undecided') return undefined;
    }
    return undefined;
  }
}

function createMatcher(match: RouteMatch): (path: string) => boolean | 'undecided' {
  switch (match.kind) {
    case 'exact':
      return (path) => path === match.path;
    case 'prefix':
      return prefixMatcher(match.path);
    case 'pattern': {
      const pattern = compilePattern(match.pattern);
      if (pattern === undefined) throw new Error(`pattern does not compile: ${match.pattern}`);
      return (path) => pattern.matchesStart(path);
    }
  }
}

function prefixMatcher(prefix: string): (path: string) => boolean {
  const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  if (bare === '') return () => true;
  const directory = `${bare}/`;
  return (path) => path === bare || path.startsWith(directory);
}
