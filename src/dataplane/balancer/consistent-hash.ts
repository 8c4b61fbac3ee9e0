import type { KeyTemplate } from '../../model/config.ts';
import type { EndpointState } from '../endpoint-registry.ts';
import { withWeight, type Balancer, type PickContext } from './balancer.ts';
import { hashKey } from './hash-key.ts';
import { HashRing } from './hash-ring.ts';

/**
 * Exchanges with the same key go to the same endpoint, on every worker and replica alike. After a failed attempt the next
 * endpoint on the ring has the exchange.
 */
export class ConsistentHash implements Balancer {
  readonly #key: KeyTemplate;
  #endpoints: readonly EndpointState[] = [];
  #ring = new HashRing([]);

  constructor(key: KeyTemplate) {
    this.#key = key;
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    this.#endpoints = withWeight(endpoints, weights);
    this.#ring = new HashRing(this.#endpoints.map(({ key }) => key));
  }

  pick(context: PickContext): EndpointState | undefined {
    const key = hashKey(this.#key, context);
    const { tried } = context;
    const all = this.#endpoints;
    const hasOthers = tried !== undefined && all.some((endpoint) => !tried.has(endpoint));
    if (!hasOthers) return all[this.#ring.find(key)];
    return all[
      this.#ring.find(key, (index) => {
        const endpoint = all[index];
        return endpoint !== undefined && !tried.has(endpoint);
      })
    ];
  }
}
