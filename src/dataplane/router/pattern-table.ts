import type { RouteMatch } from '../../model/config.ts';
import { compilePattern } from '../linear-regex.ts';

export interface PatternEntry<T> {
  readonly match: RouteMatch;
  readonly value: T;
}

interface Candidate<T> {
  readonly value: T;
  /** Longer paths take too long to be looked at. */
  readonly maxPathLength: number;
  matches(path: string): boolean;
}

/** Finds the first entry, in the order given, that matches a path. Source: routing.md §5. */
export class PatternTable<T> {
  readonly #candidates: readonly Candidate<T>[];

  /** Throws where a pattern does not compile: translate/ lets none through. */
  constructor(entries: readonly PatternEntry<T>[]) {
    this.#candidates = entries.map(({ match, value }) => createCandidate(match, value));
  }

  /**
   * Undefined also when an entry can't be decided on a path of this length: what stands behind it must not answer, for it
   * may be less guarded.
   */
  match(path: string): T | undefined {
    for (const candidate of this.#candidates) {
      if (path.length > candidate.maxPathLength) return undefined;
      if (candidate.matches(path)) return candidate.value;
    }
    return undefined;
  }
}

function createCandidate<T>(match: RouteMatch, value: T): Candidate<T> {
  const maxPathLength = Number.POSITIVE_INFINITY;
  switch (match.kind) {
    case 'exact':
      return { value, maxPathLength, matches: (path) => path === match.path };
    case 'prefix':
      return { value, maxPathLength, matches: prefixMatcher(match.path) };
    case 'pattern': {
      const pattern = compilePattern(match.pattern);
      if (pattern === undefined) throw new Error(`pattern does not compile: ${match.pattern}`);
      return {
        value,
        maxPathLength: pattern.maxTextLength,
        matches: (path) => pattern.matchesStart(path),
      };
    }
  }
}

function prefixMatcher(prefix: string): (path: string) => boolean {
  const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  if (bare === '') return () => true;
  const directory = `${bare}/`;
  return (path) => path === bare || path.startsWith(directory);
}
