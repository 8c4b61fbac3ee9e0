import type { EndpointState } from '../cluster.ts';
import type { Balancer } from './balancer.ts';

/**
 * Each endpoint in turn. It starts at a random one, so that the workers and replicas do not all send their first request to
 * the same endpoint. (With weights all equal, smooth weighted round robin is just this.)
 */
export class RoundRobin implements Balancer {
  #endpoints: readonly EndpointState[] = [];
  #next: number;

  /** `start`: where in the set to begin, from 0 to below 1. */
  constructor(start = Math.random()) {
    this.#next = Math.floor(start * 0x3fffffff);
  }

  setEndpoints(endpoints: readonly EndpointState[]): void {
    this.#endpoints = endpoints;
    if (endpoints.length > 0) this.#next %= endpoints.length;
  }

  pick(tried: ReadonlySet<EndpointState> | undefined): EndpointState | undefined {
    const count = this.#endpoints.length;
    for (let skipped = 0; skipped < count; skipped++) {
      const endpoint = this.#take();
      if (tried === undefined || endpoint === undefined || !tried.has(endpoint)) return endpoint;
    }
    return this.#take();
  }

  #take(): EndpointState | undefined {
    const endpoint = this.#endpoints[this.#next];
    this.#next = this.#next + 1 < this.#endpoints.length ? this.#next + 1 : 0;
    return endpoint;
  }
}
