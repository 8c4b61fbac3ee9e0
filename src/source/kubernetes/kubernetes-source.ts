import type { Logger } from '../../observability/logger.ts';
import type { References, Resource } from '../../translate/snapshot.ts';
import type { Source } from '../source.ts';
import type { Store } from '../store.ts';
import { ApiClient } from './api-client.ts';
import { Credentials, type CredentialsOptions } from './credentials.ts';
import { Gate } from '../gate.ts';
import { Http2Transport } from './http2-transport.ts';
import { NodeWatch } from './node-watch.ts';
import { ReferencedWatches } from './referenced-watches.ts';
import {
  explainUnsettled,
  findingsOf,
  isForbiddenUnread,
  unsettledOf,
  type WatchState,
} from './watch-state.ts';
import { describe } from './watch-target.ts';
import { Watcher, type WatcherDeps, type WatchTiming } from './watcher.ts';

export interface KubernetesSourceOptions extends CredentialsOptions {
  /** Empty: all of them. */
  readonly watchNamespaces: readonly string[];
  /** Read Namespace objects: a selector decides by their labels. */
  readonly watchNamespaceObjects: boolean;
  /** For tests, which can't wait. */
  readonly timing?: Partial<KubernetesTiming>;
}

export interface KubernetesTiming extends WatchTiming {
  /** Longest time without a byte of an answer or a watch. Bookmarks come about every minute. */
  readonly silenceMs: number;
  readonly connectMs: number;
  readonly pingMs: number;
}

/** Why so: docs/decisions/api-server-away.md. */
export const kubernetesTiming: KubernetesTiming = {
  firstRetryMs: 800,
  maxRetryMs: 5_000,
  maxRetryAfterMs: 30_000,
  awayMs: 1_500,
  healthyMs: 5_000,
  shortestWatchSeconds: 300,
  longestWatchSeconds: 600,
  random: Math.random,
  silenceMs: 90_000,
  connectMs: 10_000,
  pingMs: 20_000,
};

/** Lists that are read at once: a cold start with thousands of Secrets must not look like an attack. */
const CONCURRENT_LISTS = 32;

/**
 * Watches what routing is made of in a cluster, and fetches what a translation refers to. Throws when there is no cluster to
 * talk to (no kubeconfig, no pod); a cluster that does not answer is waited for.
 */
export function createKubernetesSource(
  options: KubernetesSourceOptions,
  store: Store,
  log: Logger,
): Source {
  return new KubernetesSource(options, store, log);
}

class KubernetesSource implements Source {
  readonly #store: Store;
  readonly #client: ApiClient;
  readonly #resources: readonly Watcher[];
  readonly #secrets: ReferencedWatches;
  readonly #configMaps: ReferencedWatches;
  readonly #nodes: NodeWatch;
  readonly #progressCallbacks = new Set<() => void>();
  /** Decided by `want` alone: what settled last may have made the translation refer to more. */
  #isComplete = false;

  constructor(options: KubernetesSourceOptions, store: Store, log: Logger) {
    const timing = { ...kubernetesTiming, ...options.timing };
    const credentials = new Credentials(options);
    this.#store = store;
    this.#client = new ApiClient({
      credentials,
      transport: new Http2Transport(timing),
      silenceMs: timing.silenceMs,
      log,
    });
    const deps: WatcherDeps = {
      client: this.#client,
      store,
      listGate: new Gate(CONCURRENT_LISTS),
      timing,
      log,
      onChange: (watcher) => {
        this.#onWatcherChange(watcher);
      },
    };
    const forget = (watcher: Watcher): void => {
      store.setFindings(originOf(watcher), []);
    };
    this.#resources = watchedResources(options, deps);
    this.#secrets = new ReferencedWatches('secrets', deps, forget);
    this.#configMaps = new ReferencedWatches('configmaps', deps, forget);
    this.#nodes = new NodeWatch(deps, forget);
  }

  start(): void {
    for (const watcher of this.#resources) watcher.start();
  }

  want({ secrets, configMaps, nodes }: References): void {
    this.#secrets.want(secrets);
    this.#configMaps.want(configMaps);
    this.#nodes.want(nodes);
    this.#isComplete ||= this.#unsettled().length === 0;
  }

  missing(): readonly string[] {
    if (this.#isComplete) return [];
    const lines = this.#unsettled().map(explainUnsettled);
    return lines.length > 0 ? lines : ['what was listed is not translated yet'];
  }

  unanswered(): readonly string[] {
    return this.#unsettled().map(({ target }) => describe(target));
  }

  onProgress(callback: () => void): void {
    this.#progressCallbacks.add(callback);
  }

  stop(): Promise<void> {
    for (const watcher of this.#resources) watcher.stop();
    this.#secrets.stop();
    this.#configMaps.stop();
    this.#nodes.stop();
    this.#client.close();
    return Promise.resolve();
  }

  #unsettled(): WatchState[] {
    return unsettledOf([
      ...this.#resources,
      ...this.#secrets.watchers(),
      ...this.#configMaps.watchers(),
      ...this.#nodes.watchers(),
    ]);
  }

  #onWatcherChange(watcher: Watcher): void {
    this.#store.setFindings(originOf(watcher), findingsOf(watcher));
    if (watcher.target.resource === 'ingressclasses') {
      this.#store.setIngressClassesUnreadable(isForbiddenUnread(watcher));
    }
    if (this.#unsettled().length > 0) return;
    for (const callback of this.#progressCallbacks) callback();
  }
}

function watchedResources(options: KubernetesSourceOptions, deps: WatcherDeps): Watcher[] {
  const namespaced: Resource[] = ['ingresses', 'services', 'endpointslices'];
  const clusterWide: Resource[] = ['ingressclasses'];
  if (options.watchNamespaceObjects) clusterWide.push('namespaces');
  const namespaces = options.watchNamespaces.length === 0 ? [undefined] : options.watchNamespaces;

  const everywhere = clusterWide.map((resource) => ({ resource, namespace: undefined }));
  const within = [...new Set(namespaces)].flatMap((namespace) =>
    namespaced.map((resource) => ({ resource, namespace })),
  );
  return [...everywhere, ...within].map(
    (target) => new Watcher({ ...target, name: undefined }, deps),
  );
}

/** Under which name the store keeps what a watcher found wrong. */
function originOf({ target }: Watcher): string {
  return `kubernetes: ${describe(target)}`;
}
