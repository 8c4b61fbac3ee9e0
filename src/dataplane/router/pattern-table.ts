import type { RouteMatch } from '../../model/config.ts';
import { compilePattern } from '../linear-regex.ts';
import { foldCase, literalPrefix } from './literal-prefix.ts';
import { MatchBudget } from './match-budget.ts';

export interface PatternEntry<T> {
  readonly match: RouteMatch;
  readonly value: T;
}

interface Matcher {
  readonly matches: (path: string) => boolean | 'undecided';
  /** At most; 0: nothing to speak of. */
  readonly stepsPerCharacter: number;
  /** Nothing that begins otherwise, case aside, can match: a look at it costs a hundredth of the pattern. */
  readonly prefix: string;
}

interface Candidate<T> extends Matcher {
  readonly value: T;
}

/** Finds the first entry, in the order given, that matches a path. Source: routing.md §5. */
export class PatternTable<T> {
  readonly #candidates: readonly Candidate<T>[];

  /** Throws where a pattern does not compile: translate/ lets none through. */
  constructor(entries: readonly PatternEntry<T>[]) {
    this.#candidates = entries.map(({ match, value }) => ({
      value,
      ...createMatcher(match),
    }));
  }

  /**
   * Undefined also when an entry is undecided on so long a path, or when those before it took too long: what stands behind
   * it must not answer, for it may be less guarded.
   */
  match(path: string): T | undefined {
    const budget = new MatchBudget();
    const folded = foldCase(path);
    for (const { value, matches, stepsPerCharacter, prefix } of this.#candidates) {
      if (!folded.startsWith(prefix)) continue;
      if (!budget.allows(stepsPerCharacter * path.length)) return undefined;
      const verdict = matches(path);
      if (verdict === true) return value;
      if (verdict === 'undecided') return undefined;
    }
    return undefined;
  }
}

function createMatcher(match: RouteMatch): Matcher {
  switch (match.kind) {
    case 'exact':
      return { matches: (path) => path === match.path, stepsPerCharacter: 0, prefix: '' };
    case 'prefix':
      return { matches: prefixMatcher(match.path), stepsPerCharacter: 0, prefix: '' };
    case 'pattern': {
      const pattern = compilePattern(match.pattern);
      if (pattern === undefined) throw new Error(`pattern does not compile: ${match.pattern}`);
      return {
        matches: (path) => pattern.matchesStart(path),
        stepsPerCharacter: pattern.stepsPerCharacter,
        prefix: literalPrefix(match.pattern),
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
