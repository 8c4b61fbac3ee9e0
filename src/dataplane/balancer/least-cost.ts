import type { EndpointState } from '../endpoint-registry.ts';
import { withWeight, type Balancer, type PickContext } from './balancer.ts';
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
  #endpoints: readonly EndpointState[] = [];
  #positions: ReadonlyMap<EndpointState, number> = new Map();
  /** By position, as all that follows. */
  #weights = new Float64Array(0);
  #connections = new Int32Array(0);
  #tournament = new Tournament(0);
  /** Stamps the endpoints by when they were last chosen. */
  #attempts = 0;

  constructor(costOf: CostOf) {
    this.#costOf = costOf;
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    const positions = this.#positions;
    const connections = this.#connections;
    const tournament = this.#tournament;
    this.#endpoints = withWeight(endpoints, weights);
    this.#positions = new Map(this.#endpoints.map((endpoint, index) => [endpoint, index]));
    this.#weights = new Float64Array(this.#endpoints.length).fill(1);
    endpoints.forEach((endpoint, index) => {
      const position = this.#positions.get(endpoint);
      if (position !== undefined) this.#weights[position] = weights?.[index] ?? 1;
    });
    this.#connections = new Int32Array(this.#endpoints.length);
    this.#tournament = new Tournament(this.#endpoints.length);
    this.#endpoints.forEach((endpoint, index) => {
      const before = positions.get(endpoint);
      this.#connections[index] = before === undefined ? 0 : (connections[before] ?? 0);
      this.#update(index, before === undefined ? 0 : tournament.stampOf(before));
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
    const index = this.#positions.get(endpoint);
    if (index === undefined) return;
    this.#connections[index] = (this.#connections[index] ?? 0) + 1;
    this.#attempts += 1;
    this.#update(index, this.#attempts);
  }

  ended(endpoint: EndpointState): void {
    const index = this.#positions.get(endpoint);
    // What began under another balancer, or before the endpoint was away for a while, was never counted.
    if (index === undefined || this.#connections[index] === 0) return;
    this.#connections[index] = (this.#connections[index] ?? 0) - 1;
    this.#update(index, this.#tournament.stampOf(index));
  }

  #update(index: number, stamp: number): void {
    const cost = this.#costOf(this.#connections[index] ?? 0, this.#weights[index] ?? 1);
    this.#tournament.set(index, cost, stamp);
  }
}

/** Stands in for an index that is none; nobody has tried it. */
const NOBODY: EndpointState = { address: '', port: 0, key: '', inFlight: 0, removed: true };
