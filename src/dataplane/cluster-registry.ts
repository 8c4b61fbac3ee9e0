import type { Cluster } from '../model/config.ts';
import type { Balancer } from './balancer/balancer.ts';
import { ClusterState } from './cluster.ts';
import type { EndpointRegistry } from './endpoint-registry.ts';

/** A cluster's config, compiled: what can fail has been done. */
export interface CompiledCluster {
  readonly config: Cluster;
  readonly balancer: Balancer;
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
  readonly #endpoints: EndpointRegistry;

  constructor(endpoints: EndpointRegistry) {
    this.#endpoints = endpoints;
  }

  /** `changedSets`: ids of the endpoint sets that are others now. */
  update(
    set: readonly CompiledCluster[],
    remove: readonly string[],
    changedSets: ReadonlySet<string>,
  ): void {
    for (const { config, balancer } of set) {
      const entry = this.#entry(config.id);
      entry.isConfigured = true;
      entry.state.reconfigure(config, balancer);
      entry.state.setEndpoints(this.#endpoints.endpointsOf(config.endpointSet));
    }
    for (const id of remove) {
      const entry = this.#entry(id);
      entry.isConfigured = false;
      entry.state.setEndpoints([]);
      this.#dropIfUnused(id, entry);
    }
    if (changedSets.size > 0) this.#refresh(changedSets);
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

  #refresh(changedSets: ReadonlySet<string>): void {
    for (const { state, isConfigured } of this.#entries.values()) {
      const { endpointSet } = state.config;
      if (isConfigured && changedSets.has(endpointSet)) {
        state.setEndpoints(this.#endpoints.endpointsOf(endpointSet));
      }
    }
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
