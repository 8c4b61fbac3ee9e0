/** How much of a request body is held while there is no connection. */
const MAX_BYTES = 65_536;
/** What a piece costs beside its bytes: a body that comes byte by byte must not cost a hundred times its length. */
const PIECE_BYTES = 256;
const NOTHING: readonly Buffer[] = [];

/** The beginning of a request body, as long as it may be needed (again). */
export class HeldBody {
  #chunks: Buffer[] | undefined;
  /** Of memory, roughly. */
  #bytes = 0;
  #keepBytes = MAX_BYTES;
  /** All bytes that came so far are here. */
  isComplete = true;

  get isFull(): boolean {
    return this.#bytes >= MAX_BYTES;
  }

  /** A chunk that can't be sent yet. The client is to be paused when this is full. */
  hold(chunk: Buffer): void {
    this.#chunks ??= [];
    this.#chunks.push(chunk);
    this.#bytes += chunk.length + PIECE_BYTES;
  }

  /** A chunk that is being sent. */
  remember(chunk: Buffer): void {
    if (!this.isComplete) return;
    if (this.#bytes + chunk.length + PIECE_BYTES <= this.#keepBytes) this.hold(chunk);
    else this.drop();
  }

  /** What is to be sent now. `keepBytes`: how much is kept further, so that it can be sent again; 0: nothing. */
  release(keepBytes: number): readonly Buffer[] {
    const chunks = this.#chunks ?? NOTHING;
    this.#keepBytes = keepBytes;
    if (this.#bytes > keepBytes) this.drop();
    return chunks;
  }

  drop(): void {
    this.#chunks = undefined;
    this.#bytes = 0;
    this.isComplete = false;
  }
}
