import type { EndpointState } from '../endpoint-registry.ts';
import { withWeight, type Balancer, type PickContext } from './balancer.ts';
import { ConsistentHash } from './consistent-hash.ts';
import type { ClientMemory } from './client-memory.ts';
import { hashText } from './text-hash.ts';

export interface ClientAffinityOptions {
  /** What tells the clients of one Service port from those of another. */
  readonly service: string;
  /** Since a client was last seen. */
  readonly timeoutSeconds: number;
}

/**
 * `sessionAffinity: ClientIP`: a client stays with its endpoint until it was away for longer than the timeout, whatever
 * endpoints come meanwhile; every worker knows. Who is not known goes where its address leads, which is the same everywhere.
 * Source: Service.spec.sessionAffinityConfig.clientIP, kube-proxy.
 */
export class ClientAffinity implements Balancer {
  readonly #options: ClientAffinityOptions;
  readonly #clients: ClientMemory;
  readonly #unixMs: () => number;
  readonly #hash = new ConsistentHash([{ kind: 'client-address' }]);
  #byHash: ReadonlyMap<number, EndpointState> = new Map();

  constructor(options: ClientAffinityOptions, clients: ClientMemory, unixMs = Date.now) {
    this.#options = options;
    this.#clients = clients;
    this.#unixMs = unixMs;
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    this.#hash.setEndpoints(endpoints, weights);
    this.#byHash = new Map(
      withWeight(endpoints, weights).map((endpoint) => [hashText(endpoint.key) | 0, endpoint]),
    );
  }

  /** An endpoint that failed is gone round for this exchange alone: when it is well again, its clients come back. */
  pick(context: PickContext): EndpointState | undefined {
    if (context.tried !== undefined) return this.#hash.pick(context);
    const { service, timeoutSeconds } = this.#options;
    const client = hashText(`${context.clientAddress} ${service}`);
    const nowSeconds = Math.floor(this.#unixMs() / 1_000);
    const had = this.#clients.find(client, nowSeconds, timeoutSeconds);
    const known = this.#byHash.get(had);
    const chosen = known ?? this.#hash.pick(context);
    if (chosen === undefined) return undefined;
    this.#clients.remember(client, known === undefined ? hashText(chosen.key) : had, nowSeconds);
    return chosen;
  }
}
