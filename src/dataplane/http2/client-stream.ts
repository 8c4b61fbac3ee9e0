import type { Upstream, UpstreamEvents, UpstreamFailure, UpstreamRequest } from '../codec.ts';
import type { Engine } from '../engine.ts';
import { CHUNKED, NO_BODY, type FieldList } from '../fields.ts';
import { Refusal } from '../http1/refusal.ts';
import { Timer } from '../timer-wheel.ts';
import { malformedAnswer, upstreamFailures } from '../upstream-failures.ts';
import type { ClientConnection } from './client-connection.ts';
import { clientFailures } from './client-failures.ts';
import { ErrorCode } from './frames.ts';
import { GuardedHandler } from './guarded-handler.ts';
import type { HeaderBlock } from './header-block.ts';
import { sendRequestHead } from './send-request-head.ts';
import { readResponseHead, readTrailers } from './response-head.ts';
import type { Http2Stream, ResetBy, StreamHandler } from './stream.ts';

const WRONG_LENGTH = new Refusal(502, 'upstream body is not as long as its Content-Length');
const UNEXPECTED_BODY = new Refusal(502, 'upstream sent a body where there is none');
const NO_HEAD = new Refusal(502, 'upstream sent a body before its head');
const ENDED_BY_INTERIM = new Refusal(502, 'upstream ended the stream with an interim answer');
const LATE_HEAD = new Refusal(502, 'upstream trailers do not end the stream');

/** The upstream codec of HTTP/2: one exchange, on a stream of a connection that it may share with others. */
export class ClientStream implements Upstream, StreamHandler {
  isReused: boolean;
  readonly #engine: Engine;
  readonly #timer: Timer;
  #connection: ClientConnection;
  #events: UpstreamEvents | undefined = undefined;
  #request: UpstreamRequest | undefined = undefined;
  #stream: Http2Stream | undefined = undefined;
  #isRequestSent = false;
  #isPaused = false;
  #interimAnswers = 0;
  /** The final head was given on. */
  #hasHead = false;
  /** CHUNKED, NO_BODY, or what is left of a length in bytes. */
  #bodyLeft = CHUNKED;

  constructor(engine: Engine, connection: ClientConnection) {
    this.#engine = engine;
    this.#connection = connection;
    this.isReused = connection.exchanges > 0;
    this.#timer = new Timer(engine.wheel, () => {
      this.#onTimeout();
    });
  }

  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  get isFull(): boolean {
    return this.#stream?.isFull === true;
  }

  attach(events: UpstreamEvents): void {
    this.#events = events;
    this.#connection.join(this);
  }

  /** The connection's: it has no room, another takes this one over. */
  moveTo(connection: ClientConnection): void {
    this.#connection = connection;
    connection.join(this);
    if (connection.isConnected) this.onConnected();
  }

  /** The connection's. */
  onConnected(): void {
    try {
      this.#events?.onConnected();
    } catch (error) {
      this.#onDefect(error);
    }
  }

  send(request: UpstreamRequest): void {
    this.#request = request;
    const handler = new GuardedHandler(this, (error) => {
      this.#onDefect(error);
    });
    const stream = this.#connection.openStream(this, handler);
    if (stream === undefined) {
      this.fail(clientFailures.noStreams);
      return;
    }
    this.#stream = stream;
    stream.stallMs = request.sendMs;
    const endStream = request.requestBody === NO_BODY || request.requestBody === 0;
    sendRequestHead(stream, request, this.#connection.scheme, endStream);
    if (endStream) this.#onRequestSent();
  }

  /** What can't leave at once is copied in any case. */
  sendBody(chunk: Buffer): void {
    this.#stream?.data(chunk, 0, chunk.length);
    if (this.#hasHead) this.#expectBytes();
  }

  finish(trailers?: FieldList): void {
    if (this.#isRequestSent) return;
    this.#stream?.end(trailers);
    this.#onRequestSent();
  }

  /** All that one turn produces leaves together. */
  flush(): void {
    return;
  }

  pauseAnswer(): void {
    this.#isPaused = true;
    this.#timer.clear();
    this.#stream?.pause();
  }

  resumeAnswer(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#stream?.resume();
    this.#expectBytes();
  }

  abort(): void {
    this.#events = undefined;
    this.#leave(ErrorCode.Cancel);
  }

  onHeaders(block: HeaderBlock, endStream: boolean): void {
    const events = this.#events;
    const request = this.#request;
    if (events === undefined || request === undefined) return;
    if (this.#hasHead) {
      this.#onTrailers(block, endStream);
      return;
    }
    const { maxFields, maxInterimAnswers } = this.#engine.table.settings.upstream;
    const head = readResponseHead(block, endStream, request.method, maxFields);
    if (head instanceof Refusal) {
      this.#refuse(head);
    } else if (head.status >= 200) {
      this.#hasHead = true;
      this.#bodyLeft = head.body;
      this.#expectBytes();
      events.onAnswer(head);
      if (endStream) this.#complete();
    } else if (endStream) {
      this.#refuse(ENDED_BY_INTERIM);
    } else if (++this.#interimAnswers > maxInterimAnswers) {
      this.#failWith(upstreamFailures.tooManyInterim, ErrorCode.EnhanceYourCalm);
    } else {
      this.#expectBytes();
      if (head.status !== 100) events.onInterim(head);
    }
  }

  onData(chunk: Buffer, start: number, end: number): void {
    if (!this.#hasHead) {
      this.#refuse(NO_HEAD);
      return;
    }
    if (start === end) return;
    if (this.#bodyLeft !== CHUNKED) {
      const isTooLong = end - start > this.#bodyLeft;
      if (isTooLong) {
        this.#refuse(this.#bodyLeft === NO_BODY ? UNEXPECTED_BODY : WRONG_LENGTH);
        return;
      }
      this.#bodyLeft -= end - start;
    }
    this.#expectBytes();
    this.#events?.onAnswerBody(chunk, start, end);
  }

  onPause(): void {
    if (this.#events?.onAnswerPause() === true) this.#connection.keepChunk();
  }

  onEnd(): void {
    if (this.#hasHead) this.#complete();
    else this.#refuse(NO_HEAD);
  }

  onReset(code: number, by: ResetBy): void {
    if (by === 'us') this.fail(clientFailures.brokeStream);
    else if (code === ErrorCode.RefusedStream) this.#onRefused(by);
    else if (by === 'connection') this.fail(this.#connection.failure);
    else this.#onPeerReset(code);
  }

  onDrain(): void {
    this.#events?.onUpstreamDrain();
  }

  onStalled(): void {
    this.#connection.suspect(this.#request?.sendMs ?? 0);
    this.#failWith(upstreamFailures.sendTimeout, ErrorCode.Cancel);
  }

  /** The attempt is over; the stream is no more. */
  fail(failure: UpstreamFailure): void {
    const events = this.#events;
    this.#events = undefined;
    this.#timer.remove();
    events?.onUpstreamFailure(failure);
  }

  #onRefused(by: ResetBy): void {
    if (by === 'peer') this.#connection.retire();
    this.fail(clientFailures.unprocessed);
  }

  #onPeerReset(code: number): void {
    // The connection lives: it was no stale one.
    this.isReused = false;
    // It has nothing to add: the length that was announced has come (RFC 9113 §8.1). node:http2 ends its streams so at times.
    if (code === ErrorCode.NoError && this.#hasHead && this.#bodyLeft === 0) {
      this.#complete();
      return;
    }
    const isWrongVersion = code === ErrorCode.Http11Required;
    this.fail(isWrongVersion ? clientFailures.wantsHttp1 : clientFailures.reset);
  }

  #onTrailers(block: HeaderBlock, endStream: boolean): void {
    const { maxFields } = this.#engine.table.settings.upstream;
    const trailers = endStream ? readTrailers(block, maxFields) : LATE_HEAD;
    if (trailers instanceof Refusal) this.#refuse(trailers);
    else this.#complete(trailers);
  }

  #complete(trailers?: FieldList): void {
    if (this.#bodyLeft > 0) {
      this.#refuse(WRONG_LENGTH);
      return;
    }
    const events = this.#events;
    this.#events = undefined;
    // The rest of a request that was answered early is of no use to anybody.
    this.#leave(ErrorCode.NoError);
    if (events?.onAnswerEnd(trailers) === true) this.#connection.keepChunk();
  }

  #onRequestSent(): void {
    this.#isRequestSent = true;
    this.#expectBytes();
  }

  /** Silence is counted once the request is sent or the answer has begun, and while anybody listens. */
  #expectBytes(): void {
    const request = this.#request;
    if (request === undefined || this.#events === undefined || this.#isPaused) return;
    if (!this.#isRequestSent && !this.#hasHead) return;
    this.#timer.set(this.#engine.clock.nowMs + request.readMs);
  }

  #onTimeout(): void {
    this.#engine.clock.update();
    this.#connection.suspect(this.#request?.readMs ?? 0);
    try {
      this.#failWith(upstreamFailures.readTimeout, ErrorCode.Cancel);
    } catch (error) {
      this.#onDefect(error);
    }
  }

  #onDefect(error: unknown): void {
    const events = this.#events;
    this.abort();
    if (events === undefined) this.#engine.log.error({ err: error }, 'upstream stream failed');
    else events.onDefect(error);
  }

  #refuse(refusal: Refusal): void {
    this.#failWith(malformedAnswer(refusal), ErrorCode.ProtocolError);
  }

  #failWith(failure: UpstreamFailure, code: ErrorCode): void {
    this.#leave(code);
    this.fail(failure);
  }

  /** Ends what of the stream has not ended. */
  #leave(code: ErrorCode): void {
    this.#timer.remove();
    this.#connection.leave(this);
    this.#stream?.reset(code);
  }
}
