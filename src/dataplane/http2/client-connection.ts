import { connect, isIPv6, type OnReadOpts, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { LimitName } from '../../observability/limits.ts';
import type { EndpointState } from '../cluster.ts';
import type { UpstreamFailure } from '../codec.ts';
import type { Engine } from '../engine.ts';
import { createGuard, type Guard } from '../guard.ts';
import type { Idling } from '../idle-chain.ts';
import { ReadGate } from '../read-gate.ts';
import { Timer } from '../timer-wheel.ts';
import { isHandshakeError, type EndpointTls } from '../tls/endpoint-tls.ts';
import { upstreamFailures } from '../upstream-failures.ts';
import type { ClientConnections } from './client-connections.ts';
import { clientFailures } from './client-failures.ts';
import type { ClientStream } from './client-stream.ts';
import { Http2Connection, type ConnectionRole } from './connection.ts';
import { SettingId } from './frames.ts';
import type { Http2Stream, StreamHandler } from './stream.ts';

const READ_BYTES = 65_536;
/** Less room than this is not worth a read. */
const LEAST_READ_BYTES = 16_384;
/** What a stream may send ahead of a client that does not read: the most that one keeps in memory. */
const STREAM_WINDOW_BYTES = 131_072;
/** Streams at once, whatever the endpoint allows; further ones get a connection of their own. */
const MAX_STREAMS = 128;
/** So much that streams whose clients don't read hold up no others: all of them have their windows. */
const CONNECTION_WINDOW_BYTES = MAX_STREAMS * STREAM_WINDOW_BYTES;
/** Longest time in which the kernel takes no byte of all streams together (security.md §5); a stream has its route's. */
const STALL_MS = 60_000;
/** Taken for granted until the endpoint has said how many streams it allows (RFC 9113 §6.5.2). */
const ASSUMED_STREAMS = 100;

/**
 * An HTTP/2 connection to an endpoint, and the streams that wait for it. It counts as connected once the endpoint's SETTINGS
 * came: then it surely speaks HTTP/2, and has said how many streams it allows. Nothing of a request is sent before.
 */
export class ClientConnection implements ConnectionRole, Idling {
  readonly endpoint: EndpointState;
  /** Undefined: plain text. */
  readonly tls: EndpointTls | undefined;
  readonly connectMs: number;
  readonly bornMs: number;
  /** Streams that were begun on it. */
  exchanges = 0;
  isConnected = false;
  isIdle = false;
  idleBefore: Idling | undefined = undefined;
  idleAfter: Idling | undefined = undefined;
  /** What its streams fail with when it ends under them. */
  failure: UpstreamFailure = upstreamFailures.refused;
  readonly stallMs = STALL_MS;
  readonly #engine: Engine;
  readonly #home: ClientConnections;
  readonly #socket: Socket;
  readonly #gate: ReadGate;
  readonly #connection: Http2Connection;
  readonly #timer: Timer;
  readonly #waiting = new Set<ClientStream>();
  /** Where the socket reads to, again and again. */
  #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #isChunkKept = false;
  #lastReadMs: number;
  #isGone = false;

  constructor(
    engine: Engine,
    home: ClientConnections,
    target: { readonly endpoint: EndpointState; readonly tls: EndpointTls | undefined },
    connectMs: number,
  ) {
    this.endpoint = target.endpoint;
    this.tls = target.tls;
    this.connectMs = connectMs;
    this.#engine = engine;
    this.#home = home;
    this.bornMs = engine.clock.nowMs;
    this.#lastReadMs = this.bornMs;
    const guard = createGuard((error) => {
      this.onDefect(error);
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
    this.#connection = this.#speak();
  }

  get scheme(): 'http' | 'https' {
    return this.tls === undefined ? 'http' : 'https';
  }

  /** Another stream may join. */
  get hasRoom(): boolean {
    if (this.#isGone) return false;
    return this.isConnected ? this.#canOpen : this.#waiting.size < ASSUMED_STREAMS;
  }

  get #canOpen(): boolean {
    return this.#connection.canOpen && this.#connection.streamCount < MAX_STREAMS;
  }

  /** A stream will be opened once there is a connection; where there is one, at once. */
  join(stream: ClientStream): void {
    this.exchanges += 1;
    if (!this.isConnected) this.#waiting.add(stream);
  }

  leave(stream: ClientStream): void {
    this.#waiting.delete(stream);
  }

  openStream(stream: ClientStream, handler: StreamHandler): Http2Stream | undefined {
    this.#waiting.delete(stream);
    return this.#canOpen ? this.#connection.openStream(handler) : undefined;
  }

  /** The chunk that is being read is referred to beyond the read. */
  keepChunk(): void {
    this.#isChunkKept = true;
  }

  /** It refuses streams that it should have room for. */
  retire(): void {
    this.#home.retire(this);
  }

  /**
   * A stream waited so long in vain. Where nothing at all came meanwhile, the endpoint may be gone without a word: the
   * connection takes no more streams, which would all wait as long.
   */
  suspect(silentMs: number): void {
    if (this.#engine.clock.nowMs - this.#lastReadMs >= silentMs) this.#home.retire(this);
  }

  /** Nothing runs, and the next exchange may come. */
  rest(): void {
    this.#timer.set(this.#engine.clock.nowMs + this.#engine.table.settings.upstream.idleMs);
  }

  /** After `rest`: it goes on. */
  wake(): void {
    this.#timer.clear();
  }

  /** Nothing new goes there; what runs goes on. */
  shutdown(): void {
    if (this.isConnected) this.#connection.shutdown();
    else if (this.#waiting.size === 0) this.destroy();
  }

  /** Closes it at once; its streams hear of it as a failure. */
  destroy(): void {
    this.#connection.destroy();
    this.onGone();
  }

  onPeerStream(): StreamHandler {
    throw new Error('an endpoint opens no streams');
  }

  onSettings(): void {
    if (this.isConnected) {
      if (this.isIdle && !this.hasRoom) this.retire();
      return;
    }
    this.isConnected = true;
    this.failure = upstreamFailures.closed;
    this.#timer.clear();
    for (const stream of [...this.#waiting]) {
      if (!this.#waiting.delete(stream)) continue;
      if (this.#canOpen) stream.onConnected();
      else this.#giveAway(stream);
    }
    this.#considerRest();
  }

  onGoaway(): void {
    this.#home.retire(this);
  }

  onStreamClosed(): void {
    this.#considerRest();
  }

  onLimit(limit: LimitName): void {
    // What the connection calls a slow client is here an endpoint that takes nothing.
    if (limit === 'slow-client') this.failure = upstreamFailures.sendTimeout;
    else this.#engine.stats.limitTripped(limit);
  }

  onConnectionError(): void {
    this.failure = this.isConnected ? clientFailures.brokeConnection : clientFailures.noHttp2;
    this.#home.retire(this);
  }

  onSent(): void {
    return;
  }

  onGone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#timer.remove();
    this.#home.forget(this);
    for (const stream of [...this.#waiting]) stream.fail(this.failure);
    this.#waiting.clear();
  }

  onDefect(error: unknown): void {
    this.#engine.log.error({ err: error }, 'upstream connection failed');
    this.destroy();
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
    const socket = this.tls?.connect(options, 'h2') ?? connect(options);
    socket.on('error', (error) => {
      if (!this.isConnected && isHandshakeError(error)) this.failure = upstreamFailures.tlsRefused;
    });
    socket.on(
      this.tls === undefined ? 'connect' : 'secureConnect',
      guard(() => {
        this.#onConnect();
      }),
    );
    return socket;
  }

  #speak(): Http2Connection {
    const { headBytes } = this.#engine.table.settings.upstream;
    return new Http2Connection({
      engine: this.#engine,
      socket: this.#socket,
      role: this,
      side: 'client',
      streamWindowBytes: STREAM_WINDOW_BYTES,
      connectionWindowBytes: CONNECTION_WINDOW_BYTES,
      maxPeerStreams: 0,
      maxHeaderListBytes: headBytes,
    });
  }

  #onConnect(): void {
    this.#engine.clock.update();
    if (this.#socket instanceof TLSSocket) {
      const problem = this.tls?.problemOf(this.#socket);
      if (problem !== undefined || this.#socket.alpnProtocol !== 'h2') {
        this.failure = problem ?? clientFailures.noHttp2;
        this.destroy();
        return;
      }
    }
    this.failure = clientFailures.noHttp2;
    this.#connection.start([
      [SettingId.EnablePush, 0],
      [SettingId.MaxHeaderListSize, this.#engine.table.settings.upstream.headBytes],
    ]);
  }

  #onRead(length: number): void {
    this.#engine.clock.update();
    this.#lastReadMs = this.#engine.clock.nowMs;
    this.#isChunkKept = false;
    this.#connection.read(this.#buffer.subarray(0, length));
    this.#readOn(length);
  }

  /** A chunk that is still referred to stays as it is: the next goes behind it, or into new memory. */
  #readOn(length: number): void {
    if (!this.#isChunkKept) return;
    this.#buffer = this.#buffer.subarray(length);
    if (this.#buffer.length < LEAST_READ_BYTES) this.#buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  }

  /** It allows fewer streams than wait for it. */
  #giveAway(stream: ClientStream): void {
    if (this.#connection.peer.maxConcurrentStreams === 0) stream.fail(clientFailures.noStreams);
    else stream.moveTo(this.#home.another(this));
  }

  #considerRest(): void {
    if (this.#isGone || !this.isConnected || this.isIdle) return;
    if (this.#connection.streamCount === 0 && this.#waiting.size === 0) this.#home.release(this);
  }

  #onTimeout(): void {
    this.#engine.clock.update();
    if (this.isConnected) {
      this.shutdown();
      return;
    }
    this.failure = upstreamFailures.connectTimeout;
    this.destroy();
  }
}
