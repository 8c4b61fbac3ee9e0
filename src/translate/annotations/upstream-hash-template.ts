import type { KeyPart, KeyTemplate } from '../../model/config.ts';
import type { ValueParser } from '../value-parsers.ts';

/** nginx's variables that an exchange has before its endpoint is known. */
const VARIABLES: ReadonlyMap<string, KeyPart> = new Map([
  ['request_uri', { kind: 'target' }],
  ['uri', { kind: 'path' }],
  ['document_uri', { kind: 'path' }],
  ['args', { kind: 'query' }],
  ['query_string', { kind: 'query' }],
  ['host', { kind: 'host' }],
  ['http_host', { kind: 'authority' }],
  ['best_http_host', { kind: 'authority' }],
  ['remote_addr', { kind: 'client-address' }],
  ['binary_remote_addr', { kind: 'client-address' }],
  ['the_real_ip', { kind: 'client-address' }],
  ['scheme', { kind: 'scheme' }],
  ['request_method', { kind: 'method' }],
] as const);

const FAMILY = /^(http|arg|cookie)_([a-z0-9_-]+)$/;
const MAX_LENGTH = 1_024;

export interface HashTemplate {
  /** As it is written. */
  readonly text: string;
  readonly parts: KeyTemplate;
}

/** Text with variables, as data: nothing of it is ever run. */
export function hashTemplate(): ValueParser<HashTemplate> {
  const names = [...VARIABLES.keys()].map((name) => `\`$${name}\``).join(', ');
  return {
    syntax: `text of letters, digits, \`_\` and \`-\` with the variables ${names}, \`$http_…\`, \`$arg_…\`, \`$cookie_…\`, or these in braces`,
    parse: (text) => {
      const parts = parseTemplate(text);
      return parts === undefined ? undefined : { text, parts };
    },
  };
}

const PIECE = /\$\{([A-Za-z0-9_]+)\}|\$([A-Za-z0-9_]+)|([A-Za-z0-9_-]+)/y;

function parseTemplate(text: string): KeyTemplate | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const parts: KeyPart[] = [];
  let position = 0;
  while (position < text.length) {
    PIECE.lastIndex = position;
    const match = PIECE.exec(text);
    if (match === null) return undefined;
    const [piece, braced, bare, literal] = match;
    const name = braced ?? bare;
    const part = name === undefined ? literalPart(literal) : variablePart(name.toLowerCase());
    if (part === undefined) return undefined;
    parts.push(part);
    position += piece.length;
  }
  return parts;
}

function literalPart(text: string | undefined): KeyPart {
  return { kind: 'text', text: text ?? '' };
}

function variablePart(name: string): KeyPart | undefined {
  const known = VARIABLES.get(name);
  if (known !== undefined) return known;
  const [, family, rest = ''] = FAMILY.exec(name) ?? [];
  if (family === 'http') return { kind: 'field', name: rest.replaceAll('_', '-') };
  if (family === 'arg') return { kind: 'argument', name: rest };
  return family === 'cookie' ? { kind: 'cookie', name: rest } : undefined;
}
