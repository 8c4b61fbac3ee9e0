import { ErrorCode, Flag, FRAME_HEADER_BYTES, FrameType } from './frames.ts';

/** Who hears of what a peer's frames say. Chunks and payloads are views: volatile where the reader's chunk is. */
export interface FrameHandler {
  /**
   * A whole frame of any type but DATA, unknown types included; its payload is `payload[start, end)`. Of the payload nothing
   * is looked at here: lengths that a type asks for, padding and priority of HEADERS are the connection's to judge.
   */
  onFrame(
    type: number,
    flags: number,
    streamId: number,
    payload: Buffer,
    start: number,
    end: number,
  ): void;
  /**
   * A piece of a DATA frame, without its padding: `chunk[start, end)`, which may be empty.
   * @param frameBytes length of the frame's whole payload, padding included: what flow control counts, once, at `isFirst`.
   * @param isFirst the first call for this frame.
   * @param isLast the frame has ended, padding and all; only now END_STREAM may be believed.
   */
  onData(
    streamId: number,
    flags: number,
    frameBytes: number,
    chunk: Buffer,
    start: number,
    end: number,
    isFirst: boolean,
    isLast: boolean,
  ): void;
  /** The connection can't go on (RFC 9113 §5.4.1). Nothing is read any more. */
  onFrameError(code: ErrorCode, reason: string): void;
}

const NO_BYTES = Buffer.alloc(0);
const FIRST_ASSEMBLY_BYTES = 1024;
/** Where a frame's header says its type. */
const TYPE_AT = 3;
/** The padding's length is not known yet. */
const UNKNOWN = -1;

/**
 * Cuts a stream of octets into frames (RFC 9113 §4.1), however it is chunked. A frame that lies in one chunk is handed on where
 * it lies; one that does not is assembled, in memory that grows with what came and not with what was announced. DATA is never
 * assembled. A frame over `maxFrameBytes` is a FRAME_SIZE_ERROR before its payload is read (§4.2).
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #maxFrameBytes: number;
  #isStopped = false;

  /** Of a header that does not lie in one chunk. */
  #header: Buffer = NO_BYTES;
  #headerBytes = 0;

  #length = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Octets of the current frame's payload still to come. */
  #missing = 0;
  #isInPayload = false;

  #assembly: Buffer | undefined;
  #assembled = 0;

  #padding = UNKNOWN;
  #isFirstPiece = true;

  /** @param maxFrameBytes the SETTINGS_MAX_FRAME_SIZE that we advertised. */
  constructor(handler: FrameHandler, maxFrameBytes: number) {
    this.#handler = handler;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** A frame has begun and is not whole. */
  get isMidFrame(): boolean {
    return this.#isInPayload || this.#headerBytes > 0;
  }

  /** The same, of any type but DATA as far as is known. */
  get isMidAssembly(): boolean {
    if (this.#headerBytes > TYPE_AT) return this.#header[TYPE_AT] !== FrameType.Data;
    return this.#headerBytes > 0 || (this.#isInPayload && this.#type !== FrameType.Data);
  }

  /** Nothing more is handed on, not even of the chunk being read: for a handler that gives the connection up. */
  stop(): void {
    this.#isStopped = true;
    this.#assembly = undefined;
  }

  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      if (!this.#isInPayload) at = this.#readHeader(chunk, at);
      else if (this.#type === FrameType.Data) at = this.#readData(chunk, at);
      else at = this.#readPayload(chunk, at);
    }
  }

  /** Reads (the rest of) a frame's nine octets; a frame without payload is done with them. Returns where to read on. */
  #readHeader(chunk: Buffer, at: number): number {
    if (this.#headerBytes === 0 && chunk.length - at >= FRAME_HEADER_BYTES) {
      this.#beginFrame(chunk, at);
      return at + FRAME_HEADER_BYTES;
    }
    const end = Math.min(chunk.length, at + FRAME_HEADER_BYTES - this.#headerBytes);
    if (this.#header === NO_BYTES) this.#header = Buffer.alloc(FRAME_HEADER_BYTES);
    chunk.copy(this.#header, this.#headerBytes, at, end);
    this.#headerBytes += end - at;
    if (this.#headerBytes === FRAME_HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#beginFrame(this.#header, 0);
    }
    return end;
  }

  #beginFrame(header: Buffer, at: number): void {
    const length = header.readUIntBE(at, 3);
    this.#length = length;
    this.#type = header[at + TYPE_AT] ?? 0;
    this.#flags = header[at + 4] ?? 0;
    this.#streamId = header.readUInt32BE(at + 5) & 0x7fff_ffff; // the reserved bit is ignored (§4.1)
    if (length > this.#maxFrameBytes) {
      this.#fail(ErrorCode.FrameSizeError, 'a frame is longer than SETTINGS_MAX_FRAME_SIZE');
      return;
    }
    this.#missing = length;
    this.#isInPayload = length > 0;
    if (this.#type === FrameType.Data) this.#beginData();
    else if (length === 0) this.#endFrame(header, at, at);
  }

  #readPayload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#missing);
    const isWhole = end - at === this.#length;
    this.#missing -= end - at;
    if (isWhole) {
      this.#isInPayload = false;
      this.#endFrame(chunk, at, end);
      return end;
    }
    const payload = this.#assemble(chunk, at, end);
    if (this.#missing === 0) {
      this.#isInPayload = false;
      this.#assembly = undefined;
      this.#assembled = 0;
      this.#endFrame(payload, 0, this.#length);
    }
    return end;
  }

  #endFrame(payload: Buffer, start: number, end: number): void {
    this.#handler.onFrame(this.#type, this.#flags, this.#streamId, payload, start, end);
  }

  /** Copies a piece behind what came of this frame already. Returns the memory they are in. */
  #assemble(chunk: Buffer, start: number, end: number): Buffer {
    const wanted = this.#assembled + end - start;
    let assembly = this.#assembly;
    if (assembly === undefined || assembly.length < wanted) {
      const bytes = Math.min(this.#length, Math.max(wanted * 2, FIRST_ASSEMBLY_BYTES));
      const grown = Buffer.allocUnsafe(bytes);
      assembly?.copy(grown, 0, 0, this.#assembled);
      this.#assembly = assembly = grown;
    }
    chunk.copy(assembly, this.#assembled, start, end);
    this.#assembled = wanted;
    return assembly;
  }

  #beginData(): void {
    this.#isFirstPiece = true;
    this.#padding = (this.#flags & Flag.Padded) === 0 ? 0 : UNKNOWN;
    if (this.#length > 0) return;
    if (this.#padding === UNKNOWN) {
      this.#fail(ErrorCode.FrameSizeError, 'padded DATA has no padding length');
    } else {
      this.#handler.onData(this.#streamId, this.#flags, 0, this.#header, 0, 0, true, true);
    }
  }

  /** Hands on what `chunk` has of the current DATA frame from `at` (RFC 9113 §6.1). Returns where to read on. */
  #readData(chunk: Buffer, at: number): number {
    let start = at;
    if (this.#padding === UNKNOWN) {
      this.#padding = chunk[start++] ?? 0;
      this.#missing--;
      if (this.#padding > this.#missing) {
        this.#fail(ErrorCode.ProtocolError, 'the padding is longer than the frame');
        return start;
      }
    }
    const next = Math.min(chunk.length, start + this.#missing);
    const end = Math.min(next, start + Math.max(0, this.#missing - this.#padding));
    this.#missing -= next - start;
    const isLast = this.#missing === 0;
    const isFirst = this.#isFirstPiece;
    this.#isFirstPiece = false;
    if (isLast) this.#isInPayload = false;
    if (isFirst || isLast || end > start) {
      this.#handler.onData(
        this.#streamId,
        this.#flags,
        this.#length,
        chunk,
        start,
        end,
        isFirst,
        isLast,
      );
    }
    return next;
  }

  #fail(code: ErrorCode, reason: string): void {
    this.stop();
    this.#handler.onFrameError(code, reason);
  }
}
