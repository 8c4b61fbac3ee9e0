import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from './wire.ts';

const ADMIN_PORT = 10_254;

export interface L4BalancerOptions {
  /** The addresses of all replicas, ready or not, at this moment. */
  readonly replicas: () => Promise<readonly string[]>;
  /** Ports of the replicas; for each there is one of the balancer's own. */
  readonly ports: readonly number[];
  /** From one look at the replicas to the next. */
  readonly everyMs?: number;
}

/**
 * A balancer that knows nothing of HTTP: a connection goes to the next replica whose `/readyz` said 200 when it was last
 * looked at, and stays there until one side ends it. It tries no second replica: what a replica refuses, the client sees.
 */
export class L4Balancer {
  readonly #options: L4BalancerOptions;
  readonly #servers = new Map<number, Server>();
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Map<string, number>();
  readonly #ended = new AbortController();
  #ready: readonly string[] = [];
  #next = 0;
  #following: Promise<void> | undefined;

  private constructor(options: L4BalancerOptions) {
    this.#options = options;
  }

  /** Resolves when it listens, on free ports of 127.0.0.1, and has looked at the replicas once. */
  static async start(options: L4BalancerOptions): Promise<L4Balancer> {
    const balancer = new L4Balancer(options);
    await balancer.#look();
    for (const port of options.ports) {
      const server = createServer({ allowHalfOpen: true }, (client) => {
        balancer.#accept(client, port);
      });
      balancer.#servers.set(port, server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    balancer.#following = balancer.#follow();
    return balancer;
  }

  /** The replicas that get new connections. */
  get ready(): readonly string[] {
    return this.#ready;
  }

  /** How many connections each replica has been given so far. */
  get connections(): ReadonlyMap<string, number> {
    return this.#connections;
  }

  /** The balancer's own port that leads to `port` of the replicas. */
  port(port: number): number {
    const server = this.#servers.get(port);
    if (server === undefined) throw new Error(`${port} is not balanced`);
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#following;
    for (const server of this.#servers.values()) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await delay(this.#options.everyMs ?? 500, undefined, { signal }).catch(() => {}); // stopped while waiting
      await this.#look().catch(() => {}); // the API server is slow: what was ready a moment ago is the best that is known
    }
  }

  async #look(): Promise<void> {
    const addresses = await this.#options.replicas();
    const states = await Promise.all(addresses.map(isReady));
    this.#ready = addresses.filter((_, index) => states[index]);
  }

  #accept(client: Socket, port: number): void {
    const address = this.#ready[this.#next++ % this.#ready.length];
    if (address === undefined) {
      client.destroy();
      return;
    }
    this.#connections.set(address, (this.#connections.get(address) ?? 0) + 1);
    const replica = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    for (const [from, to] of [
      [client, replica],
      [replica, client],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => this.#sockets.delete(from));
    }
  }
}

async function isReady(address: string): Promise<boolean> {
  const probe = request({ address, port: ADMIN_PORT, host: address, path: '/readyz' });
  return probe.then(
    ({ status }) => status === 200,
    () => false,
  );
}
