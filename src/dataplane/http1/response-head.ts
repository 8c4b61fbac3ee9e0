import type { FieldList } from '../fields.ts';
import type { Refusal } from './refusal.ts';

/** How much head an upstream may send. */
export interface ResponseLimits {
  readonly headBytes: number;
  readonly maxFields: number;
}

/** What of the request decides how its answer is read. */
export interface AnsweredRequest {
  readonly method: string;
  /** The request that was sent asked for a WebSocket. */
  readonly upgrade: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** End-to-end fields alone; Content-Length is in `body` or `declaredLength`. */
  readonly fields: FieldList;
  /** NO_BODY, CHUNKED, UNTIL_CLOSE or a length in bytes. */
  readonly body: number;
  /** Content-Length where no body follows it: answers to HEAD, and 304. */
  readonly declaredLength: number | undefined;
  /** The connection may carry another exchange once the body was read whole. */
  readonly keepAlive: boolean;
  /** A 101 that was asked for: what follows is the tunnel. */
  readonly upgrade: boolean;
  /** Bytes from `start` to the end of the head. */
  readonly byteLength: number;
}

/** Parses the head that begins at `start`; interim (1xx) heads too. Undefined: incomplete. Each refusal is a 502. */
export function parseResponseHead(
  buffer: Buffer,
  start: number,
  request: AnsweredRequest,
  limits: ResponseLimits,
): ResponseHead | Refusal | undefined {
  throw new Error(`not written yet ${buffer.length - start} ${request.method} ${limits.headBytes}`);
}
