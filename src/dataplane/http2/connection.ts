import type { Socket } from 'node:net';
import type { LimitName } from '../../observability/limits.ts';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine.ts';
import { createGuard } from '../guard.ts';
import { Timer, type TimerWheel } from '../timer-wheel.ts';
import { ClosedStreams, type StreamEnd } from './closed-streams.ts';
import { FloodGuard, type FloodKind } from './flood-guard.ts';
import { ReceiveWindow, SendWindow } from './flow-window.ts';
import { FrameDispatch, type FrameEvents } from './frame-dispatch.ts';
import { FrameOutput } from './frame-output.ts';
import {
  CLIENT_PREFACE,
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  Flag,
  FrameType,
  LARGEST_STREAM_ID,
  writeFrameHeader,
  writeGoaway,
  writePing,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from './frames.ts';
import type { HeaderBlock } from './header-block.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import type { PeerSettings } from './settings.ts';
import { Http2Stream, type ResetBy, type StreamHandler, type StreamHome } from './stream.ts';

/*
 * How a role is built on this.
 *
 * A role (server-connection.ts, client-connection.ts) makes the socket, constructs `Http2Connection` with itself as `role`,
 * calls `start()` once bytes may be written, and gives every chunk that it reads to `read(chunk)`. Drain, timeout, end and
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

/** DATA frames are no longer than this, so that streams take turns. */
const MAX_DATA_BYTES = 16_384;
/** Answers to control frames and to heads that the peer does not read. */
const MAX_UNSENT_BYTES = 1_048_576;
/** How long a peer may take to close after GOAWAY, or to answer the PING before it. */
const LINGER_MS = 5_000;
const NOTICE_MS = 500;
const INITIAL_WINDOW_SIZE = 0x4;
const PING = Buffer.from('shutdown', 'latin1');

/** One HTTP/2 connection, in either role: all of RFC 9113 but what a request and an answer are. */
export class Http2Connection implements StreamHome, FrameEvents {
  readonly side: 'server' | 'client';
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly closed = new ClosedStreams();
  readonly streams = new Map<number, Http2Stream>();
  /** Highest id that the peer opened. */
  lastPeerId = 0;
  readonly #options: ConnectionOptions;
  readonly #role: ConnectionRole;
  readonly #socket: Socket;
  readonly #output: FrameOutput;
  readonly #dispatch: FrameDispatch;
  readonly #encoder = new HpackEncoder();
  readonly #floods: FloodGuard;
  readonly #sendWindow = new SendWindow(DEFAULT_WINDOW_BYTES);
  readonly #receiveWindow: ReceiveWindow;
  /** Streams with DATA that waits, in turn. */
  readonly #waiting = new Set<Http2Stream>();
  /** Streams that were given DATA in this read. */
  #fed: Http2Stream[] = [];
  readonly #timer: Timer;
  #headAt = 0;
  #nextId = 1;
  #isPumping = false;
  /** `notice`: no new streams are wanted; `last`: none is taken; `over`: nothing is read. */
  #phase: 'open' | 'notice' | 'last' | 'over' = 'open';
  #hasPeerGoneAway = false;
  #hasPeerEnded = false;

  constructor(options: ConnectionOptions) {
    const { engine, socket, role, side } = options;
    this.#options = options;
    this.#role = role;
    this.#socket = socket;
    this.side = side;
    this.wheel = engine.wheel;
    this.clock = engine.clock;
    this.#floods = new FloodGuard(engine.clock.nowMs);
    this.#receiveWindow = new ReceiveWindow(options.connectionWindowBytes);
    this.#output = new FrameOutput(socket, options.stallMs);
    this.#dispatch = new FrameDispatch(this, side, options.maxHeaderListBytes);
    const guard = createGuard((error) => {
      role.onDefect(error);
    });
    this.#timer = new Timer(engine.wheel, guard(this.#onTimeout));
    this.#output.onRoom = guard(this.#onRoom);
    this.#listen((event, listener) => socket.on(event, guard(listener)));
  }

  get peer(): PeerSettings {
    return this.#dispatch.peer;
  }

  get streamCount(): number {
    return this.streams.size;
  }

  get isOutputFull(): boolean {
    return this.#output.isFull;
  }

  /** A frame or a header block has begun and is not whole. */
  get isMidFrame(): boolean {
    return this.#dispatch.isMidFrame;
  }

  /** It neither ends nor is about to. */
  get isOpen(): boolean {
    return this.#phase === 'open' && !this.#hasPeerGoneAway && !this.#hasPeerEnded;
  }

  /** Client: another stream may be opened now. */
  get canOpen(): boolean {
    return (
      this.isOpen &&
      this.streams.size < this.peer.maxConcurrentStreams &&
      this.#nextId <= LARGEST_STREAM_ID
    );
  }

  /** Sends what comes first: preface, SETTINGS, and a window for the whole connection. */
  start(): void {
    const { settings, streamWindowBytes, connectionWindowBytes } = this.#options;
    const { frames } = this.#output;
    if (this.side === 'client') frames.latin1(CLIENT_PREFACE);
    writeSettings(frames, [...settings, [INITIAL_WINDOW_SIZE, streamWindowBytes]]);
    const increment = connectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (increment > 0) writeWindowUpdate(frames, 0, increment);
    this.#output.schedule();
  }

  read(chunk: Buffer): void {
    if (this.#phase === 'over') return;
    this.#dispatch.read(chunk);
    const fed = this.#fed;
    if (fed.length === 0) return;
    this.#fed = [];
    for (const stream of fed) {
      stream.isFed = false;
      if (!stream.isClosed) stream.handler.onPause();
    }
  }

  /** Client. Undefined: not now, or not on this connection any more. */
  openStream(handler: StreamHandler): Http2Stream | undefined {
    if (!this.canOpen) return undefined;
    const stream = this.#addStream(this.#nextId, handler);
    this.#nextId += 2;
    return stream;
  }

  /** No further streams; those that run end first. What the peer has sent before it knows is still served. */
  shutdown(code: ErrorCode = ErrorCode.NoError): void {
    if (this.#phase !== 'open') return;
    if (this.side === 'client') {
      this.#goAway(code);
      return;
    }
    this.#phase = 'notice';
    writeGoaway(this.#output.frames, LARGEST_STREAM_ID, code);
    writePing(this.#output.frames, Flag.None, PING);
    this.#output.schedule();
    this.#timer.set(this.clock.nowMs + NOTICE_MS);
  }

  /** Ends it at once, with GOAWAY where that can still be said. */
  fail(code: ErrorCode, reason: string): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#dispatch.stop();
    writeGoaway(this.#output.frames, this.lastPeerId, code);
    this.#output.flush();
    this.#role.onConnectionError(code, reason);
    this.#endStreams(ErrorCode.InternalError);
    this.#end();
  }

  destroy(): void {
    this.#phase = 'over';
    this.#dispatch.stop();
    this.#socket.destroy();
    this.#endStreams(ErrorCode.InternalError);
  }

  // What streams ask for.

  beginHead(streamId: number): void {
    this.#headAt = this.#output.frames.length;
    writeFrameHeader(this.#output.frames, 0, FrameType.Headers, Flag.None, streamId);
  }

  field(name: string, value: string): void {
    this.#encoder.field(this.#output.frames, name, value);
  }

  endHead(stream: Http2Stream, endStream: boolean): void {
    stream.writtenBytes += this.#output.frames.length - this.#headAt;
    this.#output.endHeaders(this.#headAt, stream.id, endStream, this.peer.maxFrameBytes);
    this.#checkUnsent();
    if (endStream) this.#localEnd(stream);
  }

  writeData(stream: Http2Stream, chunk: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && !this.#output.isFull) {
      const window = Math.min(stream.sendWindow.bytes, this.#sendWindow.bytes);
      const wanted = Math.min(end - at, MAX_DATA_BYTES);
      const size = Math.min(wanted, window);
      if (size <= 0) break;
      this.#output.data(stream.id, chunk, at, at + size);
      stream.sendWindow.bytes -= size;
      this.#sendWindow.bytes -= size;
      stream.sentBytes += size;
      at += size;
      // A peer may say for each frame that it took it, twice; not for crumbs that its own windows make.
      if (size === wanted) this.#floods.excuse('windowUpdates', 2);
    }
    return at;
  }

  writeEnd(stream: Http2Stream): void {
    this.#output.endStream(stream.id);
    this.#localEnd(stream);
  }

  wait(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  consumed(stream: Http2Stream, bytes: number): void {
    this.#consumedOfAll(bytes);
    if (stream.isRemoteEnded || stream.isClosed) return;
    const increment = stream.receiveWindow.give(bytes);
    if (increment > 0) this.#updateWindow(stream.id, increment);
  }

  reset(stream: Http2Stream, code: ErrorCode): void {
    if (stream.isClosed) return;
    this.#writeReset(stream.id, code);
    this.#close(stream, 'reset-by-us');
  }

  // What comes from the peer, well formed.

  onPeerHead(streamId: number, endStream: boolean, block: HeaderBlock): void {
    this.lastPeerId = streamId;
    if (this.#phase === 'last') {
      this.closed.remember(streamId, 'reset-by-us');
      return;
    }
    if (this.streams.size >= this.#options.maxPeerStreams) {
      this.#role.onLimit('http2-streams');
      this.refuse(streamId, ErrorCode.RefusedStream);
      return;
    }
    const stream = this.#addStream(streamId, NO_HANDLER);
    stream.handler = this.#role.onPeerStream(stream);
    this.onHead(stream, endStream, block);
  }

  onHead(stream: Http2Stream, endStream: boolean, block: HeaderBlock): void {
    if (endStream) stream.isRemoteEnded = true;
    stream.handler.onHeaders(block, endStream);
    if (endStream) this.#closeIfEnded(stream);
  }

  onStreamData(stream: Http2Stream, chunk: Buffer, start: number, end: number): void {
    stream.handler.onData(chunk, start, end);
    if (stream.isFed || stream.isClosed) return;
    stream.isFed = true;
    this.#fed.push(stream);
  }

  /** A DATA frame of this length, padding included, begins; `stream` undefined: for one that is closed. False: do not go on. */
  onDataLength(stream: Http2Stream | undefined, bytes: number): boolean {
    if (bytes > 0) this.#floods.excuse('pings', 1);
    if (!this.#receiveWindow.take(bytes)) {
      this.fail(ErrorCode.FlowControlError, 'more DATA than the connection window');
      return false;
    }
    if (stream === undefined || stream.receiveWindow.take(bytes)) return true;
    this.#consumedOfAll(bytes);
    this.streamError(stream.id, ErrorCode.FlowControlError);
    return false;
  }

  /** It has ended. */
  onDataDone(stream: Http2Stream | undefined, bytes: number, endStream: boolean): void {
    if (stream === undefined || stream.isClosed) {
      this.#consumedOfAll(bytes);
      return;
    }
    if (endStream) stream.isRemoteEnded = true;
    if (bytes > 0) stream.received(bytes);
    if (!endStream) return;
    stream.handler.onEnd();
    this.#closeIfEnded(stream);
  }

  onPeerReset(stream: Http2Stream, code: number): void {
    this.#close(stream, 'reset-by-peer');
    stream.handler.onReset(code, 'peer');
  }

  /** @param windowChange by how much the windows of streams grow. */
  onPeerSettings(windowChange: number): void {
    this.#encoder.setMaxTableBytes(this.peer.headerTableBytes);
    writeSettingsAck(this.#output.frames);
    this.#output.schedule();
    this.#checkUnsent();
    for (const stream of this.streams.values()) {
      if (stream.sendWindow.grow(windowChange)) continue;
      this.fail(ErrorCode.FlowControlError, 'a window grows too large');
      return;
    }
    this.#role.onSettings(this.peer);
    this.#pump();
  }

  onPing(flags: number, payload: Buffer, start: number): void {
    if ((flags & Flag.Ack) === 0) {
      writePing(this.#output.frames, Flag.Ack, payload, start);
      this.#output.schedule();
      this.#checkUnsent();
    } else if (this.#phase === 'notice' && payload.compare(PING, 0, 8, start, start + 8) === 0) {
      this.#goAway(ErrorCode.NoError);
    }
  }

  onPeerGoaway(lastStreamId: number, code: number): void {
    this.#hasPeerGoneAway = true;
    if (this.side === 'client') {
      for (const stream of [...this.streams.values()]) {
        if (stream.id > lastStreamId) this.#lose(stream, ErrorCode.RefusedStream);
      }
    }
    this.#role.onGoaway(lastStreamId, code);
    if (this.streams.size === 0) this.#goAway(ErrorCode.NoError);
  }

  onWindowUpdate(stream: Http2Stream | undefined, increment: number): void {
    const window = stream?.sendWindow ?? this.#sendWindow;
    if (window.grow(increment)) this.#pump();
    else if (stream !== undefined) this.streamError(stream.id, ErrorCode.FlowControlError);
    else this.fail(ErrorCode.FlowControlError, 'the connection window grows too large');
  }

  /** The peer did something on a stream that it must not (RFC 9113 §5.4.2). */
  streamError(streamId: number, code: ErrorCode): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.refuse(streamId, code);
      return;
    }
    if (!this.countFlood('resets')) return;
    this.#writeReset(streamId, code);
    this.#close(stream, 'reset-by-us');
    stream.handler.onReset(code, 'us');
  }

  /** The same for a stream that is not open. */
  refuse(streamId: number, code: ErrorCode): void {
    if (!this.countFlood('resets')) return;
    this.closed.remember(streamId, 'reset-by-us');
    this.#writeReset(streamId, code);
  }

  /** False: that was one too many, it is over. */
  countFlood(kind: FloodKind): boolean {
    const limit = this.#floods.count(kind, this.clock.nowMs);
    if (limit === undefined) return true;
    this.failFlood(limit);
    return false;
  }

  failFlood(limit: LimitName): void {
    this.#role.onLimit(limit);
    this.fail(ErrorCode.EnhanceYourCalm, limit);
  }

  /** An id of ours, or of the peer's, that was never used. */
  isIdle(streamId: number): boolean {
    const isOurs = (streamId & 1) === (this.side === 'client' ? 1 : 0);
    if (isOurs) return this.side === 'server' || streamId >= this.#nextId;
    return streamId > this.lastPeerId;
  }

  #addStream(id: number, handler: StreamHandler): Http2Stream {
    const windows = {
      send: this.peer.initialWindowBytes,
      receive: this.#options.streamWindowBytes,
    };
    const stream = new Http2Stream(this, id, handler, windows);
    this.streams.set(id, stream);
    return stream;
  }

  #localEnd(stream: Http2Stream): void {
    stream.isLocalEnded = true;
    if (stream.isRemoteEnded) this.#closeIfEnded(stream);
    else if (stream.resetsAfterEnd) this.reset(stream, ErrorCode.NoError);
  }

  #closeIfEnded(stream: Http2Stream): void {
    if (stream.isLocalEnded && stream.isRemoteEnded && !stream.isClosed) {
      this.#close(stream, 'ended');
    }
  }

  #close(stream: Http2Stream, end: StreamEnd): void {
    this.streams.delete(stream.id);
    this.#waiting.delete(stream);
    this.closed.remember(stream.id, end);
    const held = stream.close();
    if (held > 0) this.#consumedOfAll(held);
    this.#role.onStreamClosed(stream);
    const isEnding = this.#phase === 'last' || this.#hasPeerGoneAway || this.#hasPeerEnded;
    if (isEnding && this.streams.size === 0) this.#goAway(ErrorCode.NoError);
  }

  #lose(stream: Http2Stream, code: ErrorCode, by: ResetBy = 'connection'): void {
    if (stream.isClosed) return;
    this.#close(stream, 'reset-by-us');
    stream.handler.onReset(code, by);
  }

  #endStreams(code: ErrorCode): void {
    for (const stream of [...this.streams.values()]) this.#lose(stream, code);
  }

  #writeReset(streamId: number, code: ErrorCode): void {
    writeRstStream(this.#output.frames, streamId, code);
    this.#output.schedule();
    this.#checkUnsent();
  }

  #updateWindow(streamId: number, increment: number): void {
    if (this.#phase === 'over') return;
    writeWindowUpdate(this.#output.frames, streamId, increment);
    this.#output.schedule();
  }

  #consumedOfAll(bytes: number): void {
    const increment = this.#receiveWindow.give(bytes);
    if (increment > 0) this.#updateWindow(0, increment);
  }

  #checkUnsent(): void {
    if (this.#phase === 'over' || this.#output.unsentBytes < MAX_UNSENT_BYTES) return;
    this.#role.onLimit('http2-unread-answers');
    this.destroy();
  }

  /** One frame of each stream that waits, in turn, as long as anything moves. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    let isMoving = true;
    while (isMoving && this.#sendWindow.bytes > 0 && !this.#output.isFull) {
      isMoving = false;
      for (const stream of [...this.#waiting]) {
        const before = stream.sentBytes;
        if (!stream.isClosed && !stream.pump(MAX_DATA_BYTES)) this.#waiting.delete(stream);
        if (stream.sentBytes > before) isMoving = true;
      }
    }
    this.#isPumping = false;
  }

  readonly #onRoom = (): void => {
    this.#pump();
    for (const stream of [...this.streams.values()]) {
      if (!stream.isClosed && !stream.isFull) stream.handler.onDrain();
    }
  };

  #goAway(code: ErrorCode): void {
    if (this.#phase === 'over') return;
    if (this.#phase !== 'last') {
      this.#phase = 'last';
      this.#timer.clear();
      writeGoaway(this.#output.frames, this.lastPeerId, code);
      this.#output.schedule();
    }
    if (this.streams.size === 0) this.#end();
  }

  /** All is said: what is gathered leaves, and the peer gets a moment to close. */
  #end(): void {
    this.#dispatch.stop();
    this.#output.flush();
    this.#timer.set(this.clock.nowMs + LINGER_MS);
    this.#socket.end();
    this.#phase = 'over';
  }

  #listen(on: (event: string, listener: () => void) => void): void {
    on('drain', () => {
      this.clock.update();
      this.#output.checkRoom();
    });
    on('timeout', () => {
      this.#socket.setTimeout(0);
      if (this.#socket.writableLength === 0) return;
      this.clock.update();
      this.#role.onLimit('slow-client');
      this.destroy();
    });
    on('end', () => {
      this.clock.update();
      this.#onPeerEnd();
    });
    on('close', () => {
      this.clock.update();
      this.#phase = 'over';
      this.#timer.remove();
      this.#endStreams(ErrorCode.InternalError);
      this.#role.onGone();
    });
    // 'close' follows, and says all that matters.
    this.#socket.on('error', () => undefined);
  }

  /** The peer sends no more: what it has sent whole is still answered. */
  #onPeerEnd(): void {
    this.#hasPeerEnded = true;
    for (const stream of [...this.streams.values()]) {
      if (!stream.isRemoteEnded) this.#lose(stream, ErrorCode.InternalError);
    }
    if (this.streams.size === 0 && this.#phase !== 'over') this.#end();
  }

  readonly #onTimeout = (): void => {
    this.clock.update();
    if (this.#phase === 'notice') this.#goAway(ErrorCode.NoError);
    else if (this.#phase === 'over') this.#socket.destroy();
  };
}

const NO_HANDLER: StreamHandler = {
  onHeaders: () => undefined,
  onData: () => undefined,
  onPause: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onDrain: () => undefined,
  onStalled: () => undefined,
};
