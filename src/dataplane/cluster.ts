import { isDeepStrictEqual } from 'node:util';
import type { Cluster, Endpoint } from '../model/config.ts';
import type { Balancer } from './balancer/balancer.ts';
import { createBalancer } from './balancer/index.ts';

/** What a worker knows of one `ip:port`, whichever clusters name it. Outlives config changes. */
export interface EndpointState {
  readonly address: string;
  readonly port: number;
  /** `10.0.0.1:8080`, `[2001:db8::1]:8080`. */
  readonly key: string;
  /** Exchanges that run on it; counted by who forwards. */
  inFlight: number;
  /** No cluster names it any more: finish what runs, keep no idle connection. */
  removed: boolean;
}

/** A cluster at run time: the object of an id stays the same over config changes. */
export class ClusterState {
  #config: Cluster;
  #balancer: Balancer;
  #size = 0;

  constructor(config: Cluster) {
    this.#config = config;
    this.#balancer = createBalancer(config.balancer);
  }

  get config(): Cluster {
    return this.#config;
  }

  /** Endpoints that may be picked. */
  get size(): number {
    return this.#size;
  }

  /** The endpoint for the next attempt: one not in `tried` while there are others. Undefined without endpoints. */
  pick(tried: ReadonlySet<EndpointState> | undefined): EndpointState | undefined {
    return this.#balancer.pick(tried);
  }

  /** Table's alone: a new config or set of endpoints; an unchanged balancer keeps its state. */
  reconfigure(config: Cluster, endpoints: readonly EndpointState[]): void {
    if (!isDeepStrictEqual(config.balancer, this.#config.balancer)) {
      this.#balancer = createBalancer(config.balancer);
    }
    this.#config = config;
    this.#size = endpoints.length;
    this.#balancer.setEndpoints(endpoints);
  }
}

export function endpointKey({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
