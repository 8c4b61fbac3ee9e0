export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Waits that double, each up to a fifth shorter than its turn, so that many who failed at once do not come back at once. */
export class Backoff {
  readonly #options: BackoffOptions;
  #nextMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#nextMs = options.firstMs;
  }

  /** Milliseconds to wait before the next attempt, never more than `maxMs`. */
  next(): number {
    const { maxMs, random } = this.#options;
    const turnMs = Math.min(this.#nextMs, maxMs);
    this.#nextMs = Math.min(turnMs * 2, maxMs);
    return turnMs * (1 - 0.2 * random());
  }

  reset(): void {
    this.#nextMs = this.#options.firstMs;
  }
}
