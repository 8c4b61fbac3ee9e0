/**
 * The time of the current event: asked for once when an event arrives, and read as often as one likes. Monotonic
 * milliseconds, and what can be said of the wall clock from them without asking it.
 */
export class Clock {
  nowMs = performance.now();
  #unixOffsetMs = 0;
  #freshUntilMs = -Infinity;
  #date = '';

  /** At the beginning of each event. */
  update(): void {
    this.nowMs = performance.now();
  }

  /** Unix time of `nowMs`; follows a wall clock that is set, within a second. */
  get unixMs(): number {
    if (this.nowMs >= this.#freshUntilMs) this.#refresh();
    return this.#unixOffsetMs + this.nowMs;
  }

  /** Value of `Date` (RFC 9110 §5.6.7), made once a second. */
  get httpDate(): string {
    if (this.nowMs >= this.#freshUntilMs) this.#refresh();
    return this.#date;
  }

  #refresh(): void {
    const unixMs = Date.now();
    this.#unixOffsetMs = unixMs - this.nowMs;
    this.#freshUntilMs = this.nowMs + (1_000 - (unixMs % 1_000));
    this.#date = new Date(unixMs).toUTCString();
  }
}
