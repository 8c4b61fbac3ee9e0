import type { EndpointState } from '../endpoint-registry.ts';
import {
  firstUntried,
  withWeight,
  type Balancer,
  type PickContext,
  type RandomSource,
} from './balancer.ts';

/** Any endpoint, each as likely: what kube-proxy's iptables and nftables modes do. Nothing is remembered. */
export class RandomChoice implements Balancer {
  readonly #random: RandomSource;
  #endpoints: readonly EndpointState[] = [];

  constructor(random: RandomSource = Math.random) {
    this.#random = random;
  }

  setEndpoints(endpoints: readonly EndpointState[], weights?: readonly number[]): void {
    this.#endpoints = withWeight(endpoints, weights);
  }

  pick({ tried }: PickContext): EndpointState | undefined {
    const index = Math.floor(this.#random() * this.#endpoints.length);
    return firstUntried(this.#endpoints, index, tried);
  }
}
