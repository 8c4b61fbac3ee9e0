import { BLOCK_BYTES, giveBackBlock, takeBlock } from './body-blocks.ts';

/** As much as one read brings, however it lies. */
const MOST_BLOCKS = 2;

/** Copies of pieces of body, for as long as it takes to send them. */
export class BodyCopies {
  /** Undefined: there are none. */
  #blocks: Buffer[] | undefined = undefined;
  /** Bytes of the last block that are taken. */
  #used = 0;

  /** Where the blocks are full and not all is sent, in memory of its own: the blocks would go on to fill with what was sent. */
  copy(piece: Buffer): Buffer {
    const block = this.#blockFor(piece.length);
    if (block === undefined) return Buffer.from(piece);
    const start = this.#used;
    this.#used += piece.copy(block, start);
    return block.subarray(start, this.#used);
  }

  /** All of them were sent: nobody refers to any of them. */
  release(): void {
    if (this.#blocks === undefined) return;
    for (const block of this.#blocks) giveBackBlock(block);
    this.#blocks = undefined;
  }

  /** One with room for so many bytes. */
  #blockFor(bytes: number): Buffer | undefined {
    const last = this.#blocks?.at(-1);
    if (last !== undefined && this.#used + bytes <= BLOCK_BYTES) return last;
    if (bytes > BLOCK_BYTES || this.#blocks?.length === MOST_BLOCKS) return undefined;
    const block = takeBlock();
    this.#blocks ??= [];
    this.#blocks.push(block);
    this.#used = 0;
    return block;
  }
}
