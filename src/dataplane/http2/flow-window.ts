import { LARGEST_WINDOW_BYTES } from './frames.ts';

/** What the other side lets us send, on a stream or on the whole connection. */
export class SendWindow {
  /** Below zero after the peer made its initial window smaller (RFC 9113 §6.9.2). */
  bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** False: more than a window may be. */
  grow(bytes: number): boolean {
    this.bytes += bytes;
    return this.bytes <= LARGEST_WINDOW_BYTES;
  }
}

/** What we let the other side send, and have taken off its hands since we last said so. */
export class ReceiveWindow {
  readonly #size: number;
  #left: number;
  #consumed = 0;

  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Bytes came. False: more than were allowed. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Bytes are dealt with. What WINDOW_UPDATE is to say now; 0: nothing, half of the window is not used up yet. */
  give(bytes: number): number {
    this.#consumed += bytes;
    if (this.#consumed < this.#size / 2) return 0;
    const increment = this.#consumed;
    this.#left += increment;
    this.#consumed = 0;
    return increment;
  }
}
