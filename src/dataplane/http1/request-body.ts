import { CHUNKED, type FieldList } from '../fields.ts';
import { ChunkedDecoder } from './chunked.ts';
import { Refusal } from './refusal.ts';

export type PushBody = (chunk: Buffer, start: number, end: number) => void;

/** How much of a request is read and thrown away after its answer, so that the connection can be kept (security.md 1.16). */
const MAX_DISCARDED_BYTES = 65_536;

/** Finds the bodies of a client's requests in its bytes, one after the other. */
export class RequestBody {
  /** After a body of chunks; undefined: none. */
  trailers: FieldList | undefined = undefined;
  /** Bytes are raw, and their end is the connection's. */
  isTunnel = false;
  /** Known bytes that are still to come; CHUNKED where only the end itself will tell. */
  #left = 0;
  #decoder: ChunkedDecoder | undefined = undefined;
  #isContinueAwaited = false;
  #discardedBytes = 0;
  readonly #push: PushBody;

  constructor(push: PushBody) {
    this.#push = push;
  }

  /** `body` and `expectContinue`: of the request's head. */
  begin(body: number, expectContinue: boolean): void {
    this.#left = body === CHUNKED ? CHUNKED : Math.max(body, 0);
    this.#decoder = body === CHUNKED ? new ChunkedDecoder() : undefined;
    this.#isContinueAwaited = expectContinue;
    this.trailers = undefined;
    this.#discardedBytes = 0;
  }

  /** All that follows is raw, and has no end but the connection's. */
  beginTunnel(): void {
    this.isTunnel = true;
    this.#left = CHUNKED;
  }

  get isComplete(): boolean {
    return this.#left === 0;
  }

  /** After the answer: the rest is more than is worth reading, or may never come. */
  get isTooLong(): boolean {
    return !this.isComplete && (this.#isContinueAwaited || this.#left > MAX_DISCARDED_BYTES);
  }

  /** Whether the client must be told `100 Continue`; asked once, by who is going to read. */
  takeExpectation(): boolean {
    const isAwaited = this.#isContinueAwaited;
    this.#isContinueAwaited = false;
    return isAwaited;
  }

  /** Bytes that nobody wants. False: there are too many of them. */
  discard(bytes: number): boolean {
    this.#discardedBytes += bytes;
    return this.#discardedBytes <= MAX_DISCARDED_BYTES;
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
      if (decoder.trailers.length > 0) this.trailers = decoder.trailers;
      this.#decoder = undefined;
    }
    return at;
  }
}
