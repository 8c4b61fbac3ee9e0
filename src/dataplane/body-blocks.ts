/** As much as is read at a time. */
export const BLOCK_BYTES = 65_536;
/** Of all connections of a worker: 4 MiB. */
const MOST_FREE = 64;

const free: Buffer[] = [];

/**
 * Memory for bodies on their way, for one owner at a time. Made anew for each piece it would pile up by the hundred MiB
 * before the collector finds it worth its time.
 */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** Nobody refers to it any more. What is but a part of a block is not taken: others may have the rest. */
export function giveBackBlock(block: Buffer): void {
  if (block.length === BLOCK_BYTES && free.length < MOST_FREE) free.push(block);
}
