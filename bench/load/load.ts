import type { Protocol, Reconnect } from '../cell.ts';

/** What is thrown at a proxy. */
export interface LoadShape {
  readonly port: number;
  readonly protocol: Protocol;
  readonly tls: boolean;
  readonly reconnect: Reconnect;
  /** In turn, from request to request, of plain HTTP/1.1; else the first alone. */
  readonly hosts: readonly string[];
  readonly connections: number;
  /** At once on each connection. */
  readonly streams: number;
  /** Beside `Host`. */
  readonly requestFields: Readonly<Record<string, string>>;
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
  readonly seconds: number;
  /** Between an answer and the next request of a connection; undefined: none. Of our own generator alone. */
  readonly pauseMs?: number;
  /** Undefined: any. */
  readonly core: number | undefined;
  /** For files that the generator needs. */
  readonly folder: string;
}

/** Small requests over kept connections, for who needs no more. */
export const plainShape = {
  protocol: 'http1',
  tls: false,
  reconnect: 'never',
  streams: 1,
  requestFields: {},
  requestBodyBytes: 0,
} as const;

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers other than expected, broken connections, timeouts. */
  readonly failed: number;
  /** Bytes received, heads included. */
  readonly bytes: number;
  /** Undefined: the generator doesn't tell. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** TLS connections that resumed a session. */
  readonly resumed?: number;
}

export interface LoadGenerator {
  readonly name: string;
  run(shape: LoadShape): Promise<LoadResult>;
}
