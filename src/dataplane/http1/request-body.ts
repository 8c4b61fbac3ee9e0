import { CHUNKED } from '../fields.ts';
import { ChunkedDecoder } from './chunked.ts';
import { Refusal } from './refusal.ts';

export type PushBody = (chunk: Buffer, start: number, end: number) => void;

/** Finds the bodies of a client's requests in its bytes, one after the other. */
export class RequestBody {
  /** Bytes are raw, and their end is the connection's. */
  isTunnel = false;
  /** Known bytes that are still to come; CHUNKED where only the end itself will tell. */
  #left = 0;
  #decoder: ChunkedDecoder | undefined;
  readonly #push: PushBody;

  constructor(push: PushBody) {
    this.#push = push;
  }

  /** `body`: of the request's head. */
  begin(body: number): void {
    this.#left = body === CHUNKED ? CHUNKED : Math.max(body, 0);
    this.#decoder = body === CHUNKED ? new ChunkedDecoder() : undefined;
  }

  /** All that follows is raw, and has no end but the connection's. */
  beginTunnel(): void {
    this.isTunnel = true;
    this.#left = CHUNKED;
  }

  get isComplete(): boolean {
    return this.#left === 0;
  }

  /** Bytes still to come, CHUNKED if unknown. */
  get left(): number {
    return this.#left;
  }

  /** Position after what belonged to the body. */
  read(input: Buffer, from: number): number | Refusal {
    if (this.isTunnel) {
      this.#push(input, from, input.length);
      return input.length;
    }
    if (this.#decoder !== undefined) return this.#readChunks(this.#decoder, input, from);
    const end = Math.min(input.length, from + this.#left);
    this.#left -= end - from;
    this.#push(input, from, end);
    return end;
  }

  #readChunks(decoder: ChunkedDecoder, input: Buffer, from: number): number | Refusal {
    const at = decoder.decode(input, from, this.#push);
    if (!(at instanceof Refusal) && decoder.finished) {
      this.#left = 0;
      this.#decoder = undefined;
    }
    return at;
  }
}
