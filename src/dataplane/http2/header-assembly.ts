/** Compressed bytes of one block. Decoded it must be smaller still; Huffman code may be longer than what it stands for. */
const MAX_BLOCK_BYTES = 65_536;
const MAX_CONTINUATIONS = 64;

/** A header block that comes in more than one frame (RFC 9113 §4.3, §6.10). Nothing else may come between these. */
export class HeaderAssembly {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly #fragments: Buffer[];
  #byteLength: number;
  #continuations = 0;

  constructor(streamId: number, endStream: boolean, fragment: Buffer) {
    this.streamId = streamId;
    this.endStream = endStream;
    // Copies: what is read into may be read into again.
    this.#fragments = [Buffer.from(fragment)];
    this.#byteLength = fragment.length;
  }

  /** False: there is no end to it (CVE-2024-27316 and its kin). */
  add(fragment: Buffer): boolean {
    this.#continuations += 1;
    this.#byteLength += fragment.length;
    if (this.#continuations > MAX_CONTINUATIONS || this.#byteLength > MAX_BLOCK_BYTES) return false;
    this.#fragments.push(Buffer.from(fragment));
    return true;
  }

  /** What came so far. */
  get block(): Buffer {
    return Buffer.concat(this.#fragments);
  }
}
