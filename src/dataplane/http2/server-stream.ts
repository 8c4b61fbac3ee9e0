import type { AnswerFields } from '../answer-fields.ts';
import type { AnswerHead, Downstream } from '../codec.ts';
import type { Engine } from '../engine.ts';
import { Exchange } from '../exchange.ts';
import { NO_BODY, type FieldList } from '../fields.ts';
import { limitOfRefusal } from '../http1/refusal-limits.ts';
import type { Refusal } from '../http1/refusal.ts';
import { UNREADABLE_HEAD } from '../http1/unreadable-head.ts';
import type { ClientPeer } from '../origin.ts';
import { PieceList } from '../piece-list.ts';
import { Timer } from '../timer-wheel.ts';
import { ErrorCode } from './frames.ts';
import type { HeaderBlock } from './header-block.ts';
import { MALFORMED, Malformed } from './malformed.ts';
import { parseRequestHead, parseTrailers, type RequestHead } from './request-head.ts';
import type { Http2Stream, ResetBy, StreamHandler } from './stream.ts';

const SWITCHING_PROTOCOLS = 101;
const UNREADABLE = { ...UNREADABLE_HEAD, protocol: 'HTTP/2.0' } as const;
/** Of no meaning within HTTP/2 (RFC 8441 §5.1). */
const WEBSOCKET_ACCEPT = 'sec-websocket-accept';

/** What a stream asks of the client's connection. */
export interface StreamOwner {
  readonly peer: ClientPeer;
  /** Whether chunks are written over once they were given. */
  readonly isVolatile: boolean;
  /** The client broke the rules of the protocol on this stream. */
  streamError(stream: Http2Stream, code: ErrorCode): void;
  /** The head of a request was larger than any may be. */
  onHeadTooLarge(): void;
}

/** The downstream codec of HTTP/2: one request of a client, and its answer. */
export class ServerStream implements Downstream, StreamHandler {
  readonly peer: ClientPeer;
  readonly holdsChunks = false;
  readonly #engine: Engine;
  readonly #owner: StreamOwner;
  readonly #stream: Http2Stream;
  #exchange: Exchange | undefined = undefined;
  /** One came, whatever became of it: a further one is no request. */
  #hasHead = false;
  #request: RequestHead | undefined = undefined;
  /** Body bytes that came. */
  #bodyBytes = 0;
  /** The piece that fills the declared length: it goes on when the stream ends, or the request would be whole before it is. */
  #lastPiece: Buffer | undefined = undefined;
  #bodyTimer: Timer | undefined = undefined;
  #isContinueAwaited = false;
  #isBodyPaused = false;
  /** Between an extended CONNECT and its answer: what the client sends ahead. */
  #ahead: PieceList | undefined = undefined;
  #isTunnel = false;
  /** The request is malformed: nobody is told more than that. */
  #isMute = false;

  constructor(engine: Engine, owner: StreamOwner, stream: Http2Stream) {
    this.#engine = engine;
    this.#owner = owner;
    this.#stream = stream;
    this.peer = owner.peer;
    stream.stallMs = engine.table.settings.client.sendMs;
  }

  get sentBytes(): number {
    return this.#stream.writtenBytes;
  }

  get isFull(): boolean {
    return this.#stream.isFull;
  }

  get waitingBytes(): number {
    return this.#stream.waitingBytes;
  }

  // What the exchange asks for.

  wantBody(): void {
    if (!this.#isContinueAwaited) return;
    this.#isContinueAwaited = false;
    this.#stream.beginHead();
    this.#stream.field(':status', '100');
    this.#stream.endHead(false);
  }

  pauseBody(): void {
    if (this.#stream.isRemoteEnded) return;
    this.#isBodyPaused = true;
    this.#bodyTimer?.clear();
    this.#stream.pause();
  }

  resumeBody(): void {
    if (!this.#isBodyPaused) return;
    this.#isBodyPaused = false;
    this.#expectBody();
    this.#stream.resume();
  }

  sendInterim(status: number, _reason: string, fields: FieldList): void {
    this.#stream.beginHead();
    this.#stream.field(':status', String(status));
    this.#stream.fields(fields);
    this.#stream.endHead(false);
  }

  sendHead(head: AnswerHead, { dropped, added }: AnswerFields): void {
    if (this.#isMute) return;
    const stream = this.#stream;
    const isSwitch = head.status === SWITCHING_PROTOCOLS;
    stream.beginHead();
    stream.field(':status', isSwitch ? '200' : String(head.status));
    stream.fields(isSwitch ? withoutAccept(head.fields) : head.fields, dropped);
    stream.fields(added.fields);
    const length = head.body >= 0 ? head.body : head.declaredLength;
    if (length !== undefined && !isSwitch) stream.field('content-length', String(length));
    stream.endHead(!isSwitch && (head.body === NO_BODY || head.body === 0));
    if (isSwitch) this.#beginTunnel();
  }

  sendBody(chunk: Buffer, start: number, end: number): void {
    if (!this.#isMute) this.#stream.data(chunk, start, end);
  }

  finish(trailers?: FieldList): void {
    if (this.#isMute) return;
    this.#bodyTimer?.clear();
    this.#stream.end(trailers);
  }

  release(): void {
    this.#exchange = undefined;
    this.#bodyTimer?.remove();
    if (this.#isMute) this.#breakOff();
  }

  /** All that one turn produces leaves together. */
  flush(): void {
    return;
  }

  abort(): void {
    this.#exchange = undefined;
    if (this.#isMute) this.#breakOff();
    else this.#stream.reset(ErrorCode.InternalError);
    this.#bodyTimer?.remove();
  }

  // What comes on the stream.

  onHeaders(block: HeaderBlock, endStream: boolean): void {
    if (!this.#hasHead) {
      this.#hasHead = true;
      this.#onHead(block, endStream);
    } else if (this.#request !== undefined && this.#exchange !== undefined) {
      this.#onTrailers(block, endStream);
    }
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start;
    const declared = this.#request?.declaredLength;
    if (declared !== undefined && this.#bodyBytes > declared) {
      this.#malformed(MALFORMED.length);
      return;
    }
    if (this.#exchange === undefined || start === end) return;
    this.#expectBody();
    const part = chunk.subarray(start, end);
    const isOwn = !this.#owner.isVolatile;
    if (this.#ahead !== undefined) this.#ahead.add(part, isOwn);
    else if (this.#bodyBytes !== declared) this.#exchange.onRequestBody(part, isOwn);
    else this.#lastPiece = isOwn ? part : Buffer.from(part);
  }

  onPause(): void {
    if (this.#ahead === undefined) this.#exchange?.onRequestPause();
  }

  onEnd(): void {
    this.#onRequestEnd();
  }

  onReset(_code: number, by: ResetBy): void {
    this.#bodyTimer?.remove();
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if (by === 'us') {
      this.#engine.stats.limitTripped('malformed-request');
      this.#isMute = true;
      exchange.onRequestRefused(400, BROKE_PROTOCOL);
    } else {
      this.#exchange = undefined;
      exchange.onClientGone(GONE[by]);
    }
  }

  onDrain(): void {
    this.#exchange?.onClientDrain();
  }

  onStalled(): void {
    this.#engine.stats.limitTripped('slow-client');
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#stream.reset(ErrorCode.Cancel);
    exchange?.onClientGone('client took no byte of the answer in time');
  }

  onDefect(error: unknown): void {
    if (this.#exchange !== undefined) {
      this.#exchange.onDefect(error);
      return;
    }
    this.#engine.log.error({ err: error }, 'client stream failed');
    this.abort();
  }

  #onHead(block: HeaderBlock, endStream: boolean): void {
    const { table, clock } = this.#engine;
    const head = parseRequestHead(block, endStream, table.headLimits);
    // Only an answer can end it before the request does.
    this.#stream.resetsAfterEnd = true;
    if ('reason' in head) {
      if (block.isTooLarge) this.#owner.onHeadTooLarge();
      this.#refuse(head);
      return;
    }
    this.#request = head;
    this.#isContinueAwaited = head.expectContinue;
    if (head.upgrade) {
      this.#ahead = new PieceList();
      this.#stream.pause();
    } else if (!endStream) this.#expectBody();
    this.#exchange = new Exchange(this.#engine, this, head, clock.nowMs);
    this.#exchange.start();
  }

  #onTrailers(block: HeaderBlock, endStream: boolean): void {
    const { headLimits } = this.#engine.table;
    const trailers = endStream ? parseTrailers(block, headLimits) : MALFORMED.trailers;
    if (trailers instanceof Malformed) {
      this.#malformed(trailers);
    } else if ('reason' in trailers) {
      this.#engine.stats.limitTripped('request-trailers');
      this.#exchange?.onRequestRefused(trailers.status, trailers.reason);
    } else {
      this.#onRequestEnd(trailers);
    }
  }

  #onRequestEnd(trailers?: FieldList): void {
    this.#bodyTimer?.clear();
    const declared = this.#request?.declaredLength;
    if (declared !== undefined && this.#bodyBytes !== declared) {
      this.#malformed(MALFORMED.length);
      return;
    }
    if (this.#ahead !== undefined) return;
    const last = this.#lastPiece;
    this.#lastPiece = undefined;
    if (last !== undefined) this.#exchange?.onRequestBody(last, true);
    this.#exchange?.onRequestEnd(trailers);
  }

  /** Answered, or as malformed reset, with a record either way. */
  #refuse(fault: Refusal | Malformed): void {
    const { stats, clock } = this.#engine;
    this.#isMute = fault instanceof Malformed;
    stats.limitTripped(fault instanceof Malformed ? 'malformed-request' : limitOfRefusal(fault));
    const exchange = new Exchange(this.#engine, this, UNREADABLE, clock.nowMs);
    this.#exchange = exchange;
    if (fault instanceof Malformed) exchange.refuse({ status: 400, failure: fault.reason });
    else exchange.refuse({ status: fault.status, failure: fault.reason }, fault.pageTitle);
  }

  /** What follows a sound head is not: nothing of this request is completed. */
  #malformed(fault: Malformed): void {
    this.#engine.stats.limitTripped('malformed-request');
    this.#isMute = true;
    if (this.#exchange === undefined) this.#breakOff();
    else this.#exchange.onRequestRefused(400, fault.reason);
  }

  #breakOff(): void {
    if (!this.#stream.isClosed) this.#owner.streamError(this.#stream, ErrorCode.ProtocolError);
  }

  /** From here on DATA is raw, both ways. */
  #beginTunnel(): void {
    this.#isTunnel = true;
    this.#bodyTimer?.clear();
    const ahead = this.#ahead?.views() ?? [];
    this.#ahead = undefined;
    for (const chunk of ahead) this.#exchange?.onRequestBody(chunk, true);
    this.#stream.resume();
    if (this.#stream.isRemoteEnded) this.#exchange?.onRequestEnd();
    else if (ahead.length > 0) this.#exchange?.onRequestPause();
  }

  #expectBody(): void {
    if (this.#stream.isRemoteEnded || this.#isTunnel || this.#isBodyPaused) return;
    if (this.#ahead !== undefined) return;
    this.#bodyTimer ??= new Timer(this.#engine.wheel, () => {
      this.#onBodyTimeout();
    });
    this.#bodyTimer.set(this.#engine.clock.nowMs + this.#engine.table.settings.client.bodyMs);
  }

  #onBodyTimeout(): void {
    this.#engine.clock.update();
    this.#engine.stats.limitTripped('request-body-timeout');
    try {
      this.#exchange?.onRequestRefused(408, 'silence within the request body');
    } catch (error) {
      this.onDefect(error);
    }
  }
}

const BROKE_PROTOCOL = 'client broke the protocol on the stream';
const GONE: Readonly<Record<Exclude<ResetBy, 'us'>, string>> = {
  peer: 'client reset the stream',
  connection: 'client closed the connection',
};

function withoutAccept(fields: FieldList): FieldList {
  fields.remove((name) => name.toLowerCase() === WEBSOCKET_ACCEPT);
  return fields;
}
