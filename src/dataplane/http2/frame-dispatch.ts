import type { ControlFrames } from './control-frames.ts';
import type { DataReceiver } from './data-receiver.ts';
import type { DataSender } from './data-sender.ts';
import type { FloodGuard } from './flood-guard.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import {
  CLIENT_PREFACE,
  DEFAULT_HEADER_TABLE_BYTES,
  DEFAULT_MAX_FRAME_BYTES,
  ErrorCode,
  Flag,
  FrameType,
} from './frames.ts';
import { HeaderAssembly } from './header-assembly.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { PeerSettings } from './settings.ts';
import type { StreamTable } from './stream-table.ts';
import type { Http2Stream } from './stream.ts';

/** What the frames of a peer come to, once they have been found in order; the connection's. */
export interface FrameEvents {
  readonly table: StreamTable;
  readonly control: ControlFrames;
  readonly receiver: DataReceiver;
  readonly sender: DataSender;
  onPeerHead(streamId: number, endStream: boolean, block: HeaderBlock): void;
  onHead(stream: Http2Stream, endStream: boolean, block: HeaderBlock): void;
  onDataLength(stream: Http2Stream | undefined, bytes: number): boolean;
  onDataDone(stream: Http2Stream | undefined, bytes: number, endStream: boolean): void;
  onPeerReset(stream: Http2Stream, code: number): void;
  streamError(streamId: number, code: ErrorCode): void;
  fail(code: ErrorCode, reason: string): void;
}

const PREFACE = Buffer.from(CLIENT_PREFACE, 'latin1');
const PRIORITY_BYTES = 5;
/** One block is decoded at a time, and done with when its handler returns: idle connections keep none. */
const sharedBlock = new HeaderBlock();

/**
 * The peer's side of the protocol: whether a frame may come now and on this stream, whether its payload is sound, and what
 * it then means (RFC 9113 §5.1, §6). Header blocks are always decoded, for the tables' sake, whatever becomes of them.
 */
export class FrameDispatch implements FrameHandler {
  readonly peer = new PeerSettings();
  readonly #events: FrameEvents;
  readonly #floods: FloodGuard;
  readonly #side: 'server' | 'client';
  readonly #maxHeaderListBytes: number;
  readonly #reader = new FrameReader(this, DEFAULT_MAX_FRAME_BYTES);
  readonly #decoder = new HpackDecoder(DEFAULT_HEADER_TABLE_BYTES);
  /** Undefined: none is open. */
  #assembly: HeaderAssembly | undefined = undefined;
  /** Of the client's preface. */
  #prefaceBytes: number;
  #hasSettings = false;
  #wholeHeads = 0;
  /** RST_STREAM frames that came. */
  #resets = 0;
  /** Header blocks that came for streams that we had reset, and did not end them. */
  #lateHeads = 0;
  #isOver = false;
  /** Of the DATA frame that is being read; undefined: its payload is thrown away. */
  #dataStream: Http2Stream | undefined = undefined;

  constructor(
    events: FrameEvents,
    floods: FloodGuard,
    side: 'server' | 'client',
    maxHeaderListBytes: number,
  ) {
    this.#events = events;
    this.#floods = floods;
    this.#side = side;
    this.#maxHeaderListBytes = maxHeaderListBytes;
    this.#prefaceBytes = side === 'server' ? 0 : PREFACE.length;
  }

  /** The how manieth head it is that has begun and is not whole; 0: none. Any frame but DATA may be one until it is whole. */
  get openHead(): number {
    if (this.#isOver) return 0;
    return this.#assembly !== undefined || this.#reader.isMidAssembly ? this.#wholeHeads + 1 : 0;
  }

  stop(): void {
    this.#isOver = true;
    this.#reader.stop();
  }

  read(chunk: Buffer): void {
    const from = this.#prefaceBytes < PREFACE.length ? this.#readPreface(chunk) : 0;
    if (from < chunk.length && !this.#isOver) {
      this.#reader.read(from === 0 ? chunk : chunk.subarray(from));
    }
  }

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    payload: Buffer,
    start: number,
    end: number,
  ): void {
    if (!this.#mayCome(type, flags)) return;
    switch (type) {
      case FrameType.Headers:
        this.#onHeaders(flags, streamId, payload.subarray(start, end));
        break;
      case FrameType.Continuation:
        this.#onContinuation(flags, streamId, payload.subarray(start, end));
        break;
      case FrameType.Priority:
        this.#onPriority(streamId, payload.subarray(start, end));
        break;
      case FrameType.RstStream:
        this.#onRstStream(streamId, payload, start, end);
        break;
      case FrameType.Settings:
        this.#onSettings(flags, streamId, payload, start, end);
        break;
      case FrameType.Ping:
        if (streamId !== 0) this.#fail('PING on a stream');
        else if (end - start !== 8) this.#failSize('PING is not of 8 bytes');
        else if (this.#floods.count('pings')) this.#events.control.onPing(flags, payload, start);
        break;
      case FrameType.Goaway:
        if (streamId !== 0) this.#fail('GOAWAY on a stream');
        else if (end - start < 8) this.#failSize('GOAWAY is too short');
        else {
          const lastStreamId = payload.readUInt32BE(start) & 0x7fff_ffff;
          this.#events.control.onGoaway(lastStreamId, payload.readUInt32BE(start + 4));
        }
        break;
      case FrameType.WindowUpdate:
        this.#onWindowUpdate(streamId, payload, start, end);
        break;
      case FrameType.PushPromise:
        this.#fail('PUSH_PROMISE');
        break;
      default:
        // Unknown types are ignored (RFC 9113 §5.5), as often as that makes sense.
        this.#floods.count('ignored');
    }
    if (this.#assembly === undefined) this.#wholeHeads += 1;
  }

  onData(
    streamId: number,
    flags: number,
    frameBytes: number,
    chunk: Buffer,
    start: number,
    end: number,
    isFirst: boolean,
    isLast: boolean,
  ): void {
    if (this.#isOver) return;
    const endStream = (flags & Flag.EndStream) !== 0;
    const isEmpty = isLast && start === end;
    if (isFirst && !this.#beginData(streamId, frameBytes, isEmpty, endStream)) return;
    const stream = this.#dataStream;
    if (stream !== undefined && end > start && !stream.isClosed) {
      this.#events.receiver.give(stream, chunk, start, end);
    }
    if (isLast) this.#events.onDataDone(stream, frameBytes, endStream);
  }

  onFrameError(code: ErrorCode, reason: string): void {
    this.#events.fail(code, reason);
  }

  #readPreface(chunk: Buffer): number {
    const length = Math.min(chunk.length, PREFACE.length - this.#prefaceBytes);
    const end = this.#prefaceBytes + length;
    if (chunk.compare(PREFACE, this.#prefaceBytes, end, 0, length) !== 0) {
      this.#fail('not the preface of HTTP/2');
    }
    this.#prefaceBytes = end;
    return length;
  }

  #mayCome(type: number, flags: number): boolean {
    if (this.#isOver) return false;
    if (!this.#hasSettings) {
      if (type === FrameType.Settings && (flags & Flag.Ack) === 0) return true;
      this.#fail('the first frame is not SETTINGS');
      return false;
    }
    if ((this.#assembly !== undefined) !== (type === FrameType.Continuation)) {
      this.#fail('CONTINUATION missing or unasked');
      return false;
    }
    return true;
  }

  #beginData(streamId: number, frameBytes: number, isEmpty: boolean, endStream: boolean): boolean {
    this.#dataStream = undefined;
    if (!this.#mayCome(FrameType.Data, 0)) return false;
    if (streamId === 0 || this.#events.table.isIdle(streamId)) {
      this.#fail('DATA on a stream that is not open');
      return false;
    }
    if (isEmpty && !endStream && !this.#floods.count('empty')) return false;
    const stream = this.#events.table.open.get(streamId);
    const isOpen = stream !== undefined && !stream.isRemoteEnded;
    if (!this.#events.onDataLength(isOpen ? stream : undefined, frameBytes)) return false;
    if (isOpen) this.#dataStream = stream;
    else if (stream !== undefined || !this.#passOver(streamId, endStream)) {
      this.#events.streamError(streamId, ErrorCode.StreamClosed);
    }
    return !this.#isOver;
  }

  #onHeaders(flags: number, streamId: number, payload: Buffer): void {
    const fragment = this.#fragmentOf(flags, streamId, payload);
    if (fragment === undefined) return;
    const endStream = (flags & Flag.EndStream) !== 0;
    if ((flags & Flag.EndHeaders) !== 0) {
      this.#onBlock(streamId, endStream, fragment);
      return;
    }
    if (fragment.length === 0 && !this.#floods.count('empty')) return;
    this.#assembly = new HeaderAssembly(streamId, endStream, fragment);
  }

  /** Without padding and priority. Undefined: it is not sound. */
  #fragmentOf(flags: number, streamId: number, payload: Buffer): Buffer | undefined {
    if (streamId === 0) {
      this.#fail('HEADERS on no stream');
      return undefined;
    }
    let start = 0;
    let end = payload.length;
    if ((flags & Flag.Padded) !== 0) end -= payload[start++] ?? 0;
    const priorityAt = start;
    if ((flags & Flag.Priority) !== 0) start += PRIORITY_BYTES;
    if (start > payload.length) {
      this.#failSize('HEADERS is too short');
      return undefined;
    }
    if (end < start) {
      this.#fail('the padding is longer than the frame');
      return undefined;
    }
    if (start > priorityAt && dependency(payload, priorityAt) === streamId) {
      this.#fail('a stream depends on itself');
      return undefined;
    }
    return payload.subarray(start, end);
  }

  #onContinuation(flags: number, streamId: number, fragment: Buffer): void {
    const assembly = this.#assembly;
    if (streamId !== assembly?.streamId) {
      this.#fail('CONTINUATION of another stream');
      return;
    }
    const isLast = (flags & Flag.EndHeaders) !== 0;
    if (fragment.length === 0 && !isLast && !this.#floods.count('empty')) return;
    if (!assembly.add(fragment)) {
      this.#floods.trip('http2-continuations');
    } else if (isLast) {
      this.#assembly = undefined;
      this.#onBlock(streamId, assembly.endStream, assembly.block);
    }
  }

  #onBlock(streamId: number, endStream: boolean, fragment: Buffer): void {
    const block = sharedBlock;
    block.clear();
    const limit = this.#maxHeaderListBytes;
    const outcome = this.#decoder.decode(fragment, 0, fragment.length, limit, block.add);
    if (outcome === 'compression-error') {
      this.#events.fail(ErrorCode.CompressionError, 'a header block does not decode');
      return;
    }
    block.isTooLarge = outcome === 'list-too-large';
    const stream = this.#events.table.open.get(streamId);
    if (stream === undefined) this.#onUnknown(streamId, endStream, block);
    else if (stream.isRemoteEnded) this.#events.streamError(streamId, ErrorCode.StreamClosed);
    else this.#events.onHead(stream, endStream, block);
    block.clear();
  }

  /** A block for a stream that is not open: it opens one, or comes late, or is wrong. */
  #onUnknown(streamId: number, endStream: boolean, block: HeaderBlock): void {
    const { table } = this.#events;
    if (this.#side === 'server' && table.isClients(streamId) && streamId > table.lastPeerId) {
      this.#events.onPeerHead(streamId, endStream, block);
      return;
    }
    if (this.#passOver(streamId, endStream)) {
      this.#countLateHead(endStream);
      return;
    }
    const code =
      table.closed.endOf(streamId) === undefined ? ErrorCode.ProtocolError : ErrorCode.StreamClosed;
    this.#events.fail(code, 'HEADERS on a stream that is not open');
  }

  /**
   * What was on its way when we reset the stream, up to its end. Of our own streams nobody can close so many meanwhile that
   * they are forgotten but us.
   */
  #passOver(streamId: number, endStream: boolean): boolean {
    const { table } = this.#events;
    const end = table.closed.endOf(streamId);
    const isLate =
      end === undefined
        ? this.#side === 'client' && !table.isIdle(streamId)
        : end === 'reset-by-us';
    if (isLate && endStream) table.closed.remember(streamId, 'reset-by-peer');
    return isLate;
  }

  /** One that ends its stream comes once. Of others there is one for a stream that we opened, and none for a client's. */
  #countLateHead(endStream: boolean): void {
    if (endStream) return;
    this.#lateHeads += 1;
    if (this.#lateHeads > this.#events.table.ownCount) this.#floods.count('ignored');
  }

  #onPriority(streamId: number, payload: Buffer): void {
    if (streamId === 0) this.#fail('PRIORITY on no stream');
    else if (payload.length !== PRIORITY_BYTES) {
      this.#onStreamOrConnection(streamId, ErrorCode.FrameSizeError);
    } else if (dependency(payload, 0) === streamId) {
      this.#onStreamOrConnection(streamId, ErrorCode.ProtocolError);
    } else this.#floods.count('ignored');
  }

  /** An error of a stream, which there must be for that. */
  #onStreamOrConnection(streamId: number, code: ErrorCode): void {
    if (this.#events.table.isIdle(streamId))
      this.#events.fail(code, 'a bad frame on an idle stream');
    else this.#events.streamError(streamId, code);
  }

  #onRstStream(streamId: number, payload: Buffer, start: number, end: number): void {
    if (streamId === 0 || this.#events.table.isIdle(streamId)) {
      this.#fail('RST_STREAM on a stream that is not open');
      return;
    }
    if (end - start !== 4) {
      this.#failSize('RST_STREAM is not of 4 bytes');
      return;
    }
    const { table } = this.#events;
    const stream = table.open.get(streamId);
    this.#resets += 1;
    // One for each stream that we opened costs an endpoint as much as us. It may come after the end: RFC 9113 §8.1.
    if (this.#resets <= table.ownCount || this.#floods.count('resets')) {
      if (stream !== undefined) this.#events.onPeerReset(stream, payload.readUInt32BE(start));
      // What it sends after that was not on its way when we reset the stream.
      else table.closed.remember(streamId, 'reset-by-peer');
    }
  }

  #onSettings(flags: number, streamId: number, payload: Buffer, start: number, end: number): void {
    const isAck = (flags & Flag.Ack) !== 0;
    if (streamId !== 0) this.#fail('SETTINGS on a stream');
    else if (isAck ? end !== start : (end - start) % 6 !== 0) {
      this.#failSize('SETTINGS is of no sound length');
    } else if (this.#floods.count('settings') && !isAck) {
      const before = this.peer.initialWindowBytes;
      const error = this.peer.apply(payload, start, end);
      this.#hasSettings = true;
      if (error !== undefined) this.#events.fail(error, 'a setting is out of range');
      else this.#events.control.onSettings(this.peer, this.peer.initialWindowBytes - before);
    }
  }

  #onWindowUpdate(streamId: number, payload: Buffer, start: number, end: number): void {
    if (end - start !== 4) {
      this.#failSize('WINDOW_UPDATE is not of 4 bytes');
      return;
    }
    if (streamId !== 0 && this.#events.table.isIdle(streamId)) {
      this.#fail('WINDOW_UPDATE on a stream that is not open');
      return;
    }
    const increment = payload.readUInt32BE(start) & 0x7fff_ffff;
    const of = streamId === 0 ? 'connection' : 'stream';
    if (!this.#events.sender.countUpdate(of, increment)) return;
    const stream = this.#events.table.open.get(streamId);
    if (streamId !== 0 && stream === undefined) return;
    if (increment > 0) this.#events.control.onWindowUpdate(stream, increment);
    else if (streamId === 0) this.#fail('WINDOW_UPDATE of nothing');
    else this.#events.streamError(streamId, ErrorCode.ProtocolError);
  }

  #fail(reason: string): void {
    this.#events.fail(ErrorCode.ProtocolError, reason);
  }

  #failSize(reason: string): void {
    this.#events.fail(ErrorCode.FrameSizeError, reason);
  }
}

/** The stream that this one depends on, in a PRIORITY frame or HEADERS' priority (RFC 7540 §6.3). */
function dependency(payload: Buffer, at: number): number {
  return payload.readUInt32BE(at) & 0x7fff_ffff;
}
