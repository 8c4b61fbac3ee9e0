import { FieldKind, isHopByHop, isProtected } from '../fields.ts';
import type { FieldList } from '../fields.ts';
import { FieldSection } from './field-section.ts';
import { fieldLines } from './field-lines.ts';
import { Refusal } from './refusal.ts';

/** Takes the bytes `start` to `end` of `chunk`, which are body. */
export type BodySink = (chunk: Buffer, start: number, end: number) => void;

/** Extensions and trailers of one body together; they are dropped, so a sender has no use for more. */
const MAX_OVERHEAD_BYTES = 16_384;
const TRAILER_LIMITS = {
  fieldLineBytes: 8_192,
  headBytes: MAX_OVERHEAD_BYTES,
  maxFields: 100,
} as const;

const LF = 10;
const CR = 13;

/** 1*HEXDIG and extensions as RFC 9112 §7.1.1 has them, without the blanks it calls bad. */
const SIZE_LINE =
  /^([0-9A-Fa-f]{1,16})((?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*)$/;
const SIZE_LINE_START = /^[0-9A-Fa-f]{1,16}(?:\r?$|;)/;
const LINE_START = /^[\t -~\x80-\xff]*\r?$/;

const BAD_SIZE = new Refusal(400, 'chunk size line is not valid');
const BAD_DATA_END = new Refusal(400, 'chunk data does not end with CR LF');
const BAD_TRAILER = new Refusal(400, 'trailer section is not valid');
const OVERHEAD = new Refusal(400, 'chunk extensions and trailers too large', undefined, 'trailers');

const State = { Size: 0, Data: 1, DataEnd: 2, Trailers: 3, Finished: 4 } as const;

/** Reads one chunked body (RFC 9112 §7.1) as its bytes arrive. Extensions are dropped. */
export class ChunkedDecoder {
  #state: number = State.Size;
  /** Bytes of the present chunk that are still to come. */
  #remaining = 0;
  /** A line that has begun in an earlier piece. */
  #line = '';
  #overheadBytes = 0;
  readonly #section = new FieldSection();

  /** The last chunk and the trailer section were read. */
  get finished(): boolean {
    return this.#state === State.Finished;
  }

  /** Complete once finished; what may not come late (framing, routing, credentials: RFC 9110 §6.5.1) is dropped. */
  get trailers(): FieldList {
    return this.#section.fields;
  }

  /**
   * Reads `chunk` from position `from`, and gives the position after the last byte consumed: the end of the chunk unless
   * the body finished before it. A refusal is for good; its status is that of a client's body.
   */
  decode(chunk: Buffer, from: number, sink: BodySink): number | Refusal {
    let position = from;
    while (position < chunk.length && this.#state !== State.Finished) {
      if (this.#state === State.Data) {
        position = this.#takeData(chunk, position, sink);
        continue;
      }
      const lineFeed = chunk.indexOf(LF, position);
      const end = lineFeed === -1 ? chunk.length : lineFeed + 1;
      const line = this.#line + chunk.toString('latin1', position, end);
      const refusal = lineFeed === -1 ? this.#keepLine(line) : this.#takeLine(line);
      if (refusal !== undefined) return refusal;
      position = end;
    }
    return position;
  }

  #takeData(chunk: Buffer, position: number, sink: BodySink): number {
    const end = Math.min(chunk.length, position + this.#remaining);
    sink(chunk, position, end);
    this.#remaining -= end - position;
    if (this.#remaining === 0) this.#state = State.DataEnd;
    return end;
  }

  /** Refuses what cannot become a valid line any more, so that nobody waits for the rest of it. */
  #keepLine(line: string): Refusal | undefined {
    if (this.#state === State.DataEnd && line !== '\r') return BAD_DATA_END;
    if (this.#state === State.Size && !SIZE_LINE_START.test(line)) return BAD_SIZE;
    if (this.#overheadBytes + line.length > MAX_OVERHEAD_BYTES) return OVERHEAD;
    if (!LINE_START.test(line)) return this.#state === State.Size ? BAD_SIZE : BAD_TRAILER;
    this.#line = line;
    return undefined;
  }

  #takeLine(line: string): Refusal | undefined {
    this.#line = '';
    switch (this.#state) {
      case State.Size:
        return this.#takeSize(line);
      case State.DataEnd:
        this.#state = State.Size;
        return line === '\r\n' ? undefined : BAD_DATA_END;
      default:
        return this.#takeTrailer(line);
    }
  }

  #takeSize(line: string): Refusal | undefined {
    if (line.length < 3 || line.charCodeAt(line.length - 2) !== CR) return BAD_SIZE;
    const parts = SIZE_LINE.exec(line.slice(0, -2));
    if (parts === null) return BAD_SIZE;
    const size = Number.parseInt(parts[1] ?? '', 16);
    if (!Number.isSafeInteger(size)) return BAD_SIZE;
    this.#overheadBytes += parts[2]?.length ?? 0;
    if (this.#overheadBytes > MAX_OVERHEAD_BYTES) return OVERHEAD;
    this.#remaining = size;
    this.#state = size === 0 ? State.Trailers : State.Data;
    return undefined;
  }

  #takeTrailer(line: string): Refusal | undefined {
    if (line === '\r\n') {
      this.#section.fields.remove((_name, kind) => mayNotComeLate(kind));
      this.#state = State.Finished;
      return undefined;
    }
    this.#overheadBytes += line.length;
    if (this.#overheadBytes > MAX_OVERHEAD_BYTES) return OVERHEAD;
    const text = { bytes: Buffer.from(line, 'latin1'), start: 0, text: line };
    return this.#section.read(text, 0, TRAILER_LIMITS, 'drop') === undefined
      ? undefined
      : BAD_TRAILER;
  }
}

function mayNotComeLate(kind: number): boolean {
  return kind !== FieldKind.Other && (isHopByHop(kind) || isProtected(kind));
}

/** What precedes the data of a chunk of `size` (> 0) bytes. */
export function chunkHead(size: number): string {
  return `${size.toString(16)}\r\n`;
}

/** What follows the data of a chunk. */
export const CHUNK_TAIL = '\r\n';

/** Ends a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';

/** Ends a chunked body, with trailers. */
export function lastChunkWith(trailers: FieldList): string {
  return `0\r\n${fieldLines(trailers)}\r\n`;
}
