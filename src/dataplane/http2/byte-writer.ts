import { BLOCK_BYTES, takeBlock } from './send-blocks.ts';

const FIRST_BYTES = 512;
const LARGEST_FIRST_BYTES = 16_384;
/** Up to this many characters, writing them here is cheaper than the call that writes them natively. */
const SHORT_TEXT = 16;

/**
 * A growing buffer that is written front to back: frames and header blocks of one tick are gathered here and leave in one write.
 * It holds no memory between `take` and the next write, so that an idle connection costs none.
 */
export class ByteWriter {
  #bytes: Buffer | undefined;
  #length = 0;
  #firstBytes = FIRST_BYTES;

  /** Octets written since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** The memory, with room for `more` octets from `length` on: for who writes there and then calls `advance`. */
  reserve(more: number): Buffer {
    const bytes = this.#bytes;
    if (bytes !== undefined && bytes.length - this.#length >= more) return bytes;
    return this.#grow(more);
  }

  /** Counts `written` octets that were reserved. */
  advance(written: number): void {
    this.#length += written;
  }

  u8(value: number): void {
    const bytes = this.reserve(1);
    bytes[this.#length++] = value;
  }

  u16(value: number): void {
    const bytes = this.reserve(2);
    let at = this.#length;
    bytes[at++] = value >>> 8;
    bytes[at++] = value;
    this.#length = at;
  }

  u24(value: number): void {
    const bytes = this.reserve(3);
    let at = this.#length;
    bytes[at++] = value >>> 16;
    bytes[at++] = value >>> 8;
    bytes[at++] = value;
    this.#length = at;
  }

  u32(value: number): void {
    const bytes = this.reserve(4);
    let at = this.#length;
    bytes[at++] = value >>> 24;
    bytes[at++] = value >>> 16;
    bytes[at++] = value >>> 8;
    bytes[at++] = value;
    this.#length = at;
  }

  /** One octet a character; of characters beyond U+00FF the low eight bits. */
  latin1(text: string): void {
    const bytes = this.reserve(text.length);
    if (text.length <= SHORT_TEXT) {
      for (let at = 0; at < text.length; at++) bytes[this.#length + at] = text.charCodeAt(at);
    } else {
      bytes.write(text, this.#length, 'latin1');
    }
    this.#length += text.length;
  }

  /** Copies `chunk[start, end)`. */
  bytes(chunk: Buffer, start: number, end: number): void {
    const bytes = this.reserve(end - start);
    chunk.copy(bytes, this.#length, start, end);
    this.#length += end - start;
  }

  /** Replaces the octet at `position`, which was written since the last `take`. */
  patchU8(position: number, value: number): void {
    const bytes = this.#bytes;
    if (bytes === undefined || position >= this.#length) throw new RangeError('nothing there');
    bytes[position] = value;
  }

  /** Replaces the three octets at `position`: a frame's length, once its payload is written. */
  patchU24(position: number, value: number): void {
    const bytes = this.#bytes;
    if (bytes === undefined || position + 2 >= this.#length) throw new RangeError('nothing there');
    bytes[position] = value >>> 16;
    bytes[position + 1] = value >>> 8;
    bytes[position + 2] = value;
  }

  /** What was written since the last `take`, as memory of its own; the writer starts anew. */
  take(): Buffer {
    const taken = this.#bytes?.subarray(0, this.#length) ?? Buffer.alloc(0);
    if (this.#length > this.#firstBytes) {
      this.#firstBytes = Math.min(this.#length * 2, LARGEST_FIRST_BYTES);
    }
    this.#bytes = undefined;
    this.#length = 0;
    return taken;
  }

  #grow(more: number): Buffer {
    const old = this.#bytes;
    const wanted = Math.max(this.#firstBytes, this.#length + more, (old?.length ?? 0) * 2);
    const isLarge = wanted > LARGEST_FIRST_BYTES && wanted <= BLOCK_BYTES;
    const grown = isLarge ? takeBlock() : Buffer.allocUnsafe(wanted);
    old?.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    return grown;
  }
}
