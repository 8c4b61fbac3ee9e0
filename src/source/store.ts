import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../model/finding.ts';
import { IngressStatuses, isIngress, isStatusChange } from './ingress-statuses.ts';
import { Journal } from './journal.ts';
import {
  keyOf,
  type AddressTrial,
  type EndpointSlice,
  type KindMap,
  type KubernetesObject,
  type ObjectKey,
  type Resource,
  type Snapshot,
} from '../translate/snapshot.ts';

/** When listeners hear of changes: after a quiet spell, but never later than `maxMs` after the first of them. */
export interface ChangeBatching {
  readonly quietMs: number;
  readonly maxMs: number;
}

type Tables = { [R in Resource]: Map<ObjectKey, KindMap[R]> };

/**
 * The objects as the sources last saw them. Sources write, `snapshot()` reads. An unchanged object keeps its identity.
 */
export class Store {
  /** What does not concern routing, and so wakes no listener of `onChange`. */
  readonly ingressStatuses = new IngressStatuses();
  readonly #tables: Tables = {
    ingresses: new Map(),
    ingressclasses: new Map(),
    services: new Map(),
    endpointslices: new Map(),
    secrets: new Map(),
    configmaps: new Map(),
    namespaces: new Map(),
    nodes: new Map(),
  };
  /** Service key → slices, remade per Service when one of its slices changes, so that the list's identity tells. */
  readonly #slicesByService = new Map<ObjectKey, readonly EndpointSlice[]>();
  readonly #dnsAnswers = new Map<string, readonly string[]>();
  readonly #findings = new Map<string, readonly Finding[]>();
  /** What to report while a retained object is gone, by resource and key. */
  readonly #retained = new Map<string, Finding>();
  readonly #listeners = new Set<() => void>();
  readonly #journal = new Journal();
  #ingressClassesUnreadable = false;
  #addressTrial: AddressTrial | undefined;

  upsert<R extends Resource>(resource: R, object: KindMap[R]): void {
    const table = this.#table(resource);
    const key = keyOf(object);
    this.#reportRetained(resource, key, false);
    const old = table.get(key);
    if (old !== undefined && isSame(old, object)) return;
    if (isIngress(object)) {
      this.ingressStatuses.set(object);
      if (old !== undefined && isIngress(old) && isStatusChange(old, object)) return;
    }
    // Nodes are written every few minutes, to say that they live.
    if (old !== undefined && resource === 'nodes' && saysTheSame(old, object)) return;
    table.set(key, object);
    this.#note(resource, key, old, object);
    this.#tell();
  }

  remove(resource: Resource, key: ObjectKey): void {
    const table = this.#table(resource);
    const old = table.get(key);
    if (old === undefined || this.#reportRetained(resource, key, true)) return;
    table.delete(key);
    if (resource === 'ingresses') this.ingressStatuses.delete(key);
    this.#note(resource, key, old, undefined);
    this.#tell();
  }

  /** From now on that object is never removed: the last one known stays in force, with this finding until it is back. */
  retain(resource: Resource, key: ObjectKey, whileGone: Finding): void {
    this.#retained.set(`${resource} ${key}`, whileGone);
  }

  /**
   * Makes the objects of one resource exactly these, without an empty moment in between. `within`, where given, limits
   * what is removed to the keys for which it is true (one namespace's list, one file's objects).
   */
  replace<R extends Resource>(
    resource: R,
    objects: readonly KindMap[R][],
    within: (key: ObjectKey) => boolean = () => true,
  ): void {
    const kept = new Set(objects.map(keyOf));
    for (const key of [...this.#table(resource).keys()]) {
      if (!kept.has(key) && within(key)) this.remove(resource, key);
    }
    for (const object of objects) this.upsert(resource, object);
  }

  get<R extends Resource>(resource: R, key: ObjectKey): KindMap[R] | undefined {
    return this.#table(resource).get(key);
  }

  setDnsAnswer(name: string, addresses: readonly string[]): void {
    const old = this.#dnsAnswers.get(name);
    if (old !== undefined && old.join() === addresses.join()) return;
    this.#dnsAnswers.set(name, addresses);
    this.#changed();
  }

  removeDnsAnswer(name: string): void {
    if (this.#dnsAnswers.delete(name)) this.#changed();
  }

  /** What the source itself found wrong (an unreadable file, a forbidden list), by who found it; replaces the last. */
  setFindings(origin: string, findings: readonly Finding[]): void {
    const old = this.#findings.get(origin) ?? [];
    if (JSON.stringify(old) === JSON.stringify(findings)) return;
    if (findings.length === 0) this.#findings.delete(origin);
    else this.#findings.set(origin, findings);
    this.#tell();
  }

  findings(): Finding[] {
    return [...this.#findings.values()].flat();
  }

  setIngressClassesUnreadable(isUnreadable: boolean): void {
    if (this.#ingressClassesUnreadable === isUnreadable) return;
    this.#ingressClassesUnreadable = isUnreadable;
    this.#changed();
  }

  /** What `--upstream-address=auto` has come to. */
  setAddressTrial(trial: AddressTrial): void {
    this.#addressTrial = trial;
    this.#changed();
  }

  /** A view, not a copy: to be read before the next event is handled. */
  snapshot(): Snapshot {
    return {
      ingresses: this.#tables.ingresses,
      ingressClasses: this.#tables.ingressclasses,
      services: this.#tables.services,
      endpointSlices: this.#slicesByService,
      secrets: this.#tables.secrets,
      configMaps: this.#tables.configmaps,
      namespaces: this.#tables.namespaces,
      nodes: this.#tables.nodes,
      dnsAnswers: this.#dnsAnswers,
      ingressClassesUnreadable: this.#ingressClassesUnreadable,
      addressTrial: this.#addressTrial,
      journal: this.#journal,
    };
  }

  /** Calls back once for each batch of changes. Returns the function that ends it. */
  onChange({ quietMs, maxMs }: ChangeBatching, callback: () => void): () => void {
    let timer: NodeJS.Timeout | undefined;
    let firstChangeAt = 0;
    const fire = (): void => {
      timer = undefined;
      callback();
    };
    const listener = (): void => {
      const now = performance.now();
      if (timer === undefined) firstChangeAt = now;
      else clearTimeout(timer);
      timer = setTimeout(fire, Math.max(0, Math.min(quietMs, firstChangeAt + maxMs - now)));
    };
    this.#listeners.add(listener);
    return () => {
      clearTimeout(timer);
      this.#listeners.delete(listener);
    };
  }

  #table<R extends Resource>(resource: R): Map<ObjectKey, KindMap[R]> {
    return this.#tables[resource];
  }

  /** Whether that object is retained. */
  #reportRetained(resource: Resource, key: ObjectKey, isGone: boolean): boolean {
    const identity = `${resource} ${key}`;
    const finding = this.#retained.get(identity);
    if (finding === undefined) return false;
    this.setFindings(`retained ${identity}`, isGone ? [finding] : []);
    return true;
  }

  #note(
    resource: Resource,
    key: ObjectKey,
    old: KubernetesObject | undefined,
    now: KubernetesObject | undefined,
  ): void {
    if (resource === 'ingresses') {
      this.#journal.add({ kind: 'ingress', key, before: old });
    } else if (resource === 'endpointslices') {
      this.#reindexSlice(old, now);
    } else {
      this.#journal.add({ kind: 'other' });
    }
  }

  #reindexSlice(old: EndpointSlice | undefined, now: EndpointSlice | undefined): void {
    const oldService = old === undefined ? undefined : serviceKeyOf(old);
    const service = now === undefined ? undefined : serviceKeyOf(now);
    if (oldService !== undefined) {
      const rest = (this.#slicesByService.get(oldService) ?? []).filter((slice) => slice !== old);
      if (rest.length === 0) this.#slicesByService.delete(oldService);
      else this.#slicesByService.set(oldService, rest);
    }
    if (service !== undefined && now !== undefined) {
      this.#slicesByService.set(service, [...(this.#slicesByService.get(service) ?? []), now]);
    }
    for (const each of new Set([oldService, service])) {
      if (each !== undefined) this.#journal.add({ kind: 'endpoint-slices', service: each });
    }
  }

  /** Something else than an Ingress or a slice. */
  #changed(): void {
    this.#journal.add({ kind: 'other' });
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The Service that a slice belongs to, by its label: slice names are truncated. */
function serviceKeyOf({ metadata }: EndpointSlice): ObjectKey | undefined {
  const service = metadata.labels?.['kubernetes.io/service-name'];
  return service === undefined ? undefined : `${metadata.namespace ?? 'default'}/${service}`;
}

/**
 * One of the same `resourceVersion` and uid may say something else all the same: a server that was restored from a backup
 * gives versions out again.
 */
function isSame(a: KubernetesObject, b: KubernetesObject): boolean {
  if (a === b) return true;
  const { resourceVersion, uid } = a.metadata;
  return (
    resourceVersion !== undefined &&
    resourceVersion === b.metadata.resourceVersion &&
    uid === b.metadata.uid &&
    isDeepStrictEqual(a, b)
  );
}

function saysTheSame(a: KubernetesObject, b: KubernetesObject): boolean {
  const metadata = { ...b.metadata, resourceVersion: a.metadata.resourceVersion };
  return isDeepStrictEqual(a, { ...b, metadata });
}
