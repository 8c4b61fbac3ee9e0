export interface TokenBucketOptions {
  readonly perSecond: number;
  /** So many at once, when none was taken for long enough. */
  readonly burst: number;
  /** Milliseconds, never set back. */
  readonly now: () => number;
}

/** Lets so many through at once, and so many a second in the long run. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = options.now();
  }

  take(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Until `take` may succeed; 0: now. */
  get waitMs(): number {
    this.#fill();
    if (this.#tokens >= 1) return 0;
    return ((1 - this.#tokens) / this.#options.perSecond) * 1000;
  }

  #fill(): void {
    const { perSecond, burst, now } = this.#options;
    const at = now();
    this.#tokens = Math.min(burst, this.#tokens + ((at - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = at;
  }
}
