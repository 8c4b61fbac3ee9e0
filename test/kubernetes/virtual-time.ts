import type { Clock } from '../../src/source/kubernetes/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly clock: VirtualClock;
  readonly wake: () => void;
}

/** Time that passes when it is told to, and stands still for who is frozen. */
export class VirtualTime {
  #now = 0;
  readonly #sleepers = new Set<Sleeper>();

  get now(): number {
    return this.#now;
  }

  /** A clock on a wall that is wrong by so much. */
  clock(wallOffsetMs = 0): VirtualClock {
    return new VirtualClock(this, wallOffsetMs);
  }

  /** Resolves when all has happened that happens until then. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#sleepers]
        .filter(({ clock, at }) => !clock.isFrozen && at <= target)
        .sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.#now = target;
  }

  sleep(clock: VirtualClock, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = { at: this.#now + ms, clock, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        resolve();
      });
    });
  }
}

export class VirtualClock implements Clock {
  /** As a process that was sent SIGSTOP: it does nothing, but the time passes for it as for all. */
  isFrozen = false;
  readonly #time: VirtualTime;
  readonly #wallOffsetMs: number;

  constructor(time: VirtualTime, wallOffsetMs: number) {
    this.#time = time;
    this.#wallOffsetMs = wallOffsetMs;
  }

  readonly monotonicMs = (): number => this.#time.now;
  readonly wallMs = (): number => Date.UTC(2026, 0, 1) + this.#time.now + this.#wallOffsetMs;
  readonly wait = (ms: number, signal: AbortSignal): Promise<void> =>
    this.#time.sleep(this, ms, signal);
}

/** Everything that only waits for promises goes on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
