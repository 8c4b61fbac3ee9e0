import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

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

const writeOnThreadPool = promisify(write);

interface Page {
  readonly text: string;
  readonly lines: number;
}

/**
 * Gathers lines into pages and writes these one after the other, without ever waiting for a slow reader. What does not fit
 * into the queue meanwhile is dropped and counted, the newest first.
 *
 * Lines are binary strings (one character a byte) that end in a line feed.
 */
export class LineWriter {
  readonly #fd: number;
  readonly #pipeFd: number | undefined;
  readonly #onDropped: (lines: number) => void;
  readonly #limits: LineWriterLimits;
  readonly #pageBytes: number;
  readonly #timer: NodeJS.Timeout;
  #text = '';
  #lines = 0;
  /** The first is being written. */
  readonly #queue: Page[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  #givenUp = false;

  constructor(fd: number, onDropped: (lines: number) => void, limits = DEFAULT_LIMITS) {
    this.#fd = fd;
    this.#pipeFd = openWithoutBlocking(fd);
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
    this.#writing ??= this.#writeQueue();
  }

  /** Resolves when all is written; after a few seconds of a reader that takes nothing the rest is dropped. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.flush();
    const stuck = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      this.#giveUp();
      // A write that is under way may still end and be counted; one that blocks never does.
      setTimeout(() => {
        stuck.resolve(undefined);
      }, 2 * RETRY_MS);
    }, this.#limits.closeMs);
    await Promise.race([this.#writing, stuck.promise]);
    clearTimeout(timer);
    if (this.#pipeFd !== undefined) closeSync(this.#pipeFd);
  }

  async #writeQueue(): Promise<void> {
    for (let page = this.#queue[0]; page !== undefined; page = this.#queue[0]) {
      const isWritten = await this.#writePage(Buffer.from(page.text, 'latin1'));
      this.#queue.shift();
      this.#queuedBytes -= page.text.length;
      if (!isWritten) this.#onDropped(page.lines);
    }
    this.#writing = undefined;
  }

  async #writePage(bytes: Buffer): Promise<boolean> {
    let position = 0;
    while (position < bytes.length) {
      try {
        position += await this.#writeSome(bytes, position);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
        await delay(RETRY_MS);
        if (this.#givenUp) return false;
      }
    }
    return true;
  }

  /** To a pipe at once, since that never blocks; to anything else on the thread pool, since it may. */
  async #writeSome(bytes: Buffer, position: number): Promise<number> {
    if (this.#pipeFd !== undefined) return writeSync(this.#pipeFd, bytes, position);
    const length = bytes.length - position;
    const { bytesWritten } = await writeOnThreadPool(this.#fd, bytes, position, length, null);
    return bytesWritten;
  }

  #giveUp(): void {
    this.#givenUp = true;
    for (const page of this.#queue.splice(1)) {
      this.#queuedBytes -= page.text.length;
      this.#onDropped(page.lines);
    }
  }
}

/**
 * The same pipe once more, so that non-blocking mode is ours alone: whoever started us may rely on the other. Undefined
 * where it is no pipe, or the system does not let us.
 */
function openWithoutBlocking(fd: number): number | undefined {
  if (!fstatSync(fd).isFIFO()) return undefined;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}
