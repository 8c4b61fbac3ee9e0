import type { Cluster, EndpointSet } from '../model/config.ts';
import type { Finding, FindingCode } from '../model/finding.ts';
import { translateCluster, type ServiceBackend } from './backend.ts';
import {
  defaultBackendCluster,
  defaultBackendId,
  defaultServiceBackend,
} from './default-backend.ts';
import {
  externalNameOf,
  translateEndpointSet,
  type BackendProblem,
  type EndpointSetResult,
} from './endpoint-set.ts';
import { finding } from './finding.ts';
import type { BackendUse } from './host-routes.ts';
import type { Memory } from './memory.ts';
import type { Snapshot } from './snapshot.ts';
import type { TranslateOptions } from './translate-options.ts';

export interface BackendsContext {
  readonly memory: Memory;
  readonly snapshot: Snapshot;
  readonly options: TranslateOptions;
}

export interface BackendsResult {
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly endpointSets: ReadonlyMap<string, EndpointSet>;
  readonly externalNames: ReadonlySet<string>;
  readonly findings: readonly (readonly Finding[])[];
}

/** The cluster of each use, and the endpoints of each Service port. Routes never depend on what is found here. */
export function translateBackends(
  uses: readonly (readonly BackendUse[])[],
  context: BackendsContext,
): BackendsResult {
  const collector = new Collector(context);
  for (const list of uses) {
    for (const use of list) collector.add(use);
  }
  const { defaultBackendService } = context.options;
  if (defaultBackendService !== undefined) collector.addDefault(defaultBackendService);
  return collector;
}

class Collector implements BackendsResult {
  readonly clusters = new Map<string, Cluster>();
  readonly endpointSets = new Map<string, EndpointSet>();
  readonly externalNames = new Set<string>();
  readonly findings: (readonly Finding[])[] = [];
  readonly #context: BackendsContext;

  constructor(context: BackendsContext) {
    this.#context = context;
  }

  add({ cluster, backend, use, object, field, isReached }: BackendUse): void {
    if (!this.clusters.has(cluster)) {
      const { memory, snapshot } = this.#context;
      const service = snapshot.services.get(backend.serviceKey);
      const make = (): Cluster => translateCluster(backend, use, service);
      this.clusters.set(cluster, memory.clusters.get(cluster, [service, use.tls], make));
    }
    const { problem } = this.#resolve(backend);
    if (problem !== undefined && isReached) {
      this.#report(`${object} ${cluster}`, object, field, problem);
    }
  }

  addDefault(key: string): void {
    const backend = defaultServiceBackend(key, this.#context.snapshot.services.get(key));
    this.clusters.set(defaultBackendId, defaultBackendCluster);
    const { problem } = this.#resolve(backend);
    if (problem === undefined) return;
    const reason = `${problem.reason}; requests that nobody routes are answered 404`;
    this.#report('default backend', `Service ${key}`, undefined, { ...problem, reason });
  }

  #resolve(backend: ServiceBackend): EndpointSetResult {
    const id = backend.endpointSet;
    const { memory, snapshot, options } = this.#context;
    const known = memory.endpointSets.peek(id);
    if (known !== undefined) return known;
    const service = snapshot.services.get(backend.serviceKey);
    const slices = snapshot.endpointSlices.get(backend.serviceKey);
    const externalName = externalNameOf(service, options);
    const dnsAnswer =
      externalName === undefined ? undefined : snapshot.dnsAnswers.get(externalName);
    const inputs = [service, slices, dnsAnswer, backend.port];
    const result = memory.endpointSets.get(id, inputs, () =>
      translateEndpointSet({ backend, service, slices, dnsAnswer }, options),
    );
    if (externalName !== undefined) this.externalNames.add(externalName);
    this.endpointSets.set(id, result.set);
    if (result.findings.length > 0) this.findings.push(result.findings);
    return result;
  }

  #report(
    key: string,
    object: string,
    field: string | undefined,
    { code, reason }: BackendProblem,
  ): void {
    const make = (): readonly Finding[] => {
      const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
      const consequence = key === 'default backend' ? '' : ': requests are answered 503';
      return [finding(code, object, field, `${sentence}${consequence}.${remedyOf(code)}`)];
    };
    this.findings.push(this.#context.memory.findings.get(key, [code, reason, field], make));
  }
}

/** What to do about a backend that has nobody to ask. */
const REMEDIES: Partial<Record<FindingCode, string>> = {
  'service-missing': 'Create it, or correct the name.',
  'service-port-missing': 'Name a port that the Service has.',
  'service-without-endpoints': "See whether pods match the Service's selector and are ready.",
  'external-name-unresolved': 'See whether DNS knows the name.',
};

function remedyOf(code: FindingCode): string {
  const remedy = REMEDIES[code];
  return remedy === undefined ? '' : ` ${remedy}`;
}
