import type { RedirectConfig } from '../../model/filter-config.ts';
import type { Filter, FilterContext } from '../filter.ts';
import { encodePath } from '../normalise-path.ts';
import { escapeUrl } from './location.ts';

type Variable = 'host' | 'scheme' | 'uri' | 'args' | 'request_uri';

/** A piece of the location: text as it stands, or a variable. */
type Piece = { readonly text: string } | { readonly variable: Variable };

const VARIABLE =
  /\$(?:(host|scheme|uri|args|request_uri)(?!\w)|\{(host|scheme|uri|args|request_uri)\})/;

/** `scheme://authority` without anything that ends the authority, or nothing at all that ends one. */
const AUTHORITY_STILL_OPEN = /^(?:[^/?#]*:\/\/)?[^/?#]*$/;

const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * Sends every request to `location`. The answer names no place that the config does not: what a client wrote can never
 * become part of the authority, and a location without scheme is put behind the request's own scheme and host (so `//evil`
 * is just a path). Where that takes a host and the request has none (HTTP/1.0): 400.
 */
export function redirect({ status, location }: RedirectConfig): Filter {
  const pieces = parseLocation(location);
  const needsHost = pieces.some((piece) => 'variable' in piece && piece.variable === 'host');
  return {
    phase: 'early',
    onRequest(context) {
      const expanded = expand(pieces, context);
      const isAbsolute = HAS_SCHEME.test(expanded);
      if (context.host === '' && (needsHost || !isAbsolute)) return { status: 400 };
      if (isAbsolute) return { status, location: expanded };
      const slash = expanded.startsWith('/') ? '' : '/';
      return { status, location: `${context.scheme}://${context.host}${slash}${expanded}` };
    },
  };
}

/** Splitting at a pattern of two groups gives text, group, group, text, ... where one group of each pair is undefined. */
function parseLocation(location: string): readonly Piece[] {
  const parts: readonly (string | undefined)[] = location.split(VARIABLE);
  const pieces: Piece[] = [];
  parts.forEach((part, i) => {
    if (part === undefined || part === '') return;
    if (i % 3 === 0) pieces.push({ text: escapeUrl(part, 'utf8') });
    else pieces.push({ variable: part as Variable });
  });
  return pieces;
}

function expand(pieces: readonly Piece[], context: FilterContext): string {
  let location = '';
  for (const piece of pieces) {
    const value = 'text' in piece ? piece.text : valueOf(piece.variable, context);
    const isClientText =
      'variable' in piece && piece.variable !== 'host' && piece.variable !== 'scheme';
    if (isClientText && !value.startsWith('/') && AUTHORITY_STILL_OPEN.test(location))
      location += '/';
    location += value;
  }
  return location;
}

function valueOf(variable: Variable, context: FilterContext): string {
  switch (variable) {
    case 'host':
      return context.host;
    case 'scheme':
      return context.scheme;
    case 'uri':
      return encodePath(context.path);
    case 'args':
      return escapeUrl(context.query.slice(1), 'latin1');
    case 'request_uri':
      return escapeUrl(context.target, 'latin1');
  }
}
