import type { EndpointState } from '../cluster.ts';
import type { Engine } from '../engine.ts';
import type { IdleChain } from '../idle-chain.ts';
import type { EndpointTls } from '../tls/endpoint-tls.ts';
import { ClientConnection } from './client-connection.ts';
import { ClientStream } from './client-stream.ts';

/**
 * The HTTP/2 connections to endpoints that may take streams: as few for each as its limit of streams lets them be, so the
 * first one with room is taken. Those that still run but take none are not here.
 */
export class ClientConnections {
  readonly #engine: Engine;
  readonly #idle: IdleChain;
  readonly #byEndpoint = new Map<EndpointState, ClientConnection[]>();
  readonly #open = new Set<ClientConnection>();

  constructor(engine: Engine, idle: IdleChain) {
    this.#engine = engine;
    this.#idle = idle;
  }

  /** A stream of a connection that has room, be it still connecting; undefined if there is none. */
  take(endpoint: EndpointState, tls: EndpointTls | undefined): ClientStream | undefined {
    const connection = this.#find(endpoint, tls);
    return connection === undefined ? undefined : new ClientStream(this.#engine, connection);
  }

  /** The same; of a new connection if need be. */
  connect(endpoint: EndpointState, tls: EndpointTls | undefined, connectMs: number): ClientStream {
    const connection = this.#find(endpoint, tls) ?? this.#create(endpoint, tls, connectMs);
    return new ClientStream(this.#engine, connection);
  }

  /** A connection's own: one to the same endpoint that has room. */
  another({ endpoint, tls, connectMs }: ClientConnection): ClientConnection {
    return this.#find(endpoint, tls) ?? this.#create(endpoint, tls, connectMs);
  }

  /** A connection's own: nothing runs on it. */
  release(connection: ClientConnection): void {
    const { idleConnections } = this.#engine.table.settings.upstream;
    const isListed = this.#byEndpoint.get(connection.endpoint)?.includes(connection) === true;
    const isUsable = this.#isFresh(connection) && connection.hasRoom;
    const isWanted = isListed && isUsable && !this.#engine.isDraining;
    if (!isWanted || idleConnections === 'off') {
      this.retire(connection);
      return;
    }
    connection.rest();
    this.#idle.add(connection, idleConnections);
  }

  /** It takes no more streams, and closes after those that it has. */
  retire(connection: ClientConnection): void {
    this.#unlist(connection);
    connection.shutdown();
  }

  /** A connection's own: it is closed. */
  forget(connection: ClientConnection): void {
    this.#open.delete(connection);
    this.#unlist(connection);
  }

  retireAll(endpoint: EndpointState): void {
    for (const connection of this.#byEndpoint.get(endpoint)?.slice() ?? []) this.retire(connection);
  }

  /** Those of a TLS identity that is no more. */
  retireAllOf(tls: EndpointTls): void {
    for (const connection of [...this.#open]) {
      if (connection.tls === tls) this.retire(connection);
    }
  }

  destroy(): void {
    for (const connection of [...this.#open]) connection.destroy();
  }

  #find(endpoint: EndpointState, tls: EndpointTls | undefined): ClientConnection | undefined {
    for (const connection of this.#byEndpoint.get(endpoint)?.slice() ?? []) {
      if (!this.#isFresh(connection)) {
        this.retire(connection);
      } else if (connection.tls === tls && connection.hasRoom) {
        if (connection.isIdle) {
          this.#idle.remove(connection);
          connection.wake();
        }
        return connection;
      }
    }
    return undefined;
  }

  #create(
    endpoint: EndpointState,
    tls: EndpointTls | undefined,
    connectMs: number,
  ): ClientConnection {
    const target = { endpoint, tls };
    const connection = new ClientConnection(this.#engine, this, target, connectMs);
    this.#open.add(connection);
    const listed = this.#byEndpoint.get(endpoint);
    if (listed === undefined) this.#byEndpoint.set(endpoint, [connection]);
    else listed.push(connection);
    return connection;
  }

  #isFresh({ endpoint, tls, exchanges, bornMs }: ClientConnection): boolean {
    const { lifeMs, requestsPerConnection } = this.#engine.table.settings.upstream;
    const ageMs = this.#engine.clock.nowMs - bornMs;
    if (endpoint.removed || tls?.isRetired === true) return false;
    return exchanges < requestsPerConnection && ageMs < lifeMs;
  }

  #unlist(connection: ClientConnection): void {
    if (connection.isIdle) this.#idle.remove(connection);
    const listed = this.#byEndpoint.get(connection.endpoint);
    const index = listed?.indexOf(connection) ?? -1;
    if (listed === undefined || index < 0) return;
    listed.splice(index, 1);
    if (listed.length === 0) this.#byEndpoint.delete(connection.endpoint);
  }
}
