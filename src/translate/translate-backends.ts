import { isDeepStrictEqual } from 'node:util';
import type { Cluster, EndpointSet } from '../model/config.ts';
import type { Finding, FindingCode } from '../model/finding.ts';
import { reachedAs, translateCluster, type ServiceBackend } from './backend.ts';
import type { GlobalSettings } from './configmap/global-settings.ts';
import {
  defaultBackendCluster,
  defaultBackendId,
  defaultServiceBackend,
} from './default-backend.ts';
import { externalNamesOf, translateEndpointSet } from './endpoint-set.ts';
import { finding } from './finding.ts';
import type { BackendUse } from './host-routes.ts';
import type { Memory } from './memory.ts';
import { usableNodes, zoneOf, type NodePlace } from './node-places.ts';
import type {
  AddressSamples,
  EndpointSlice,
  ObjectKey,
  References,
  Service,
  Snapshot,
  UpstreamAddress,
} from './snapshot.ts';
import type { Here } from './topology.ts';
import type { TranslateOptions } from './translate-options.ts';
import {
  chooseUpstreamAddress,
  UPSTREAM_ADDRESS_ANNOTATION,
  type AddressChoice,
  type ServiceUpstream,
} from './upstream-address.ts';
import type { BackendProblem, EndpointSetResult } from './usable-endpoints.ts';

export interface BackendsContext {
  readonly memory: Memory;
  readonly snapshot: Snapshot;
  readonly options: TranslateOptions;
  readonly global: GlobalSettings;
}

export interface BackendsResult extends Pick<References, 'externalNames' | 'nodes' | 'samples'> {
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly endpointSets: ReadonlyMap<string, EndpointSet>;
  readonly findings: readonly (readonly Finding[])[];
  /**
   * The endpoint sets of a Service that has other slices now, and is the same else. Undefined: there is something else to say
   * of it than before.
   */
  renew(
    service: ObjectKey,
    slices: readonly EndpointSlice[] | undefined,
  ): readonly EndpointSet[] | undefined;
}

/** An endpoint set, and what it was made from but for slices. */
interface Resolved {
  readonly backend: ServiceBackend;
  readonly service: Service | undefined;
  readonly address: UpstreamAddress;
  readonly nodes: readonly NodePlace[];
  readonly dnsAnswers: readonly (readonly string[] | undefined)[];
  readonly result: EndpointSetResult;
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

const NO_NODES: readonly NodePlace[] = [];
const ENDPOINTS: AddressChoice = { address: 'endpoints', isDefault: false, finding: undefined };
/** Addresses that `--upstream-address=auto` tries. */
const MAX_SAMPLES = 6;

class Collector implements BackendsResult {
  readonly clusters = new Map<string, Cluster>();
  readonly endpointSets = new Map<string, EndpointSet>();
  readonly externalNames = new Set<string>();
  readonly findings: (readonly Finding[])[] = [];
  readonly #context: BackendsContext;
  readonly #here: Here;
  readonly #defaultAddress: UpstreamAddress;
  /** Sets that are reached as nobody but the command line says. */
  readonly #byDefault: EndpointSet[] = [];
  readonly #reported = new Set<string>();
  /** By Service. */
  readonly #resolved = new Map<ObjectKey, Resolved[]>();
  /** Undefined: no Service needs them. */
  #nodePlaces: readonly NodePlace[] | undefined;

  constructor(context: BackendsContext) {
    this.#context = context;
    const { options, snapshot } = context;
    const { nodeName, topologyAware, upstreamAddress } = options;
    const zone = topologyAware ? zoneOf(snapshot.nodes.get(nodeName ?? '')) : undefined;
    this.#here = { nodeName, zone, followsHints: topologyAware };
    this.#defaultAddress =
      upstreamAddress === 'auto'
        ? (snapshot.addressTrial?.address ?? 'endpoints')
        : upstreamAddress;
  }

  /** All, as soon as one Service is reached by them; this one alone for its zone. */
  get nodes(): References['nodes'] {
    const { topologyAware, nodeName } = this.#context.options;
    if (this.#nodePlaces !== undefined) return 'all';
    return topologyAware && nodeName !== undefined ? { name: nodeName } : 'none';
  }

  get samples(): AddressSamples | undefined {
    const { options, snapshot } = this.#context;
    if (options.upstreamAddress !== 'auto' || snapshot.addressTrial?.isDecided === true) {
      return undefined;
    }
    const sets = this.#byDefault.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const places = [0, 1, 2].flatMap((index) => sets.flatMap((set) => set.endpoints[index] ?? []));
    return { address: this.#defaultAddress, places: places.slice(0, MAX_SAMPLES) };
  }

  add({ cluster, backend, use, object, field, isReached }: BackendUse): void {
    if (!this.clusters.has(cluster)) {
      const { memory, snapshot } = this.#context;
      const service = snapshot.services.get(backend.serviceKey);
      const make = (): Cluster => translateCluster(backend, use, service);
      this.clusters.set(cluster, memory.clusters.get(cluster, [service, use.tls], make));
    }
    const { serviceUpstream } = use;
    const { problem } = this.#resolve(reachedAs(backend, serviceUpstream), serviceUpstream);
    if (problem !== undefined && isReached) {
      this.#report(`${object} ${cluster}`, object, field, problem);
    }
  }

  addDefault(key: string): void {
    const backend = defaultServiceBackend(key, this.#context.snapshot.services.get(key));
    this.clusters.set(defaultBackendId, defaultBackendCluster);
    const { problem } = this.#resolve(backend, undefined);
    if (problem === undefined) return;
    const reason = `${problem.reason}; requests that nobody routes are answered 404`;
    this.#report('default backend', `Service ${key}`, undefined, { ...problem, reason });
  }

  renew(
    service: ObjectKey,
    slices: readonly EndpointSlice[] | undefined,
  ): readonly EndpointSet[] | undefined {
    const sets: EndpointSet[] = [];
    for (const resolved of this.#resolved.get(service) ?? []) {
      const { result } = resolved;
      const { set, problem, findings } = this.#translateSet(resolved, slices);
      if (findings !== result.findings || !isDeepStrictEqual(problem, result.problem)) {
        return undefined;
      }
      sets.push(set);
    }
    return sets;
  }

  #resolve(backend: ServiceBackend, wish: ServiceUpstream): EndpointSetResult {
    const id = backend.endpointSet;
    const { memory, snapshot, options } = this.#context;
    const known = memory.endpointSets.peek(id);
    if (known !== undefined) return known;
    const { serviceKey } = backend;
    const service = snapshot.services.get(serviceKey);
    const choice = this.#choose(backend, wish);
    const { address } = choice;
    const names = externalNamesOf(service, address, options);
    const dnsAnswers = names.map((name) => snapshot.dnsAnswers.get(name));
    const nodes = address === 'node-port' ? (this.#nodePlaces ??= this.#readNodes()) : NO_NODES;
    const made = { backend, service, address, nodes, dnsAnswers };
    const result = this.#translateSet(made, snapshot.endpointSlices.get(serviceKey));
    const others = this.#resolved.get(serviceKey);
    if (others === undefined) this.#resolved.set(serviceKey, [{ ...made, result }]);
    else others.push({ ...made, result });
    for (const name of names) this.externalNames.add(name);
    this.endpointSets.set(id, result.set);
    // A headless Service may be reached in another way than that, and an external name is.
    const isOther = result.findings.some(({ code }) => code === 'upstream-address-missing');
    const isSample = choice.isDefault && !isOther;
    if (isSample && service?.spec?.type !== 'ExternalName') this.#byDefault.push(result.set);
    this.#addFindings(result.findings);
    if (choice.finding !== undefined) this.#addAnnotationFinding(backend, choice.finding);
    return result;
  }

  #translateSet(
    { backend, service, address, nodes, dnsAnswers }: Omit<Resolved, 'result'>,
    slices: readonly EndpointSlice[] | undefined,
  ): EndpointSetResult {
    const { memory, options } = this.#context;
    const here = this.#here;
    const inputs = [service, slices, address, nodes, here.zone, backend.port, ...dnsAnswers];
    return memory.endpointSets.get(backend.endpointSet, inputs, () =>
      translateEndpointSet({ backend, service, slices, dnsAnswers, address, nodes, here }, options),
    );
  }

  #choose({ serviceKey }: ServiceBackend, wish: ServiceUpstream): AddressChoice {
    const { snapshot, global } = this.#context;
    const service = snapshot.services.get(serviceKey);
    if (service === undefined) return ENDPOINTS;
    const serviceUpstream = global.values['service-upstream'];
    return chooseUpstreamAddress(wish, service, { serviceUpstream, address: this.#defaultAddress });
  }

  #readNodes(): readonly NodePlace[] {
    const { memory, snapshot, options } = this.#context;
    const nodes = [...snapshot.nodes.values()];
    return memory.nodePlaces.get('', nodes, () => usableNodes(nodes, options));
  }

  #addAnnotationFinding({ serviceKey }: ServiceBackend, made: Finding): void {
    const key = `address of ${serviceKey}`;
    this.#addFindings(this.#context.memory.findings.get(key, [made.message], () => [made]));
  }

  /** A Service that is reached in two ways, or by two ports, is reported once. */
  #addFindings(findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const isNew = ({ object, message }: Finding): boolean =>
      !this.#reported.has(`${object} ${message}`);
    const fresh = findings.every(isNew) ? findings : findings.filter(isNew);
    for (const { object, message } of fresh) this.#reported.add(`${object} ${message}`);
    if (fresh.length > 0) this.findings.push(fresh);
  }

  #report(
    key: string,
    object: string,
    field: string | undefined,
    { code, reason, remedy = REMEDIES[code] }: BackendProblem,
  ): void {
    const make = (): readonly Finding[] => {
      const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
      const consequence = key === 'default backend' ? '' : ': requests are answered 503';
      const last = remedy === undefined ? '' : ` ${remedy}`;
      return [finding(code, object, field, `${sentence}${consequence}.${last}`)];
    };
    this.findings.push(this.#context.memory.findings.get(key, [code, reason, field], make));
  }
}

/** What to do about a backend that has nobody to ask. */
const REMEDIES: Partial<Record<FindingCode, string>> = {
  'service-missing': 'Create it, or correct the name.',
  'service-port-missing': 'Name a port that the Service has.',
  'service-without-endpoints': "See whether pods match the Service's selector and are ready.",
  'service-not-exposed': `Mend that, or say by its annotation ${UPSTREAM_ADDRESS_ANNOTATION} how else it is reached.`,
  'external-name-unresolved': 'See whether DNS knows the name.',
};
