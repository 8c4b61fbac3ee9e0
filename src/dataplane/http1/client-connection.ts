import { connect, isIPv6, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { EndpointState } from '../cluster.ts';
import type { Upstream, UpstreamEvents, UpstreamFailure, UpstreamRequest } from '../codec.ts';
import type { Engine } from '../engine.ts';
import { CHUNKED, NO_BODY } from '../fields.ts';
import { Timer } from '../timer-wheel.ts';
import { malformedAnswer, upstreamFailures } from '../upstream-failures.ts';
import { AnswerReader } from './answer-reader.ts';
import { MessageWriter } from './message-writer.ts';
import { requestHeadText } from './request-head-text.ts';

const READ_BYTES = 65_536;

/**
 * The upstream codec of HTTP/1.1: one connection to an endpoint. It carries one exchange at a time, nothing pipelined, and
 * goes back to the pool when an answer came whole, and nothing but it. A byte that nobody asked for ends it.
 */
export class ClientConnection implements Upstream {
  readonly endpoint: EndpointState;
  readonly protocol: 'http' | 'https';
  readonly bornMs: number;
  /** Exchanges that were begun on it. */
  exchanges = 0;
  isConnected = false;
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly #writer: MessageWriter;
  readonly #reader: AnswerReader;
  readonly #timer: Timer;
  #events: UpstreamEvents | undefined;
  #request: UpstreamRequest | undefined;
  #isRequestSent = false;
  #isPaused = false;
  #isDestroyed = false;
  /** Where the socket reads to; replaced when a chunk of it is still referred to after a read. */
  #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(
    engine: Engine,
    endpoint: EndpointState,
    protocol: 'http' | 'https',
    connectMs: number,
  ) {
    this.endpoint = endpoint;
    this.protocol = protocol;
    this.#engine = engine;
    this.bornMs = engine.clock.nowMs;
    this.#timer = new Timer(engine.wheel, () => {
      this.#onTimeout();
    });
    this.#timer.set(this.bornMs + connectMs);
    this.#reader = new AnswerReader();
    this.#socket = this.#connect();
    this.#writer = new MessageWriter(this.#socket);
  }

  get isReused(): boolean {
    return this.exchanges > 1;
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  /** Whose events follow. The exchange that took this connection, before anything else. */
  attach(events: UpstreamEvents): void {
    this.#events = events;
    this.exchanges += 1;
  }

  send(request: UpstreamRequest): void {
    const { upstream } = this.#engine.table.settings;
    this.#request = request;
    this.#isRequestSent = false;
    this.#reader.begin(request, upstream);
    const isLast =
      upstream.idleConnections === 'off' || this.exchanges >= upstream.requestsPerConnection;
    this.#writer.begin(requestHeadText(request, isLast), request.requestBody === CHUNKED);
    this.#timer.clear();
    if (request.requestBody === NO_BODY) this.finish();
  }

  sendBody(chunk: Buffer): void {
    this.#writer.body(chunk);
    if (this.#reader.isTunnel) this.#touch();
  }

  finish(): void {
    this.#isRequestSent = true;
    this.#writer.end();
    this.#watchWrites();
    if (this.#reader.isTunnel) this.#socket.end();
    this.#touch();
  }

  flush(): void {
    this.#writer.flush();
    this.#watchWrites();
  }

  pauseAnswer(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#timer.clear();
    this.#socket.pause();
  }

  resumeAnswer(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#touch();
    this.#socket.resume();
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

  #connect(): Socket {
    const { address, port } = this.endpoint;
    const onread: OnReadOpts = {
      buffer: () => this.#buffer,
      callback: (length) => this.#onRead(length),
    };
    const options = { host: address, port, family: isIPv6(address) ? 6 : 4, noDelay: true, onread };
    const socket =
      this.protocol === 'http'
        ? connect(options)
        : connectTls({ ...options, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    socket.on(this.protocol === 'http' ? 'connect' : 'secureConnect', () => {
      this.#onConnect();
    });
    socket.on('drain', () => this.#events?.onUpstreamDrain());
    socket.on('timeout', () => {
      this.#onWriteStall();
    });
    socket.on('end', () => {
      this.#onEnd();
    });
    // 'close' follows, and says all that matters.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#engine.clock.update();
      this.destroy();
    });
    return socket;
  }

  #onConnect(): void {
    this.#engine.clock.update();
    this.isConnected = true;
    this.#timer.clear();
    this.#events?.onConnected();
  }

  /** Takes what was read into the buffer. False would stop the socket; that is what `pauseAnswer` is for. */
  #onRead(length: number): boolean {
    this.#engine.clock.update();
    const events = this.#events;
    if (events === undefined) {
      // Nobody asked: the queue of answers must never shift (security.md 7.3).
      this.destroy();
      return true;
    }
    const outcome = this.#reader.read(this.#buffer.subarray(0, length), events);
    // The exchange may have let go of this connection meanwhile.
    if (this.#events !== events) return true;
    this.#settle(outcome, events);
    return true;
  }

  #settle(outcome: ReturnType<AnswerReader['read']>, events: UpstreamEvents): void {
    if (outcome === 'more') {
      if (!this.#isPaused) this.#touch();
      if (events.onAnswerPause()) this.#replaceBuffer();
    } else if (outcome === 'end') {
      this.#complete(events);
    } else {
      this.#failWith(
        outcome === 'too-many-interim' ? upstreamFailures.tooManyInterim : malformedAnswer(outcome),
      );
    }
  }

  /** The answer is whole: back to the pool if nothing is left over on either side. */
  #complete(events: UpstreamEvents): void {
    const isReusable =
      this.#reader.isReusable && this.#isRequestSent && !this.#writer.isWaiting && !this.#isPaused;
    this.#events = undefined;
    this.#request = undefined;
    if (isReusable && this.#engine.pool.release(this)) {
      const { idleMs } = this.#engine.table.settings.upstream;
      this.#timer.set(this.#engine.clock.nowMs + idleMs);
    } else {
      this.destroy();
    }
    if (events.onAnswerEnd()) this.#replaceBuffer();
  }

  #replaceBuffer(): void {
    this.#buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  }

  /** The endpoint said that it sends no more. */
  #onEnd(): void {
    this.#engine.clock.update();
    const events = this.#events;
    if (events !== undefined && this.#reader.endsWithConnection) {
      this.#complete(events);
    } else {
      this.destroy();
    }
  }

  /** Silence is counted from here on. */
  #touch(): void {
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

  /**
   * The socket's own timer knows best whether the kernel still takes bytes. It is started when some wait, and neither
   * stopped nor moved by us when they leave: it looks for itself when it fires.
   */
  #watchWrites(): void {
    if (this.#request === undefined || !this.#writer.isWaiting) return;
    if (this.#socket.timeout !== this.#request.sendMs)
      this.#socket.setTimeout(this.#request.sendMs);
  }

  #onWriteStall(): void {
    this.#engine.clock.update();
    this.#socket.setTimeout(0);
    if (this.#writer.isWaiting) this.#failWith(upstreamFailures.sendTimeout);
  }

  #failWith(failure: UpstreamFailure): void {
    this.#fail(failure);
    this.destroy();
  }

  #fail(failure: UpstreamFailure): void {
    const events = this.#events;
    this.#events = undefined;
    this.#request = undefined;
    events?.onUpstreamFailure(this.isConnected ? failure : beforeConnect(failure));
  }
}

function beforeConnect(failure: UpstreamFailure): UpstreamFailure {
  return failure.beforeRequest ? failure : upstreamFailures.refused;
}
