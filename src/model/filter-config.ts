/** Addresses and blocks in CIDR form, as written by the user, each checked: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.1`. */
export type CidrList = readonly string[];

/**
 * A step on an exchange, as data. Annotations and CRDs fill these variants; `dataplane/filters/<kind>.ts` makes each real.
 * They run in the order in which they stand in the route.
 */
export type FilterConfig =
  | DenyConfig
  | RedirectConfig
  | HttpsRedirectConfig
  | AppRootConfig
  | RewritePathConfig
  | IpAccessConfig;

/** Answers every request with an error: something that guards access is not honoured, so nobody gets in. */
export interface DenyConfig {
  readonly kind: 'deny';
  readonly status: 403 | 503;
}

/** Sends every request elsewhere. */
export interface RedirectConfig {
  readonly kind: 'redirect';
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** Absolute URL, or absolute path (then scheme and host of the request are put before it). May hold `$host`, `$scheme`, `$uri`, `$args`, `$request_uri`. */
  readonly location: string;
}

/** Sends plaintext requests to the same URL over TLS. */
export interface HttpsRedirectConfig {
  readonly kind: 'https-redirect';
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** Keep a trailing slash of the path, which is cut otherwise. */
  readonly keepTrailingSlash: boolean;
}

/** Sends `/`, and only it, to a path of the same host: 302. Host-wide, before all routes. */
export interface AppRootConfig {
  readonly kind: 'app-root';
  readonly path: string;
}

/** Replaces the whole path where `pattern` is found in the normalised path; the query stays. */
export interface RewritePathConfig {
  readonly kind: 'rewrite-path';
  /** Searched, case-insensitive, linear-time engine. */
  readonly pattern: string;
  /** With `$1`…`$9`. */
  readonly replacement: string;
}

/** Who may pass, by the client's effective address: first `deny`, then `allow` (undefined: everybody). 403 otherwise. */
export interface IpAccessConfig {
  readonly kind: 'ip-access';
  readonly deny: CidrList;
  readonly allow: CidrList | undefined;
}
