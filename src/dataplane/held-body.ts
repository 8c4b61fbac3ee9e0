import { PieceList } from './piece-list.ts';

/** How much of a request body is held while there is no connection. */
const MAX_BYTES = 65_536;

/** The beginning of a request body, as long as it may be needed (again). */
export class HeldBody {
  readonly #pieces = new PieceList();
  #keepBytes = MAX_BYTES;
  /** All bytes that came so far are here. */
  isComplete = true;

  get isFull(): boolean {
    return this.#pieces.bytes >= MAX_BYTES;
  }

  /** A chunk that can't be sent yet, or a copy of it where it is not our own. The client is to be paused when this is full. */
  hold(chunk: Buffer, isOwn: boolean): void {
    this.#pieces.add(chunk, isOwn);
  }

  /** A chunk that is being sent. */
  remember(chunk: Buffer, isOwn: boolean): void {
    if (!this.isComplete) return;
    if (this.#pieces.bytes + chunk.length <= this.#keepBytes) this.hold(chunk, isOwn);
    else this.drop();
  }

  /** What is to be sent now. `keepBytes`: how much is kept further, so that it can be sent again; 0: nothing. */
  release(keepBytes: number): readonly Buffer[] {
    const chunks = this.#pieces.views();
    this.#keepBytes = keepBytes;
    if (this.#pieces.bytes > keepBytes) this.drop();
    return chunks;
  }

  drop(): void {
    this.#pieces.clear();
    this.isComplete = false;
  }
}
