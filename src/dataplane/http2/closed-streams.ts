/** How a stream ended. */
export type StreamEnd = 'ended' | 'reset-by-us' | 'reset-by-peer';

const FIRST_SLOTS = 8;
const MOST_SLOTS = 256;
const ENDS: readonly StreamEnd[] = ['ended', 'reset-by-us', 'reset-by-peer'];

/**
 * How the streams that closed last did so. What is on its way for a stream that we reset must be passed over, what comes for
 * one that was whole is an error (RFC 9113 §5.1). Only the last few hundred ids are remembered, in one small table.
 */
export class ClosedStreams {
  /** By half of the id: that, and in the last two bits how it ended, from 1. All ids are a client's, and odd. */
  #slots: number[] = newSlots(FIRST_SLOTS);

  remember(id: number, end: StreamEnd): void {
    const half = id >>> 1;
    let slot = half % this.#slots.length;
    const before = this.#slots[slot] ?? 0;
    if (before !== 0 && before >>> 2 !== half && this.#slots.length < MOST_SLOTS) {
      this.#grow();
      slot = half % this.#slots.length;
    }
    this.#slots[slot] = ((half << 2) | (ENDS.indexOf(end) + 1)) >>> 0;
  }

  /** Undefined: never open, or too long ago. */
  endOf(id: number): StreamEnd | undefined {
    const half = id >>> 1;
    const known = this.#slots[half % this.#slots.length] ?? 0;
    return known !== 0 && known >>> 2 === half ? ENDS[(known & 3) - 1] : undefined;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = newSlots(before.length * 2);
    for (const known of before) {
      if (known !== 0) this.#slots[(known >>> 2) % this.#slots.length] = known;
    }
  }
}

/** A typed array would cost three times as much as eight numbers. */
function newSlots(count: number): number[] {
  return new Array<number>(count).fill(0);
}
