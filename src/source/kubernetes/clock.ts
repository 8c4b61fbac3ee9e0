import { setTimeout as delay } from 'node:timers/promises';

/** The time, twice, and how it passes. A test brings its own. */
export interface Clock {
  /** Since some moment; never set back, goes on while the process is stopped. */
  readonly monotonicMs: () => number;
  /** Unix time: for people, and for nothing that must be right. */
  readonly wallMs: () => number;
  /** Resolves after so long, or when the signal says so. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};
