import { randomUUID } from 'node:crypto';
import type { Finding } from '../../model/finding.ts';
import type { Logger } from '../../observability/logger.ts';
import { keyOf, type ConfigMap, type Ingress } from '../../translate/snapshot.ts';
import { addedItems } from '../added-items.ts';
import type { Store } from '../store.ts';
import { ApiWriter, type ObjectApi } from './api-writer.ts';
import { systemClock } from './clock.ts';
import { Credentials, type CredentialsOptions } from './credentials.ts';
import { combineAlike, draftOfFinding, subjectOf, type FindObject } from './events/event-draft.ts';
import { EventRecorder, type EventResult } from './events/event-recorder.ts';
import { ForbiddenWrites } from './forbidden-writes.ts';
import { Http1Transport } from './http1-transport.ts';
import { createSoleLeadership, type Leadership } from './leader/leadership.ts';
import { LeaseElection } from './leader/lease-election.ts';
import { LiveReports } from './live-reports.ts';
import { readAddresses, type PublishedAddresses } from './status/address-reader.ts';
import { readControllerPods } from './status/controller-pods.ts';
import { createPodsCheck } from './status/pods-check.ts';
import {
  StatusWriter,
  type LiveIngresses,
  type StatusWriteResult,
} from './status/status-writer.ts';

export interface ReporterOptions extends CredentialsOptions {
  /** `POD_NAMESPACE` and `POD_NAME`; without the first nobody can be elected, and nothing is written. */
  readonly namespace: string;
  readonly pod: string;
  readonly election: { readonly name: string; readonly ttlMs: number } | 'none';
  readonly status: StatusOptions | 'none';
  /** `Sync` on Ingresses. */
  readonly syncEvents: boolean;
  /** The global settings, `<namespace>/<name>`. */
  readonly configMap: string | undefined;
}

export interface StatusOptions {
  readonly published: PublishedAddresses;
  readonly intervalMs: number;
  readonly clearOnShutdown: boolean;
}

/** What a translation says of the objects, with the version of the config that goes with it. */
export interface Report {
  readonly version: number;
  readonly ingresses: LiveIngresses;
  readonly findings: readonly Finding[];
}

export interface ReporterEvents {
  onStatusWrite(result: StatusWriteResult): void;
  onEvent(result: EventResult): void;
}

export interface Reporter {
  isLeader(): boolean;
  start(): void;
  report(report: Report): void;
  /** Every worker serves this version. */
  setLive(version: number): void;
  /** Every worker has its ports. */
  setServing(): void;
  /** Empties the statuses where nobody serves any more, gives the lease up, and writes nothing afterwards. */
  stop(): Promise<void>;
}

/** Changes of findings are gathered: what is gone again as soon is no event. */
const FINDINGS_DELAY_MS = 500;
/** Of one request. */
const TIMEOUT_MS = 10_000;
/** Enough for some thousands; it goes on beside the drain. */
const LONGEST_CLEARING_MS = 60_000;

/** Reports back to the cluster, by the one replica that leads: statuses of Ingresses, and events. */
export function createReporter(
  options: ReporterOptions,
  store: Store,
  log: Logger,
  events: ReporterEvents,
): Reporter {
  return new KubernetesReporter(options, store, log, events);
}

class KubernetesReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #store: Store;
  readonly #log: Logger;
  readonly #api: ApiWriter;
  readonly #leadership: Leadership;
  readonly #status: StatusWriter | undefined;
  readonly #events: EventRecorder;
  readonly #live = new LiveReports<LiveIngresses>();
  #known: LiveIngresses = { served: [], dropped: [] };
  #findings: readonly Finding[] = [];
  #telling: NodeJS.Timeout | undefined;
  #publishedService: unknown;
  #configMap: ConfigMap | undefined;

  constructor(options: ReporterOptions, store: Store, log: Logger, events: ReporterEvents) {
    this.#options = options;
    this.#store = store;
    this.#log = log;
    this.#api = new ApiWriter({
      credentials: new Credentials(options),
      transport: new Http1Transport(),
      timeoutMs: timeoutMs(options),
    });
    const forbidden = new ForbiddenWrites({
      setFindings: (origin, findings) => {
        store.setFindings(origin, findings);
      },
      now: systemClock.monotonicMs,
    });
    const api = this.#api;
    this.#leadership = createLeadership(options, { api, forbidden, log });
    const common = { api, leadership: this.#leadership, forbidden, log };
    this.#events = new EventRecorder(
      { pod: options.pod, clock: systemClock },
      {
        ...common,
        onEvent: (result) => {
          events.onEvent(result);
        },
      },
    );
    this.#status = createStatusWriter(options, { ...common, store, events });
  }

  isLeader(): boolean {
    return this.#leadership.isLeader();
  }

  start(): void {
    if (this.#options.namespace === '' && this.#options.election !== 'none') {
      this.#log.warn(
        'POD_NAMESPACE is not set, so this process does not lead: it writes no status and no events',
      );
      return;
    }
    this.#status?.start();
    this.#events.start();
    this.#leadership.onChange(() => {
      if (!this.#leadership.isLeader()) return;
      this.#tellFindings();
      this.#noteAll();
    });
    this.#leadership.start();
  }

  report({ version, ingresses, findings }: Report): void {
    if (!isSame(findings, this.#findings)) {
      this.#findings = findings;
      this.#telling ??= setTimeout(() => {
        this.#tellFindings();
      }, FINDINGS_DELAY_MS);
    }
    this.#noteChanges(ingresses);
    this.#live.publish(version, ingresses);
    this.#takeLive();
    this.#watchPublishedService();
  }

  setLive(version: number): void {
    this.#live.setLive(version);
    this.#takeLive();
  }

  setServing(): void {
    this.#live.setServing();
    this.#takeLive();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#telling);
    if (await this.#isLast()) await this.#status?.clear(LONGEST_CLEARING_MS);
    this.#status?.stop();
    this.#events.stop();
    await this.#leadership.release();
    this.#api.close();
  }

  #takeLive(): void {
    const live = this.#live.take();
    if (live !== undefined) this.#status?.setLive(live);
  }

  /** Its addresses are read when anything of it changes; what of it is kept here is not enough to tell them. */
  #watchPublishedService(): void {
    const { status } = this.#options;
    if (status === 'none' || status.published.kind !== 'service') return;
    const service = this.#store.get('services', status.published.service);
    if (service === this.#publishedService) return;
    this.#publishedService = service;
    this.#status?.refresh();
  }

  /** What a new leader finds. What the last one told within the hour the API server knows, and refuses. */
  #noteAll(): void {
    const { served, dropped } = this.#known;
    for (const ingress of [...served, ...dropped]) this.#noteSync(ingress);
    this.#configMap = undefined;
    this.#noteConfigMap();
  }

  /** Thousands of findings are some milliseconds of work, which only the leader needs to do. */
  #tellFindings(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (!this.#leadership.isLeader()) return;
    const find: FindObject = (resource, key) => this.#store.get(resource, key);
    const drafts = this.#findings.flatMap((finding) => draftOfFinding(finding, find) ?? []);
    this.#events.setStanding(combineAlike(drafts));
  }

  #noteChanges(now: LiveIngresses): void {
    this.#noteConfigMap();
    const { served, dropped } = this.#known;
    if (isSame(now.served, served) && isSame(now.dropped, dropped)) return;
    this.#known = now;
    for (const ingress of addedItems([...served, ...dropped], [...now.served, ...now.dropped])) {
      this.#noteSync(ingress);
    }
  }

  #noteSync(ingress: Ingress): void {
    if (!this.#options.syncEvents) return;
    this.#events.note({
      subject: subjectOf(ingress),
      type: 'Normal',
      reason: 'Sync',
      message: 'Scheduled for sync',
    });
  }

  #noteConfigMap(): void {
    const { configMap: key } = this.#options;
    const configMap = key === undefined ? undefined : this.#store.get('configmaps', key);
    if (configMap === undefined || configMap === this.#configMap) return;
    const reason = this.#configMap === undefined ? 'CREATE' : 'UPDATE';
    this.#configMap = configMap;
    const message = `ConfigMap ${keyOf(configMap)}`;
    this.#events.note({ subject: subjectOf(configMap), type: 'Normal', reason, message });
  }

  /** Only where that is certain: an address that is taken away without need is worse than one that stays too long. */
  async #isLast(): Promise<boolean> {
    const { status, namespace, pod } = this.#options;
    if (status === 'none' || !status.clearOnShutdown || !this.#leadership.isLeader()) return false;
    try {
      const pods = await readControllerPods(this.#api, namespace, pod);
      return pods?.every(({ name }) => name === pod) ?? false;
    } catch (error) {
      this.#log.warn({ err: error }, 'whether others still serve is not known, statuses stay');
      return false;
    }
  }
}

/** The same objects in the same order. */
function isSame(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

interface Deps {
  readonly api: ObjectApi;
  readonly forbidden: ForbiddenWrites;
  readonly log: Logger;
}

function createLeadership(options: ReporterOptions, deps: Deps): Leadership {
  const { election, namespace, pod } = options;
  if (election === 'none') return createSoleLeadership();
  return new LeaseElection(
    {
      namespace,
      ...election,
      identity: `${pod}_${randomUUID()}`,
      clock: systemClock,
      random: Math.random,
    },
    deps,
  );
}

function createStatusWriter(
  options: ReporterOptions,
  { events, ...deps }: Deps & { store: Store; leadership: Leadership; events: ReporterEvents },
): StatusWriter | undefined {
  const { status, namespace, pod } = options;
  if (status === 'none') return undefined;
  const checkPods = createPodsCheck(deps, { namespace, pod });
  return new StatusWriter(
    { intervalMs: status.intervalMs, clock: systemClock },
    {
      ...deps,
      readAddresses: async () => {
        if (status.clearOnShutdown) await checkPods();
        return readAddresses(deps.api, { published: status.published, namespace, pod });
      },
      onWrite: (result) => {
        events.onStatusWrite(result);
      },
    },
  );
}

/** A renewal must be answered, or given up, in time for another one. */
function timeoutMs({ election }: ReporterOptions): number {
  return election === 'none' ? TIMEOUT_MS : Math.min(TIMEOUT_MS, election.ttlMs / 4);
}
