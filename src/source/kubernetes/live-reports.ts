/** Keeps what was published until it is live, and gives the newest that is. */
export class LiveReports<T> {
  /** Published and not live yet, oldest first. */
  readonly #waiting: { readonly version: number; readonly report: T }[] = [];
  #liveVersion = 0;
  /** Every worker has its ports. */
  #isServing = false;

  publish(version: number, report: T): void {
    // The same config again: what it says of the objects may still be newer.
    if (this.#waiting.at(-1)?.version === version) this.#waiting.pop();
    this.#waiting.push({ version, report });
    // A worker that takes no config at all must not make us remember them all.
    if (this.#waiting.length > MAX_WAITING) this.#waiting.splice(1, 1);
  }

  setServing(): void {
    this.#isServing = true;
  }

  /** Every worker serves this version, or a later one. */
  setLive(version: number): void {
    this.#liveVersion = Math.max(this.#liveVersion, version);
  }

  /** The newest that went live since the last time; undefined: none did. */
  take(): T | undefined {
    if (!this.#isServing) return undefined;
    const next = this.#waiting.findIndex(({ version }) => version > this.#liveVersion);
    const live = this.#waiting.splice(0, next === -1 ? this.#waiting.length : next);
    return live.at(-1)?.report;
  }
}

const MAX_WAITING = 64;
