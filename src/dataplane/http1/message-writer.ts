import type { Socket } from 'node:net';
import type { FieldList } from '../fields.ts';
import { flushWhenDue, type Gathered } from '../write-gatherer.ts';
import { CHUNK_TAIL, LAST_CHUNK, chunkHead, lastChunkWith } from './chunked.ts';

/** Up to this size a piece of body is copied into the text before it; beyond, it is written as it is. */
export const INLINE_BYTES = 4_096;
/** Gathered text leaves when it is longer than this. */
const MAX_TEXT = 16_384;
/** Text that is put together from more pieces than this is made flat: while it waits, each would take 32 bytes. */
const MAX_PIECES = 512;

/** Writes HTTP/1.1 messages to a socket: what one turn of the event loop produces leaves in one write. */
export class MessageWriter implements Gathered {
  /** Head and body bytes of the message so far; reset by the owner. */
  sentBytes = 0;
  readonly #socket: Socket;
  /** Latin1: one character a byte. */
  #text = '';
  #isChunked = false;
  /** Small pieces of body, behind the text, that are to be one chunk: as far as they come in one turn. */
  #chunk = '';
  /** Of which text and chunk are put together, at most. */
  #pieces = 0;
  #isCorked = false;
  /** Text was written that the kernel did not take at once; what comes meanwhile is gathered until it has. */
  #isCatchingUp = false;
  /** The text is whole messages, and leaves with what else this turn brings. */
  #isDue = false;
  #stallMs = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** No more is welcome until the socket's `drain`. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** A message that is whole waits for the end of this turn. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** What is not with the kernel yet, but for gathered text. */
  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Not everything is with the kernel. */
  get isWaiting(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** A head that is not the message's own one: an interim answer. */
  interim(text: string): void {
    this.#add(text);
  }

  begin(head: string, isChunked: boolean): void {
    this.#isChunked = isChunked;
    this.#add(head);
  }

  /** The bytes of `chunk` from `start` to `end`. */
  body(chunk: Buffer, start: number, end: number): void {
    const size = end - start;
    if (size > INLINE_BYTES) {
      if (this.#isChunked) this.#add(chunkHead(size));
      this.#addLarge(chunk.subarray(start, end));
      if (this.#isChunked) this.#add(CHUNK_TAIL);
    } else if (this.#isChunked) {
      this.#addToChunk(chunk.toString('latin1', start, end));
    } else if (size > 0) {
      this.#add(chunk.toString('latin1', start, end));
    }
  }

  /** @param stallMs as for `flush`. Without chunks there is no place for trailers. */
  end(stallMs: number, trailers?: FieldList): void {
    if (this.#isChunked) this.#add(trailers === undefined ? LAST_CHUNK : lastChunkWith(trailers));
    this.#stallMs = stallMs;
    if (this.#isCorked || this.#isCatchingUp) {
      this.#writeText();
      this.flush();
    } else if (!this.#isDue) {
      this.#isDue = true;
      flushWhenDue(this);
    }
  }

  /**
   * All that is gathered leaves now.
   * @param stallMs longest time in which the kernel takes no byte. The socket's own timer knows that best: it fires `timeout`.
   *   It is started when bytes wait, and neither stopped nor moved when they leave; who hears of it calls `isStalled`.
   */
  flush(stallMs = this.#stallMs): void {
    this.#stallMs = stallMs;
    this.#isDue = false;
    if (this.#socket.destroyed) return;
    if (!this.#isCatchingUp) this.#writeText();
    if (this.#isCorked) {
      this.#isCorked = false;
      this.#socket.uncork();
    }
    if (this.#socket.writableLength > 0 && this.#socket.timeout !== this.#stallMs) {
      this.#socket.setTimeout(this.#stallMs);
    }
  }

  /** After the socket's `timeout`: whether it means anything. */
  isStalled(): boolean {
    this.#socket.setTimeout(0);
    return this.isWaiting;
  }

  #add(text: string): void {
    this.#endChunk();
    this.sentBytes += text.length;
    this.#text += text;
    this.#added();
  }

  #addToChunk(text: string): void {
    this.sentBytes += text.length;
    this.#chunk += text;
    this.#added();
  }

  #added(): void {
    this.#pieces += 1;
    if (this.#text.length + this.#chunk.length > MAX_TEXT) this.#writeText();
    else if (this.#pieces > MAX_PIECES) {
      this.#pieces = 0;
      this.#text = flat(this.#text);
      this.#chunk = flat(this.#chunk);
    }
  }

  #endChunk(): void {
    if (this.#chunk === '') return;
    const head = chunkHead(this.#chunk.length);
    this.sentBytes += head.length + CHUNK_TAIL.length;
    this.#text += head + this.#chunk + CHUNK_TAIL;
    this.#chunk = '';
  }

  #addLarge(chunk: Buffer): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
    }
    this.#writeText();
    this.sentBytes += chunk.length;
    this.#socket.write(chunk);
  }

  #writeText(): void {
    this.#endChunk();
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#pieces = 0;
    if (this.#isCorked || this.#socket.writableLength === 0) {
      this.#socket.write(text, 'latin1');
      return;
    }
    // A body that comes byte by byte must not wait as so many writes.
    this.#isCatchingUp = true;
    this.#socket.write(Buffer.from(text, 'latin1'), this.#onCaughtUp);
  }

  readonly #onCaughtUp = (): void => {
    this.#isCatchingUp = false;
    this.flush();
  };
}

function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
