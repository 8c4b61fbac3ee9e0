/** Given without a look at a clock. A step that makes a state of an automaton takes re2js some 110 ns, so this is 6 ms. */
const FREE_STEPS = 50_000;

/** How much may be done between two looks at the clock, which takes a microsecond itself. */
const STEPS_A_LOOK = 5_000;

/**
 * With the free steps before and one pattern's most after it (linear-regex.ts), this makes the 20 ms for which a request
 * may hold a worker.
 */
const MAX_CPU_US = 10_000;

/**
 * What the patterns tried for one request may cost together. Steps are what the worst text would need, and most texts need
 * a hundredth of it: beyond the free ones it is measured. The thread's own time, not that on the wall: a container that is
 * throttled must not answer otherwise.
 */
export class MatchBudget {
  #steps = 0;
  #nextLook = FREE_STEPS;
  #startedUs: number | undefined;

  /** Whether so much more may be done; false: too much has been. */
  allows(steps: number): boolean {
    this.#steps += steps;
    if (this.#steps <= this.#nextLook) return true;
    this.#nextLook = this.#steps + STEPS_A_LOOK;
    const nowUs = threadUs();
    this.#startedUs ??= nowUs;
    return nowUs - this.#startedUs <= MAX_CPU_US;
  }
}

function threadUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
