import type { UpstreamProtocol } from '../model/config.ts';
import type { EndpointState } from './cluster.ts';
import type { Upstream } from './codec.ts';
import type { Engine } from './engine.ts';
import { ClientConnection } from './http1/client-connection.ts';

type Protocol = 'http' | 'https';

interface IdleStacks {
  readonly http: ClientConnection[];
  readonly https: ClientConnection[];
}

/**
 * Connections to endpoints. Those that are idle wait here, per endpoint and protocol; the one used last goes first, so that
 * the others may age and close.
 */
export class Pool {
  readonly #engine: Engine;
  readonly #idle = new Map<EndpointState, IdleStacks>();
  readonly #open = new Set<ClientConnection>();
  /** Ends of the chain of all idle ones, by the time since when they are. */
  #oldest: ClientConnection | undefined;
  #newest: ClientConnection | undefined;
  #idleCount = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get idleCount(): number {
    return this.#idleCount;
  }

  /** An idle connection that may be used now, undefined if there is none. */
  take(endpoint: EndpointState, protocol: UpstreamProtocol): Upstream | undefined {
    if (!isHttp1(protocol)) return undefined;
    const stack = this.#idle.get(endpoint)?.[protocol];
    if (stack === undefined) return undefined;
    for (let connection = stack.pop(); connection !== undefined; connection = stack.pop()) {
      this.#unchain(connection);
      if (this.#isUsable(connection)) return connection;
      connection.destroy();
    }
    return undefined;
  }

  /** A new connection; it is not connected yet. */
  connect(endpoint: EndpointState, protocol: UpstreamProtocol, connectMs: number): Upstream {
    const spoken = isHttp1(protocol) ? protocol : 'http';
    const connection = new ClientConnection(this.#engine, endpoint, spoken, connectMs);
    this.#open.add(connection);
    return connection;
  }

  /** A connection's own: its exchange is over, and it could carry another. False: it may not, and should close. */
  release(connection: ClientConnection): boolean {
    const { idleConnections } = this.#engine.table.settings.upstream;
    if (idleConnections === 'off' || !this.#isUsable(connection)) return false;
    const { endpoint, protocol } = connection;
    let stacks = this.#idle.get(endpoint);
    if (stacks === undefined) {
      stacks = { http: [], https: [] };
      this.#idle.set(endpoint, stacks);
    }
    stacks[protocol].push(connection);
    this.#chain(connection);
    if (this.#idleCount > idleConnections) this.#oldest?.destroy();
    return true;
  }

  /** A connection's own: it is closed. */
  forget(connection: ClientConnection): void {
    this.#open.delete(connection);
    if (!connection.isIdle) return;
    this.#unchain(connection);
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
    for (const connection of [...this.#open]) connection.destroy();
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

  #chain(connection: ClientConnection): void {
    connection.isIdle = true;
    connection.idleBefore = this.#newest;
    if (this.#newest === undefined) this.#oldest = connection;
    else this.#newest.idleAfter = connection;
    this.#newest = connection;
    this.#idleCount += 1;
  }

  #unchain(connection: ClientConnection): void {
    const { idleBefore, idleAfter } = connection;
    if (idleBefore === undefined) this.#oldest = idleAfter;
    else idleBefore.idleAfter = idleAfter;
    if (idleAfter === undefined) this.#newest = idleBefore;
    else idleAfter.idleBefore = idleBefore;
    connection.isIdle = false;
    connection.idleBefore = undefined;
    connection.idleAfter = undefined;
    this.#idleCount -= 1;
  }
}

function isHttp1(protocol: UpstreamProtocol): protocol is Protocol {
  return protocol === 'http' || protocol === 'https';
}
