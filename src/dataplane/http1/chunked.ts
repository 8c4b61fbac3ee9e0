import { FieldList } from '../fields.ts';
import { Refusal } from './refusal.ts';

/** Takes the bytes `start` to `end` of `chunk`, which are body; must not keep the chunk beyond what it needs of it. */
export type BodySink = (chunk: Buffer, start: number, end: number) => void;

/** Reads one chunked body (RFC 9112 §7.1) as its bytes arrive. Extensions are dropped. */
export class ChunkedDecoder {
  /** The last chunk and the trailer section were read. */
  finished = false;
  /** Complete once finished; fields that may not come late are dropped. */
  readonly trailers = new FieldList();

  /**
   * Reads `chunk` from position `from`, and gives the position after the last byte consumed: the end of the chunk unless
   * the body finished before it. A refusal is for good; its status is that of a client's body.
   */
  decode(chunk: Buffer, from: number, sink: BodySink): number | Refusal {
    sink(chunk, from, from);
    return new Refusal(400, 'not written yet');
  }
}

/** What precedes the data of a chunk of `size` (> 0) bytes. */
export function chunkHead(size: number): string {
  return `${size.toString(16)}\r\n`;
}

/** What follows the data of a chunk. */
export const CHUNK_TAIL = '\r\n';

/** Ends a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';
