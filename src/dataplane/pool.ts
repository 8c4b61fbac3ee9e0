import type { EndpointState } from './cluster.ts';
import type { Engine } from './engine.ts';
import { ClientConnection } from './http1/client-connection.ts';

type Protocol = 'http' | 'https';

/**
 * Connections to endpoints. Those that are idle wait here, per endpoint and protocol; the one used last goes first, so that
 * the others may age and close.
 */
export class Pool {
  readonly #engine: Engine;
  readonly #idle = new Map<EndpointState, IdleStacks>();
  /** All idle ones, the one that waits longest first. */
  readonly #order = new Set<ClientConnection>();
  readonly #open = new Set<ClientConnection>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get idleCount(): number {
    return this.#order.size;
  }

  /** An idle connection that may be used now, undefined if there is none. */
  take(endpoint: EndpointState, protocol: Protocol): ClientConnection | undefined {
    const stack = this.#idle.get(endpoint)?.[protocol];
    if (stack === undefined) return undefined;
    for (let connection = stack.pop(); connection !== undefined; connection = stack.pop()) {
      this.#order.delete(connection);
      if (this.#isUsable(connection)) return connection;
      connection.destroy();
    }
    return undefined;
  }

  /** A new connection; it is not connected yet. */
  connect(endpoint: EndpointState, protocol: Protocol, connectMs: number): ClientConnection {
    const connection = new ClientConnection(this.#engine, endpoint, protocol, connectMs);
    this.#open.add(connection);
    return connection;
  }

  /** A connection's own: its exchange is over, and it could carry another. False: it may not, and should close. */
  release(connection: ClientConnection): boolean {
    const { idleConnections } = this.#engine.table.settings.upstream;
    if (idleConnections === 'off' || !this.#isUsable(connection)) return false;
    let stacks = this.#idle.get(connection.endpoint);
    if (stacks === undefined) {
      stacks = { http: [], https: [] };
      this.#idle.set(connection.endpoint, stacks);
    }
    stacks[connection.protocol].push(connection);
    this.#order.add(connection);
    while (this.#order.size > idleConnections) this.#closeOldest();
    return true;
  }

  /** A connection's own: it is closed. */
  forget(connection: ClientConnection): void {
    this.#open.delete(connection);
    if (!this.#order.delete(connection)) return;
    const stack = this.#idle.get(connection.endpoint)?.[connection.protocol];
    const index = stack?.indexOf(connection) ?? -1;
    if (index >= 0) stack?.splice(index, 1);
  }

  /** Nothing new goes to this endpoint; what runs there goes on. */
  closeIdle(endpoint: EndpointState): void {
    const stacks = this.#idle.get(endpoint);
    if (stacks === undefined) return;
    for (const connection of [...stacks.http, ...stacks.https]) connection.destroy();
    this.#idle.delete(endpoint);
  }

  destroy(): void {
    for (const connection of this.#open) connection.destroy();
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

  #closeOldest(): void {
    for (const oldest of this.#order) {
      oldest.destroy();
      return;
    }
  }
}

interface IdleStacks {
  readonly http: ClientConnection[];
  readonly https: ClientConnection[];
}
