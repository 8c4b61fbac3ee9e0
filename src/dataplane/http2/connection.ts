import type { Socket } from 'node:net';
import type { LimitName } from '../../observability/limits.ts';
import type { Clock } from '../clock.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import type { StreamEnd } from './closed-streams.ts';
import type { Announced, ConnectionOptions, ConnectionRole } from './connection-role.ts';
import { ConnectionEnd } from './connection-end.ts';
import { ControlFrames, type ControlledConnection } from './control-frames.ts';
import { DataReceiver, type ReceiverHome } from './data-receiver.ts';
import { DataSender } from './data-sender.ts';
import { FloodGuard, type FloodHome } from './flood-guard.ts';
import { FrameDispatch, type FrameEvents } from './frame-dispatch.ts';
import { FrameOutput } from './frame-output.ts';
import {
  CLIENT_PREFACE,
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  Flag,
  FrameType,
  SettingId,
  writeFrameHeader,
  writeRstStream,
  writeSettings,
  writeWindowUpdate,
} from './frames.ts';
import type { HeaderBlock } from './header-block.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import type { PeerSettings } from './settings.ts';
import { StreamTable } from './stream-table.ts';
import { Http2Stream, NO_HANDLER, type StreamHandler, type StreamHome } from './stream.ts';
import { watchSocket, type SocketEvents } from './watch-socket.ts';

export type { ConnectionOptions, ConnectionRole } from './connection-role.ts';

/** Answers to control frames and to heads that the peer does not read. */
const MAX_UNSENT_BYTES = 1_048_576;

/** One HTTP/2 connection, in either role: all of RFC 9113 but what a request and an answer are. connection-role.ts says how it is used. */
export class Http2Connection
  implements StreamHome, FrameEvents, ControlledConnection, SocketEvents, FloodHome, ReceiverHome
{
  readonly side: 'server' | 'client';
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly table: StreamTable;
  readonly control: ControlFrames;
  readonly sender: DataSender;
  readonly receiver: DataReceiver;
  readonly role: ConnectionRole;
  readonly socket: Socket;
  readonly output: FrameOutput;
  readonly encoder = new HpackEncoder();
  readonly end: ConnectionEnd;
  readonly #streamWindowBytes: number;
  readonly #connectionWindowBytes: number;
  readonly #maxPeerStreams: number;
  readonly #dispatch: FrameDispatch;
  readonly #floods: FloodGuard;
  #headAt = 0;

  constructor(options: ConnectionOptions) {
    const { engine, socket, role, side } = options;
    this.role = role;
    this.socket = socket;
    this.#streamWindowBytes = options.streamWindowBytes;
    this.#connectionWindowBytes = options.connectionWindowBytes;
    this.#maxPeerStreams = options.maxPeerStreams;
    this.side = side;
    this.wheel = engine.wheel;
    this.clock = engine.clock;
    this.#floods = new FloodGuard(engine.clock, this);
    this.table = new StreamTable(side);
    this.output = new FrameOutput(socket, this);
    this.sender = new DataSender(this.output, this.#floods);
    this.receiver = new DataReceiver(options.connectionWindowBytes, this);
    this.#dispatch = new FrameDispatch(this, this.#floods, side, options.maxHeaderListBytes);
    this.end = new ConnectionEnd(this);
    this.control = new ControlFrames(this);
    watchSocket(socket, this);
  }

  get peer(): PeerSettings {
    return this.#dispatch.peer;
  }

  get streamCount(): number {
    return this.table.open.size;
  }

  get stallMs(): number {
    return this.role.stallMs;
  }

  get isOutputFull(): boolean {
    return this.output.isFull;
  }

  /** Which head has begun and is not whole; 0: none. */
  get openHead(): number {
    return this.#dispatch.openHead;
  }

  /** It neither ends nor is about to. */
  get isOpen(): boolean {
    return this.end.isOpen;
  }

  /** Client: another stream may be opened now. */
  get canOpen(): boolean {
    return (
      this.isOpen && this.table.open.size < this.peer.maxConcurrentStreams && this.table.hasIds
    );
  }

  /** Sends what comes first: preface, SETTINGS, and a window for the whole connection. */
  start(settings: Announced): void {
    const { frames } = this.output;
    if (this.side === 'client') frames.latin1(CLIENT_PREFACE);
    writeSettings(frames, [...settings, [SettingId.InitialWindowSize, this.#streamWindowBytes]]);
    const increment = this.#connectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (increment > 0) writeWindowUpdate(frames, 0, increment);
    this.output.schedule();
  }

  read(chunk: Buffer): void {
    if (this.end.phase === 'over') return;
    this.#dispatch.read(chunk);
    this.receiver.pause();
  }

  /** Client. Undefined: not now, or not on this connection any more. */
  openStream(handler: StreamHandler): Http2Stream | undefined {
    return this.canOpen ? this.#addStream(this.table.takeId(), handler) : undefined;
  }

  /** No further streams; those that run end first. What the peer has sent before it knows is still served. */
  shutdown(code: ErrorCode = ErrorCode.NoError): void {
    if (this.end.phase !== 'open') return;
    if (this.side === 'client') this.goAway(code);
    else this.end.notice(code);
  }

  /** Ends it at once, with GOAWAY where that can still be said. */
  fail(code: ErrorCode, reason: string): void {
    if (this.end.phase === 'over') return;
    this.end.goAway(this.table.lastPeerId, code);
    this.end.phase = 'over';
    this.#dispatch.stop();
    this.output.flush();
    this.role.onConnectionError(code, reason);
    this.#endStreams(ErrorCode.InternalError);
    this.end.over();
  }

  destroy(): void {
    this.end.phase = 'over';
    this.#dispatch.stop();
    this.socket.destroy();
    this.#endStreams(ErrorCode.InternalError);
  }

  // What streams ask for.

  beginHead(streamId: number): void {
    this.#headAt = this.output.frames.length;
    writeFrameHeader(this.output.frames, 0, FrameType.Headers, Flag.None, streamId);
  }

  field(name: string, value: string): void {
    this.encoder.field(this.output.frames, name, value);
  }

  endHead(stream: Http2Stream, endStream: boolean): void {
    stream.writtenBytes += this.output.frames.length - this.#headAt;
    this.output.endHeaders(this.#headAt, stream.id, endStream, this.peer.maxFrameBytes);
    this.checkUnsent();
    if (endStream) this.#localEnd(stream);
  }

  writeEnd(stream: Http2Stream): void {
    this.output.endStream(stream.id);
    this.#localEnd(stream);
  }

  consumed(stream: Http2Stream, bytes: number): void {
    this.receiver.consumed(stream, bytes);
  }

  reset(stream: Http2Stream, code: ErrorCode): void {
    if (stream.isClosed) return;
    this.#writeReset(stream.id, code);
    this.#close(stream, 'reset-by-us');
  }

  // What comes from the peer, well formed.

  onPeerHead(streamId: number, endStream: boolean, block: HeaderBlock): void {
    this.table.lastPeerId = streamId;
    if (this.end.phase === 'last') {
      this.table.closed.remember(streamId, 'reset-by-us');
      return;
    }
    if (this.table.open.size >= this.#maxPeerStreams) {
      this.role.onLimit('http2-streams');
      this.refuse(streamId, ErrorCode.RefusedStream);
      return;
    }
    const stream = this.#addStream(streamId, NO_HANDLER);
    stream.handler = this.role.onPeerStream(stream);
    this.onHead(stream, endStream, block);
  }

  onHead(stream: Http2Stream, endStream: boolean, block: HeaderBlock): void {
    if (endStream) stream.isRemoteEnded = true;
    stream.handler.onHeaders(block, endStream);
    if (endStream) this.#closeIfEnded(stream);
    else this.receiver.fed(stream);
  }

  /** A DATA frame of this length, padding included, begins; `stream` undefined: for one that is closed. False: do not go on. */
  onDataLength(stream: Http2Stream | undefined, bytes: number): boolean {
    if (bytes > 0) this.#floods.excuse('pings', 1);
    const tooSmall = this.receiver.take(stream, bytes);
    if (tooSmall === 'none') return true;
    if (tooSmall === 'connection' || stream === undefined) {
      this.fail(ErrorCode.FlowControlError, 'more DATA than the connection window');
    } else {
      this.receiver.consumed(undefined, bytes);
      this.streamError(stream.id, ErrorCode.FlowControlError);
    }
    return false;
  }

  /** It has ended. */
  onDataDone(stream: Http2Stream | undefined, bytes: number, endStream: boolean): void {
    if (stream === undefined || stream.isClosed) {
      this.receiver.consumed(undefined, bytes);
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

  /** The peer did something on a stream that it must not (RFC 9113 §5.4.2). */
  streamError(streamId: number, code: ErrorCode): void {
    const stream = this.table.open.get(streamId);
    if (stream === undefined) {
      this.refuse(streamId, code);
      return;
    }
    if (!this.#floods.count('resets')) return;
    this.#writeReset(streamId, code);
    this.#close(stream, 'reset-by-us');
    stream.handler.onReset(code, 'us');
  }

  /** The same for a stream that is not open. */
  refuse(streamId: number, code: ErrorCode): void {
    if (!this.#floods.count('resets')) return;
    this.table.closed.remember(streamId, 'reset-by-us');
    this.#writeReset(streamId, code);
  }

  #addStream(id: number, handler: StreamHandler): Http2Stream {
    const windows = {
      send: this.peer.initialWindowBytes,
      receive: this.#streamWindowBytes,
    };
    const stream = new Http2Stream(this, id, handler, windows);
    this.table.open.set(id, stream);
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
    this.table.open.delete(stream.id);
    this.sender.forget(stream);
    this.table.closed.remember(stream.id, end);
    const held = stream.close();
    if (held > 0) this.receiver.consumed(undefined, held);
    this.role.onStreamClosed(stream);
    if (this.end.isNear && this.table.open.size === 0) this.goAway(ErrorCode.NoError);
  }

  /** Client: the peer has not processed it, and will not. */
  refuseOwn(stream: Http2Stream): void {
    this.#lose(stream, ErrorCode.RefusedStream);
  }

  #lose(stream: Http2Stream, code: ErrorCode): void {
    if (stream.isClosed) return;
    this.#close(stream, 'reset-by-us');
    stream.handler.onReset(code, 'connection');
  }

  #endStreams(code: ErrorCode): void {
    for (const stream of [...this.table.open.values()]) this.#lose(stream, code);
  }

  #writeReset(streamId: number, code: ErrorCode): void {
    writeRstStream(this.output.frames, streamId, code);
    this.output.schedule();
    this.checkUnsent();
  }

  updateWindow(streamId: number, increment: number): void {
    if (this.end.phase === 'over') return;
    writeWindowUpdate(this.output.frames, streamId, increment);
    this.output.schedule();
  }

  checkUnsent(): void {
    if (this.end.phase === 'over' || this.output.unsentBytes < MAX_UNSENT_BYTES) return;
    this.role.onLimit('http2-unread-answers');
    this.destroy();
  }

  onRoom(): void {
    this.sender.pump();
    for (const stream of [...this.table.open.values()]) {
      if (!stream.isClosed && !stream.isFull) stream.handler.onDrain();
    }
  }

  /** No further streams; it ends with those that are open. */
  goAway(code: ErrorCode): void {
    if (this.end.phase === 'over') return;
    if (this.end.phase !== 'last') this.end.goAway(this.table.lastPeerId, code);
    if (this.table.open.size === 0) this.#over();
  }

  onNoticed(): void {
    this.goAway(ErrorCode.NoError);
  }

  onFlood(limit: LimitName): void {
    this.role.onLimit(limit);
    this.fail(ErrorCode.EnhanceYourCalm, limit);
  }

  #over(): void {
    this.#dispatch.stop();
    this.end.over();
  }

  // What the socket says.

  onDrain(): void {
    this.output.checkRoom();
  }

  onStall(): void {
    this.role.onLimit('slow-client');
    this.destroy();
  }

  onDefect(error: unknown): void {
    this.role.onDefect(error);
  }

  onFinish(): void {
    this.role.onSent();
  }

  onClose(): void {
    this.end.closed();
    this.#endStreams(ErrorCode.InternalError);
    this.role.onGone();
  }

  /** The peer sends no more: what it has sent whole is still answered. */
  onEnd(): void {
    this.end.hasPeerEnded = true;
    for (const stream of [...this.table.open.values()]) {
      if (!stream.isRemoteEnded) this.#lose(stream, ErrorCode.InternalError);
    }
    if (this.table.open.size === 0 && this.end.phase !== 'over') this.#over();
  }
}
