import type { Socket } from 'node:net';
import { ByteWriter } from './byte-writer.ts';
import {
  DEFAULT_MAX_FRAME_BYTES,
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  writeFrameHeader,
} from './frames.ts';
import { giveBack, isBlock } from './send-blocks.ts';
import { flushAfterThisTurn, type Gathered } from '../write-gatherer.ts';

/** When this much is gathered or waits for the kernel, DATA is held back. */
const FULL_BYTES = 65_536;
const FLAGS_OFFSET = 4;

export interface OutputHome {
  /** Longest time in which the kernel takes no byte; the socket then fires `timeout`. */
  readonly stallMs: number;
  /** There is room again, after somebody was told that there is none. */
  onRoom(): void;
  /** That threw. */
  onDefect(error: unknown): void;
}

/** What a connection sends: frames are written to `frames`, and leave together at the end of the turn. */
export class FrameOutput implements Gathered {
  readonly frames = new ByteWriter();
  readonly #socket: Socket;
  readonly #home: OutputHome;
  #isScheduled = false;
  #wasFull = false;
  /** The DATA frame that was written last, if nothing came after it: where it begins, and whose it is. */
  #lastDataAt = 0;
  #lastDataEnd = 0;
  #lastDataStream = 0;

  constructor(socket: Socket, home: OutputHome) {
    this.#home = home;
    this.#socket = socket;
  }

  get isFull(): boolean {
    const isFull = this.frames.length >= FULL_BYTES || this.#socket.writableNeedDrain;
    if (isFull) this.#wasFull = true;
    return isFull;
  }

  /** Bytes that the kernel has not taken. */
  get unsentBytes(): number {
    return this.frames.length + this.#socket.writableLength;
  }

  /** So much DATA is about to come, in frames of `frameBytes`: room for what will be taken is made once, instead of step by step. */
  expectData(bytes: number, frameBytes: number): void {
    const taken = Math.min(bytes, FULL_BYTES - this.frames.length + frameBytes);
    if (taken > 0) this.frames.reserve(taken + Math.ceil(taken / frameBytes) * FRAME_HEADER_BYTES);
  }

  /** Behind DATA of the same stream it goes into that frame: a body that comes byte by byte leaves as what a turn made of it. */
  data(streamId: number, chunk: Buffer, start: number, end: number): void {
    const { frames } = this;
    const size = end - start;
    const before = this.#lastDataBytes(streamId);
    if (before > 0 && before + size <= DEFAULT_MAX_FRAME_BYTES) {
      frames.patchU24(this.#lastDataAt, before + size);
    } else {
      this.#lastDataAt = frames.length;
      this.#lastDataStream = streamId;
      writeFrameHeader(frames, size, FrameType.Data, Flag.None, streamId);
    }
    frames.bytes(chunk, start, end);
    this.#lastDataEnd = frames.length;
    this.schedule();
  }

  /** END_STREAM: a flag of the last DATA frame where that is still here, a frame of its own elsewhere. */
  endStream(streamId: number): void {
    const { frames } = this;
    if (this.#lastDataBytes(streamId) > 0) {
      frames.patchU8(this.#lastDataAt + FLAGS_OFFSET, Flag.EndStream);
    } else {
      writeFrameHeader(frames, 0, FrameType.Data, Flag.EndStream, streamId);
    }
    this.schedule();
  }

  /** A header block was written behind the header of its frame, which began at `at`: completes it, in more frames if need be. */
  endHeaders(at: number, streamId: number, endStream: boolean, maxFrameBytes: number): void {
    const { frames } = this;
    const length = frames.length - at - FRAME_HEADER_BYTES;
    const flags = endStream ? Flag.EndStream : Flag.None;
    if (length <= maxFrameBytes) {
      frames.patchU24(at, length);
      frames.patchU8(at + FLAGS_OFFSET, flags | Flag.EndHeaders);
    } else {
      frames.patchU24(at, maxFrameBytes);
      frames.patchU8(at + FLAGS_OFFSET, flags);
      this.#continueHeaders(at + FRAME_HEADER_BYTES + maxFrameBytes, streamId, maxFrameBytes);
    }
    this.schedule();
  }

  /** Something was written to `frames`. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    flushAfterThisTurn(this);
  }

  flush(): void {
    this.#isScheduled = false;
    const socket = this.#socket;
    if (this.frames.length === 0 || !socket.writable) return;
    const bytes = this.frames.take();
    this.#lastDataStream = 0;
    if (isBlock(bytes)) socket.write(bytes, giveBack(bytes));
    else socket.write(bytes);
    const { stallMs } = this.#home;
    if (socket.writableLength > 0 && socket.timeout !== stallMs) socket.setTimeout(stallMs);
    this.checkRoom();
  }

  /** After a write, and on the socket's `drain`. */
  checkRoom(): void {
    if (!this.#wasFull || this.isFull) return;
    this.#wasFull = false;
    try {
      this.#home.onRoom();
    } catch (error) {
      this.#home.onDefect(error);
    }
  }

  /** Payload of the last frame, where that is DATA of this stream and still here; else 0. */
  #lastDataBytes(streamId: number): number {
    const isLast = this.#lastDataStream === streamId && this.#lastDataEnd === this.frames.length;
    return isLast ? this.#lastDataEnd - this.#lastDataAt - FRAME_HEADER_BYTES : 0;
  }

  /** What was written beyond `from` goes into frames of its own. */
  #continueHeaders(from: number, streamId: number, maxFrameBytes: number): void {
    const { frames } = this;
    const written = frames.take();
    frames.bytes(written, 0, from);
    for (let start = from; start < written.length; start += maxFrameBytes) {
      const end = Math.min(written.length, start + maxFrameBytes);
      const flags = end === written.length ? Flag.EndHeaders : Flag.None;
      writeFrameHeader(frames, end - start, FrameType.Continuation, flags, streamId);
      frames.bytes(written, start, end);
    }
  }
}
