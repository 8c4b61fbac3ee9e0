import type { ConfigDelta } from '../model/delta.ts';
import type { Settings } from '../model/settings.ts';
import type { Logger } from '../observability/logger.ts';
import { AddressList } from './address-list.ts';
import type { ClientMemory } from './balancer/client-memory.ts';
import { createBalancer } from './balancer/index.ts';
import { ClusterRegistry } from './cluster-registry.ts';
import type { CompiledCluster } from './cluster-registry.ts';
import { EndpointRegistry } from './endpoint-registry.ts';
import type { EndpointState } from './endpoint-registry.ts';
import type { HeadLimits } from './http1/request-head.ts';
import { CompiledHost } from './router/compiled-host.ts';
import type { CompiledPassthrough, HostTable } from './router/compiled-host.ts';
import { HostIndex } from './router/host-index.ts';
import { EndpointIdentities } from './tls/endpoint-identities.ts';
import type { EndpointTls } from './tls/endpoint-tls.ts';
import { compileTls, TlsContexts } from './tls/tls-contexts.ts';
import type { CompiledTls } from './tls/tls-contexts.ts';

export type { CompiledRoute, HostTable } from './router/compiled-host.ts';

/** Settings, and what is made of them. */
interface CompiledSettings {
  readonly settings: Settings;
  readonly headLimits: HeadLimits;
  readonly trustedPeers: AddressList;
  readonly blockedClients: AddressList;
  readonly tls: CompiledTls;
}

/** Everything in a delta that can fail to compile, compiled. */
interface CompiledDelta {
  readonly settings: CompiledSettings | undefined;
  readonly hosts: readonly CompiledHost[];
  readonly clusters: readonly CompiledCluster[];
}

/** What came of a delta. */
interface Committed {
  readonly removed: readonly EndpointState[];
  readonly guardsChanged: boolean;
}

/** Everything that a worker serves by, compiled from the ProxyConfig. */
export class Table {
  /** Called at the end of a delta for each endpoint that nothing names any more: its idle connections can go. */
  onEndpointRemoved: (endpoint: EndpointState) => void = () => undefined;

  /** The same for a TLS identity that no cluster has any more. */
  onTlsRetired: (tls: EndpointTls) => void = () => undefined;

  /** The same where a host that asks its clients for certificates came, changed or went. */
  onGuardsChanged: () => void = () => undefined;

  readonly tls: TlsContexts;
  readonly #hosts = new HostIndex();
  readonly #endpoints = new EndpointRegistry();
  readonly #clusters = new ClusterRegistry(this.#endpoints);
  readonly #identities = new EndpointIdentities();
  readonly #clients: ClientMemory | undefined;
  #compiled: CompiledSettings | undefined;

  /** @param clients shared by all workers; undefined: with nobody. */
  constructor(log: Logger, clients?: ClientMemory) {
    this.#clients = clients;
    this.tls = new TlsContexts(this.#hosts, log);
  }

  get settings(): Settings {
    return this.#compiledSettings().settings;
  }

  /** `settings.client`, with the names that `settings.forwarded` says are believed */
  get headLimits(): HeadLimits {
    return this.#compiledSettings().headLimits;
  }

  /** `settings.forwarded.trustedCidrs` */
  get trustedPeers(): AddressList {
    return this.#compiledSettings().trustedPeers;
  }

  /** `settings.blockedCidrs` */
  get blockedClients(): AddressList {
    return this.#compiledSettings().blockedClients;
  }

  /** Exact name, else wildcard of one label, else `''`. `name`: lower case, no port, no trailing dot. */
  host(name: string): HostTable | undefined {
    return this.#hosts.find(name);
  }

  /** For TLS connections that ask for this very name, lower case; aliases and wildcards don't count. */
  passthrough(name: string): CompiledPassthrough | undefined {
    const host = this.#hosts.exact(name);
    return host?.config.name === name ? host.passthrough : undefined;
  }

  /**
   * Compiles what is new, then puts it in place: one synchronous step. Where something does not compile it throws, and the
   * table is what it was. Exchanges in flight keep the routes that they have.
   */
  apply(delta: ConfigDelta): void {
    const compiled = this.#compile(delta);
    const { removed, guardsChanged } = this.#commit(delta, compiled);
    const retired = this.#identities.update(compiled.clusters, delta.clusters.remove);
    for (const endpoint of removed) this.onEndpointRemoved(endpoint);
    for (const tls of retired) this.onTlsRetired(tls);
    if (guardsChanged) this.onGuardsChanged();
  }

  #compile(delta: ConfigDelta): CompiledDelta {
    const identityOf = this.#identities.compiler();
    return {
      settings: delta.settings === undefined ? undefined : compileSettings(delta.settings),
      hosts: delta.virtualHosts.set.map((config) => new CompiledHost(config)),
      clusters: delta.clusters.set.map((config) => ({
        config,
        balancer: createBalancer(config.balancer, Math.random, this.#clients),
        tls: config.tls === undefined ? undefined : identityOf(config.tls),
      })),
    };
  }

  /** Nothing in here may throw. */
  #commit(delta: ConfigDelta, compiled: CompiledDelta): Committed {
    this.#compiled = compiled.settings ?? this.#compiled;
    this.tls.update(delta.certificates, compiled.settings?.tls);

    const removedEndpoints = this.#endpoints.update(delta.endpointSets);
    const { set, remove } = delta.endpointSets;
    const changedSets = [...set.map(({ id }) => id), ...remove];
    this.#clusters.update(compiled.clusters, delta.clusters.remove, changedSets);

    for (const host of compiled.hosts) host.link(this.#clusters);
    const replaced = this.#hosts.update(compiled.hosts, delta.virtualHosts.remove);
    for (const host of replaced) host.unlink(this.#clusters);
    const guardsChanged = [...compiled.hosts, ...replaced].some(({ guard }) => guard !== undefined);
    return { removed: removedEndpoints, guardsChanged };
  }

  #compiledSettings(): CompiledSettings {
    if (this.#compiled === undefined) throw new Error('the table has no config yet');
    return this.#compiled;
  }
}

function compileSettings(settings: Settings): CompiledSettings {
  const { client, forwarded } = settings;
  return {
    settings,
    headLimits: { ...client, keptNames: new Set([forwarded.forHeader, forwarded.hostHeader]) },
    trustedPeers: new AddressList(forwarded.trustedCidrs),
    blockedClients: new AddressList(settings.blockedCidrs),
    tls: compileTls(settings.tls, client),
  };
}
