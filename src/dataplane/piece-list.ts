/** Pieces of this size are kept as they come; smaller ones are joined. */
const LARGE_BYTES = 4_096;
const MIN_BLOCK_BYTES = 512;
const MAX_BLOCK_BYTES = 16_384;

/**
 * Bytes that wait, in order. Small pieces are copied into blocks that grow with what waits, so that a body which comes byte
 * by byte takes no more than a few times its length: a Buffer alone is a hundred bytes and more.
 */
export class PieceList {
  readonly #pieces: Buffer[] = [];
  /** Behind them: where small ones are joined, as far as `#blockEnd`. */
  #block: Buffer | undefined = undefined;
  #blockEnd = 0;
  /** Bytes of the first piece that are gone. */
  #firstAt = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** What is left of the first piece. */
  get first(): Buffer | undefined {
    const [piece] = this.#pieces;
    if (piece === undefined) return this.#block?.subarray(this.#firstAt, this.#blockEnd);
    return this.#firstAt === 0 ? piece : piece.subarray(this.#firstAt);
  }

  /** @param isOwn nobody writes over it: it may be kept instead of a copy. */
  add(piece: Buffer, isOwn: boolean): void {
    const isFirst = this.#bytes === 0;
    this.#bytes += piece.length;
    if (isFirst || piece.length >= LARGE_BYTES) {
      this.#closeBlock();
      this.#pieces.push(isOwn ? piece : Buffer.from(piece));
    } else {
      this.#join(piece);
    }
  }

  /** So many bytes, of the first piece at most, are gone. */
  skip(bytes: number): void {
    this.#bytes -= bytes;
    this.#firstAt += bytes;
    const [piece] = this.#pieces;
    if (this.#firstAt < (piece?.length ?? this.#blockEnd)) return;
    this.#firstAt = 0;
    if (piece === undefined) this.#block = undefined;
    else this.#pieces.shift();
  }

  /** All that is here; what is added later changes none of them. */
  views(): readonly Buffer[] {
    const { first } = this;
    if (first === undefined) return [];
    if (this.#pieces.length === 0) return [first];
    const rest = this.#pieces.slice(1);
    return this.#block === undefined
      ? [first, ...rest]
      : [first, ...rest, this.#block.subarray(0, this.#blockEnd)];
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#block = undefined;
    this.#firstAt = 0;
    this.#bytes = 0;
  }

  #join(piece: Buffer): void {
    let at = 0;
    if (this.#block !== undefined) {
      at = piece.copy(this.#block, this.#blockEnd);
      this.#blockEnd += at;
    }
    if (at === piece.length) return;
    this.#closeBlock();
    const size = Math.min(Math.max(this.#bytes, MIN_BLOCK_BYTES), MAX_BLOCK_BYTES);
    this.#block = Buffer.allocUnsafeSlow(size);
    this.#blockEnd = piece.copy(this.#block, 0, at);
  }

  #closeBlock(): void {
    if (this.#block === undefined) return;
    this.#pieces.push(this.#block.subarray(0, this.#blockEnd));
    this.#block = undefined;
  }
}
