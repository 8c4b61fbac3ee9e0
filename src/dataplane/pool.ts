import type { EndpointState, Transport } from './cluster.ts';
import type { Upstream } from './codec.ts';
import type { Engine } from './engine.ts';
import { ClientConnection } from './http1/client-connection.ts';
import { ClientConnections } from './http2/client-connections.ts';
import { IdleChain } from './idle-chain.ts';
import type { EndpointTls } from './tls/endpoint-tls.ts';

/** By TLS identity; undefined: plain text. */
type IdleStacks = Map<EndpointTls | undefined, ClientConnection[]>;

/**
 * Connections to endpoints. Those of HTTP/1.1 that are idle wait here, per endpoint and TLS identity; the one used last goes
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
  take(endpoint: EndpointState, { version, tls }: Transport): Upstream | undefined {
    if (version === 'h2') return this.#http2.take(endpoint, tls);
    const stack = this.#idle.get(endpoint)?.get(tls);
    if (stack === undefined) return undefined;
    for (let connection = stack.pop(); connection !== undefined; connection = stack.pop()) {
      this.#chain.remove(connection);
      if (this.#isUsable(connection)) return connection;
      connection.destroy();
    }
    return undefined;
  }

  /** A new connection, which is not connected yet. Streams share one, and those that begin while it connects, too. */
  connect(endpoint: EndpointState, { version, tls }: Transport, connectMs: number): Upstream {
    if (version === 'h2') return this.#http2.connect(endpoint, tls, connectMs);
    const connection = new ClientConnection(this.#engine, endpoint, tls, connectMs);
    this.#open.add(connection);
    return connection;
  }

  /** A connection's own: its exchange is over, and it could carry another. False: it may not, and should close. */
  release(connection: ClientConnection): boolean {
    const { idleConnections } = this.#engine.table.settings.upstream;
    if (idleConnections === 'off' || !this.#isUsable(connection)) return false;
    const { endpoint, tls } = connection;
    this.#stackOf(endpoint, tls).push(connection);
    this.#chain.add(connection, idleConnections);
    return true;
  }

  /** A connection's own: it is closed. */
  forget(connection: ClientConnection): void {
    this.#open.delete(connection);
    if (!connection.isIdle) return;
    this.#chain.remove(connection);
    const stack = this.#idle.get(connection.endpoint)?.get(connection.tls);
    const index = stack?.indexOf(connection) ?? -1;
    if (index >= 0) stack?.splice(index, 1);
  }

  /** Nothing new goes to this endpoint; what runs there goes on. */
  closeIdle(endpoint: EndpointState): void {
    this.#http2.retireAll(endpoint);
    const stacks = this.#idle.get(endpoint);
    if (stacks === undefined) return;
    for (const connection of [...stacks.values()].flat()) connection.destroy();
    this.#idle.delete(endpoint);
  }

  /** Nothing new goes over connections of a retired TLS identity; what runs there goes on. */
  closeIdleOf(tls: EndpointTls): void {
    this.#http2.retireAllOf(tls);
    for (const stacks of this.#idle.values()) {
      for (const connection of stacks.get(tls)?.slice() ?? []) connection.destroy();
      stacks.delete(tls);
    }
  }

  destroy(): void {
    this.#http2.destroy();
    for (const connection of [...this.#open]) connection.destroy();
  }

  #stackOf(endpoint: EndpointState, tls: EndpointTls | undefined): ClientConnection[] {
    let stacks = this.#idle.get(endpoint);
    if (stacks === undefined) this.#idle.set(endpoint, (stacks = new Map() as IdleStacks));
    let stack = stacks.get(tls);
    if (stack === undefined) stacks.set(tls, (stack = []));
    return stack;
  }

  #isUsable(connection: ClientConnection): boolean {
    const { lifeMs, requestsPerConnection } = this.#engine.table.settings.upstream;
    return (
      !connection.endpoint.removed &&
      connection.tls?.isRetired !== true &&
      !this.#engine.isDraining &&
      connection.exchanges < requestsPerConnection &&
      this.#engine.clock.nowMs - connection.bornMs < lifeMs
    );
  }
}
