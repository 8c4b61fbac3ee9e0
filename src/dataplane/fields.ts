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
  /** `ssl-client-…` */
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

/** As written above, and in lower case: what nearly every client and server sends. */
const KIND_BY_SPELLING = new Map<string, number>();
for (const [name, kind] of KINDS_BY_NAME) {
  KIND_BY_SPELLING.set(name, kind);
  KIND_BY_SPELLING.set(name.toLowerCase(), kind);
}

/** Kind of a name in its usual spelling, which is then also known to be a token; undefined: look closer. */
export function usualFieldKind(name: string): number | undefined {
  return KIND_BY_SPELLING.get(name);
}

/** Kind of a name, without regard to case. */
export function fieldKindOf(name: string): number {
  const usual = KIND_BY_SPELLING.get(name);
  if (usual !== undefined) return usual;
  const lower = name.toLowerCase();
  return KIND_BY_SPELLING.get(lower) ?? familyOf(lower);
}

function familyOf(lowerName: string): number {
  if (lowerName.startsWith('x-')) {
    if (lowerName.startsWith('x-forwarded-')) return FieldKind.XForwardedOther;
    if (lowerName.startsWith('x-accel-')) return FieldKind.XAccel;
  } else if (lowerName.startsWith('s')) {
    if (lowerName.startsWith('ssl-client-')) return FieldKind.SslClient;
    if (lowerName.startsWith('sec-websocket-')) return FieldKind.SecWebSocket;
  }
  return FieldKind.Other;
}

/**
 * Fields in the order received, repeated ones apart: position i of the three arrays is one field. Names keep the sender's
 * spelling; values are trimmed, one character a byte (latin1), and hold no CR, LF or NUL.
 */
export class FieldList {
  readonly names: string[] = [];
  readonly values: string[] = [];
  readonly kinds: number[] = [];

  get length(): number {
    return this.kinds.length;
  }

  push(name: string, value: string, kind: number = fieldKindOf(name)): void {
    this.names.push(name);
    this.values.push(value);
    this.kinds.push(kind);
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
