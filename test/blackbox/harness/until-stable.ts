import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 50;
const LOOKS_ALIKE = 5;
const MOST_LOOKS = 400;

/** Resolves with a number, above 0, that did not move for a quarter of a second: nothing but time tells that no more comes. */
export async function untilStable(look: () => number): Promise<number> {
  let last = 0;
  let alike = 0;
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    await sleep(EVERY_MS);
    const now = look();
    alike = now === last && now > 0 ? alike + 1 : 0;
    if (alike === LOOKS_ALIKE) return now;
    last = now;
  }
  throw new Error(`it still moves: ${last}`);
}
