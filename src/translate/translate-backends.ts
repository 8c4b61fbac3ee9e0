import type { Cluster, EndpointSet } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { clusterId, endpointSetId, translateCluster, type ServiceBackend } from './backend.ts';
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
  readonly #results = new Map<string, EndpointSetResult>();
  readonly #context: BackendsContext;

  constructor(context: BackendsContext) {
    this.#context = context;
  }

  add({ backend, protocol, object, field, isReached }: BackendUse): void {
    const id = clusterId(backend, protocol);
    if (!this.clusters.has(id)) {
      const make = (): Cluster => translateCluster(backend, protocol);
      this.clusters.set(id, this.#context.memory.clusters.get(id, [], make));
    }
    const setId = endpointSetId(backend);
    const { problem } = this.#resolve(setId, backend);
    if (problem !== undefined && isReached) this.#report(`${object} ${id}`, object, field, problem);
  }

  addDefault(key: string): void {
    const backend = defaultServiceBackend(key, this.#context.snapshot.services.get(key));
    this.clusters.set(defaultBackendId, defaultBackendCluster);
    const { problem } = this.#resolve(defaultBackendId, backend);
    if (problem === undefined) return;
    const reason = `${problem.reason}; requests that nobody routes are answered 404`;
    this.#report('default backend', `Service ${key}`, undefined, { ...problem, reason });
  }

  #resolve(id: string, backend: ServiceBackend): EndpointSetResult {
    const known = this.#results.get(id);
    if (known !== undefined) return known;
    const { memory, snapshot, options } = this.#context;
    const key = `${backend.namespace}/${backend.service}`;
    const service = snapshot.services.get(key);
    const slices = snapshot.endpointSlices.get(key);
    const externalName = externalNameOf(service, options);
    const dnsAnswer =
      externalName === undefined ? undefined : snapshot.dnsAnswers.get(externalName);
    const inputs = [service, slices, dnsAnswer, backend.port];
    const result = memory.endpointSets.get(id, inputs, () => {
      const made = translateEndpointSet({ backend, service, slices, dnsAnswer }, options);
      return { ...made, set: { ...made.set, id } };
    });
    if (externalName !== undefined) this.externalNames.add(externalName);
    this.#results.set(id, result);
    this.endpointSets.set(id, result.set);
    this.findings.push(result.findings);
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
      return [finding(code, object, field, `${sentence}${consequence}.`)];
    };
    this.findings.push(this.#context.memory.findings.get(key, [code, reason, field], make));
  }
}
