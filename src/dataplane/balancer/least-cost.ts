import type { EndpointState } from '../endpoint-registry.ts';
import type { Balancer, PickContext } from './balancer.ts';
import { Tournament } from './tournament.ts';

/** What one more connection would cost: of IPVS's schedulers that count connections, each has its own measure. */
export type CostOf = (connections: number, weight: number) => number;

export const ipvsCosts = {
  /** Least connection. */
  lc: (connections) => connections,
  /** Weighted least connection. */
  wlc: (connections, weight) => connections / weight,
  /** Shortest expected delay: the new one counts, too. */
  sed: (connections, weight) => (connections + 1) / weight,
  /** Never queue: as `sed`, but nobody waits while anybody is idle. */
  nq: (connections, weight) => (connections === 0 ? 0 : (connections + 1) / weight),
} satisfies Record<string, CostOf>;

/**
 * The endpoint that costs least of all, by the exchanges that this worker has under way for this cluster. Among equals the
 * one whose last attempt began longest ago: IPVS gets there by counting connections that have ended, but not long since.
 */
export class LeastCost implements Balancer {
  readonly #costOf: CostOf;
  readonly #connections = new Map<EndpointState, number>();
  readonly #positions = new Map<EndpointState, number>();
  #endpoints: readonly EndpointState[] = [];
  #weights: readonly number[] = [];
  #tournament = new Tournament(0);
  /** Stamps the endpoints by when they were last chosen. */
  #attempts = 0;

  constructor(costOf: CostOf) {
    this.#costOf = costOf;
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    const usable = endpoints
      .map((endpoint, index) => ({ endpoint, weight: weights?.[index] ?? 1 }))
      .filter(({ weight }) => weight > 0);
    const before = this.#tournament;
    const lastPicks = usable.map(({ endpoint }) => {
      const position = this.#positions.get(endpoint);
      return position === undefined ? 0 : before.stampOf(position);
    });
    this.#endpoints = usable.map(({ endpoint }) => endpoint);
    this.#weights = usable.map(({ weight }) => weight);
    this.#positions.clear();
    this.#endpoints.forEach((endpoint, index) => this.#positions.set(endpoint, index));
    for (const endpoint of this.#connections.keys()) {
      if (!this.#positions.has(endpoint)) this.#connections.delete(endpoint);
    }
    this.#tournament = new Tournament(usable.length);
    lastPicks.forEach((stamp, index) => {
      this.#update(index, stamp);
    });
  }

  pick({ tried }: PickContext): EndpointState | undefined {
    const index =
      tried === undefined
        ? this.#tournament.winner
        : this.#tournament.bestWhere((each) => !tried.has(this.#endpoints[each] ?? NOBODY));
    return this.#endpoints[index];
  }

  began(endpoint: EndpointState): void {
    this.#attempts += 1;
    this.#count(endpoint, 1, this.#attempts);
  }

  ended(endpoint: EndpointState): void {
    this.#count(endpoint, -1);
  }

  /** What began under another balancer, or before the endpoint was away for a while, was never counted. */
  #count(endpoint: EndpointState, change: 1 | -1, stamp?: number): void {
    const index = this.#positions.get(endpoint);
    if (index === undefined) return;
    const connections = (this.#connections.get(endpoint) ?? 0) + change;
    if (connections < 0) return;
    this.#connections.set(endpoint, connections);
    this.#update(index, stamp ?? this.#tournament.stampOf(index));
  }

  #update(index: number, stamp: number): void {
    const endpoint = this.#endpoints[index];
    const connections = endpoint === undefined ? 0 : (this.#connections.get(endpoint) ?? 0);
    this.#tournament.set(index, this.#costOf(connections, this.#weights[index] ?? 1), stamp);
  }
}

/** Stands in for an index that is none; nobody has tried it. */
const NOBODY: EndpointState = { address: '', port: 0, key: '', inFlight: 0, removed: true };
