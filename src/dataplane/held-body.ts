import { isIdempotent } from './retry.ts';

/** How much of a request body is kept while there is no connection, and kept on so that the request can be repeated. */
const MAX_BYTES = 65_536;
const NOTHING: readonly Buffer[] = [];

/** The beginning of a request body, as long as it may be needed (again). */
export class HeldBody {
  #chunks: Buffer[] | undefined;
  #bytes = 0;
  #isKept = true;
  /** All bytes that came so far are here. */
  isComplete = true;

  get isFull(): boolean {
    return this.#bytes >= MAX_BYTES;
  }

  /** A chunk that can't be sent yet. The client is to be paused when this is full. */
  hold(chunk: Buffer): void {
    this.#chunks ??= [];
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** A chunk that is being sent. */
  remember(chunk: Buffer): void {
    if (!this.isComplete) return;
    if (this.#isKept && this.#bytes + chunk.length <= MAX_BYTES) this.hold(chunk);
    else this.drop();
  }

  /** What is to be sent now; kept further only where the method may be repeated. */
  release(method: string): readonly Buffer[] {
    const chunks = this.#chunks ?? NOTHING;
    this.#isKept = isIdempotent(method);
    if (!this.#isKept && this.#bytes > 0) this.drop();
    return chunks;
  }

  drop(): void {
    this.#chunks = undefined;
    this.#bytes = 0;
    this.isComplete = false;
  }
}
