import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../model/config.ts';
import type { Balancer, PickContext } from './balancer/balancer.ts';
import { createBalancer } from './balancer/index.ts';
import { EndpointTls } from './tls/endpoint-tls.ts';
import type { EndpointState, WeightedEndpoints } from './endpoint-registry.ts';

export type { EndpointState } from './endpoint-registry.ts';

/** How connections to endpoints are made. Those of one endpoint that agree in it may stand in for each other. */
export interface Transport {
  readonly version: 'http/1.1' | 'h2';
  /** Undefined: plain text. */
  readonly tls: EndpointTls | undefined;
}

/** A cluster at run time: the object of an id stays the same over config changes. */
export class ClusterState {
  #config: Cluster;
  #balancer: Balancer;
  #transport: Transport;
  #size = 0;

  constructor(config: Cluster) {
    this.#config = config;
    this.#transport = transportOf(config, undefined);
    this.#balancer = createBalancer(config.balancer);
  }

  get config(): Cluster {
    return this.#config;
  }

  get transport(): Transport {
    return this.#transport;
  }

  /** Endpoints that may be picked. */
  get size(): number {
    return this.#size;
  }

  /** Over HTTP/2. For it alone trailers are passed on (routing.md §12). */
  get speaksGrpc(): boolean {
    return this.#transport.version === 'h2';
  }

  /** The endpoint for the next attempt: one that was not tried while there are others. Undefined without endpoints. */
  pick(context: PickContext): EndpointState | undefined {
    return this.#balancer.pick(context);
  }

  /** An attempt begins; `ended` follows, whatever becomes of the endpoint. */
  began(endpoint: EndpointState): void {
    endpoint.inFlight += 1;
    this.#balancer.began?.(endpoint);
  }

  /** `answerMs`: from the choice to the end of the answer; undefined without one. */
  ended(endpoint: EndpointState, answerMs: number | undefined, nowMs: number): void {
    endpoint.inFlight -= 1;
    this.#balancer.ended?.(endpoint, answerMs, nowMs);
  }

  /** Table's alone. `balancer` takes over only where the old one was made for another config. */
  reconfigure(config: Cluster, balancer: Balancer, tls: EndpointTls | undefined): void {
    if (!isDeepStrictEqual(config.balancer, this.#config.balancer)) this.#balancer = balancer;
    this.#config = config;
    this.#transport = transportOf(config, tls);
  }

  /** Table's alone. */
  setEndpoints({ endpoints, weights }: WeightedEndpoints): void {
    this.#size = weights?.filter((weight) => weight > 0).length ?? endpoints.length;
    this.#balancer.setEndpoints(endpoints, weights);
  }
}

function transportOf({ protocol }: Cluster, tls: EndpointTls | undefined): Transport {
  const isHttp2 = protocol === 'grpc' || protocol === 'grpcs';
  const isPlain = protocol === 'http' || protocol === 'grpc';
  return {
    version: isHttp2 ? 'h2' : 'http/1.1',
    tls: isPlain ? undefined : (tls ?? EndpointTls.unverified),
  };
}
