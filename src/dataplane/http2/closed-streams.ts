/** How a stream ended. */
export type StreamEnd = 'ended' | 'reset-by-us' | 'reset-by-peer';

const SLOTS = 256;
const ENDS: readonly StreamEnd[] = ['ended', 'reset-by-us', 'reset-by-peer'];

/**
 * How the streams that closed last did so. What is on its way for a stream that we reset must be passed over, what comes for
 * one that was whole is an error (RFC 9113 §5.1). Only the last few hundred ids are remembered, in one small table.
 */
export class ClosedStreams {
  readonly #ids = new Int32Array(SLOTS);
  readonly #ends = new Uint8Array(SLOTS);

  remember(id: number, end: StreamEnd): void {
    const slot = slotOf(id);
    this.#ids[slot] = id;
    this.#ends[slot] = ENDS.indexOf(end);
  }

  /** Undefined: never open, or too long ago. */
  endOf(id: number): StreamEnd | undefined {
    const slot = slotOf(id);
    return this.#ids[slot] === id ? ENDS[this.#ends[slot] ?? 0] : undefined;
  }
}

/** Ids of one side are all odd or all even. */
function slotOf(id: number): number {
  return (id >>> 1) % SLOTS;
}
