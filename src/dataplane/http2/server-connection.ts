import type { Socket } from 'node:net';
import type { LimitName } from '../../observability/limits.ts';
import type { ClientSession, ConnectionHome } from '../connections.ts';
import type { Engine } from '../engine.ts';
import type { ClientPeer } from '../origin.ts';
import type { SocketReader } from '../socket-reader.ts';
import { Timer } from '../timer-wheel.ts';
import { Http2Connection, type ConnectionRole } from './connection.ts';
import { ErrorCode, SettingId } from './frames.ts';
import { GuardedHandler } from './guarded-handler.ts';
import { ServerStream, type StreamOwner } from './server-stream.ts';
import type { Http2Stream, StreamHandler } from './stream.ts';

/** What one stream may send before somebody takes it; with what is on its way upstream, 256 KiB at most (security.md §4). */
const STREAM_WINDOW_BYTES = 131_072;
/** The same for all streams of a client. */
const CONNECTION_WINDOW_BYTES = 1_048_576;
/** So many may be on their way while a client does not know that the connection ends. */
const LATE_STREAMS = 128;

/** One client's HTTP/2 connection; each of its streams is an exchange. */
export class Http2ServerConnection implements ClientSession, ConnectionRole, StreamOwner {
  readonly peer: ClientPeer;
  readonly isVolatile: boolean;
  readonly #engine: Engine;
  readonly #home: ConnectionHome;
  readonly #socket: Socket;
  readonly #connection: Http2Connection;
  /** For the first SETTINGS, and the time between streams. */
  readonly #timer: Timer;
  /** For a head that has begun, whatever else runs; undefined: none was ever slow to come. */
  #headTimer: Timer | undefined = undefined;
  #exchanges = 0;
  #hasSettings = false;
  #openHead = 0;

  constructor(engine: Engine, reader: SocketReader, peer: ClientPeer, home: ConnectionHome) {
    const { client } = engine.table.settings;
    const maxPeerStreams = client.http2Streams === 'off' ? 0 : client.http2Streams;
    this.#engine = engine;
    this.#home = home;
    this.#socket = reader.socket;
    this.peer = peer;
    this.isVolatile = reader.isVolatile;
    this.#timer = new Timer(engine.wheel, () => {
      try {
        this.#onTimeout();
      } catch (error) {
        this.onDefect(error);
      }
    });
    this.#timer.set(engine.clock.nowMs + client.headMs);
    this.#connection = new Http2Connection({
      engine,
      socket: reader.socket,
      role: this,
      side: 'server',
      streamWindowBytes: STREAM_WINDOW_BYTES,
      connectionWindowBytes: CONNECTION_WINDOW_BYTES,
      maxPeerStreams,
      maxHeaderListBytes: client.headBytes,
    });
    reader.onChunk = (chunk) => {
      try {
        this.#onData(chunk);
      } catch (error) {
        this.onDefect(error);
      }
    };
    this.#connection.start([
      [SettingId.MaxConcurrentStreams, maxPeerStreams],
      [SettingId.MaxHeaderListSize, client.headBytes],
      [SettingId.EnableConnectProtocol, 1],
      [SettingId.NoRfc7540Priorities, 1],
    ]);
  }

  get stallMs(): number {
    return this.#engine.table.settings.client.sendMs;
  }

  drain(): void {
    this.#connection.shutdown();
  }

  streamError(stream: Http2Stream, code: ErrorCode): void {
    this.#connection.streamError(stream.id, code);
  }

  /** The 400 is still read; whoever sends such heads is not asked for more. */
  onHeadTooLarge(): void {
    this.onLimit('http2-header-list');
    this.#connection.shutdown(ErrorCode.EnhanceYourCalm);
  }

  onPeerStream(stream: Http2Stream): StreamHandler {
    this.#exchanges += 1;
    this.#timer.clear();
    const { keepAliveMs, requestsPerConnection } = this.#engine.table.settings.client;
    const limit = keepAliveMs === 'off' ? 1 : requestsPerConnection;
    if (this.#exchanges === requestsPerConnection) this.onLimit('requests-per-connection');
    if (this.#exchanges >= limit + LATE_STREAMS) this.#connection.goAway(ErrorCode.NoError);
    else if (this.#exchanges >= limit) this.#connection.shutdown();
    const server = new ServerStream(this.#engine, this, stream);
    return new GuardedHandler(server, (error) => {
      server.onDefect(error);
    });
  }

  onSettings(): void {
    if (this.#hasSettings) return;
    this.#hasSettings = true;
    this.#rest();
  }

  onGoaway(): void {
    return;
  }

  onStreamClosed(): void {
    if (this.#engine.isDraining || this.#engine.pressure !== 'none') this.#connection.shutdown();
    this.#rest();
  }

  onLimit(limit: LimitName): void {
    this.#engine.stats.limitTripped(limit);
  }

  onConnectionError(code: ErrorCode, reason: string): void {
    if (code !== ErrorCode.EnhanceYourCalm) this.onLimit('malformed-request');
    this.#engine.log.debug({ code, reason, client: this.peer.address }, 'http2 connection failed');
  }

  onSent(): void {
    this.#home.onConnectionDone(this);
  }

  onGone(): void {
    this.#home.onConnectionDone(this);
    this.#timer.remove();
    this.#headTimer?.remove();
  }

  onDefect(error: unknown): void {
    this.#engine.log.error({ err: error }, 'client connection failed');
    this.#connection.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#engine.clock.update();
    this.#connection.read(chunk);
    const { openHead } = this.#connection;
    if (openHead === this.#openHead || !this.#hasSettings) return;
    this.#openHead = openHead;
    if (openHead === 0) this.#headTimer?.clear();
    else this.#expectHead();
  }

  #expectHead(): void {
    const { wheel, clock, table } = this.#engine;
    this.#headTimer ??= new Timer(wheel, () => {
      try {
        this.#onHeadTimeout();
      } catch (error) {
        this.onDefect(error);
      }
    });
    this.#headTimer.set(clock.nowMs + table.settings.client.headMs);
  }

  /** Nothing is going on: for how long that may last. */
  #rest(): void {
    if (this.#connection.streamCount > 0 || !this.#connection.isOpen) return;
    const { keepAliveMs, headMs } = this.#engine.table.settings.client;
    this.#timer.set(this.#engine.clock.nowMs + (keepAliveMs === 'off' ? headMs : keepAliveMs));
  }

  #onTimeout(): void {
    this.#engine.clock.update();
    if (!this.#hasSettings) {
      this.onLimit('request-head-timeout');
      this.#socket.destroy();
    } else if (this.#openHead !== 0) {
      this.#rest();
    } else if (this.#connection.streamCount === 0) {
      this.onLimit('idle-timeout');
      this.#connection.shutdown();
    }
  }

  #onHeadTimeout(): void {
    this.#engine.clock.update();
    if (this.#connection.openHead === 0) return;
    this.onLimit('request-head-timeout');
    this.#connection.fail(ErrorCode.EnhanceYourCalm, 'head not complete');
  }
}
