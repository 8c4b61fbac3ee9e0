import type { References } from '../translate/snapshot.ts';

/** Where objects come from. It fills a `Store` and says when that holds everything for the first time. */
export interface Source {
  /** Begins to watch. Never throws for what may mend itself (an API server that is away): it retries. */
  start(): void;
  /** What the last translation refers to: fetched and watched from now on, and nothing else of its kinds. */
  want(references: References): void;
  /** What is still missing before the first complete state; empty once it was reached, and for ever after. */
  missing(): readonly string[];
  /**
   * What `want` asked for and nobody can tell yet whether it exists: worth a short wait before a config without it is
   * published. One that is out of reach for good does not count.
   */
  unanswered(): readonly string[];
  /** Calls back when `missing()` or `unanswered()` got empty, without any object changing perhaps (an empty list arrived). */
  onProgress(callback: () => void): void;
  stop(): Promise<void>;
}
