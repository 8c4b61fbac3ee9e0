import type { RewritePathConfig } from '../../model/filter-config.ts';
import type { Filter } from '../filter.ts';
import { compilePattern } from '../linear-regex.ts';
import type { Groups } from '../linear-regex.ts';
import { encodePath, resolveSegments } from '../normalise-path.ts';

const GROUP = /\$([1-9])/;
const DOT_SEGMENT = /\/\.\.?(?:\/|$)/;

/**
 * Sends another path upstream: the replacement with its groups filled in, percent-encoded anew, and the query as received.
 * A result equal to the pattern's own text changes nothing. Where a group brings a dot segment about (`/v(.*)` on `/v../x`),
 * it is resolved here, for the endpoint must not be the one to do it; above the root is a 400. A path too long to be searched
 * in bounded time is a 414. Of the access phase because only what is forwarded needs it.
 */
export function rewritePath(config: RewritePathConfig): Filter {
  const pattern = compilePattern(config.pattern);
  if (pattern === undefined) throw new Error(`pattern does not compile: ${config.pattern}`);
  const pieces = config.replacement.split(GROUP);
  return {
    phase: 'access',
    onRequest(context) {
      const groups = pattern.search(context.path);
      if (groups === undefined) return undefined;
      if (groups === 'undecided') return { status: 414 };
      const expanded = expand(pieces, groups);
      if (expanded === config.pattern) return undefined;
      const path = absolutePath(expanded);
      if (path === undefined) return { status: 400, closes: true };
      context.upstreamTarget = encodePath(path) + context.query;
      return undefined;
    },
  };
}

/** `pieces`: text and group number by turns. */
function expand(pieces: readonly string[], groups: Groups): string {
  let result = '';
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] ?? '';
    result += i % 2 === 0 ? piece : (groups[Number(piece)] ?? '');
  }
  return result;
}

function absolutePath(expanded: string): string | undefined {
  const path = expanded.startsWith('/') ? expanded : `/${expanded}`;
  return DOT_SEGMENT.test(path) ? resolveSegments(path) : path;
}
