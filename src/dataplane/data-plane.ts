import { isDeepStrictEqual } from 'node:util';
import type { ConfigDelta } from '../model/delta.ts';
import type { AccessLogSettings } from '../model/settings.ts';
import type { AccessLog } from '../observability/access-log.ts';
import type { Logger } from '../observability/logger.ts';
import type { WorkerStats } from '../observability/worker-stats.ts';
import { AnswerFieldsMaker } from './answer-fields.ts';
import { ClientMemory } from './balancer/client-memory.ts';
import { Clock } from './clock.ts';
import { Connections } from './connections.ts';
import type { Engine } from './engine.ts';
import { Refusal } from './http1/refusal.ts';
import { ServerConnection } from './http1/server-connection.ts';
import { Http2ServerConnection } from './http2/server-connection.ts';
import { Listener, type ClientProtocol } from './listener.ts';
import type { ClientPeer } from './origin.ts';
import { FailureLog } from './failure-log.ts';
import {
  PassthroughConnection,
  type PassthroughClient,
} from './passthrough/passthrough-connection.ts';
import { Pool } from './pool.ts';
import { PrefaceWatch } from './preface-watch.ts';
import type { Pressure } from './pressure.ts';
import type { CompiledPassthrough } from './router/compiled-host.ts';
import type { SocketReader } from './socket-reader.ts';
import { Table } from './table.ts';
import { TimerWheel } from './timer-wheel.ts';

export interface DataPlaneOptions {
  /** Address to listen on. */
  readonly bind: string;
  /** Share the ports with other workers. */
  readonly reusePort: boolean;
  /** What `maxConnections: auto` stands for: this worker's share of half of the file descriptors. */
  readonly autoMaxConnections?: number;
  /** What workers know of clients together; without it, each for itself. */
  readonly clientMemory?: SharedArrayBuffer;
}

/** 0: any free one. */
export interface ListenPorts {
  readonly httpPort: number | 'off';
  readonly httpsPort: number | 'off';
}

export interface BoundPorts {
  readonly httpPort: number | undefined;
  readonly httpsPort: number | undefined;
}

export interface DataPlaneDependencies {
  readonly log: Logger;
  readonly stats: WorkerStats;
  readonly accessLogFor: (settings: AccessLogSettings) => AccessLog;
}

const DEFAULT_MAX_CONNECTIONS = 16_384;
const PLAINTEXT = new Refusal(
  400,
  'plain HTTP on the https port',
  'The plain HTTP request was sent to HTTPS port',
);

/** One worker's proxy, everything from the bound ports to the endpoints. Give it a config before it listens. */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #accessLogFor: DataPlaneDependencies['accessLogFor'];
  readonly #engine: WorkerEngine;
  readonly #connections: Connections;
  #listeners: readonly Listener[] = [];
  #accessLogSettings: AccessLogSettings = { kind: 'off' };

  constructor(options: DataPlaneOptions, { log, stats, accessLogFor }: DataPlaneDependencies) {
    this.#options = options;
    this.#accessLogFor = accessLogFor;
    const { clientMemory } = options;
    const clients = clientMemory === undefined ? undefined : new ClientMemory(clientMemory);
    const accessLog = accessLogFor(this.#accessLogSettings);
    this.#engine = new WorkerEngine(log, stats, accessLog, clients);
    this.#connections = new Connections(
      this.#engine,
      options.autoMaxConnections ?? DEFAULT_MAX_CONNECTIONS,
    );
    const { table } = this.#engine;
    table.onGuardsChanged = () => {
      this.#connections.drainWhere(({ handshake }) => table.tls.isOutdated(handshake));
    };
  }

  /**
   * One synchronous step; exchanges and connections that are under way are not touched. Throws where the delta can't be
   * compiled: the config before it serves on.
   */
  apply(delta: ConfigDelta): void {
    const engine = this.#engine;
    engine.table.apply(delta);
    if (delta.settings !== undefined) this.#useAccessLog(delta.settings.accessLog);
  }

  /** Rejects when a port can't be bound. */
  async listen({ httpPort, httpsPort }: ListenPorts): Promise<BoundPorts> {
    const bound = await Promise.all([this.#bind('http', httpPort), this.#bind('https', httpsPort)]);
    return { httpPort: bound[0], httpsPort: bound[1] };
  }

  setPressure(pressure: Pressure): void {
    this.#engine.pressure = pressure;
  }

  /** What keys of session tickets are made of, where the settings name none. */
  setTicketSecret(secret: Buffer): void {
    this.#engine.table.tls.setTicketSecret(secret);
  }

  /** Accepts nothing more, closes what is idle, says `Connection: close`; resolves when the last exchange ended. */
  async drain(): Promise<void> {
    this.#engine.isDraining = true;
    for (const listener of this.#listeners) listener.close();
    await this.#connections.drain();
    await this.#engine.accessLog.close();
  }

  /** Cuts everything. */
  destroy(): void {
    for (const listener of this.#listeners) listener.close();
    this.#connections.destroy();
    this.#engine.pool.destroy();
    this.#engine.wheel.stop();
    this.#engine.accessLog.flush();
  }

  async #bind(scheme: 'http' | 'https', port: number | 'off'): Promise<number | undefined> {
    if (port === 'off') return undefined;
    const { bind, reusePort } = this.#options;
    const listener = new Listener(
      this.#engine,
      { scheme, bind, port, reusePort },
      {
        onAccept: (socket) => this.#connections.accept(socket),
        onConnection: (reader, peer, protocol) => {
          this.#serve(reader, peer, protocol);
        },
        onPassthrough: (client, passthrough) => {
          this.#passThrough(client, passthrough);
        },
        onPlaintext: (reader, peer) => {
          this.#serve(reader, peer, 'http/1.1', PLAINTEXT);
        },
      },
    );
    this.#listeners = [...this.#listeners, listener];
    return listener.listen();
  }

  #serve(
    reader: SocketReader,
    peer: ClientPeer,
    protocol: ClientProtocol,
    refusal?: Refusal,
  ): void {
    const engine = this.#engine;
    const connections = this.#connections;
    if (peer.address === '') {
      // Gone before anybody could ask who it was.
      reader.socket.destroy();
    } else if (protocol === 'h2') {
      connections.add(new Http2ServerConnection(engine, reader, peer, connections));
    } else if (protocol === 'unknown' && engine.table.settings.client.http2Streams !== 'off') {
      const onKnown = (known: ClientProtocol): void => {
        this.#serve(reader, peer, known);
      };
      connections.add(new PrefaceWatch(engine, reader, connections, onKnown));
    } else {
      connections.add(new ServerConnection(engine, reader, peer, connections, refusal));
    }
  }

  #passThrough(client: PassthroughClient, passthrough: CompiledPassthrough): void {
    const engine = this.#engine;
    const { address } = client.ends;
    // Gone already, or refused as its requests would be.
    if (engine.isDraining || address === '' || engine.table.blockedClients.matches(address)) {
      client.socket.destroy();
      return;
    }
    const connections = this.#connections;
    const connection = new PassthroughConnection(engine, client, passthrough, connections);
    connections.add(connection);
    connection.begin();
  }

  #useAccessLog(settings: AccessLogSettings): void {
    if (isDeepStrictEqual(settings, this.#accessLogSettings)) return;
    this.#accessLogSettings = settings;
    const { accessLog } = this.#engine;
    this.#engine.accessLog = this.#accessLogFor(settings);
    accessLog.close().catch((error: unknown) => {
      this.#engine.log.error({ err: error }, 'access log not closed');
    });
  }
}

class WorkerEngine implements Engine {
  readonly table: Table;
  readonly pool: Pool;
  readonly wheel = new TimerWheel();
  readonly clock = new Clock();
  readonly answerFields = new AnswerFieldsMaker(this.clock);
  readonly stats: WorkerStats;
  readonly log: Logger;
  readonly failures: FailureLog;
  accessLog: AccessLog;
  isDraining = false;
  pressure: Pressure = 'none';

  constructor(log: Logger, stats: WorkerStats, accessLog: AccessLog, clients?: ClientMemory) {
    this.log = log;
    this.failures = new FailureLog(log);
    this.stats = stats;
    this.accessLog = accessLog;
    this.table = new Table(log, clients);
    this.pool = new Pool(this);
    this.table.onEndpointRemoved = (endpoint) => {
      this.pool.closeIdle(endpoint);
    };
    this.table.onTlsRetired = (tls) => {
      this.pool.closeIdleOf(tls);
    };
  }
}
