import { fstatSync, write } from 'node:fs';

/** What POSIX lets a pipe take in one piece (PIPE_BUF on Linux): threads that share it never split each other's lines. */
const PIPE_PAGE_BYTES = 4096;
const FILE_PAGE_BYTES = 64 * 1024;
const FLUSH_MS = 1_000;
const RETRY_MS = 20;

export interface LineWriterLimits {
  /** What may wait for a slow reader; what comes beyond it is dropped. */
  readonly maxQueuedBytes: number;
  /** How long `close` waits for a reader that takes nothing. */
  readonly closeMs: number;
}

const DEFAULT_LIMITS: LineWriterLimits = { maxQueuedBytes: 8 * 1024 * 1024, closeMs: 5_000 };

interface Page {
  readonly text: string;
  readonly lines: number;
}

/**
 * Gathers lines into pages and writes these one after the other on the thread pool, so a slow reader never stops the event
 * loop. What does not fit into the queue meanwhile is dropped and counted, the newest first.
 *
 * Lines are binary strings (one character a byte) that end in a line feed.
 */
export class LineWriter {
  readonly #fd: number;
  readonly #onDropped: (lines: number) => void;
  readonly #limits: LineWriterLimits;
  readonly #pageBytes: number;
  readonly #timer: NodeJS.Timeout;
  #text = '';
  #lines = 0;
  /** The first is being written. */
  readonly #queue: Page[] = [];
  #queuedBytes = 0;
  #writing = false;
  #onIdle: (() => void) | undefined;
  #retry: NodeJS.Timeout | undefined;
  #givenUp = false;

  constructor(fd: number, onDropped: (lines: number) => void, limits = DEFAULT_LIMITS) {
    this.#fd = fd;
    this.#onDropped = onDropped;
    this.#limits = limits;
    this.#pageBytes = fstatSync(fd).isFile() ? FILE_PAGE_BYTES : PIPE_PAGE_BYTES;
    this.#timer = setInterval(() => {
      this.flush();
    }, FLUSH_MS);
    this.#timer.unref();
  }

  write(line: string): void {
    if (this.#text.length + line.length > this.#pageBytes) this.flush();
    if (this.#queuedBytes >= this.#limits.maxQueuedBytes) {
      this.#onDropped(1);
      return;
    }
    this.#text += line;
    this.#lines++;
  }

  flush(): void {
    if (this.#lines === 0) return;
    this.#queue.push({ text: this.#text, lines: this.#lines });
    this.#queuedBytes += this.#text.length;
    this.#text = '';
    this.#lines = 0;
    this.#writeNext();
  }

  /** Resolves when all is written; after a few seconds of a reader that takes nothing the rest is dropped. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.flush();
    if (!this.#writing) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = () => {
      resolve(undefined);
    };
    this.#onIdle = done;
    const timer = setTimeout(() => {
      this.#giveUp();
      // A write that is under way may still end and be counted; one that blocks never does.
      setTimeout(done, RETRY_MS);
    }, this.#limits.closeMs);
    await promise;
    clearTimeout(timer);
  }

  #writeNext(): void {
    if (this.#writing) return;
    const page = this.#queue[0];
    if (page === undefined) {
      this.#onIdle?.();
      return;
    }
    this.#writing = true;
    this.#writeRest(Buffer.from(page.text, 'latin1'), 0);
  }

  #writeRest(bytes: Buffer, from: number): void {
    write(this.#fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error?.code === 'EAGAIN' && !this.#givenUp) {
        this.#retry = setTimeout(() => {
          this.#retry = undefined;
          this.#writeRest(bytes, from);
        }, RETRY_MS);
      } else if (error === null && from + written < bytes.length) {
        this.#writeRest(bytes, from + written);
      } else {
        this.#finishPage(error !== null);
      }
    });
  }

  #finishPage(failed: boolean): void {
    const page = this.#queue.shift();
    if (page !== undefined) {
      this.#queuedBytes -= page.text.length;
      if (failed) this.#onDropped(page.lines);
    }
    this.#writing = false;
    this.#writeNext();
  }

  #giveUp(): void {
    this.#givenUp = true;
    for (const page of this.#queue.splice(1)) this.#onDropped(page.lines);
    if (this.#retry === undefined) return;
    clearTimeout(this.#retry);
    this.#finishPage(true);
  }
}
