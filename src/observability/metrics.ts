import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ProxyConfig } from '../model/config.ts';
import { AdmissionMetrics } from './admission-metrics.ts';
import { ControllerMetrics } from './controller-metrics.ts';
import type { ControllerIdentity, MetricsState } from './controller-metrics.ts';
import { ExchangeSeries } from './exchange-series.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { ReportMetrics } from './report-metrics.ts';
import { defaultBuckets } from './series-layout.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import type { StatsReport, WorkerStatsOptions } from './worker-stats.ts';

export type { ControllerIdentity, MetricsState } from './controller-metrics.ts';

export interface MetricsOptions {
  /** False: runtime series alone. `--enable-metrics` */
  readonly enabled: boolean;
  readonly perHost: boolean;
  readonly perUndefinedHost: boolean;
  readonly statusClasses: boolean;
  readonly excluded: readonly string[];
  /** Undefined: ingress-nginx's. */
  readonly timeBuckets: readonly number[] | undefined;
  readonly lengthBuckets: readonly number[] | undefined;
  readonly sizeBuckets: readonly number[] | undefined;
  /** Labels of every series but the runtime's. */
  readonly identity: ControllerIdentity;
}

/** ingress-nginx's, which dashboards and alerts query; what it has no word for has our own. */
const PREFIX = 'nginx_ingress_controller_';
const OWN_PREFIX = 'ts_nginx_';
/** Fewer series than this are kept until somebody looks. */
const FIRST_PRUNE_SIZE = 1_000;

/** The main thread's registry: merges what the workers report and renders `/metrics`. */
export class Metrics {
  /** What a worker's counters are made with. */
  readonly workerStats: WorkerStatsOptions;
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  /** What is written back to the cluster. */
  readonly reports: ReportMetrics;
  /** The admission webhook. */
  readonly admission: AdmissionMetrics;
  readonly #enabled: boolean;
  readonly #state: MetricsState;
  readonly #runtime = new Registry();
  readonly #registry = new Registry();
  readonly #exchanges: ExchangeSeries;
  readonly #process: ProcessMetrics;
  readonly #workers: WorkerMetrics;
  readonly #controller: ControllerMetrics;
  #pruneAt = FIRST_PRUNE_SIZE;
  #prunedFor: ProxyConfig | undefined;

  constructor(options: MetricsOptions, state: MetricsState) {
    const { identity } = options;
    const buckets = {
      timeSeconds: options.timeBuckets ?? defaultBuckets.timeSeconds,
      lengthBytes: options.lengthBuckets ?? defaultBuckets.lengthBytes,
      sizeBytes: options.sizeBuckets ?? defaultBuckets.sizeBytes,
    };
    const constantLabels = {
      controller_namespace: identity.namespace,
      controller_class: identity.controllerClass,
      controller_pod: identity.pod,
    };
    this.#enabled = options.enabled;
    this.#state = state;
    this.workerStats = { perRoute: options.enabled, buckets };
    collectDefaultMetrics({ register: this.#runtime });
    this.#registry.setDefaultLabels(constantLabels);
    this.#exchanges = new ExchangeSeries({ ...options, buckets, constantLabels });
    this.#process = new ProcessMetrics(this.#registry, `${PREFIX}nginx_process_`);
    this.#workers = new WorkerMetrics(this.#registry, OWN_PREFIX);
    const prefixes = { kept: PREFIX, own: OWN_PREFIX };
    this.reports = new ReportMetrics(this.#registry, prefixes);
    this.admission = new AdmissionMetrics(this.#registry, prefixes);
    this.#controller = new ControllerMetrics(this.#registry, prefixes, state);
    this.#controller.addBuildInfo(PREFIX, identity);
  }

  /** Adds a worker's increments. A worker that dies loses at most what it had not reported yet. */
  merge(worker: number, report: StatsReport): void {
    this.#process.merge(worker, report);
    this.#workers.merge(report);
    this.#exchanges.merge(report);
    if (this.#exchanges.size > this.#pruneAt) this.#prune();
  }

  workerDied(worker: number): void {
    this.#process.forget(worker);
    this.#workers.workerDied();
  }

  /** A configuration is live on every worker, `ms` after it was known. */
  configApplied(ms: number): void {
    this.#controller.configApplied(ms);
  }

  configFailed(): void {
    this.#controller.configFailed();
  }

  /** Text exposition format, of type `contentType`, in pieces of which the later ones are made when they are asked for. */
  async pieces(): Promise<Iterable<string>> {
    const runtime = await this.#runtime.metrics();
    if (!this.#enabled) return [runtime];
    if (this.#state.config() !== this.#prunedFor) this.#prune();
    return inFront(`${runtime}\n${await this.#registry.metrics()}\n`, this.#exchanges.pieces());
  }

  /** Series of Ingresses that vanished go, so that dashboards do not show them for ever. */
  #prune(): void {
    const config = this.#state.config();
    if (config === undefined) return;
    const served = new Set<string>();
    for (const { routes } of config.virtualHosts.values()) {
      for (const { labels } of routes) served.add(`${labels.namespace}/${labels.ingress}`);
    }
    this.#exchanges.prune(served);
    this.#prunedFor = config;
    this.#pruneAt = Math.max(FIRST_PRUNE_SIZE, 2 * this.#exchanges.size);
  }
}

function* inFront(first: string, others: Iterable<string>): Generator<string> {
  yield first;
  yield* others;
}
