import type { Cluster } from '../model/config.ts';
import type { Balancer } from './balancer/balancer.ts';
import { ClusterState } from './cluster.ts';
import type { EndpointRegistry } from './endpoint-registry.ts';
import type { EndpointTls } from './tls/endpoint-tls.ts';

/** A cluster's config, compiled: what can fail has been done. */
export interface CompiledCluster {
  readonly config: Cluster;
  readonly balancer: Balancer;
  /** Undefined where the config says nothing of TLS. */
  readonly tls: EndpointTls | undefined;
}

interface Entry {
  readonly state: ClusterState;
  isConfigured: boolean;
  /** How many routes of the table forward to it. */
  routes: number;
}

/** One state for each cluster id that the config has or a route names: a cluster that comes late finds its routes waiting. */
export class ClusterRegistry {
  readonly #entries = new Map<string, Entry>();
  /** By endpoint set: the configured clusters that use it. Endpoints change more often than all else. */
  readonly #users = new Map<string, Set<ClusterState>>();
  readonly #endpoints: EndpointRegistry;

  constructor(endpoints: EndpointRegistry) {
    this.#endpoints = endpoints;
  }

  /** `changedSets`: ids of the endpoint sets that are others now. Call it when the endpoint registry has them. */
  update(
    set: readonly CompiledCluster[],
    remove: readonly string[],
    changedSets: readonly string[],
  ): void {
    for (const { config, balancer, tls } of set) {
      const entry = this.#entry(config.id);
      if (entry.isConfigured) this.#leaveSet(entry.state);
      entry.isConfigured = true;
      entry.state.reconfigure(config, balancer, tls);
      this.#joinSet(entry.state);
    }
    for (const id of remove) {
      const entry = this.#entry(id);
      if (entry.isConfigured) this.#leaveSet(entry.state);
      entry.isConfigured = false;
      entry.state.setEndpoints({ endpoints: [], weights: undefined });
      this.#dropIfUnused(id, entry);
    }
    for (const setId of changedSets) {
      const endpoints = this.#endpoints.endpointsOf(setId);
      for (const state of this.#users.get(setId) ?? []) state.setEndpoints(endpoints);
    }
  }

  /** For a route that forwards to it. Without endpoints as long as the config has no such cluster. */
  retain(id: string): ClusterState {
    const entry = this.#entry(id);
    entry.routes++;
    return entry.state;
  }

  release(id: string): void {
    const entry = this.#entry(id);
    entry.routes--;
    this.#dropIfUnused(id, entry);
  }

  #joinSet(state: ClusterState): void {
    const { endpointSet } = state.config;
    const users = this.#users.get(endpointSet);
    if (users === undefined) this.#users.set(endpointSet, new Set([state]));
    else users.add(state);
    state.setEndpoints(this.#endpoints.endpointsOf(endpointSet));
  }

  #leaveSet(state: ClusterState): void {
    const { endpointSet } = state.config;
    const users = this.#users.get(endpointSet);
    users?.delete(state);
    if (users?.size === 0) this.#users.delete(endpointSet);
  }

  #entry(id: string): Entry {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { state: new ClusterState(unknownCluster(id)), isConfigured: false, routes: 0 };
      this.#entries.set(id, entry);
    }
    return entry;
  }

  #dropIfUnused(id: string, entry: Entry): void {
    if (!entry.isConfigured && entry.routes === 0) this.#entries.delete(id);
  }
}

function unknownCluster(id: string): Cluster {
  return {
    id,
    name: '',
    endpointSet: '',
    statusWhenEmpty: 503,
    protocol: 'http',
    balancer: { kind: 'round-robin' },
  };
}
