import { TokenBucket } from './token-bucket.ts';

export interface WriteQueueOptions {
  /** So many writes at once. */
  readonly concurrency: number;
  readonly perSecond: number;
  readonly burst: number;
  /** Milliseconds, never set back. */
  readonly now: () => number;
  /** Asked when a key's turn has come; one that is not due is dropped and costs nothing. */
  readonly isDue: (key: string) => boolean;
  /** Never rejects. */
  readonly write: (key: string) => Promise<void>;
}

/** Keys that wait for their write, each once, in order; those that are urgent before the others. */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #bucket: TokenBucket;
  readonly #urgent = new Set<string>();
  readonly #others = new Set<string>();
  readonly #idle: (() => void)[] = [];
  #busy = 0;
  #pausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options);
  }

  get size(): number {
    return this.#urgent.size + this.#others.size;
  }

  add(key: string, isUrgent = true): void {
    if (isUrgent) this.#urgent.add(key);
    else if (!this.#urgent.has(key)) this.#others.add(key);
    this.#schedule(0);
  }

  clear(): void {
    this.#urgent.clear();
    this.#others.clear();
    this.#settle();
  }

  /** The server asked for it, or is away. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.now() + ms);
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#settle();
    });
  }

  #schedule(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, ms);
  }

  #pump(): void {
    const { concurrency, now, isDue, write } = this.#options;
    while (this.#busy < concurrency) {
      const key = this.#first();
      if (key === undefined) break;
      if (!isDue(key)) {
        this.#remove(key);
        continue;
      }
      const waitMs = Math.max(this.#pausedUntil - now(), this.#bucket.waitMs);
      if (waitMs > 0) {
        this.#schedule(Math.ceil(waitMs));
        return;
      }
      this.#bucket.take();
      this.#remove(key);
      this.#busy += 1;
      void write(key).finally(() => {
        this.#busy -= 1;
        this.#pump();
      });
    }
    this.#settle();
  }

  #first(): string | undefined {
    return this.#urgent.values().next().value ?? this.#others.values().next().value;
  }

  #remove(key: string): void {
    this.#urgent.delete(key);
    this.#others.delete(key);
  }

  #settle(): void {
    if (this.#busy > 0 || this.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const done of this.#idle.splice(0)) done();
  }
}
