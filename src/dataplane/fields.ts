/** Body framing of a message as one number: these three, or the length in bytes. */
export const NO_BODY = -2;
export const CHUNKED = -1;
/** Responses only: the body ends where the connection does. */
export const UNTIL_CLOSE = -3;

/**
 * What the engine, a filter or the access log needs to know of a field's name, as a number that is compared instead of text.
 * The order matters: hop-by-hop first, then what the proxy itself answers for, then what is only looked at.
 */
export const FieldKind = {
  Other: 0,

  // Of one connection or one message: never forwarded as received (RFC 9110 §7.6.1, security.md 2.1).
  Host: 1,
  ContentLength: 2,
  TransferEncoding: 3,
  Connection: 4,
  KeepAlive: 5,
  ProxyConnection: 6,
  Te: 7,
  Trailer: 8,
  Upgrade: 9,
  Http2Settings: 10,
  Proxy: 11,
  Expect: 12,

  // Set, replaced or trusted by the proxy: `Connection` cannot have them removed (security.md 2.2).
  XRequestId: 20,
  XRealIp: 21,
  XForwardedFor: 22,
  XForwardedHost: 23,
  XForwardedProto: 24,
  XForwardedPort: 25,
  XForwardedScheme: 26,
  XForwardedPrefix: 27,
  /** Any further `X-Forwarded-…`. */
  XForwardedOther: 28,
  XScheme: 29,
  XOriginalUri: 30,
  XOriginalForwardedFor: 31,
  XOriginalForwardedHost: 32,
  Forwarded: 33,
  /** `ssl-client-…`, also with `_`: there are endpoints that see no difference. */
  SslClient: 34,
  Authorization: 35,
  ProxyAuthorization: 36,
  Cookie: 37,
  SetCookie: 38,
  StrictTransportSecurity: 39,
  Location: 40,
  /** `Sec-WebSocket-…` */
  SecWebSocket: 41,
  Date: 42,
  Server: 43,
  /** `X-Accel-…` */
  XAccel: 44,
  XPad: 45,
  ContentType: 46,
  ContentEncoding: 47,
  ContentRange: 48,
  CacheControl: 49,

  // Only looked at.
  UserAgent: 60,
  Referer: 61,
} as const;

const LAST_HOP_BY_HOP = FieldKind.Expect;
const LAST_PROTECTED = FieldKind.CacheControl;

/** Fields that concern one connection or one message alone. */
export function isHopByHop(kind: number): boolean {
  return kind !== FieldKind.Other && kind <= LAST_HOP_BY_HOP;
}

/** Fields that the other side can neither have removed by naming them in `Connection` nor send in a trailer. */
export function isProtected(kind: number): boolean {
  return kind !== FieldKind.Other && kind <= LAST_PROTECTED;
}

const KINDS_BY_NAME: readonly (readonly [string, number])[] = [
  ['Host', FieldKind.Host],
  ['Content-Length', FieldKind.ContentLength],
  ['Transfer-Encoding', FieldKind.TransferEncoding],
  ['Connection', FieldKind.Connection],
  ['Keep-Alive', FieldKind.KeepAlive],
  ['Proxy-Connection', FieldKind.ProxyConnection],
  ['TE', FieldKind.Te],
  ['Trailer', FieldKind.Trailer],
  ['Upgrade', FieldKind.Upgrade],
  ['HTTP2-Settings', FieldKind.Http2Settings],
  ['Proxy', FieldKind.Proxy],
  ['Expect', FieldKind.Expect],
  ['X-Request-ID', FieldKind.XRequestId],
  ['X-Real-IP', FieldKind.XRealIp],
  ['X-Forwarded-For', FieldKind.XForwardedFor],
  ['X-Forwarded-Host', FieldKind.XForwardedHost],
  ['X-Forwarded-Proto', FieldKind.XForwardedProto],
  ['X-Forwarded-Port', FieldKind.XForwardedPort],
  ['X-Forwarded-Scheme', FieldKind.XForwardedScheme],
  ['X-Forwarded-Prefix', FieldKind.XForwardedPrefix],
  ['X-Scheme', FieldKind.XScheme],
  ['X-Original-URI', FieldKind.XOriginalUri],
  ['X-Original-Forwarded-For', FieldKind.XOriginalForwardedFor],
  ['X-Original-Forwarded-Host', FieldKind.XOriginalForwardedHost],
  ['Forwarded', FieldKind.Forwarded],
  ['Authorization', FieldKind.Authorization],
  ['Proxy-Authorization', FieldKind.ProxyAuthorization],
  ['Cookie', FieldKind.Cookie],
  ['Set-Cookie', FieldKind.SetCookie],
  ['Strict-Transport-Security', FieldKind.StrictTransportSecurity],
  ['Location', FieldKind.Location],
  ['Sec-WebSocket-Key', FieldKind.SecWebSocket],
  ['Sec-WebSocket-Version', FieldKind.SecWebSocket],
  ['Sec-WebSocket-Protocol', FieldKind.SecWebSocket],
  ['Sec-WebSocket-Extensions', FieldKind.SecWebSocket],
  ['Sec-WebSocket-Accept', FieldKind.SecWebSocket],
  ['Date', FieldKind.Date],
  ['Server', FieldKind.Server],
  ['X-Accel-Redirect', FieldKind.XAccel],
  ['X-Accel-Buffering', FieldKind.XAccel],
  ['X-Accel-Expires', FieldKind.XAccel],
  ['X-Pad', FieldKind.XPad],
  ['Content-Type', FieldKind.ContentType],
  ['Content-Encoding', FieldKind.ContentEncoding],
  ['Content-Range', FieldKind.ContentRange],
  ['Cache-Control', FieldKind.CacheControl],
  ['User-Agent', FieldKind.UserAgent],
  ['Referer', FieldKind.Referer],
  // Nobody treats these specially; that they are listed saves the commonest names the second look-up.
  ['Accept', FieldKind.Other],
  ['Accept-Encoding', FieldKind.Other],
  ['Accept-Language', FieldKind.Other],
  ['Accept-Ranges', FieldKind.Other],
  ['Access-Control-Allow-Origin', FieldKind.Other],
  ['Age', FieldKind.Other],
  ['ETag', FieldKind.Other],
  ['Expires', FieldKind.Other],
  ['If-Modified-Since', FieldKind.Other],
  ['If-None-Match', FieldKind.Other],
  ['Last-Modified', FieldKind.Other],
  ['Origin', FieldKind.Other],
  ['Pragma', FieldKind.Other],
  ['Range', FieldKind.Other],
  ['Sec-Fetch-Dest', FieldKind.Other],
  ['Sec-Fetch-Mode', FieldKind.Other],
  ['Sec-Fetch-Site', FieldKind.Other],
  ['Upgrade-Insecure-Requests', FieldKind.Other],
  ['Vary', FieldKind.Other],
];

export interface KnownField {
  /** In one of the two usual spellings: as above, and in lower case. */
  readonly name: string;
  readonly kind: number;
}

/**
 * The names above by a hash that costs three numbers and does not see case. A Map would hash each name that arrives byte by
 * byte, and need it in lower case: over 100 ns a field instead of 20, a quarter of what a whole head costs.
 */
const KNOWN_FIELDS: KnownField[][] = Array.from({ length: 512 }, () => []);

for (const [name, kind] of KINDS_BY_NAME) {
  const lower = name.toLowerCase();
  const bucket = KNOWN_FIELDS[hashOf(name)];
  bucket?.push({ name, kind });
  if (lower !== name) bucket?.push({ name: lower, kind });
}

function hashOf(name: string): number {
  const { length } = name;
  const first = name.charCodeAt(0) | 0x20;
  const last = name.charCodeAt(length - 1) | 0x20;
  return (length * 37 + first * 5 + last) & 511;
}

/** Kind of a name that stands in the list above (and is a token then), without regard to case; undefined: it does not. */
export function knownKind(name: string): number | undefined {
  const bucket = KNOWN_FIELDS[hashOf(name)];
  if (bucket === undefined || bucket.length === 0) return undefined;
  for (const field of bucket) if (field.name === name) return field.kind;
  const lower = name.toLowerCase();
  for (const field of bucket) if (field.name === lower) return field.kind;
  return undefined;
}

/** The same for a name in one of the two usual spellings, without making text of it. */
export function knownField(bytes: Buffer, start: number, end: number): KnownField | undefined {
  const length = end - start;
  const first = (bytes[start] ?? 0) | 0x20;
  const last = (bytes[end - 1] ?? 0) | 0x20;
  const bucket = KNOWN_FIELDS[(length * 37 + first * 5 + last) & 511];
  if (bucket === undefined) return undefined;
  for (const field of bucket) if (isSpelled(field.name, bytes, start, length)) return field;
  return undefined;
}

function isSpelled(name: string, bytes: Buffer, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/** Kind of any name, without regard to case. */
export function fieldKindOf(name: string): number {
  return knownKind(name) ?? familyOf(name);
}

const FAMILIES: readonly (readonly [string, number])[] = [
  ['x-forwarded-', FieldKind.XForwardedOther],
  ['x-accel-', FieldKind.XAccel],
  ['ssl-client-', FieldKind.SslClient],
  ['sec-websocket-', FieldKind.SecWebSocket],
];
const FAMILY = /^(?:x-(?:forwarded|accel)-|ssl[-_]client[-_]|sec-websocket-)/i;

/** Kind of a name that stands in no list but begins as some do. */
export function familyOf(name: string): number {
  if (!FAMILY.test(name)) return FieldKind.Other;
  const lower = name.toLowerCase().replaceAll('_', '-');
  return FAMILIES.find(([prefix]) => lower.startsWith(prefix))?.[1] ?? FieldKind.Other;
}

/**
 * Fields in the order received, repeated ones apart: position i of the three arrays is one field. Names keep the sender's
 * spelling; values are trimmed, one character a byte (latin1), and hold no CR, LF or NUL.
 */
export class FieldList {
  readonly names: string[];
  readonly values: string[];
  readonly kinds: number[];

  constructor(names: string[] = [], values: string[] = [], kinds: number[] = []) {
    this.names = names;
    this.values = values;
    this.kinds = kinds;
  }

  get length(): number {
    return this.kinds.length;
  }

  push(name: string, value: string, kind: number = fieldKindOf(name)): void {
    this.names.push(name);
    this.values.push(value);
    this.kinds.push(kind);
  }

  /** The same, for long: without the room that arrays get which grow. */
  compact(): FieldList {
    return new FieldList(this.names.slice(), this.values.slice(), this.kinds.slice());
  }

  /** Value of the first field of this kind. */
  get(kind: number): string | undefined {
    const index = this.kinds.indexOf(kind);
    return index === -1 ? undefined : this.values[index];
  }

  /** Drops the fields for which `isUnwanted` holds; the others keep their order. */
  remove(isUnwanted: (name: string, kind: number) => boolean): void {
    let kept = 0;
    for (let index = 0; index < this.kinds.length; index++) {
      const name = this.names[index] ?? '';
      const kind = this.kinds[index] ?? FieldKind.Other;
      if (isUnwanted(name, kind)) continue;
      this.names[kept] = name;
      this.values[kept] = this.values[index] ?? '';
      this.kinds[kept] = kind;
      kept++;
    }
    this.names.length = kept;
    this.values.length = kept;
    this.kinds.length = kept;
  }
}
