import type { KindMask } from '../field-block.ts';
import type { FieldList } from '../fields.ts';
import { Timer, type TimerWheel } from '../timer-wheel.ts';
import type { Clock } from '../clock.ts';
import { PieceList } from '../piece-list.ts';
import type { DataSender } from './data-sender.ts';
import { ReceiveWindow, SendWindow } from './flow-window.ts';
import type { ErrorCode } from './frames.ts';
import type { HeaderBlock } from './header-block.ts';

/** Who cut a stream short: the peer, we because of what the peer sent on it, or the connection's end. */
export type ResetBy = 'peer' | 'us' | 'connection';

/** What a role makes of one stream. Chunks are volatile where those given to `Http2Connection.read` are. */
export interface StreamHandler {
  /** A whole header block: a head, or trailers. `endStream`: nothing follows, and `onEnd` is not called. */
  onHeaders(block: HeaderBlock, endStream: boolean): void;
  onData(chunk: Buffer, start: number, end: number): void;
  /** All DATA that is at hand for now was given. */
  onPause(): void;
  /** END_STREAM came with DATA. */
  onEnd(): void;
  /** The stream is no more; nothing is sent on it. */
  onReset(code: number, by: ResetBy): void;
  /** After `isFull`: more may be sent. */
  onDrain(): void;
  /** For `stallMs` the peer's windows let no byte through. */
  onStalled(): void;
}

/** Until there is one. */
export const NO_HANDLER: StreamHandler = {
  onHeaders: () => undefined,
  onData: () => undefined,
  onPause: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onDrain: () => undefined,
  onStalled: () => undefined,
};

/** What a stream asks of its connection. */
export interface StreamHome {
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly isOutputFull: boolean;
  readonly sender: DataSender;
  beginHead(streamId: number): void;
  field(name: string, value: string): void;
  endHead(stream: Http2Stream, endStream: boolean): void;
  writeEnd(stream: Http2Stream): void;
  consumed(stream: Http2Stream, bytes: number): void;
  reset(stream: Http2Stream, code: ErrorCode): void;
}

/** One stream (RFC 9113 §5): its two halves, their windows, and what waits for the peer's. */
export class Http2Stream {
  readonly id: number;
  handler: StreamHandler;
  readonly sendWindow: SendWindow;
  readonly receiveWindow: ReceiveWindow;
  isRemoteEnded = false;
  isLocalEnded = false;
  /** Both halves have ended, or it was reset. */
  isClosed = false;
  /** The connection's: DATA came in this read. */
  isFed = false;
  /** Bytes of DATA payload sent. */
  sentBytes = 0;
  /** Bytes of heads sent, compressed, and of DATA that was sent or waits. */
  writtenBytes = 0;
  /** Once our half has ended, what the peer still sends is not wanted (RFC 9113 §8.1). */
  resetsAfterEnd = false;
  /** Longest time without a byte sent while some wait; 0: no such limit. */
  stallMs = 0;
  readonly #home: StreamHome;
  /** Own copies of what could not leave. */
  readonly #pending = new PieceList();
  #isEnding = false;
  #trailers: FieldList | undefined = undefined;
  #isPaused = false;
  /** Received while paused: not given back to the peer's window. */
  #heldBytes = 0;
  #stallTimer: Timer | undefined = undefined;

  constructor(
    home: StreamHome,
    id: number,
    handler: StreamHandler,
    windows: { readonly send: number; readonly receive: number },
  ) {
    this.#home = home;
    this.id = id;
    this.handler = handler;
    this.sendWindow = new SendWindow(windows.send);
    this.receiveWindow = new ReceiveWindow(windows.receive);
  }

  /** No more DATA is welcome until `onDrain`. */
  get isFull(): boolean {
    return this.hasPending || this.#home.isOutputFull;
  }

  /** What could not leave yet. */
  get waitingBytes(): number {
    return this.#pending.bytes;
  }

  get hasPending(): boolean {
    return this.#pending.bytes > 0;
  }

  /** A head (or interim head): then `field` and `fields` for each, pseudo fields first, then `endHead`; nothing in between. */
  beginHead(): void {
    this.#home.beginHead(this.id);
  }

  /** `name` in lower case. */
  field(name: string, value: string): void {
    this.#home.field(name, value);
  }

  /** All of these but those of the kinds that are `dropped`. */
  fields({ names, values, kinds }: FieldList, dropped?: KindMask): void {
    for (let index = 0; index < names.length; index++) {
      if (dropped?.[kinds[index] ?? 0] === 1) continue;
      this.#home.field((names[index] ?? '').toLowerCase(), values[index] ?? '');
    }
  }

  endHead(endStream: boolean): void {
    this.#home.endHead(this, endStream);
  }

  /** The bytes are written or copied when this returns. */
  data(chunk: Buffer, start: number, end: number): void {
    if (this.isClosed || start === end) return;
    this.writtenBytes += end - start;
    const { sender } = this.#home;
    const isFirst = !this.hasPending;
    const at = isFirst ? sender.write(this, chunk, start, end) : start;
    if (at === end) return;
    this.#pending.add(chunk.subarray(at, end), false);
    if (!isFirst) return;
    sender.wait(this);
    this.#expectProgress();
  }

  /** Nothing follows but `trailers`; they leave after what waits. */
  end(trailers?: FieldList): void {
    if (this.isClosed || this.isLocalEnded) return;
    this.#isEnding = true;
    this.#trailers = trailers;
    if (!this.hasPending) this.#writeEnd();
  }

  /** Ends both halves now; nothing more is heard of this stream. */
  reset(code: ErrorCode): void {
    this.#home.reset(this, code);
  }

  /** What comes from here on is still given, but the peer's window is not opened again. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const held = this.#heldBytes;
    this.#heldBytes = 0;
    if (held > 0) this.#home.consumed(this, held);
  }

  /** The connection's: DATA of so many bytes was given on. */
  received(bytes: number): void {
    if (this.#isPaused) this.#heldBytes += bytes;
    else this.#home.consumed(this, bytes);
  }

  /** The connection's: windows or room may have opened. Sends up to `maxBytes`; whether more waits. */
  pump(maxBytes: number): boolean {
    const { first } = this.#pending;
    if (first === undefined) return false;
    const sent = this.#home.sender.write(this, first, 0, Math.min(first.length, maxBytes));
    if (sent > 0) this.#expectProgress();
    this.#pending.skip(sent);
    if (this.hasPending) return true;
    this.#stallTimer?.clear();
    if (this.#isEnding) this.#writeEnd();
    else this.handler.onDrain();
    return this.hasPending;
  }

  /** The connection's: it is no more. What was received and not given back to the connection's window. */
  close(): number {
    this.isClosed = true;
    this.#pending.clear();
    this.#stallTimer?.remove();
    const held = this.#heldBytes;
    this.#heldBytes = 0;
    return held;
  }

  #writeEnd(): void {
    const trailers = this.#trailers;
    if (trailers === undefined || trailers.length === 0) {
      this.#home.writeEnd(this);
      return;
    }
    this.beginHead();
    this.fields(trailers);
    this.endHead(true);
  }

  #expectProgress(): void {
    if (this.stallMs === 0) return;
    this.#stallTimer ??= new Timer(this.#home.wheel, () => {
      if (!this.isClosed) this.handler.onStalled();
    });
    this.#stallTimer.set(this.#home.clock.nowMs + this.stallMs);
  }
}
