import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Memory of this process that a buffer or a text can be in, with what is garbage already taken away. */
export async function usedBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    gc();
    await sleep(10); // what is freed elsewhere
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
