import type { UpstreamProtocol } from '../model/config.ts';
import type { EndpointState } from './cluster.ts';
import type { Upstream } from './codec.ts';
import type { Engine } from './engine.ts';
import { ClientConnection } from './http1/client-connection.ts';
import { ClientConnections } from './http2/client-connections.ts';
import { IdleChain } from './idle-chain.ts';

type Http1Protocol = ClientConnection['protocol'];

interface IdleStacks {
  readonly http: ClientConnection[];
  readonly https: ClientConnection[];
}

/**
 * Connections to endpoints. Those of HTTP/1.1 that are idle wait here, per endpoint and protocol; the one used last goes
 * first, so that the others may age and close.
 */
export class Pool {
  readonly #engine: Engine;
  readonly #idle = new Map<EndpointState, IdleStacks>();
  readonly #open = new Set<ClientConnection>();
  readonly #chain = new IdleChain();
  readonly #http2: ClientConnections;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#http2 = new ClientConnections(engine, this.#chain);
  }

  get idleCount(): number {
    return this.#chain.count;
  }

  /** An idle connection that may be used now, or a stream of one that has room; undefined if there is none. */
  take(endpoint: EndpointState, protocol: UpstreamProtocol): Upstream | undefined {
    if (protocol === 'grpc' || protocol === 'grpcs') return this.#http2.take(endpoint, protocol);
    const stack = this.#idle.get(endpoint)?.[protocol];
    if (stack === undefined) return undefined;
    for (let connection = stack.pop(); connection !== undefined; connection = stack.pop()) {
      this.#chain.remove(connection);
      if (this.#isUsable(connection)) return connection;
      connection.destroy();
    }
    return undefined;
  }

  /** A new connection, which is not connected yet. Streams share one, and those that begin while it connects, too. */
  connect(endpoint: EndpointState, protocol: UpstreamProtocol, connectMs: number): Upstream {
    if (protocol === 'grpc' || protocol === 'grpcs') {
      return this.#http2.connect(endpoint, protocol, connectMs);
    }
    const connection = new ClientConnection(this.#engine, endpoint, protocol, connectMs);
    this.#open.add(connection);
    return connection;
  }

  /** A connection's own: its exchange is over, and it could carry another. False: it may not, and should close. */
  release(connection: ClientConnection): boolean {
    const { idleConnections } = this.#engine.table.settings.upstream;
    if (idleConnections === 'off' || !this.#isUsable(connection)) return false;
    const { endpoint, protocol } = connection;
    this.#stackOf(endpoint, protocol).push(connection);
    this.#chain.add(connection, idleConnections);
    return true;
  }

  /** A connection's own: it is closed. */
  forget(connection: ClientConnection): void {
    this.#open.delete(connection);
    if (!connection.isIdle) return;
    this.#chain.remove(connection);
    const stack = this.#idle.get(connection.endpoint)?.[connection.protocol];
    const index = stack?.indexOf(connection) ?? -1;
    if (index >= 0) stack?.splice(index, 1);
  }

  /** Nothing new goes to this endpoint; what runs there goes on. */
  closeIdle(endpoint: EndpointState): void {
    this.#http2.retireAll(endpoint);
    const stacks = this.#idle.get(endpoint);
    if (stacks === undefined) return;
    for (const connection of [...stacks.http, ...stacks.https]) connection.destroy();
    this.#idle.delete(endpoint);
  }

  destroy(): void {
    this.#http2.destroy();
    for (const connection of [...this.#open]) connection.destroy();
  }

  #stackOf(endpoint: EndpointState, protocol: Http1Protocol): ClientConnection[] {
    let stacks = this.#idle.get(endpoint);
    if (stacks === undefined) {
      stacks = { http: [], https: [] };
      this.#idle.set(endpoint, stacks);
    }
    return stacks[protocol];
  }

  #isUsable(connection: ClientConnection): boolean {
    const { lifeMs, requestsPerConnection } = this.#engine.table.settings.upstream;
    return (
      !connection.endpoint.removed &&
      !this.#engine.isDraining &&
      connection.exchanges < requestsPerConnection &&
      this.#engine.clock.nowMs - connection.bornMs < lifeMs
    );
  }
}
