import type { Logger } from './logger.ts';
import { recordCpu, type ProfiledThread } from './profiled-thread.ts';

export interface ProfilerOptions {
  /** Those that run now. */
  readonly threads: () => readonly ProfiledThread[];
  /** What the process may still take without harm; undefined: as much as it wants. */
  readonly freeBytes: () => number | undefined;
  readonly log: Logger;
}

export type ProfileProblem = 'unknown-thread' | 'busy' | 'memory' | 'ended';

/** Why there is no profile, in words for who asked. */
export class ProfileError extends Error {
  readonly problem: ProfileProblem;

  constructor(problem: ProfileProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** What a heap snapshot takes, in heaps: 4 were measured with one Ingress, 5 to 8 with 5,000. */
const SNAPSHOT_HEAPS = 10;
const MEBIBYTE = 1024 * 1024;

/** Looks into threads, once at a time: two profiles would slow the proxy twice and each would show the other. */
export class Profiler {
  readonly #options: ProfilerOptions;
  #running: AbortController | undefined;

  constructor(options: ProfilerOptions) {
    this.#options = options;
  }

  threads(): readonly string[] {
    return this.#options.threads().map(({ name }) => name);
  }

  /** Rejects with a `ProfileError`. `signal` ends it before its time. */
  async cpuProfile(name: string, ms: number, signal: AbortSignal): Promise<string> {
    return this.#alone(signal, async (given) => {
      const thread = this.#find(name);
      this.#options.log.info({ threads: [name], ms }, 'cpu profile begins');
      return recordCpu(thread, ms, given);
    });
  }

  /** Of all threads at the same time; one that ends meanwhile spoils none of the others. Rejects with a `ProfileError`. */
  async cpuProfiles(ms: number): Promise<ReadonlyMap<string, PromiseSettledResult<string>>> {
    return this.#alone(undefined, async (signal) => {
      const threads = this.#options.threads();
      this.#options.log.info({ threads: this.threads(), ms }, 'cpu profile begins');
      const results = await Promise.allSettled(threads.map((each) => recordCpu(each, ms, signal)));
      return new Map(results.map((result, index) => [threads[index]?.name ?? '', result]));
    });
  }

  /** In pieces. `force`: even where memory may not suffice. Rejects with a `ProfileError`. */
  async heapSnapshot(
    name: string,
    { force, signal }: { readonly force: boolean; readonly signal: AbortSignal },
  ): Promise<readonly Uint8Array[]> {
    return this.#alone(signal, async (given) => {
      const thread = this.#find(name);
      const heapBytes = await thread.heapBytes();
      if (!force) this.#checkMemory(heapBytes);
      const { log } = this.#options;
      log.warn({ thread: name, heapBytes }, 'heap snapshot begins: its thread stands still');
      const beganAt = performance.now();
      const snapshot = await thread.heapSnapshot(AbortSignal.any([given, thread.ended]));
      log.info({ thread: name, ms: Math.round(performance.now() - beganAt) }, 'heap snapshot made');
      return snapshot;
    });
  }

  /** Ends what runs, which then rejects. */
  stop(): void {
    this.#running?.abort(new ProfileError('ended', 'ts-nginx is shutting down'));
  }

  #find(name: string): ProfiledThread {
    const thread = this.#options.threads().find((each) => each.name === name);
    if (thread !== undefined) return thread;
    throw new ProfileError('unknown-thread', `threads are ${this.threads().join(', ')}`);
  }

  #checkMemory(heapBytes: number): void {
    const free = this.#options.freeBytes();
    const needed = heapBytes * SNAPSHOT_HEAPS;
    if (free === undefined || needed <= free) return;
    const [have, want] = [free, needed].map((bytes) => Math.round(Math.max(0, bytes) / MEBIBYTE));
    throw new ProfileError(
      'memory',
      `a snapshot of this heap may take ${want} MiB, and ${have} MiB are left before requests suffer from the memory limit; force=true takes it nevertheless`,
    );
  }

  async #alone<T>(
    given: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#running !== undefined) throw new ProfileError('busy', 'another profile is running');
    const running = new AbortController();
    this.#running = running;
    const { signal } = running;
    try {
      return await run(given === undefined ? signal : AbortSignal.any([signal, given]));
    } catch (error) {
      throw asProfileError(error);
    } finally {
      this.#running = undefined;
    }
  }
}

function asProfileError(error: unknown): ProfileError {
  if (error instanceof ProfileError) return error;
  return new ProfileError('ended', error instanceof Error ? error.message : String(error));
}

/** `ts-nginx-7-worker-0-2026-11-22T03-13-52-123Z.cpuprofile`: DevTools goes by the ending. */
export function profileFileName(thread: string, kind: 'cpuprofile' | 'heapsnapshot'): string {
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
  return `ts-nginx-${process.pid}-${thread}-${time}.${kind}`;
}
