/** As much as is read at a time. */
export const BLOCK_BYTES = 65_536;
/** As much as is read until that was not enough. */
export const SHORT_BLOCK_BYTES = 16_384;
/** Of all connections of a worker: 4 MiB, and as much in short ones. */
const MOST_FREE = 64;
const MOST_FREE_SHORT = 256;

const free: Buffer[] = [];
const freeShort: Buffer[] = [];

/**
 * Memory for bodies on their way, for one owner at a time. Made anew for each piece it would pile up by the hundred MiB
 * before the collector finds it worth its time.
 */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** The same for who has not read much yet: when endpoints are slow, thousands of connections wait for the head of an answer. */
export function takeShortBlock(): Buffer {
  return freeShort.pop() ?? Buffer.allocUnsafeSlow(SHORT_BLOCK_BYTES);
}

/** Nobody refers to it any more. What is but a part of a block is not taken: others may have the rest. */
export function giveBackBlock(block: Buffer): void {
  if (block.length !== block.buffer.byteLength) return;
  if (block.length === BLOCK_BYTES && free.length < MOST_FREE) free.push(block);
  else if (block.length === SHORT_BLOCK_BYTES && freeShort.length < MOST_FREE_SHORT)
    freeShort.push(block);
}
