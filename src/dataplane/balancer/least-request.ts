import type { EndpointState } from '../endpoint-registry.ts';
import {
  firstUntried,
  withWeight,
  type Balancer,
  type PickContext,
  type RandomSource,
} from './balancer.ts';
import { drawTwo } from './two-choices.ts';

/**
 * Of two endpoints drawn at random the one with fewer exchanges of this worker under way. Two choices are nearly as even as
 * looking at all, and workers that know nothing of each other do not all rush to the same idle endpoint.
 */
export class LeastRequest implements Balancer {
  readonly #random: RandomSource;
  #endpoints: readonly EndpointState[] = [];

  constructor(random: RandomSource = Math.random) {
    this.#random = random;
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    this.#endpoints = withWeight(endpoints, weights);
  }

  pick({ tried }: PickContext): EndpointState | undefined {
    const all = this.#endpoints;
    const untried = tried === undefined ? all : all.filter((endpoint) => !tried.has(endpoint));
    const endpoints = untried.length === 0 ? all : untried;
    const count = endpoints.length;
    if (count < 2) return firstUntried(endpoints, 0, tried);
    const pair = drawTwo(count, this.#random);
    const first = endpoints[Math.floor(pair / count)];
    const second = endpoints[pair % count];
    return (second?.inFlight ?? 0) < (first?.inFlight ?? 0) ? second : first;
  }
}
