import type { RedirectConfig } from '../../model/filter-config.ts';
import type { Filter, FilterContext } from '../filter.ts';
import { encodePath } from '../normalise-path.ts';
import { escapeUrl } from './location.ts';

type Variable = 'host' | 'scheme' | 'uri' | 'args' | 'request_uri';

/** A piece of the location: text as it stands, or a variable. */
type Piece = { readonly text: string } | { readonly variable: Variable };

const VARIABLE =
  /\$(?:(host|scheme|uri|args|request_uri)(?!\w)|\{(host|scheme|uri|args|request_uri)\})/;

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i;
const ENDS_IN_AUTHORITY = /^[^/?#]*:\/\/[^/?#]*$/;

/**
 * Sends every request to `location`. It leads nowhere that the config does not name: what a client wrote can't become part
 * of the authority, and a location without one is a path on the request's own host (`//evil` too). Where that takes a host
 * and the request has none (HTTP/1.0): 400.
 */
export function redirect({ status, location }: RedirectConfig): Filter {
  const { pieces, isAbsolute, needsHost } = parseLocation(location);
  return {
    phase: 'early',
    onRequest(context) {
      if (needsHost && context.host === '') return { status: 400, closes: true };
      const expanded = pieces.map((piece) => valueOf(piece, context)).join('');
      if (isAbsolute) return { status, location: expanded };
      const slash = expanded.startsWith('/') ? '' : '/';
      return { status, location: `${context.scheme}://${context.host}${slash}${expanded}` };
    },
  };
}

interface ParsedLocation {
  readonly pieces: readonly Piece[];
  readonly isAbsolute: boolean;
  readonly needsHost: boolean;
}

function parseLocation(location: string): ParsedLocation {
  const pieces = splitLocation(location);
  const firstOfClient = pieces.findIndex(
    (piece) => 'variable' in piece && piece.variable !== 'host' && piece.variable !== 'scheme',
  );
  const own = firstOfClient === -1 ? pieces : pieces.slice(0, firstOfClient);
  // Shaped like what it becomes: `x` stands for a scheme or a host.
  const head = own.map((piece) => ('text' in piece ? piece.text : 'x')).join('');
  const isAbsolute = ABSOLUTE.test(head);
  const isOpen = isAbsolute && ENDS_IN_AUTHORITY.test(head);
  // The other two bring a slash of their own.
  if (isOpen && isVariable(pieces[firstOfClient], 'args')) {
    pieces.splice(firstOfClient, 0, { text: '/' });
  }
  const needsHost = !isAbsolute || pieces.some((piece) => isVariable(piece, 'host'));
  return { pieces, isAbsolute, needsHost };
}

function isVariable(piece: Piece | undefined, name: Variable): boolean {
  return piece !== undefined && 'variable' in piece && piece.variable === name;
}

/** Splitting at a pattern of two groups gives text, group, group, text, ... where one group of each pair is undefined. */
function splitLocation(location: string): Piece[] {
  const parts: readonly (string | undefined)[] = location.split(VARIABLE);
  return parts.flatMap((part, i): Piece[] => {
    if (part === undefined || part === '') return [];
    return i % 3 === 0 ? [{ text: escapeUrl(part, 'utf8') }] : [{ variable: part as Variable }];
  });
}

function valueOf(piece: Piece, context: FilterContext): string {
  if ('text' in piece) return piece.text;
  switch (piece.variable) {
    case 'host':
      return context.host;
    case 'scheme':
      return context.scheme;
    case 'uri':
      return context.path === '*' ? '/' : encodePath(context.path);
    case 'args':
      return escapeUrl(context.query.slice(1), 'latin1');
    case 'request_uri':
      return context.target === '*' ? '/' : escapeUrl(context.target, 'latin1');
  }
}
