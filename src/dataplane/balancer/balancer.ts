import type { EndpointState } from '../cluster.ts';

/** Spreads attempts over endpoints. One instance a cluster and worker; every implementation passes `contract-suite.ts`. */
export interface Balancer {
  /** The new set, in the config's order; what is known of those that stay is kept. */
  setEndpoints(endpoints: readonly EndpointState[]): void;
  /** One that is not in `tried` while there are others, else any; undefined without endpoints. */
  pick(tried: ReadonlySet<EndpointState> | undefined): EndpointState | undefined;
}
