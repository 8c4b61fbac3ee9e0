import { ClosedStreams } from './closed-streams.ts';
import { LARGEST_STREAM_ID } from './frames.ts';
import type { Http2Stream } from './stream.ts';

/** The streams of a connection: those that are open, and which ids were used (RFC 9113 §5.1.1). */
export class StreamTable {
  readonly open = new Map<number, Http2Stream>();
  readonly closed = new ClosedStreams();
  /** Highest id that the peer used. */
  lastPeerId = 0;
  readonly #side: 'server' | 'client';
  #nextId = 1;

  constructor(side: 'server' | 'client') {
    this.#side = side;
  }

  get hasIds(): boolean {
    return this.#nextId <= LARGEST_STREAM_ID;
  }

  /** Streams that we ever opened; a server opens none. */
  get ownCount(): number {
    return this.#nextId >>> 1;
  }

  /** Client. */
  takeId(): number {
    const id = this.#nextId;
    this.#nextId += 2;
    return id;
  }

  /** An id of either side that was never used. */
  isIdle(streamId: number): boolean {
    if (!this.isClients(streamId)) return true; // servers open streams to push, which nobody does here
    return this.#side === 'server' ? streamId > this.lastPeerId : streamId >= this.#nextId;
  }

  isClients(streamId: number): boolean {
    return (streamId & 1) === 1;
  }
}
