/** What a filter may know of an exchange, and the one thing that it may change before the request is sent. */
export interface FilterContext {
  readonly scheme: 'http' | 'https';
  readonly method: string;
  /** The client's authority as sent, port included; only checked bytes. Empty: HTTP/1.0 without Host. */
  readonly authority: string;
  /** Lower case, without port and trailing dot: the name that was routed by. */
  readonly host: string;
  /** Request target as received, in origin-form. */
  readonly target: string;
  /** Decoded once, normalised, without query: what routes and access rules are matched against. */
  readonly path: string;
  /** `?` and what follows, as received; empty without one. */
  readonly query: string;
  /** Effective address of the client (routing.md §11), without port. */
  readonly clientAddress: string;
  /** What goes upstream; `target` unless a filter rewrites it. */
  upstreamTarget: string;
}

/** An answer of our own. Field values hold no control bytes; the body is the fixed page of the status. */
export interface Answer {
  readonly status: number;
  readonly location?: string;
  /** The request is refused as malformed: nothing more is read from its connection. */
  readonly closes?: boolean;
}

/**
 * A step on an exchange, made once per route from its config. `early` filters run as soon as the route is known; `access`
 * filters only when the route's cluster has an endpoint (routing.md §8.3: a 503 is answered before them).
 */
export interface Filter {
  readonly phase: 'early' | 'access';
  /** Answers, edits or passes (undefined). Synchronous, and allocates nothing where it passes. */
  onRequest(context: FilterContext): Answer | undefined;
}
