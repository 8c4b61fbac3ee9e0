import type { RouteLabels } from '../model/config.ts';

/** What is known of an exchange when it ends: read by the access line and the metrics, in the same tick, and not kept. */
export interface ExchangeRecord {
  /** Unix time of the first byte of the request, milliseconds. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Effective address of the client. */
  readonly clientAddress: string;
  readonly scheme: 'http' | 'https';
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  /** Empty where the head could not be parsed. */
  readonly method: string;
  /** As received. */
  readonly target: string;
  /** The client's authority as sent. */
  readonly authority: string;
  /** 499: the client went away before an answer. */
  readonly status: number;
  readonly requestId: string;
  readonly referer: string;
  readonly userAgent: string;
  /**
   * The request's end-to-end fields, names and values at the same positions: for `$http_…`, `$cookie_…` in a log format.
   * Undefined where the head could not be parsed.
   */
  readonly requestFields:
    { readonly names: readonly string[]; readonly values: readonly string[] } | undefined;
  /** Request line, fields and body as received, bytes. */
  readonly requestBytes: number;
  /** Everything sent to the client, bytes. */
  readonly responseBytes: number;
  /** Body alone. */
  readonly responseBodyBytes: number;
  /** Undefined: no route was found. */
  readonly labels: RouteLabels | undefined;
  /** Name of the virtual host that was routed by, `''` for hosts nobody defines. */
  readonly virtualHost: string | undefined;
  /** `<namespace>-<service>-<port>`, empty where none was chosen. */
  readonly clusterName: string;
  /** In order; empty where the proxy answered by itself. */
  readonly attempts: readonly UpstreamAttempt[];
  /** Why the proxy answered an error of its own or cut the exchange; undefined where it did not. */
  readonly failure: string | undefined;
}

export interface UpstreamAttempt {
  /** `10.0.0.1:8080`, `[2001:db8::1]:8080`. */
  readonly address: string;
  /** Milliseconds from the choice of the endpoint; undefined: did not get so far. */
  readonly connectMs: number | undefined;
  readonly headMs: number | undefined;
  readonly responseMs: number | undefined;
  readonly status: number | undefined;
  /** Response body bytes received. */
  readonly bytes: number;
}
