import { STATIC_INDEX, type StaticName } from './static-table.ts';

/**
 * Whether a name's values are put into the dynamic table:
 * - `never`, and whoever sends the field on must not do it either: secrets, which are not to be guessed from the size of what
 *   is sent (RFC 7541 §7.1.3);
 * - `at-once`: the value is likely to come again;
 * - `when-repeated`: values mostly differ from one message to the next, so one is indexed when it comes twice in a row, as
 *   `:path` does in gRPC.
 */
export type Indexing = 'never' | 'at-once' | 'when-repeated';

const NEVER = new Set(['authorization', 'proxy-authorization', 'set-cookie']);
const WHEN_REPEATED = new Set([
  ':path',
  'age',
  'content-length',
  'content-location',
  'content-range',
  'etag',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'range',
  'refresh',
  'retry-after',
]);

/** A shorter cookie has so little to guess that it is not to be indexed. */
export const SHORT_COOKIE_CHARACTERS = 20;

/** A name of the static table, as the encoder sees it. */
export interface KnownName extends StaticName {
  readonly indexing: Indexing;
}

/** Other names have no policy: the encoder learns how their values behave. */
export const KNOWN_NAMES: ReadonlyMap<string, KnownName> = new Map(
  [...STATIC_INDEX].map(([name, entry]) => [name, { ...entry, indexing: indexingOf(name) }]),
);

function indexingOf(name: string): Indexing {
  if (NEVER.has(name)) return 'never';
  return WHEN_REPEATED.has(name) ? 'when-repeated' : 'at-once';
}
