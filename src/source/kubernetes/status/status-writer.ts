import type { Finding } from '../../../model/finding.ts';
import type { Logger } from '../../../observability/logger.ts';
import { keyOf, type Ingress, type ObjectKey } from '../../../translate/snapshot.ts';
import type { Store } from '../../store.ts';
import { addedItems } from '../../added-items.ts';
import { ApiError, describeError } from '../api-error.ts';
import type { ObjectApi } from '../api-writer.ts';
import { Backoff } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { ForbiddenWrites } from '../forbidden-writes.ts';
import type { Leadership } from '../leader/leadership.ts';
import { isJsonObject, type JsonObject } from '../prune.ts';
import { WriteQueue } from '../write-queue.ts';
import type { AddressReading } from './address-reader.ts';
import { addressesOfStatus, identityOf, type Address } from './addresses.ts';

/** Ingresses of our class, as every worker has them. */
export interface LiveIngresses {
  readonly served: readonly Ingress[];
  /** Ours, and nothing of them is served. */
  readonly dropped: readonly Ingress[];
}

export interface StatusWriterOptions {
  /** `--status-update-interval`: addresses are read again, and what others wrote is restored, so often. */
  readonly intervalMs: number;
  readonly clock: Clock;
}

export interface StatusWriterDeps {
  readonly api: ObjectApi;
  readonly store: Store;
  readonly leadership: Leadership;
  readonly forbidden: ForbiddenWrites;
  readonly readAddresses: () => Promise<AddressReading>;
  readonly log: Logger;
  readonly onWrite: (result: StatusWriteResult) => void;
}

export type StatusWriteResult = 'written' | 'conflict' | 'failed';

/** 5,000 Ingresses have their first status in three quarters of a minute; more a second is felt by requests on a small machine. */
const WRITES_PER_SECOND = 120;
const BURST = 20;
const CONCURRENCY = 8;
const RETRY = { firstMs: 500, maxMs: 30_000, random: Math.random };

const FINDINGS = 'status addresses';
const INGRESSES = 'ingresses.networking.k8s.io';

/**
 * Keeps `status.loadBalancer` of the Ingresses that are served as the addresses are, while this process leads. An Ingress is
 * only written when the very version of it that the API server has is the one that every worker serves; its status is read
 * and replaced as a whole, since that is what ingress-nginx's role allows (`update`, no `patch`).
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #deps: StatusWriterDeps;
  readonly #queue: WriteQueue;
  readonly #backoff = new Backoff(RETRY);
  #live: LiveIngresses = { served: [], dropped: [] };
  readonly #served = new Map<ObjectKey, Ingress>();
  readonly #dropped = new Map<ObjectKey, Ingress>();
  /** Were ours, and may still show our addresses. */
  readonly #left = new Set<ObjectKey>();
  #addresses: readonly Address[] = [];
  /** What an Ingress that is served shall show; undefined: not known. */
  #wanted: string | undefined;
  /** By uid: what was written last, and when. */
  readonly #written = new Map<string, { readonly text: string; readonly atMs: number }>();
  #isClearing = false;
  #isReading = false;
  #interval: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: StatusWriterOptions, deps: StatusWriterDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#queue = new WriteQueue({
      concurrency: CONCURRENCY,
      perSecond: WRITES_PER_SECOND,
      burst: BURST,
      now: options.clock.monotonicMs,
      isDue: (key) => this.#wantedOf(key) !== undefined,
      write: (key) => this.#write(key),
    });
  }

  start(): void {
    const { leadership, store } = this.#deps;
    leadership.onChange(() => {
      if (leadership.isLeader()) this.refresh();
      else this.#queue.clear();
    });
    store.ingressStatuses.onChange((key) => {
      this.#consider(key);
    });
    this.#interval = setInterval(() => {
      this.#forgetOldWrites();
      this.refresh();
    }, this.#options.intervalMs);
  }

  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#retry);
    this.#queue.clear();
  }

  /** These are live on every worker from now on. Known in every replica, so that whoever leads next knows who left. */
  setLive(live: LiveIngresses): void {
    const before = this.#live;
    this.#live = live;
    const served = renew(this.#served, before.served, live.served);
    const dropped = renew(this.#dropped, before.dropped, live.dropped);
    for (const key of [...served.gone, ...dropped.gone]) {
      if (!this.#isOurs(key) && this.#deps.store.get('ingresses', key) !== undefined) {
        this.#left.add(key);
      }
    }
    for (const key of served.added) this.#consider(key);
    for (const key of this.#left) {
      if (this.#isOurs(key)) this.#left.delete(key);
      else this.#consider(key);
    }
  }

  /** Reads the addresses again, where this process leads, and looks at every Ingress. */
  refresh(): void {
    if (this.#isReading || !this.#deps.leadership.isLeader()) return;
    this.#isReading = true;
    void this.#readAddresses().finally(() => {
      this.#isReading = false;
    });
  }

  /** Empties the statuses that show our address, within `longestMs`: nobody serves them any more. */
  async clear(longestMs: number): Promise<void> {
    // Another controller may stand behind the others.
    if (this.#addresses.length !== 1 || !this.#deps.leadership.isLeader()) return;
    this.#isClearing = true;
    this.#considerAll();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, longestMs, undefined);
    await Promise.race([this.#queue.idle(), promise]);
    clearTimeout(timer);
  }

  async #readAddresses(): Promise<void> {
    const { readAddresses, store, log } = this.#deps;
    clearTimeout(this.#retry);
    try {
      const { addresses, finding } = await readAddresses();
      store.setFindings(FINDINGS, finding === undefined ? [] : [finding]);
      // Addresses that are gone for a moment must not take the DNS names of every host with them.
      if (addresses.length > 0) {
        this.#addresses = addresses;
        this.#wanted = identityOf(addresses);
        this.#considerAll();
      } else this.#readAgainSoon(); // a balancer's comes late, and pods that are not ready yet have none
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) {
        store.setFindings(FINDINGS, [forbiddenAddresses(error)]);
      } else {
        log.debug({ reason: describeError(error) }, 'addresses for the status not read');
      }
      this.#readAgainSoon();
    }
  }

  #readAgainSoon(): void {
    this.#retry = setTimeout(() => {
      this.refresh();
    }, this.#backoff.next());
  }

  #considerAll(): void {
    for (const key of this.#served.keys()) this.#consider(key);
    for (const key of this.#left) this.#consider(key);
  }

  #consider(key: ObjectKey): void {
    if (this.#wantedOf(key) !== undefined) this.#queue.add(key);
  }

  /** The addresses that the Ingress shall show; undefined: nothing is to be written, or not now, or not by us. */
  #wantedOf(key: ObjectKey): readonly Address[] | undefined {
    const { store, leadership, forbidden } = this.#deps;
    const status = store.ingressStatuses.get(key);
    if (this.#wanted === undefined || status === undefined || !leadership.isLeader()) {
      return undefined;
    }
    const namespace = key.slice(0, key.indexOf('/'));
    if (FORBIDDABLE.some((resource) => forbidden.isPaused(resource, namespace))) return undefined;
    const shown = identityOf(addressesOfStatus(status.loadBalancer));
    const served = this.#served.get(key);
    if (served === undefined || this.#isClearing) {
      return this.#mayClear(key, served) && shown === this.#wanted ? [] : undefined;
    }
    // A newer version of it is on its way to the workers.
    if (store.get('ingresses', key) !== served || shown === this.#wanted) return undefined;
    return this.#wasJustWritten(status.uid, this.#wanted) ? undefined : this.#addresses;
  }

  #mayClear(key: ObjectKey, served: Ingress | undefined): boolean {
    return served !== undefined || (this.#left.has(key) && !this.#isOurs(key));
  }

  #isOurs(key: ObjectKey): boolean {
    return this.#served.has(key) || this.#dropped.has(key);
  }

  /** Our own write, which the watch has not shown yet; or somebody who writes another status each time we did. */
  #wasJustWritten(uid: string | undefined, text: string): boolean {
    const last = this.#written.get(uid ?? '');
    if (last === undefined || last.text !== text) return false;
    return this.#options.clock.monotonicMs() - last.atMs < this.#shortestMs;
  }

  get #shortestMs(): number {
    return this.#options.intervalMs * 0.9;
  }

  #forgetOldWrites(): void {
    const now = this.#options.clock.monotonicMs();
    for (const [uid, { atMs }] of this.#written) {
      if (now - atMs >= this.#shortestMs) this.#written.delete(uid);
    }
  }

  async #write(key: ObjectKey): Promise<void> {
    const { api, store, forbidden, onWrite } = this.#deps;
    const [namespace = '', name = ''] = key.split('/');
    const path = `/apis/networking.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/ingresses/${encodeURIComponent(name)}`;
    let verb = 'get';
    try {
      const fresh = await api.get(path);
      forbidden.allowed(INGRESSES, namespace);
      const status = store.ingressStatuses.get(key);
      // A newer one is on its way here; it is looked at when it has come.
      if (versionOf(fresh) !== status?.resourceVersion) return;
      const addresses = this.#wantedOf(key);
      if (addresses === undefined) return;
      verb = 'update';
      this.#written.set(status?.uid ?? '', {
        text: identityOf(addresses),
        atMs: this.#options.clock.monotonicMs(),
      });
      await api.replace(`${path}/status`, withAddresses(fresh, addresses));
      if (addresses.length === 0) this.#left.delete(key);
      forbidden.allowed(`${INGRESSES}/status`, namespace);
      this.#backoff.reset();
      onWrite('written');
    } catch (error) {
      this.#written.delete(store.ingressStatuses.get(key)?.uid ?? '');
      this.#onFailure(key, verb, error);
    }
  }

  #onFailure(key: ObjectKey, verb: string, error: unknown): void {
    const { forbidden, onWrite, log } = this.#deps;
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 404) return; // gone is gone
    onWrite(status === 409 ? 'conflict' : 'failed');
    if (status === 409) {
      // Somebody else was faster: their version comes by the watch, unless it has come already.
      this.#consider(key);
      return;
    }
    if (error instanceof ApiError && status === 403) {
      const resource = verb === 'get' ? INGRESSES : `${INGRESSES}/status`;
      forbidden.refused({ verb, resource, namespace: key.slice(0, key.indexOf('/')) }, error);
      return;
    }
    log.debug({ object: `Ingress ${key}`, reason: describeError(error) }, 'status not written');
    const isRefused = status >= 400 && status < 500 && status !== 429 && status !== 401;
    if (isRefused) return;
    const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    this.#queue.pause(Math.max(this.#backoff.next(), Math.min(askedMs, RETRY.maxMs)));
    this.#queue.add(key);
  }
}

/** Makes the map one of `now`, where it was one of `before`. Tells the keys of those that came, and of those that went. */
function renew(
  map: Map<ObjectKey, Ingress>,
  before: readonly Ingress[],
  now: readonly Ingress[],
): { readonly added: readonly ObjectKey[]; readonly gone: readonly ObjectKey[] } {
  const added = addedItems(before, now);
  for (const ingress of added) map.set(keyOf(ingress), ingress);
  const gone = addedItems(now, before).filter((ingress) => map.get(keyOf(ingress)) === ingress);
  for (const ingress of gone) map.delete(keyOf(ingress));
  return { added: added.map(keyOf), gone: gone.map(keyOf) };
}

const FORBIDDABLE = [INGRESSES, `${INGRESSES}/status`];

function versionOf(object: JsonObject): unknown {
  return isJsonObject(object['metadata']) ? object['metadata']['resourceVersion'] : undefined;
}

function withAddresses(ingress: JsonObject, addresses: readonly Address[]): JsonObject {
  const loadBalancer = addresses.length === 0 ? {} : { ingress: addresses };
  return { ...ingress, status: { loadBalancer } };
}

function forbiddenAddresses(error: ApiError): Finding {
  return {
    code: 'write-forbidden',
    object: 'Resource services, pods, nodes',
    field: undefined,
    message: `The API server does not let us read where we are reached (${error.message}), so the status of Ingresses stays as it is. Grant get of it to the ServiceAccount; it is tried again by itself.`,
    ...(error.right === undefined ? {} : { right: error.right }),
  };
}
