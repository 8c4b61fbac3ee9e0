/** Compressed bytes of one block. Decoded it must be smaller still; Huffman code may be longer than what it stands for. */
const MAX_BLOCK_BYTES = 65_536;
const MAX_CONTINUATIONS = 64;

/** A header block that comes in more than one frame (RFC 9113 §4.3, §6.10). Nothing else may come between these. */
export class HeaderAssembly {
  /** 0: none is open. */
  streamId = 0;
  endStream = false;
  #fragments: Buffer[] = [];
  #byteLength = 0;
  #continuations = 0;

  get isOpen(): boolean {
    return this.streamId !== 0;
  }

  begin(streamId: number, endStream: boolean, fragment: Buffer): void {
    this.streamId = streamId;
    this.endStream = endStream;
    // Copies: what is read into may be read into again.
    this.#fragments = [Buffer.from(fragment)];
    this.#byteLength = fragment.length;
    this.#continuations = 0;
  }

  /** False: there is no end to it (CVE-2024-27316 and its kin). */
  add(fragment: Buffer): boolean {
    this.#continuations += 1;
    this.#byteLength += fragment.length;
    if (this.#continuations > MAX_CONTINUATIONS || this.#byteLength > MAX_BLOCK_BYTES) return false;
    this.#fragments.push(Buffer.from(fragment));
    return true;
  }

  /** The whole block; the next may begin. */
  take(): Buffer {
    const block = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.streamId = 0;
    return block;
  }
}
