/** What is gathered at most before DATA is held back (64 KiB), the frame that goes beyond, and small frames beside them. */
export const BLOCK_BYTES = 86_016;
/** Of all connections of a worker: 2.6 MiB. */
const MOST_FREE = 32;

const free: ArrayBuffer[] = [];

/**
 * Memory for much at a time. A connection that sends a large body fills one of these each turn: made anew each time, they would
 * pile up by the hundred MiB before the collector finds them worth its time.
 */
export function takeBlock(): Buffer {
  const memory = free.pop();
  return memory === undefined ? Buffer.allocUnsafeSlow(BLOCK_BYTES) : Buffer.from(memory);
}

/** Whether these bytes, written from its beginning, lie in such a block. */
export function isBlock({ buffer }: Buffer): boolean {
  return buffer.byteLength === BLOCK_BYTES;
}

/** What to call when they were sent, and nobody refers to them any more. After an error the kernel may still be at it. */
export function giveBack({ buffer }: Buffer): (error?: Error | null) => void {
  return (error) => {
    const isDone = error === undefined || error === null;
    if (isDone && free.length < MOST_FREE) free.push(buffer as ArrayBuffer);
  };
}
