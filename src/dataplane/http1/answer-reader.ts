import type { UpstreamEvents, UpstreamRequest } from '../codec.ts';
import { CHUNKED, UNTIL_CLOSE } from '../fields.ts';
import { ChunkedDecoder } from './chunked.ts';
import { Refusal } from './refusal.ts';
import { parseResponseHead, type ResponseHead } from './response-head.ts';
import { acceptsKey } from './websocket-key.ts';

const WRONG_ACCEPT = new Refusal(502, 'upstream switched protocols for another key');

export interface AnswerLimits {
  readonly headBytes: number;
  readonly maxFields: number;
  readonly maxInterimAnswers: number;
}

/** `more`: the answer goes on; `end`: it is whole. */
export type ReadOutcome = 'more' | 'end' | 'too-many-interim' | Refusal;

/** Takes the answers of one upstream connection apart, one after the other, and tells of each as it arrives. */
export class AnswerReader {
  #request: UpstreamRequest | undefined;
  #webSocketKey: string | undefined;
  #limits: AnswerLimits = { headBytes: 0, maxFields: 0, maxInterimAnswers: 0 };
  #events: UpstreamEvents | undefined;
  /** Beginning of a head that is not whole. */
  #rest: Buffer | undefined;
  #head: ResponseHead | undefined;
  #bodyLeft = 0;
  #decoder: ChunkedDecoder | undefined;
  #interimAnswers = 0;
  #hasLeftover = false;
  /** Where the chunks that came with the head begin and end, by turns; undefined: the answer was announced. */
  #early: number[] | undefined;
  readonly #pushBody = (chunk: Buffer, start: number, end: number): void => {
    this.#events?.onAnswerBody(chunk, start, end);
  };
  readonly #keepEarly = (_chunk: Buffer, start: number, end: number): void => {
    this.#early?.push(start, end);
  };

  /**
   * An answer to this request is expected from here on.
   * @param webSocketKey the one that we made, which a 101 must accept.
   */
  begin(request: UpstreamRequest, limits: AnswerLimits, webSocketKey?: string): void {
    this.#request = request;
    this.#webSocketKey = webSocketKey;
    this.#limits = limits;
    this.#rest = undefined;
    this.#head = undefined;
    this.#decoder = undefined;
    this.#early = undefined;
    this.#interimAnswers = 0;
    this.#hasLeftover = false;
  }

  /** Nobody wants the rest. */
  detach(): void {
    this.#events = undefined;
  }

  get isTunnel(): boolean {
    return this.#head?.upgrade === true;
  }

  /** The end of the connection is a proper end of this answer. */
  get endsWithConnection(): boolean {
    return this.#head !== undefined && (this.#head.upgrade || this.#head.body === UNTIL_CLOSE);
  }

  /** After the end: the connection may carry another answer. */
  get isReusable(): boolean {
    return this.#head?.keepAlive === true && !this.#hasLeftover && !this.endsWithConnection;
  }

  read(chunk: Buffer, events: UpstreamEvents): ReadOutcome {
    this.#events = events;
    let at = 0;
    let input = chunk;
    if (this.#head === undefined) {
      if (this.#rest !== undefined) input = Buffer.concat([this.#rest, chunk]);
      const outcome = this.#readHeads(input, events);
      if (typeof outcome !== 'number') return outcome;
      at = outcome;
    }
    return this.#readBody(input, at);
  }

  /** Position after the final head, or what there is to say before it. */
  #readHeads(input: Buffer, events: UpstreamEvents): number | ReadOutcome {
    const request = this.#request;
    if (request === undefined) return 'more';
    let at = 0;
    for (;;) {
      const head = parseResponseHead(input, at, request, this.#limits);
      if (head === undefined) {
        // A copy: the memory is read into again.
        this.#rest = Buffer.from(input.subarray(at));
        return 'more';
      }
      if (head instanceof Refusal) return head;
      if (head.upgrade && this.#webSocketKey !== undefined) {
        if (!acceptsKey(head.fields, this.#webSocketKey)) return WRONG_ACCEPT;
      }
      at += head.byteLength;
      if (head.status >= 200 || head.upgrade) {
        this.#begin(head);
        return at;
      }
      this.#interimAnswers += 1;
      if (this.#interimAnswers > this.#limits.maxInterimAnswers) return 'too-many-interim';
      if (head.status !== 100) events.onInterim(head);
    }
  }

  #begin(head: ResponseHead): void {
    this.#head = head;
    this.#rest = undefined;
    this.#bodyLeft = Math.max(head.body, 0);
    if (head.body === CHUNKED) {
      this.#decoder = new ChunkedDecoder();
      this.#early = [];
    } else {
      this.#events?.onAnswer(head);
    }
  }

  #readBody(input: Buffer, from: number): ReadOutcome {
    if (this.#decoder !== undefined) return this.#readChunks(this.#decoder, input, from);
    if (this.endsWithConnection) {
      if (from < input.length) this.#pushBody(input, from, input.length);
      return 'more';
    }
    const end = Math.min(input.length, from + this.#bodyLeft);
    if (end > from) this.#pushBody(input, from, end);
    this.#bodyLeft -= end - from;
    if (this.#bodyLeft > 0) return 'more';
    this.#hasLeftover = end < input.length;
    return 'end';
  }

  /** Chunks that come with the head are looked at before anybody hears of either: bad ones are still worth a 502. */
  #readChunks(decoder: ChunkedDecoder, input: Buffer, from: number): ReadOutcome {
    const sink = this.#early === undefined ? this.#pushBody : this.#keepEarly;
    const at = decoder.decode(input, from, sink);
    if (at instanceof Refusal) return at;
    if (this.#early !== undefined) this.#announce(input, this.#early);
    if (!decoder.finished) return 'more';
    this.#hasLeftover = at < input.length;
    return 'end';
  }

  #announce(input: Buffer, early: readonly number[]): void {
    this.#early = undefined;
    if (this.#head !== undefined) this.#events?.onAnswer(this.#head);
    for (let index = 0; index < early.length; index += 2) {
      this.#pushBody(input, early[index] ?? 0, early[index + 1] ?? 0);
    }
  }
}
