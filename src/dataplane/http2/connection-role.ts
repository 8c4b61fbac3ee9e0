import type { Socket } from 'node:net';
import type { LimitName } from '../../observability/limits.ts';
import type { Engine } from '../engine.ts';
import type { ErrorCode } from './frames.ts';
import type { PeerSettings } from './settings.ts';
import type { Http2Stream, StreamHandler } from './stream.ts';

/*
 * How a role is built on this.
 *
 * A role (server-connection.ts, client-connection.ts) makes the socket, constructs `Http2Connection` with itself as `role`,
 * calls `start(settings)` once bytes may be written, and gives every chunk that it reads to `read(chunk)`. Drain, timeout, end and
 * close of the socket are the connection's own business. Everything is synchronous; what is sent leaves in one write at the
 * end of the turn.
 *
 * Client: `openStream(handler)` gives a stream (undefined: none can be opened now; see `canOpen`). Send a head with
 * `stream.beginHead()`, `stream.field(':method', 'GET')`, …, `stream.fields(list, dropped)`, `stream.endHead(endStream)`, in one
 * go; then `stream.data(chunk, start, end)` while not `stream.isFull` (`onDrain` follows), then `stream.end(trailers?)`.
 * Ids go up in the order of the calls of `openStream`: send the head at once.
 * Server: `onPeerStream(stream)` gives the handler of a stream that the peer opens, before its first block.
 *
 * The handler hears `onHeaders(block, endStream)` for each header block (interim heads, the head, trailers), `onData` (copy what
 * outlives the call where chunks are volatile), `onPause` when a read holds no more of it, `onEnd`, and `onReset(code, by)` when
 * the stream is gone: after a code of RefusedStream nothing of it was processed. `stream.pause()` stops opening its window,
 * `stream.resume()` opens it again. `stream.reset(code)` ends it without a further event.
 * The role hears of the connection: `onSettings`, `onGoaway` (streams above the last id got RefusedStream already),
 * `onStreamClosed` after each stream (look at `streamCount`), `onLimit` for what trips, and `onGone` once it is no more.
 * `shutdown()` ends gracefully, `destroy()` at once.
 */

/** What a role is told of its connection. */
export interface ConnectionRole {
  /** Longest time in which the socket takes no byte. */
  readonly stallMs: number;
  /** Server: the peer opens a stream. Never called on a client's connection. */
  onPeerStream(stream: Http2Stream): StreamHandler;
  /** The peer's SETTINGS came, the first or new ones. */
  onSettings(settings: PeerSettings): void;
  onGoaway(lastStreamId: number, code: number): void;
  /** After the stream's own last event. */
  onStreamClosed(stream: Http2Stream): void;
  onLimit(limit: LimitName): void;
  /** The peer broke the protocol, or we end it: GOAWAY with this code was sent, streams have ended. */
  onConnectionError(code: ErrorCode, reason: string): void;
  /** All that was to be sent is with the kernel, and nothing follows. */
  onSent(): void;
  /** The socket is closed; streams have ended. */
  onGone(): void;
  /** Something threw that must not. */
  onDefect(error: unknown): void;
}

/** Settings, `InitialWindowSize` apart. */
export type Announced = readonly (readonly [id: number, value: number])[];

export interface ConnectionOptions {
  readonly engine: Engine;
  readonly socket: Socket;
  readonly role: ConnectionRole;
  readonly side: 'server' | 'client';
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Of streams that the peer opens. */
  readonly maxPeerStreams: number;
  /** Of a decoded header block, as RFC 9113 §6.5.2 counts. */
  readonly maxHeaderListBytes: number;
}
