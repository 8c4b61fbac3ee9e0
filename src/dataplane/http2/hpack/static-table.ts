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

/** A name of the static table. */
export interface StaticName {
  /** Its first index. */
  readonly index: number;
  /** Index by value, where values come with it. */
  readonly values: ReadonlyMap<string, number> | undefined;
}

export const STATIC_INDEX: ReadonlyMap<string, StaticName> = indexStaticFields();

function indexStaticFields(): Map<string, StaticName> {
  const names = new Map<string, StaticName>();
  for (const name of new Set(STATIC_NAMES.slice(1))) {
    const values = new Map<string, number>();
    STATIC_FIELDS.forEach(([other, value], position) => {
      if (other === name && value !== '') values.set(value, position + 1);
    });
    const index = STATIC_NAMES.indexOf(name);
    names.set(name, { index, values: values.size === 0 ? undefined : values });
  }
  return names;
}
