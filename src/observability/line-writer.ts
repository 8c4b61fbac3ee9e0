import { fstatSync, write } from 'node:fs';

/** What POSIX lets a pipe take in one piece (PIPE_BUF on Linux): threads that share it never split each other's lines. */
const PIPE_PAGE_BYTES = 4096;
const FILE_PAGE_BYTES = 64 * 1024;
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
const FLUSH_MS = 1_000;
const RETRY_MS = 20;
const CLOSE_MS = 5_000;

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
  readonly #pageBytes: number;
  readonly #timer: NodeJS.Timeout;
  #text = '';
  #lines = 0;
  readonly #queue: Page[] = [];
  #queuedBytes = 0;
  #writing = false;
  #onIdle: (() => void) | undefined;

  constructor(fd: number, onDropped: (lines: number) => void) {
    this.#fd = fd;
    this.#onDropped = onDropped;
    this.#pageBytes = fstatSync(fd).isFile() ? FILE_PAGE_BYTES : PIPE_PAGE_BYTES;
    this.#timer = setInterval(() => {
      this.flush();
    }, FLUSH_MS);
    this.#timer.unref();
  }

  write(line: string): void {
    if (this.#text.length + line.length > this.#pageBytes) this.flush();
    if (this.#queuedBytes >= MAX_QUEUED_BYTES) {
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
    const idle = Promise.withResolvers<undefined>();
    this.#onIdle = () => {
      idle.resolve(undefined);
    };
    const giveUp = setTimeout(() => {
      this.#dropQueue();
      idle.resolve(undefined);
    }, CLOSE_MS);
    await idle.promise;
    clearTimeout(giveUp);
  }

  #writeNext(): void {
    if (this.#writing) return;
    const page = this.#queue.shift();
    if (page === undefined) {
      this.#onIdle?.();
      return;
    }
    this.#writing = true;
    this.#writeRest(Buffer.from(page.text, 'latin1'), 0, page);
  }

  #writeRest(bytes: Buffer, from: number, page: Page): void {
    write(this.#fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => {
          this.#writeRest(bytes, from, page);
        }, RETRY_MS);
        return;
      }
      if (error === null && from + written < bytes.length) {
        this.#writeRest(bytes, from + written, page);
        return;
      }
      if (error !== null) this.#onDropped(page.lines);
      this.#queuedBytes -= bytes.length;
      this.#writing = false;
      this.#writeNext();
    });
  }

  #dropQueue(): void {
    for (const page of this.#queue.splice(0)) {
      this.#queuedBytes -= page.text.length;
      this.#onDropped(page.lines);
    }
  }
}
