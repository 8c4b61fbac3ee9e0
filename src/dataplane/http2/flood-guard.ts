import type { LimitName } from '../../observability/limits.ts';
import type { Clock } from '../clock.ts';

/** What a peer may do often, but not without end. */
export type FloodKind = 'resets' | 'settings' | 'pings' | 'empty' | 'ignored' | 'windowUpdates';

interface Allowance {
  readonly limit: LimitName;
  /** So many at once, */
  readonly burst: number;
  /** and so many a second for ever. */
  readonly perSecond: number;
}

/**
 * Each costs the peer a few bytes and us a decision, an answer or an exchange. Source: security.md 8.4, CVE-2023-44487 and
 * CVE-2025-8671 (resets), CVE-2019-9512 (pings), -9515 (settings), -9518 (empty frames), -9513 (priorities).
 */
const ALLOWANCES: Readonly<Record<FloodKind, Allowance>> = {
  resets: { limit: 'http2-resets', burst: 1_000, perSecond: 33 },
  settings: { limit: 'http2-settings', burst: 100, perSecond: 10 },
  pings: { limit: 'http2-pings', burst: 1_000, perSecond: 100 },
  empty: { limit: 'http2-empty-frames', burst: 100, perSecond: 10 },
  ignored: { limit: 'http2-ignored-frames', burst: 1_000, perSecond: 33 },
  windowUpdates: { limit: 'http2-window-updates', burst: 2_000, perSecond: 200 },
};

export interface FloodHome {
  /** One too many: ends the connection. */
  onFlood(limit: LimitName): void;
}

const LEAK_EVERY_MS = 100;
const KINDS = Object.keys(ALLOWANCES) as FloodKind[];

/** Counts, for one connection, what leaks away with time. */
export class FloodGuard {
  readonly #level: Record<FloodKind, number> = {
    resets: 0,
    settings: 0,
    pings: 0,
    empty: 0,
    ignored: 0,
    windowUpdates: 0,
  };
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #home: FloodHome;
  #atMs: number;

  constructor(clock: Pick<Clock, 'nowMs'>, home: FloodHome) {
    this.#clock = clock;
    this.#home = home;
    this.#atMs = clock.nowMs;
  }

  /** One more of these, which counts as `times`. False: that was one too many, it is over. */
  count(kind: FloodKind, times = 1): boolean {
    const { burst, limit } = ALLOWANCES[kind];
    this.#leak(this.#clock.nowMs);
    this.#level[kind] += times;
    if (this.#level[kind] <= burst) return true;
    this.trip(limit);
    return false;
  }

  trip(limit: LimitName): void {
    this.#home.onFlood(limit);
  }

  /** The peer has a reason for so many: what it was sent, or has sent, asks for them. */
  excuse(kind: FloodKind, times: number): void {
    this.#level[kind] = Math.max(0, this.#level[kind] - times);
  }

  #leak(nowMs: number): void {
    if (nowMs - this.#atMs < LEAK_EVERY_MS) return;
    const seconds = (nowMs - this.#atMs) / 1_000;
    this.#atMs = nowMs;
    for (const kind of KINDS) this.excuse(kind, seconds * ALLOWANCES[kind].perSecond);
  }
}
