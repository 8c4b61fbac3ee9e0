import type { Socket } from 'node:net';
import type { LimitName } from '../../observability/limits.ts';
import type { Engine } from '../engine.ts';
import type { ErrorCode } from './frames.ts';
import type { PeerSettings } from './settings.ts';
import type { Http2Stream, StreamHandler } from './stream.ts';

/** What a role is told of its connection. */
export interface ConnectionRole {
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
  /** The socket is closed; streams have ended. */
  onGone(): void;
  /** Something threw that must not. */
  onDefect(error: unknown): void;
}

export interface ConnectionOptions {
  readonly engine: Engine;
  readonly socket: Socket;
  readonly role: ConnectionRole;
  readonly side: 'server' | 'client';
  /** What we announce, `InitialWindowSize` apart. */
  readonly settings: readonly (readonly [id: number, value: number])[];
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Of streams that the peer opens. */
  readonly maxPeerStreams: number;
  /** Of a decoded header block, as RFC 9113 §6.5.2 counts. */
  readonly maxHeaderListBytes: number;
  /** Longest time in which the socket takes no byte. */
  readonly stallMs: () => number;
}
