/** Secrets that are not to be guessed from the size of what is sent (RFC 7541 §7.1.3), by us or by who sends it on. */
const NEVER = new Set(['authorization', 'proxy-authorization', 'set-cookie']);
/** A shorter cookie has so little to guess that its presence in a table would give it away. */
const SHORT_COOKIE_CHARACTERS = 20;

/**
 * Names of the static table whose values mostly differ from one message to the next: they are indexed when a value comes twice
 * in a row, as `:path` does in gRPC. All other static names are indexed at once, and so is a name that no table has.
 */
const AT_ONCE = new Set([
  ':authority',
  ':method',
  ':scheme',
  ':status',
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'access-control-allow-origin',
  'allow',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'cookie',
  'date',
  'from',
  'host',
  'max-forwards',
  'proxy-authenticate',
  'referer',
  'server',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
]);

export function isNeverIndexed(name: string, value: string): boolean {
  return NEVER.has(name) || (name === 'cookie' && value.length < SHORT_COOKIE_CHARACTERS);
}

export function isIndexedAtOnce(name: string): boolean {
  return AT_ONCE.has(name);
}
