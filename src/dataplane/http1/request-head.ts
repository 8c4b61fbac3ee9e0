import type { FieldList } from '../fields.ts';
import type { Refusal } from './refusal.ts';

export { Refusal } from './refusal.ts';

/** How much head a client may send; the part of the client settings that the parser obeys. */
export interface HeadLimits {
  readonly requestLineBytes: number;
  readonly fieldLineBytes: number;
  readonly headBytes: number;
  readonly maxFields: number;
  readonly allowUnderscores: boolean;
}

export interface RequestHead {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  /** In origin-form as received, or `*`. */
  readonly target: string;
  /** As sent, port included; from the target where that is in absolute-form. Empty: HTTP/1.0 without Host. */
  readonly authority: string;
  /** The authority in lower case, without port and trailing dot. */
  readonly host: string;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  /** End-to-end fields alone: Host, framing, hop-by-hop fields, what Connection names and dropped names are gone. */
  readonly fields: FieldList;
  /** NO_BODY, CHUNKED or a length in bytes. */
  readonly body: number;
  /** The client would send another request on this connection. */
  readonly keepAlive: boolean;
  /** A 100 is awaited before the body is sent. */
  readonly expectContinue: boolean;
  /** `TE: trailers` was sent. */
  readonly acceptsTrailers: boolean;
  /** A WebSocket handshake that may become a tunnel (security.md 6.1). */
  readonly upgrade: boolean;
  /** Bytes from `start` to the end of the head. */
  readonly byteLength: number;
}

/** Parses the head that begins at `start`. Undefined: incomplete, and nothing so far is refusable. */
export function parseRequestHead(
  buffer: Buffer,
  start: number,
  limits: HeadLimits,
): RequestHead | Refusal | undefined {
  throw new Error(`not written yet ${buffer.length - start} ${limits.headBytes}`);
}
