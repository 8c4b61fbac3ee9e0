import type { RouteLabels } from '../model/config.ts';
import type { Logger } from '../observability/logger.ts';

/** One line a cause and cluster in so long; the next says how many were left out. */
const QUIET_MS = 10_000;
/** More causes than this at once are not told apart. */
const MAX_CAUSES = 1_000;

/** What failed: an exchange's record is one. */
export interface EndpointFailure {
  readonly failure: string | undefined;
  /** What the client was answered; absent: nothing, it is no HTTP. */
  readonly status?: number;
  readonly clusterName: string;
  readonly attempts: readonly { readonly address: string }[];
  readonly labels?: RouteLabels | undefined;
}

interface Cause {
  saidAtMs: number;
  leftOut: number;
}

/**
 * Says why endpoints fail: what an access line of nginx's format has no field for, and nginx's error log did. Bounded: ten
 * thousand failures a second are one line in ten seconds.
 */
export class FailureLog {
  readonly #log: Logger;
  readonly #causes = new Map<string, Cause>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Of an exchange that failed at its endpoint, or after the answer had begun; of a connection that found no endpoint. */
  report(record: EndpointFailure, nowMs: number): void {
    const key = `${record.failure ?? ''} ${record.clusterName}`;
    const cause = this.#causes.get(key);
    if (cause !== undefined && nowMs - cause.saidAtMs < QUIET_MS) {
      cause.leftOut += 1;
      return;
    }
    if (cause === undefined && this.#causes.size >= MAX_CAUSES) this.#causes.clear();
    this.#causes.set(key, { saidAtMs: nowMs, leftOut: 0 });
    this.#log.warn(
      {
        reason: record.failure,
        status: record.status,
        cluster: record.clusterName,
        endpoints: record.attempts.map(({ address }) => address),
        ingress: `${record.labels?.namespace ?? ''}/${record.labels?.ingress ?? ''}`,
        leftOut: cause?.leftOut ?? 0,
      },
      'endpoint failed',
    );
  }
}
