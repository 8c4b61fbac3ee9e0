import { setTimeout as sleep } from 'node:timers/promises';
// As a whole, because a named import of what the oldest Node doesn't have would keep the program from starting there.
import * as v8 from 'node:v8';
import { escapeProfile } from './escape-profile.ts';

/** A thread that can be looked into. Each question rejects with the reason where it has no answer. */
export interface ProfiledThread {
  /** `main`, `worker-0`, … */
  readonly name: string;
  /** Aborted, with the reason, when the thread is gone. */
  readonly ended: AbortSignal;
  /** Begins at once, even where the thread is caught in a loop. */
  startCpuProfile(): Promise<CpuProfile>;
  /** JSON as Chrome DevTools reads it. The thread stands still meanwhile, and all of it is in memory when it comes. */
  heapSnapshot(signal: AbortSignal): Promise<readonly Uint8Array[]>;
  /** What its heap holds now. */
  heapBytes(): Promise<number>;
}

export interface CpuProfile {
  /** JSON as Chrome DevTools reads it. */
  stop(): Promise<string>;
}

/** One sample a millisecond. V8 takes them in a thread of its own, which is what a profile costs. */
export const SAMPLING = { sampleInterval: 1 };

/** The thread that runs this. */
export const mainThread: ProfiledThread = {
  name: 'main',
  ended: new AbortController().signal,
  startCpuProfile() {
    const profile = v8.startCpuProfile(SAMPLING);
    return Promise.resolve({ stop: () => Promise.resolve(profile.stop()) });
  },
  async heapSnapshot() {
    const pieces: Uint8Array[] = [];
    for await (const piece of v8.getHeapSnapshot()) pieces.push(piece as Uint8Array);
    return pieces;
  },
  heapBytes: () => Promise.resolve(v8.getHeapStatistics().used_heap_size),
};

/** Records for `ms`. Rejects with its reason when `signal` is aborted, or the thread ends; then nothing goes on recording. */
export async function recordCpu(
  thread: ProfiledThread,
  ms: number,
  signal: AbortSignal,
): Promise<string> {
  const either = AbortSignal.any([signal, thread.ended]);
  either.throwIfAborted();
  const profile = await thread.startCpuProfile();
  await sleep(ms, undefined, { signal: either }).catch(() => undefined);
  const text = profile.stop();
  text.catch(() => undefined); // what counts then is why
  either.throwIfAborted();
  return escapeProfile(await text);
}
