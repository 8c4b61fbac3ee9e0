/** The time, twice. A test brings its own. */
export interface Clock {
  /** Since some moment; never set back, goes on while the process is stopped. */
  readonly monotonicMs: () => number;
  /** Unix time: for people, and for nothing that must be right. */
  readonly wallMs: () => number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
