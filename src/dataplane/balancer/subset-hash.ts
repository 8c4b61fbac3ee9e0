import type { KeyTemplate } from '../../model/config.ts';
import type { EndpointState } from '../endpoint-registry.ts';
import {
  firstUntried,
  withWeight,
  type Balancer,
  type PickContext,
  type RandomSource,
} from './balancer.ts';
import { hashKey } from './hash-key.ts';
import { HashRing } from './hash-ring.ts';

/**
 * The key chooses a group of endpoints, and any of the group has the exchange: less even caches than with one endpoint a
 * key, but no endpoint that a single busy key can overload. Groups are cut from the set in its order, the last one is filled
 * up from the beginning. Source: annotations.yaml `upstream-hash-by-subset`.
 */
export class SubsetHash implements Balancer {
  readonly #key: KeyTemplate;
  readonly #groupSize: number;
  readonly #random: RandomSource;
  #endpoints: readonly EndpointState[] = [];
  #ring = new HashRing([]);

  constructor(key: KeyTemplate, groupSize: number, random: RandomSource = Math.random) {
    this.#key = key;
    this.#groupSize = groupSize;
    this.#random = random;
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    this.#endpoints = withWeight(endpoints, weights);
    const groups = Math.ceil(this.#endpoints.length / this.#groupSize);
    this.#ring = new HashRing(Array.from({ length: groups }, (_, group) => `set${group + 1}`));
  }

  pick(context: PickContext): EndpointState | undefined {
    const all = this.#endpoints;
    const group = this.#ring.find(hashKey(this.#key, context));
    if (group === -1) return undefined;
    const { tried } = context;
    const start = group * this.#groupSize;
    const size = Math.min(this.#groupSize, all.length);
    const drawn = Math.floor(this.#random() * size);
    for (let step = 0; step < size; step++) {
      const endpoint = all[(start + ((drawn + step) % size)) % all.length];
      if (endpoint !== undefined && tried?.has(endpoint) !== true) return endpoint;
    }
    // All of the group failed: what comes behind it.
    return firstUntried(all, start, tried);
  }
}
