import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { AnswerFields } from '../answer-fields.ts';
import type { AnswerHead, Downstream } from '../codec.ts';
import type { ConnectionHome } from '../connections.ts';
import type { Engine } from '../engine.ts';
import { Exchange } from '../exchange.ts';
import { NO_BODY, type FieldList } from '../fields.ts';
import { createGuard, type Guard } from '../guard.ts';
import type { ClientPeer } from '../origin.ts';
import { resetSocket } from '../reset-socket.ts';
import type { SocketReader } from '../socket-reader.ts';
import { Timer } from '../timer-wheel.ts';
import { answerHeadText, interimText } from './answer-head-text.ts';
import { MessageWriter } from './message-writer.ts';
import { limitOfRefusal } from './refusal-limits.ts';
import { Refusal } from './refusal.ts';
import { RequestBody } from './request-body.ts';
import { parseRequestHead, type RequestHead } from './request-head.ts';
import { UNREADABLE_HEAD } from './unreadable-head.ts';

/** How long a client that was told `close` may take to read that; without this wait a reset would destroy the answer. */
const LINGER_MS = 5_000;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const HEAD_TIMEOUT = new Refusal(408, 'head not complete in time');

/**
 * The downstream codec of HTTP/1.1: one client connection. Its requests are taken one by one; what a client sends ahead
 * waits, and is not read further until the answer before it is whole.
 */
export class ServerConnection implements Downstream {
  readonly peer: ClientPeer;
  readonly #engine: Engine;
  readonly #reader: SocketReader;
  readonly #socket: Socket;
  readonly #writer: MessageWriter;
  readonly #timer: Timer;
  readonly #body: RequestBody;
  /** What every request here is answered with. */
  readonly #refusal: Refusal | undefined;
  #exchange: Exchange | undefined = undefined;
  #request: RequestHead | undefined = undefined;
  #exchanges = 0;
  /** Received and not taken yet: the beginning of a head, or what was sent ahead. */
  #input: Buffer | undefined = undefined;
  /** When the first byte of an unfinished head came; undefined: there is none. */
  #headBegunMs: number | undefined = undefined;
  #isConsuming = false;
  #isBodyPaused = false;
  /** The present answer is the last. */
  #isLast = false;
  #isCloseDelimited = false;
  /** Sent by when the client said that it sends no more, or when that was last looked at. */
  #sentBytesAtEnd = 0;
  /** Nothing is sent any more; what is received is thrown away. */
  #isClosing = false;

  constructor(
    engine: Engine,
    reader: SocketReader,
    peer: ClientPeer,
    home: ConnectionHome,
    refusal?: Refusal,
  ) {
    this.#engine = engine;
    this.#reader = reader;
    this.#socket = reader.socket;
    this.peer = peer;
    this.#refusal = refusal;
    this.#writer = new MessageWriter(reader.socket);
    this.#body = new RequestBody((chunk, start, end) => {
      this.#onBody(chunk, start, end);
    });
    const guard = createGuard(this.#onDefect);
    this.#timer = new Timer(engine.wheel, guard(this.#onTimeout));
    this.#timer.set(engine.clock.nowMs + engine.table.settings.client.headMs);
    this.#listen(guard, home);
  }

  get sentBytes(): number {
    return this.#writer.sentBytes;
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  get waitingBytes(): number {
    return this.#writer.waitingBytes;
  }

  get holdsChunks(): boolean {
    return this.#writer.isWaiting;
  }

  /** No exchange begins after the present one; without one it closes now. */
  drain(): void {
    if (this.#exchange === undefined) this.#close();
  }

  wantBody(): void {
    if (!this.#body.takeExpectation()) return;
    this.#writer.interim(CONTINUE);
    this.flush();
  }

  pauseBody(): void {
    if (this.#body.isComplete) return;
    this.#isBodyPaused = true;
    this.#timer.clear();
    this.#reader.pause();
  }

  resumeBody(): void {
    if (!this.#isBodyPaused) return;
    this.#isBodyPaused = false;
    this.#expectBody();
    this.#reader.resume();
  }

  sendInterim(status: number, reason: string, fields: FieldList): void {
    this.#writer.interim(interimText(status, reason, fields));
  }

  sendHead(head: AnswerHead, changes: AnswerFields, close: boolean): void {
    if (head.status === 101) {
      this.#switchProtocols(head, changes);
      return;
    }
    const isOld = this.#request?.protocol === 'HTTP/1.0';
    const isOfUnknownLength = head.body < 0 && head.body !== NO_BODY;
    const isChunked = isOfUnknownLength && !isOld;
    this.#isCloseDelimited = isOfUnknownLength && isOld;
    const isBodyUnwanted = head.status >= 400 && this.#body.isTooLong;
    this.#isLast = close || this.#isCloseDelimited || isBodyUnwanted || this.#isLastRequest();
    const connection = this.#isLast ? 'close' : isOld ? 'keep-alive' : undefined;
    const framing = isChunked ? 'chunked' : 'as-is';
    this.#writer.begin(answerHeadText(head, changes, framing, connection), isChunked);
  }

  sendBody(chunk: Buffer, start: number, end: number): void {
    this.#writer.body(chunk, start, end);
  }

  flush(): void {
    this.#writer.flush(this.#engine.table.settings.client.sendMs);
  }

  finish(trailers?: FieldList): void {
    this.#writer.end(this.#engine.table.settings.client.sendMs, trailers);
  }

  release(): void {
    this.#exchange = undefined;
    if (this.#isLast || this.#engine.isDraining || this.#body.isTooLong) this.#close();
    else this.resumeBody();
    this.#takeInput();
    this.#rest();
  }

  abort(): void {
    this.#exchange = undefined;
    // Of an exchange before this one.
    if (this.#writer.isDue) this.#writer.flush();
    // A close that looks like the end of the answer would pass a part off as the whole.
    if (this.#isCloseDelimited) resetSocket(this.#socket);
    else this.#socket.destroy();
  }

  #listen(guard: Guard, home: ConnectionHome): void {
    const on = (event: string, listener: () => void): void => {
      this.#socket.on(event, guard(listener));
    };
    const onDone = (): void => {
      home.onConnectionDone(this);
    };
    this.#reader.onChunk = guard(this.#onData);
    on('end', this.#onEnd);
    on('drain', this.#onDrain);
    on('timeout', this.#onWriteTimeout);
    on('finish', this.#onFinish);
    on('finish', onDone);
    on('close', this.#onClose);
    on('close', onDone);
    // 'close' follows, and says all that matters.
    this.#socket.on('error', () => undefined);
  }

  /** From here on bytes flow raw, and the end of either side is the end of the exchange. */
  #switchProtocols(head: AnswerHead, changes: AnswerFields): void {
    this.#isLast = true;
    this.#isCloseDelimited = true;
    this.#timer.clear();
    this.#writer.begin(answerHeadText(head, changes, 'tunnel', undefined), false);
    this.#body.beginTunnel();
    this.#takeInput();
    this.#rest();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#engine.clock.update();
    if (this.#isClosing) return;
    const waiting = this.#input;
    this.#input = undefined;
    this.#consume(waiting === undefined ? chunk : Buffer.concat([waiting, chunk]));
  };

  #consume(input: Buffer): void {
    let at = 0;
    let hasReadBody = false;
    this.#isConsuming = true;
    while (at < input.length && !this.#isClosing) {
      if (!this.#body.isComplete) {
        at = this.#readBody(input, at);
        hasReadBody = true;
      } else if (this.#exchange !== undefined || this.#writer.isFull) {
        this.#input = this.#ownPart(input, at, input.length);
        this.#reader.pause();
        break;
      } else {
        at = this.#readHead(input, at);
      }
    }
    this.#isConsuming = false;
    if (hasReadBody) this.#exchange?.onRequestPause();
    this.#rest();
  }

  #readHead(input: Buffer, from: number): number {
    const { client } = this.#engine.table.settings;
    const head = parseRequestHead(input, from, this.#engine.table.headLimits);
    if (head === undefined) {
      this.#input = this.#ownPart(input, from, input.length);
      if (this.#headBegunMs === undefined) {
        this.#headBegunMs = this.#engine.clock.nowMs;
        this.#timer.set(this.#headBegunMs + client.headMs);
      }
      return input.length;
    }
    const startedMs = this.#headBegunMs ?? this.#engine.clock.nowMs;
    this.#headBegunMs = undefined;
    this.#timer.clear();
    if (this.#refusal !== undefined || head instanceof Refusal) {
      this.#refuse(this.#refusal ?? (head as Refusal), startedMs);
      return input.length;
    }
    this.#begin(head, startedMs);
    return from + head.byteLength;
  }

  #begin(head: RequestHead, startedMs: number): void {
    this.#request = head;
    this.#exchanges += 1;
    this.#writer.sentBytes = 0;
    this.#body.begin(head.body, head.expectContinue);
    this.#expectBody();
    this.#exchange = new Exchange(this.#engine, this, head, startedMs);
    this.#exchange.start();
  }

  #refuse(refusal: Refusal, startedMs: number): void {
    this.#engine.stats.limitTripped(limitOfRefusal(refusal));
    this.#request = undefined;
    this.#writer.sentBytes = 0;
    const exchange = new Exchange(this.#engine, this, UNREADABLE_HEAD, startedMs);
    this.#exchange = exchange;
    exchange.refuse({ status: refusal.status, failure: refusal.reason }, refusal.pageTitle);
  }

  #readBody(input: Buffer, from: number): number {
    this.#expectBody();
    const at = this.#body.read(input, from);
    if (at instanceof Refusal) {
      this.#engine.stats.limitTripped(limitOfRefusal(at));
      this.#refuseBody(at.status, at.reason);
      return input.length;
    }
    if (this.#body.isComplete) {
      this.#timer.clear();
      this.#exchange?.onRequestEnd(this.#body.trailers);
    }
    return at;
  }

  #onBody(chunk: Buffer, start: number, end: number): void {
    if (this.#exchange !== undefined) {
      this.#exchange.onRequestBody(chunk.subarray(start, end), !this.#reader.isVolatile);
      return;
    }
    if (!this.#body.discard(end - start)) this.#close();
  }

  /** A part of what was read that nothing will write over. */
  #ownPart(chunk: Buffer, start: number, end: number): Buffer {
    const part = chunk.subarray(start, end);
    return this.#reader.isVolatile ? Buffer.from(part) : part;
  }

  /** The request can't become whole. */
  #refuseBody(status: number, reason: string): void {
    if (this.#exchange === undefined) this.#close();
    else this.#exchange.onRequestRefused(status, reason);
  }

  /** Takes what was sent ahead. */
  #takeInput(): void {
    const input = this.#input;
    if (input === undefined || this.#isConsuming) return;
    this.#input = undefined;
    this.#reader.resume();
    this.#consume(input);
  }

  /** Where nothing is going on and nothing waits: idle, or over. */
  #rest(): void {
    if (this.#isClosing || this.#isConsuming) return;
    if (this.#socket.readableEnded) {
      this.#considerEnd();
      return;
    }
    if (this.#exchange !== undefined || this.#input !== undefined || !this.#body.isComplete) return;
    const { keepAliveMs } = this.#engine.table.settings.client;
    if (keepAliveMs === 'off') this.#close();
    else this.#timer.set(this.#engine.clock.nowMs + keepAliveMs);
  }

  /** The client sends no more: what it has sent whole is still answered. */
  #considerEnd(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      if (this.#input === undefined || this.#headBegunMs !== undefined) this.#close();
    } else if (this.#body.isTunnel) {
      exchange.onRequestEnd();
    } else if (!this.#body.isComplete) {
      exchange.onRequestRefused(400, 'client closed before the end of its request body');
    } else {
      this.#expectAnswer();
    }
  }

  /** A client that sends no more may wait for its answer, or be gone: only what is sent to it tells, so that must not take for ever. */
  #expectAnswer(): void {
    this.#sentBytesAtEnd = this.sentBytes;
    this.#timer.set(this.#engine.clock.nowMs + this.#engine.table.settings.client.sendMs);
  }

  #expectBody(): void {
    if (this.#body.isComplete || this.#body.isTunnel) return;
    this.#timer.set(this.#engine.clock.nowMs + this.#engine.table.settings.client.bodyMs);
  }

  #isLastRequest(): boolean {
    const { keepAliveMs, requestsPerConnection } = this.#engine.table.settings.client;
    if (this.#exchanges >= requestsPerConnection) {
      this.#engine.stats.limitTripped('requests-per-connection');
      return true;
    }
    const { isDraining, pressure } = this.#engine;
    if (isDraining || pressure !== 'none') return true;
    return this.#request?.keepAlive !== true || keepAliveMs === 'off';
  }

  #close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const isHeardOut = this.#isHeardOut();
    this.#input = undefined;
    this.#writer.flush();
    if (isHeardOut && !this.#writer.isWaiting) {
      this.#leave();
      return;
    }
    // What waits for a slow client has the time of an answer; that of the farewell begins when it has left.
    if (this.#writer.isWaiting) this.#timer.clear();
    else this.#linger();
    this.#socket.end();
    this.#reader.resume();
  }

  #linger(): void {
    this.#timer.set(this.#engine.clock.nowMs + LINGER_MS);
  }

  /** The client sends nothing after this request, by its own word (RFC 9112 §9.6), and all of that was read: no reset follows. */
  #isHeardOut(): boolean {
    return this.#request?.keepAlive === false && this.#body.isComplete && this.#input === undefined;
  }

  /** Without waiting for the client to close, which would take as much again of the event loop. */
  #leave(): void {
    if (this.#socket instanceof TLSSocket) this.#socket.destroySoon();
    else this.#socket.destroy();
  }

  readonly #onEnd = (): void => {
    this.#engine.clock.update();
    this.#rest();
  };

  readonly #onDrain = (): void => {
    this.#engine.clock.update();
    if (this.#exchange !== undefined) this.#exchange.onClientDrain();
    else if (!this.#isClosing && this.#headBegunMs === undefined) this.#takeInput();
  };

  readonly #onFinish = (): void => {
    this.#engine.clock.update();
    if (this.#isClosing) this.#linger();
  };

  readonly #onTimeout = (): void => {
    const { clock, stats } = this.#engine;
    clock.update();
    if (this.#isClosing) {
      this.#socket.destroy();
    } else if (!this.#body.isComplete) {
      stats.limitTripped('request-body-timeout');
      this.#refuseBody(408, 'silence within the request body');
    } else if (this.#headBegunMs !== undefined) {
      this.#refuse(HEAD_TIMEOUT, this.#headBegunMs);
    } else if (this.#exchange !== undefined) {
      if (this.sentBytes > this.#sentBytesAtEnd) this.#expectAnswer();
      else this.#giveUp('client closed its side, and nothing came for it in time');
    } else {
      stats.limitTripped(this.#exchanges === 0 ? 'request-head-timeout' : 'idle-timeout');
      this.#close();
    }
  };

  readonly #onWriteTimeout = (): void => {
    if (!this.#writer.isStalled()) return;
    this.#engine.clock.update();
    this.#engine.stats.limitTripped('slow-client');
    this.#giveUp('client took no byte of the answer in time');
  };

  #giveUp(reason: string): void {
    this.#exchange?.onClientGone(reason);
    this.#isCloseDelimited = true;
    this.abort();
  }

  readonly #onClose = (): void => {
    this.#engine.clock.update();
    this.#timer.remove();
    this.#exchange?.onClientGone('client closed the connection');
    this.#exchange = undefined;
  };

  readonly #onDefect = (error: unknown): void => {
    if (this.#exchange !== undefined) {
      this.#exchange.onDefect(error);
      return;
    }
    this.#engine.log.error({ err: error }, 'client connection failed');
    this.abort();
  };
}
