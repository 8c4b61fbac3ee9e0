export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Waits that double, each spread by a fifth either way so that many who failed at once do not come back at once. */
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
    const waitMs = this.#nextMs * (0.8 + 0.4 * random());
    this.#nextMs = Math.min(this.#nextMs * 2, maxMs);
    return Math.min(waitMs, maxMs);
  }

  reset(): void {
    this.#nextMs = this.#options.firstMs;
  }
}
