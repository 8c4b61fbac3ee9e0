/**
 * The longest turn of this thread's event loop in CPU time: what others do with the machine does not count, nor waiting.
 */
export class LoopWatch {
  #longestMs = 0;
  #isRunning = true;
  #before = cpuMs();

  constructor() {
    this.#watch();
  }

  /** Since the last call. */
  takeLongestMs(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  stop(): void {
    this.#isRunning = false;
  }

  #watch(): void {
    setImmediate(() => {
      const now = cpuMs();
      this.#longestMs = Math.max(this.#longestMs, now - this.#before);
      this.#before = now;
      if (this.#isRunning) this.#watch();
    });
  }
}

export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
