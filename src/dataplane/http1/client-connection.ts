import { connect, isIPv6, type OnReadOpts, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { EndpointState } from '../cluster.ts';
import type { Upstream, UpstreamEvents, UpstreamFailure, UpstreamRequest } from '../codec.ts';
import type { Engine } from '../engine.ts';
import { CHUNKED, NO_BODY } from '../fields.ts';
import { createGuard, type Guard } from '../guard.ts';
import type { Idling } from '../idle-chain.ts';
import { BLOCK_BYTES, giveBackBlock, takeBlock, takeShortBlock } from '../body-blocks.ts';
import { BodyCopies } from '../body-copies.ts';
import { ReadGate } from '../read-gate.ts';
import { Timer } from '../timer-wheel.ts';
import { isHandshakeError, type EndpointTls } from '../tls/endpoint-tls.ts';
import { malformedAnswer, upstreamFailures } from '../upstream-failures.ts';
import { AnswerReader, type ReadOutcome } from './answer-reader.ts';
import { INLINE_BYTES, MessageWriter } from './message-writer.ts';
import { requestHeadText } from './request-head-text.ts';
import { createWebSocketKey } from './websocket-key.ts';

/** Less room than this is not worth a read. */
const LEAST_READ_BYTES = 16_384;

/**
 * The upstream codec of HTTP/1.1: one connection to an endpoint. It carries one exchange at a time, nothing pipelined, and
 * goes back to the pool when an answer came whole, and nothing but it. A byte that nobody asked for ends it.
 */
export class ClientConnection implements Upstream, Idling {
  readonly endpoint: EndpointState;
  /** Undefined: plain text. */
  readonly tls: EndpointTls | undefined;
  readonly bornMs: number;
  /** Exchanges that were begun on it. */
  exchanges = 0;
  isConnected = false;
  /** The pool's alone: it waits there, between these two. */
  isIdle = false;
  idleBefore: Idling | undefined = undefined;
  idleAfter: Idling | undefined = undefined;
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly #gate: ReadGate;
  readonly #writer: MessageWriter;
  readonly #reader = new AnswerReader();
  readonly #timer: Timer;
  #events: UpstreamEvents | undefined = undefined;
  #request: UpstreamRequest | undefined = undefined;
  #isRequestSent = false;
  #isPaused = false;
  #isDestroyed = false;
  /**
   * Where the socket reads to, again and again. While a chunk of it is still referred to after a read, the next goes behind it.
   * So nothing is copied on the way through, nothing is allocated while clients take what they get, and of those that don't,
   * small pieces share their memory.
   */
  #block = takeShortBlock();
  /** What of the block may be read into. */
  #buffer = this.#block;
  /** Somebody may refer to what was read last. */
  #isHeld = false;
  /** Blocks of this exchange that are full, and referred to. */
  #fullBlocks: Buffer[] | undefined = undefined;
  /** Of pieces of the request that somebody else will write over. */
  readonly #copies = new BodyCopies();

  constructor(
    engine: Engine,
    endpoint: EndpointState,
    tls: EndpointTls | undefined,
    connectMs: number,
  ) {
    this.endpoint = endpoint;
    this.tls = tls;
    this.#engine = engine;
    this.bornMs = engine.clock.nowMs;
    const guard = createGuard((error) => {
      this.#onDefect(error);
    });
    this.#timer = new Timer(
      engine.wheel,
      guard(() => {
        this.#onTimeout();
      }),
    );
    this.#timer.set(this.bornMs + connectMs);
    this.#socket = this.#connect(guard);
    this.#gate = new ReadGate(this.#socket);
    this.#writer = new MessageWriter(this.#socket);
  }

  get isReused(): boolean {
    return this.exchanges > 1;
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  attach(events: UpstreamEvents): void {
    this.#events = events;
    this.exchanges += 1;
  }

  send(request: UpstreamRequest): void {
    const { upstream } = this.#engine.table.settings;
    this.#request = request;
    this.#isRequestSent = false;
    this.#timer.clear();
    const key = createWebSocketKey(request);
    this.#reader.begin(request, upstream, key);
    const isLast =
      upstream.idleConnections === 'off' || this.exchanges >= upstream.requestsPerConnection;
    this.#writer.begin(requestHeadText(request, isLast, key), request.requestBody === CHUNKED);
    if (request.requestBody === NO_BODY) this.finish();
  }

  sendBody(chunk: Buffer, isOwn: boolean): void {
    const isKept = isOwn || chunk.length <= INLINE_BYTES;
    if (!isKept) this.#releaseCopies();
    this.#writer.body(isKept ? chunk : this.#copies.copy(chunk), 0, chunk.length);
    if (this.#reader.isTunnel) this.#expectBytes();
  }

  finish(): void {
    this.#isRequestSent = true;
    this.#writer.end(this.#request?.sendMs ?? 0);
    this.#releaseCopies();
    if (this.#reader.isTunnel) {
      this.#writer.flush();
      this.#socket.end();
    }
    this.#expectBytes();
  }

  flush(): void {
    this.#writer.flush(this.#request?.sendMs ?? 0);
    this.#releaseCopies();
  }

  pauseAnswer(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#timer.clear();
    this.#gate.pause();
  }

  resumeAnswer(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#expectBytes();
    this.#gate.resume();
  }

  abort(): void {
    this.#events = undefined;
    this.#reader.detach();
    this.destroy();
  }

  /** Closes it at once, whatever it does; an exchange that runs hears of it as a failure. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#timer.remove();
    this.#engine.pool.forget(this);
    this.#socket.destroy();
    this.#fail(upstreamFailures.closed);
  }

  #connect(guard: Guard): Socket {
    const { address, port } = this.endpoint;
    const read = guard((length: number) => {
      this.#onRead(length);
    });
    const onread: OnReadOpts = {
      buffer: () => this.#buffer,
      callback: (length) => {
        this.#gate.begin(length);
        read(length);
        this.#gate.end();
        return true;
      },
    };
    const options = { host: address, port, family: isIPv6(address) ? 6 : 4, noDelay: true, onread };
    const socket = this.tls?.connect(options, 'http/1.1') ?? connect(options);
    socket.on(
      this.tls === undefined ? 'connect' : 'secureConnect',
      guard(() => {
        this.#onConnect();
      }),
    );
    socket.on(
      'drain',
      guard(() => {
        this.#releaseCopies();
        this.#events?.onUpstreamDrain();
      }),
    );
    socket.on(
      'timeout',
      guard(() => {
        if (this.#writer.isStalled()) this.#failWith(upstreamFailures.sendTimeout);
      }),
    );
    socket.on(
      'end',
      guard(() => {
        this.#onEnd();
      }),
    );
    // 'close' follows, and says all else that matters.
    socket.on(
      'error',
      guard((error: Error) => {
        if (!this.isConnected && isHandshakeError(error)) {
          this.#failWith(upstreamFailures.tlsRefused);
        }
      }),
    );
    socket.on(
      'close',
      guard(() => {
        this.#engine.clock.update();
        this.destroy();
        this.#giveBackAll();
      }),
    );
    return socket;
  }

  #onConnect(): void {
    this.#engine.clock.update();
    const problem =
      this.#socket instanceof TLSSocket ? this.tls?.problemOf(this.#socket) : undefined;
    if (problem !== undefined) {
      this.#failWith(problem);
      return;
    }
    this.isConnected = true;
    this.#timer.clear();
    this.#events?.onConnected();
  }

  #onRead(length: number): void {
    this.#engine.clock.update();
    const events = this.#events;
    if (events === undefined) {
      // Nobody asked: the queue of answers must never shift (security.md 7.3).
      this.destroy();
      return;
    }
    if (this.#fullBlocks !== undefined && !events.holdsChunks) this.#giveBackFull();
    this.#isHeld = true;
    const outcome = this.#reader.read(this.#buffer.subarray(0, length), events);
    // The exchange may have let go of this connection meanwhile.
    if (this.#events === events) this.#settle(outcome, events, length);
  }

  #settle(outcome: ReadOutcome, events: UpstreamEvents, length: number): void {
    if (outcome === 'end') {
      this.#complete(events, length);
    } else if (outcome === 'more') {
      this.#expectBytes();
      this.#readOn(length, events.onAnswerPause());
    } else if (outcome === 'too-many-interim') {
      this.#failWith(upstreamFailures.tooManyInterim);
    } else {
      this.#failWith(malformedAnswer(outcome));
    }
  }

  /** The answer is whole: back to the pool if nothing is left over on either side. */
  #complete(events: UpstreamEvents, length: number): void {
    this.#releaseCopies();
    const isSent = this.#isRequestSent && !this.#writer.isDue && !this.#writer.isWaiting;
    // A read that filled its memory may not have been all: what follows the answer must not become the next one's.
    const isReusable = this.#reader.isReusable && isSent && length < this.#buffer.length;
    this.#events = undefined;
    this.#request = undefined;
    if (isReusable && this.#engine.pool.release(this)) {
      this.#timer.set(this.#engine.clock.nowMs + this.#engine.table.settings.upstream.idleMs);
    } else {
      this.destroy();
    }
    this.#readOn(length, events.onAnswerEnd());
    // What is referred to still is not ours any more: nobody will tell when that ends.
    this.#fullBlocks = undefined;
    this.#block = this.#buffer;
  }

  /** Where the next read goes after one of `length` bytes. */
  #readOn(length: number, isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) {
      this.#giveBackFull();
      const isShort = this.#block.length < BLOCK_BYTES && length === this.#buffer.length;
      if (isShort || this.#block.length < LEAST_READ_BYTES) {
        giveBackBlock(this.#block);
        this.#block = takeBlock();
      }
      this.#buffer = this.#block;
      return;
    }
    this.#buffer = this.#buffer.subarray(length);
    if (this.#buffer.length >= LEAST_READ_BYTES) return;
    this.#fullBlocks ??= [];
    this.#fullBlocks.push(this.#block);
    this.#block = this.#buffer = takeBlock();
  }

  #giveBackFull(): void {
    if (this.#fullBlocks === undefined) return;
    for (const block of this.#fullBlocks) giveBackBlock(block);
    this.#fullBlocks = undefined;
  }

  /** It is closed: nothing is read any more, and what was not sent by now never is. */
  #giveBackAll(): void {
    this.#copies.release();
    if (!this.#isHeld) giveBackBlock(this.#block);
  }

  /** Once all that was written is with the kernel, nobody refers to the copies. */
  #releaseCopies(): void {
    if (!this.#writer.isWaiting && !this.#isDestroyed) this.#copies.release();
  }

  /** The endpoint said that it sends no more. */
  #onEnd(): void {
    this.#engine.clock.update();
    if (this.#events !== undefined && this.#reader.endsWithConnection)
      this.#complete(this.#events, 0);
    else this.destroy();
  }

  /** Silence is counted from here on: once the request is sent, and while anybody listens. */
  #expectBytes(): void {
    if (this.#request === undefined || this.#isPaused) return;
    if (!this.#isRequestSent && !this.#reader.isTunnel) return;
    this.#timer.set(this.#engine.clock.nowMs + this.#request.readMs);
  }

  #onTimeout(): void {
    this.#engine.clock.update();
    if (!this.isConnected) this.#failWith(upstreamFailures.connectTimeout);
    else if (this.#reader.isTunnel) this.#failWith(upstreamFailures.tunnelIdle);
    else if (this.#events !== undefined) this.#failWith(upstreamFailures.readTimeout);
    else this.destroy();
  }

  #onDefect(error: unknown): void {
    const events = this.#events;
    this.abort();
    if (events === undefined) this.#engine.log.error({ err: error }, 'upstream connection failed');
    else events.onDefect(error);
  }

  #failWith(failure: UpstreamFailure): void {
    this.#fail(failure);
    this.destroy();
  }

  #fail(failure: UpstreamFailure): void {
    const events = this.#events;
    this.#events = undefined;
    this.#request = undefined;
    this.#reader.detach();
    events?.onUpstreamFailure(this.isConnected ? failure : beforeConnect(failure));
  }
}

function beforeConnect(failure: UpstreamFailure): UpstreamFailure {
  return failure.beforeRequest ? failure : upstreamFailures.refused;
}
