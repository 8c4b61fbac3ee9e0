/** The names and values that both sides know from the start (RFC 7541 Appendix A); the first has the index 1. */
const STATIC_FIELDS: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** How many there are: the newest field of the dynamic table has the index after. */
export const STATIC_FIELD_COUNT = STATIC_FIELDS.length;

/** By index; nothing at 0, which names no field (RFC 7541 §6.1). */
export const STATIC_NAMES: readonly string[] = ['', ...STATIC_FIELDS.map(([name]) => name)];
export const STATIC_VALUES: readonly string[] = ['', ...STATIC_FIELDS.map(([, value]) => value)];

/** A name of the static table: its first index, and those of the values that come with it. */
export interface StaticName {
  readonly index: number;
  readonly values: ReadonlyMap<string, number>;
}

export const STATIC_INDEX: ReadonlyMap<string, StaticName> = indexStaticFields();

function indexStaticFields(): Map<string, StaticName> {
  const names = new Map<string, { index: number; values: Map<string, number> }>();
  STATIC_FIELDS.forEach(([name, value], position) => {
    const known = names.get(name) ?? { index: position + 1, values: new Map<string, number>() };
    if (value !== '') known.values.set(value, position + 1);
    names.set(name, known);
  });
  return names;
}
