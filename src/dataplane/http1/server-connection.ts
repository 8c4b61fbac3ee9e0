import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { AnswerHead, ClientPeer, Downstream, ExchangeHead } from '../codec.ts';
import type { Engine } from '../engine.ts';
import { Exchange } from '../exchange.ts';
import { FieldList, NO_BODY } from '../fields.ts';
import { Timer } from '../timer-wheel.ts';
import { answerHeadText, interimText } from './answer-head-text.ts';
import { MessageWriter } from './message-writer.ts';
import { Refusal } from './refusal.ts';
import { RequestBody } from './request-body.ts';
import { parseRequestHead, type RequestHead } from './request-head.ts';
import { limitOfRefusal } from './refusal-limits.ts';

/** How much of a request is read and thrown away after its answer, so that the connection can be kept. */
const MAX_DISCARDED_BYTES = 65_536;
/** How long a client that was told `close` may take to read that; without this wait a reset would destroy the answer. */
const LINGER_MS = 5_000;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** Where the connection is counted. */
export interface ConnectionHome {
  /** All that was to be sent is with the kernel, and nothing follows. May come twice. */
  onConnectionDone(connection: ServerConnection): void;
}

/**
 * The downstream codec of HTTP/1.1: one client connection. Its requests are taken one by one; what a client sends ahead
 * waits, unread if it is much, until the answer before it is whole.
 */
export class ServerConnection implements Downstream {
  readonly peer: ClientPeer;
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly #home: ConnectionHome;
  readonly #writer: MessageWriter;
  readonly #timer: Timer;
  readonly #body: RequestBody;
  readonly #refusal: Refusal | undefined;
  #exchange: Exchange | undefined;
  #request: RequestHead | undefined;
  #exchanges = 0;
  /** Received and not taken yet: the beginning of a head, or what was sent ahead. */
  #input: Buffer | undefined;
  #isHeadBegun = false;
  #isConsuming = false;
  #isBodyPaused = false;
  /** The present answer is the last. */
  #isLast = false;
  #hasContinued = false;
  #isCloseDelimited = false;
  #discardedBytes = 0;
  #hasClientEnded = false;
  /** Nothing is sent any more; what is received is thrown away. */
  #isClosing = false;

  /** `refusal`: what every request here is answered with. */
  constructor(
    engine: Engine,
    socket: Socket,
    peer: ClientPeer,
    home: ConnectionHome,
    refusal?: Refusal,
  ) {
    this.#engine = engine;
    this.#refusal = refusal;
    this.#socket = socket;
    this.peer = peer;
    this.#home = home;
    this.#writer = new MessageWriter(socket);
    this.#body = new RequestBody((chunk, start, end) => {
      this.#onBody(chunk, start, end);
    });
    this.#timer = new Timer(engine.wheel, () => {
      this.#onTimeout();
    });
    this.#timer.set(engine.clock.nowMs + engine.table.settings.client.headMs);
    socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    socket.on('end', () => {
      this.#onEnd();
    });
    socket.on('drain', () => {
      this.#onDrain();
    });
    socket.on('timeout', () => {
      this.#onWriteStall();
    });
    socket.on('finish', () => {
      home.onConnectionDone(this);
    });
    // 'close' follows, and says all that matters.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#onClose();
    });
  }

  get sentBytes(): number {
    return this.#writer.sentBytes;
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  get holdsChunks(): boolean {
    return this.#writer.isWaiting;
  }

  /** No exchange begins after the present one; without one it closes now. */
  drain(): void {
    if (this.#exchange === undefined && this.#input === undefined && this.#body.isComplete) {
      this.#close();
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  wantBody(): void {
    const request = this.#request;
    if (request?.expectContinue !== true || this.#hasContinued) return;
    this.#hasContinued = true;
    this.#writer.interim(CONTINUE);
    this.#writer.flush();
  }

  pauseBody(): void {
    if (this.#body.isComplete) return;
    this.#isBodyPaused = true;
    this.#timer.clear();
    this.#socket.pause();
  }

  resumeBody(): void {
    if (!this.#isBodyPaused) return;
    this.#isBodyPaused = false;
    this.#expectBody();
    this.#socket.resume();
  }

  sendInterim(status: number, reason: string, fields: FieldList): void {
    this.#writer.interim(interimText(status, reason, fields));
  }

  sendHead(head: AnswerHead, close: boolean): void {
    if (head.status === 101) {
      this.#isLast = true;
      this.#isCloseDelimited = true;
      this.#writer.begin(answerHeadText(head, { body: 'tunnel', connection: 'upgrade' }), false);
      this.#body.beginTunnel();
      this.#timer.clear();
      this.#releaseInput();
      return;
    }
    const isOld = this.#request?.protocol === 'HTTP/1.0';
    const isUnknownLength = head.body < 0 && head.body !== NO_BODY;
    this.#isCloseDelimited = isOld && isUnknownLength;
    const isBodyUnwanted = head.status >= 400 && this.#isBodyTooLong();
    this.#isLast = close || this.#isCloseDelimited || this.#isLastRequest() || isBodyUnwanted;
    const isChunked = isUnknownLength && !isOld;
    this.#writer.begin(
      answerHeadText(head, {
        body: isChunked ? 'chunked' : 'as-is',
        connection: this.#isLast ? 'close' : isOld ? 'keep-alive' : undefined,
      }),
      isChunked,
    );
  }

  sendBody(chunk: Buffer): void {
    this.#writer.body(chunk);
  }

  flush(): void {
    this.#writer.flush();
    this.#watchWrites();
  }

  finish(): void {
    this.#writer.end();
    this.#watchWrites();
  }

  release(): void {
    this.#exchange = undefined;
    if (this.#isLast || this.#engine.isDraining || this.#isBodyTooLong()) this.#close();
    else if (this.#body.isComplete) this.#next();
    else this.resumeBody();
  }

  abort(): void {
    this.#exchange = undefined;
    // A close that looks like the end of the answer would pass a part off as the whole.
    if (this.#isCloseDelimited && !(this.#socket instanceof TLSSocket)) {
      this.#socket.resetAndDestroy();
    } else {
      this.#socket.destroy();
    }
  }

  #onData(chunk: Buffer): void {
    this.#engine.clock.update();
    if (this.#isClosing) return;
    const waiting = this.#input;
    this.#input = undefined;
    this.#consume(waiting === undefined ? chunk : Buffer.concat([waiting, chunk]));
  }

  #consume(input: Buffer): void {
    let at = 0;
    let hasReadBody = false;
    this.#isConsuming = true;
    while (at < input.length && !this.#isClosing) {
      if (!this.#body.isComplete) {
        at = this.#readBody(input, at);
        hasReadBody = true;
      } else if (this.#exchange !== undefined || this.#writer.isFull) {
        this.#hold(input.subarray(at));
        break;
      } else {
        at = this.#readHead(input, at);
      }
    }
    this.#isConsuming = false;
    if (hasReadBody) this.#exchange?.onRequestPause();
    if (this.#exchange === undefined) this.#rest();
  }

  #readHead(input: Buffer, from: number): number {
    const { client } = this.#engine.table.settings;
    const parsed = parseRequestHead(input, from, client);
    const head = parsed === undefined ? undefined : (this.#refusal ?? parsed);
    if (head === undefined) {
      this.#input = input.subarray(from);
      this.#expectHead(client.headMs);
      return input.length;
    }
    this.#isHeadBegun = false;
    this.#timer.clear();
    if (head instanceof Refusal) {
      this.#refuse(head);
      return input.length;
    }
    this.#begin(head);
    return from + head.byteLength;
  }

  #begin(head: RequestHead): void {
    this.#request = head;
    this.#exchanges += 1;
    this.#discardedBytes = 0;
    this.#hasContinued = false;
    this.#writer.sentBytes = 0;
    this.#body.begin(head.body);
    this.#exchange = new Exchange(this.#engine, this, head);
    if (!this.#body.isComplete) this.#expectBody();
    this.#exchange.start();
  }

  #refuse(refusal: Refusal): void {
    this.#request = undefined;
    this.#writer.sentBytes = 0;
    this.#engine.stats.limitTripped(limitOfRefusal(refusal));
    const exchange = new Exchange(this.#engine, this, UNREADABLE);
    this.#exchange = exchange;
    exchange.refuse(refusal.status, refusal.reason, refusal.pageTitle);
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
      this.#exchange?.onRequestEnd();
      if (this.#exchange === undefined && !this.#isClosing) this.#next();
    }
    return at;
  }

  #onBody(chunk: Buffer, start: number, end: number): void {
    if (this.#exchange !== undefined) {
      this.#exchange.onRequestBody(chunk.subarray(start, end));
      return;
    }
    this.#discardedBytes += end - start;
    if (this.#discardedBytes > MAX_DISCARDED_BYTES) this.#close();
  }

  /** The request can't become whole. */
  #refuseBody(status: number, reason: string): void {
    if (this.#exchange === undefined) this.#close();
    else this.#exchange.onRequestRefused(status, reason);
  }

  #hold(rest: Buffer): void {
    this.#input = rest;
    this.#socket.pause();
  }

  /** Between two exchanges: takes what was sent ahead, or waits. */
  #next(): void {
    if (this.#isConsuming) return;
    if (this.#input !== undefined) this.#releaseInput();
    else this.#rest();
  }

  #releaseInput(): void {
    const input = this.#input;
    if (input === undefined || this.#isConsuming) return;
    this.#input = undefined;
    this.#socket.resume();
    this.#consume(input);
  }

  /** Nothing is going on, and nothing waits: idle, or over. */
  #rest(): void {
    if (this.#isClosing || this.#input !== undefined || !this.#body.isComplete) return;
    if (this.#hasClientEnded) {
      this.#close();
      return;
    }
    const { keepAliveMs } = this.#engine.table.settings.client;
    if (keepAliveMs !== 'off') this.#timer.set(this.#engine.clock.nowMs + keepAliveMs);
  }

  #expectHead(headMs: number): void {
    if (this.#isHeadBegun) return;
    this.#isHeadBegun = true;
    this.#timer.set(this.#engine.clock.nowMs + headMs);
  }

  #expectBody(): void {
    if (this.#request === undefined || this.#body.isComplete) return;
    this.#timer.set(this.#engine.clock.nowMs + this.#engine.table.settings.client.bodyMs);
  }

  #isLastRequest(): boolean {
    const { keepAliveMs, requestsPerConnection } = this.#engine.table.settings.client;
    if (this.#exchanges >= requestsPerConnection) {
      this.#engine.stats.limitTripped('requests-per-connection');
      return true;
    }
    return this.#request?.keepAlive !== true || keepAliveMs === 'off' || this.#engine.isDraining;
  }

  /** The rest of the request's body is more than is worth reading, or may never come. */
  #isBodyTooLong(): boolean {
    if (this.#body.isComplete) return false;
    const mayNotCome = this.#request?.expectContinue === true && !this.#hasContinued;
    return mayNotCome || this.#body.left > MAX_DISCARDED_BYTES;
  }

  #close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#input = undefined;
    this.#timer.set(this.#engine.clock.nowMs + LINGER_MS);
    this.#socket.end();
    this.#socket.resume();
  }

  #onEnd(): void {
    this.#engine.clock.update();
    this.#hasClientEnded = true;
    if (this.#isClosing) return;
    if (this.#exchange === undefined) {
      // The beginning of a head is no request; what waits for the client to read on is.
      if (this.#input === undefined || this.#isHeadBegun || !this.#body.isComplete) this.#close();
    } else if (this.#isTunnel()) {
      this.#exchange.onRequestEnd();
    } else if (!this.#body.isComplete) {
      this.#exchange.onRequestRefused(400, 'client closed before the end of its request body');
    }
  }

  #isTunnel(): boolean {
    return this.#exchange?.status === 101;
  }

  #onDrain(): void {
    this.#engine.clock.update();
    if (this.#exchange !== undefined) this.#exchange.onClientDrain();
    else if (!this.#isClosing && !this.#isHeadBegun) this.#releaseInput();
  }

  #onTimeout(): void {
    this.#engine.clock.update();
    const { stats } = this.#engine;
    if (this.#isClosing) {
      this.#socket.destroy();
    } else if (!this.#body.isComplete) {
      stats.limitTripped('request-body-timeout');
      this.#refuseBody(408, 'silence within the request body');
    } else if (this.#isHeadBegun) {
      this.#isHeadBegun = false;
      this.#refuse(HEAD_TIMEOUT);
    } else if (this.#exchange === undefined) {
      stats.limitTripped(this.#exchanges === 0 ? 'request-head-timeout' : 'idle-timeout');
      this.#close();
    }
  }

  /** See ClientConnection: the socket's own timer knows whether the kernel still takes bytes. */
  #watchWrites(): void {
    if (!this.#writer.isWaiting) return;
    const { sendMs } = this.#engine.table.settings.client;
    if (this.#socket.timeout !== sendMs) this.#socket.setTimeout(sendMs);
  }

  #onWriteStall(): void {
    this.#socket.setTimeout(0);
    if (!this.#writer.isWaiting) return;
    this.#engine.clock.update();
    this.#engine.stats.limitTripped('slow-client');
    this.#exchange?.onClientGone('client took no byte of the answer in time');
    this.#exchange = undefined;
    this.#isCloseDelimited = true;
    this.abort();
  }

  #onClose(): void {
    this.#engine.clock.update();
    this.#timer.remove();
    this.#exchange?.onClientGone('client closed the connection');
    this.#exchange = undefined;
    this.#home.onConnectionDone(this);
  }
}

const HEAD_TIMEOUT = new Refusal(408, 'head not complete in time');

/** What is known of a request whose head can't be read. */
const UNREADABLE: ExchangeHead = {
  method: '',
  target: '',
  authority: '',
  host: '',
  protocol: 'HTTP/1.1',
  fields: new FieldList(),
  body: NO_BODY,
  upgrade: false,
  byteLength: 0,
};
