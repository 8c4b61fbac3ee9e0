/** What is thrown at a proxy. */
export interface LoadShape {
  readonly port: number;
  /** In turn, from request to request. */
  readonly hosts: readonly string[];
  readonly connections: number;
  readonly requestBodyBytes: number;
  readonly seconds: number;
  /** Between an answer and the next request of a connection; undefined: none. Of our own generator alone. */
  readonly pauseMs?: number;
  /** Undefined: any. */
  readonly core: number | undefined;
  /** For files that the generator needs. */
  readonly folder: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers other than 2xx, broken connections, timeouts. */
  readonly failed: number;
  /** Bytes received, heads included. */
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadGenerator {
  readonly name: string;
  run(shape: LoadShape): Promise<LoadResult>;
}
