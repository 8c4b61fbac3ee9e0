import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/** What waiting can't mend: `eventually` passes it on at once. */
export class Hopeless extends Error {}

/**
 * Looks again and again until `look` no longer throws, and gives what it returned. When the time is over, its last error,
 * with `what` before it. For what has no event to await: the state of another process, seen from outside.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  { withinMs = 20_000, everyMs = 25 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      if (performance.now() > deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`not within ${withinMs} ms: ${what}: ${reason}`, { cause: error });
      }
    }
    await delay(everyMs);
  }
}
