import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { startAdminServer, type AdminServer } from '../admin/server.ts';
import type { AdmissionWebhook } from '../admission/admission-webhook.ts';
import { explain } from '../explain/explain.ts';
import type { Explanation, ExplainRequest } from '../explain/explanation.ts';
import { reportStatus } from '../explain/status-report.ts';
import type { Finding } from '../model/finding.ts';
import type { Logger } from '../observability/logger.ts';
import { mainThread } from '../observability/profiled-thread.ts';
import { Profiler } from '../observability/profiler.ts';
import { Metrics } from '../observability/metrics.ts';
import { startReconciling, type Reconciler } from '../reconcile.ts';
import type { Reporter } from '../source/kubernetes/reporter.ts';
import type { Source } from '../source/source.ts';
import { Store } from '../source/store.ts';
import { createDefaultCertificate } from '../translate/default-certificate.ts';
import type { TranslateOptions } from '../translate/translate-options.ts';
import { WorkerPool } from '../workers/worker-pool.ts';
import { checkPort, checkPorts, StartError } from './check-ports.ts';
import type { PortOptions, ServeOptions } from './options.ts';
import { descriptorLimit } from './descriptor-limit.ts';
import { containerMemoryLimit, MemoryWatch } from './memory-watch.ts';
import { startAdmission } from './start-admission.ts';
import { startReporting } from './start-reporting.ts';
import { knownIngresses } from './known-ingresses.ts';
import { ProfileWriter } from './profile-writer.ts';
import { createSources } from './create-sources.ts';
import { findOwnAddresses } from './own-addresses.ts';

export interface ServeContext {
  readonly version: string;
  /** `POD_NAMESPACE` and `POD_NAME`; empty outside of a cluster. */
  readonly namespace: string;
  readonly pod: string;
  /** `NODE_NAME`: the Node on which this process runs; undefined: not known, or none. */
  readonly nodeName: string | undefined;
  /** `POD_IP` and `POD_IPS`, as they are. */
  readonly podAddresses: readonly string[];
  readonly log: Logger;
  /** The process can't go on; what is left is to say why and exit. */
  readonly onFatal: (error: Error) => void;
}

export interface RunningServer {
  /** Not ready at once, on for the grace period, then drains; resolves when nothing is under way any more. */
  stop(): Promise<void>;
  /** CPU profiles into files, as the flags say; the log tells what became of it. */
  writeProfiles(): Promise<void>;
}

/** How often the workers' counters are fetched when nobody scrapes: what a worker that dies takes with it, and work for each host in use. */
const STATS_INTERVAL_MS = 30_000;

/** How long the keys of session tickets live: what is recorded of TLS 1.2 can be read by who gets hold of them (RFC 9325 §3.4). */
const TICKET_SECRET_MS = 3_600_000;
const TICKET_SECRET_BYTES = 32;

/**
 * Runs the controller and its proxy: sources → store → translate → workers, and the admin port beside them. Rejects with a
 * `StartError` when it can't start; from then on nothing but `onFatal` ends it.
 */
export async function serve(options: ServeOptions, context: ServeContext): Promise<RunningServer> {
  const server = new Server(options, context);
  await server.start();
  return server;
}

class Server implements RunningServer {
  readonly #options: ServeOptions;
  readonly #context: ServeContext;
  readonly #store = new Store();
  readonly #sources: readonly Source[];
  readonly #metrics: Metrics;
  readonly #profiler: Profiler;
  readonly #profiles: ProfileWriter;
  #pool: WorkerPool | undefined;
  #reconciler: Reconciler | undefined;
  #reporter: Reporter | undefined;
  #admin: AdminServer | undefined;
  #admission: AdmissionWebhook | undefined;
  #statsTimer: NodeJS.Timeout | undefined;
  #ticketTimer: NodeJS.Timeout | undefined;
  readonly #memory: MemoryWatch;
  #lastAppliedAt: Date | undefined;
  #stopping = false;

  constructor(options: ServeOptions, context: ServeContext) {
    this.#options = options;
    this.#context = context;
    const { configMap } = options.translate;
    if (configMap !== undefined) {
      this.#store.retain('configmaps', configMap, configMapGone(configMap));
    }
    this.#sources = createSources(options, this.#store, context.log);
    this.#memory = new MemoryWatch({
      limitBytes: options.memoryLimitBytes ?? containerMemoryLimit(),
      log: context.log.child({ component: 'memory' }),
      onChange: (pressure) => this.#pool?.setPressure(pressure),
    });
    const log = context.log.child({ component: 'profiler' });
    this.#profiler = new Profiler({
      threads: () => [mainThread, ...(this.#pool?.threads() ?? [])],
      freeBytes: () => this.#memory.freeBytes(),
      log,
    });
    this.#profiles = new ProfileWriter(options.profiles, this.#profiler, log);
    this.#metrics = new Metrics(
      {
        ...options.metrics,
        identity: {
          namespace: context.namespace,
          pod: context.pod,
          controllerClass: options.translate.controllerClass,
          release: context.version,
          build: context.version,
          repository: 'ts-nginx',
        },
      },
      {
        config: () => this.#reconciler?.config(),
        configVersion: () => this.#pool?.version ?? 0,
        findings: () => this.#reconciler?.findings() ?? [],
        workers: () => this.#pool?.states() ?? [],
        memoryLimitBytes: () => this.#memory.limitBytes,
      },
    );
  }

  async start(): Promise<void> {
    const { log } = this.#context;
    const ports = await checkPorts(this.#options.ports);
    const { admission } = this.#options;
    if (admission !== undefined) {
      await checkPort('--validating-webhook', admission.port, admission.host ?? ports.bind);
    }
    for (const flag of this.#options.notYetHonoured) {
      log.warn({ flag }, 'flag has no effect yet');
    }
    if (this.#options.translate.topologyAware && this.#context.nodeName === undefined) {
      log.warn(
        { flag: '--enable-topology-aware-routing' },
        'flag has no effect: NODE_NAME does not say on which node this process runs',
      );
    }
    this.#admin = await this.#startAdmin(ports.adminHost, ports.admin);
    this.#pool = this.#createPool(ports);
    this.#pool.start();
    this.#pool.setTicketSecret(randomBytes(TICKET_SECRET_BYTES));
    this.#ticketTimer = setInterval(() => {
      this.#pool?.setTicketSecret(randomBytes(TICKET_SECRET_BYTES));
    }, TICKET_SECRET_MS);
    const { namespace, pod } = this.#context;
    this.#reporter = startReporting(this.#options, {
      namespace,
      pod,
      store: this.#store,
      metrics: this.#metrics,
      log,
    });
    const translate = await this.#translateOptions(ports);
    this.#reconciler = startReconciling({
      store: this.#store,
      sources: this.#sources,
      translate,
      batching: this.#options.batching,
      publish: (config, { ingresses, findings }) => {
        const version = this.#pool?.publish(config) ?? 0;
        this.#reporter?.report({ version, ingresses, findings });
      },
      log: log.child({ component: 'reconcile' }),
    });
    for (const source of this.#sources) source.start();
    this.#startAdmission(translate, ports.bind);
    this.#memory.start();
    this.#statsTimer = setInterval(() => void this.#pool?.takeStats(), STATS_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const { log } = this.#context;
    const drainMs = this.#reconciler?.config()?.settings.drainMs ?? 0;
    log.info({ graceMs: this.#options.shutdownGraceMs, drainMs }, 'shutting down');
    const reported = this.#reporter?.stop();
    await wait(this.#options.shutdownGraceMs);
    await this.#admission?.stop();
    await this.#pool?.drain(drainMs);
    this.#profiler.stop();
    await reported;
    clearInterval(this.#statsTimer);
    clearInterval(this.#ticketTimer);
    this.#memory.stop();
    this.#reconciler?.stop();
    await Promise.all(this.#sources.map((source) => source.stop()));
    await wait(this.#options.postShutdownGraceMs);
    await this.#admin?.close();
    log.info('stopped');
  }

  async writeProfiles(): Promise<void> {
    await this.#profiles.write();
  }

  async #translateOptions({ http, https }: PortOptions): Promise<TranslateOptions> {
    const { admission } = this.#options;
    const ports = [http, https, this.#admin?.port ?? 0, admission?.port ?? 0];
    return {
      ...this.#options.translate,
      ownAddresses: findOwnAddresses(networkInterfaces(), this.#context.podAddresses),
      nodeName: this.#context.nodeName,
      // Port 0 is one that the system chooses.
      ownPorts: new Set(ports.filter((port) => port !== 0)),
      defaultCertificate: await createDefaultCertificate(Date.now()),
      now: Date.now,
    };
  }

  #startAdmission(options: TranslateOptions, bind: string): void {
    const { admission, cluster } = this.#options;
    if (admission === undefined) return;
    const { namespace, onFatal, log } = this.#context;
    this.#admission = startAdmission(
      { ...admission, host: admission.host ?? bind },
      {
        cluster,
        namespace,
        store: this.#store,
        context: () =>
          this.#reconciler?.missing().length === 0
            ? { snapshot: this.#store.snapshot(), options }
            : undefined,
        onOutcome: ({ request, ...outcome }) => {
          this.#metrics.admission.checked({ ...outcome, ingress: request });
        },
        onFatal,
        log: log.child({ component: 'admission' }),
      },
    );
  }

  #createPool(ports: ServeOptions['ports']): WorkerPool {
    const log = this.#context.log.child({ component: 'workers' });
    return new WorkerPool(
      {
        workers: this.#options.workers,
        httpPort: ports.http,
        httpsPort: ports.https,
        worker: {
          bind: ports.bind,
          logLevel: this.#options.logLevel,
          ...connectionLimit(this.#options.workers),
          stats: this.#metrics.workerStats,
        },
      },
      {
        onStats: (worker, report) => {
          this.#metrics.merge(worker, report);
        },
        onPropagated: (version, ms) => {
          this.#lastAppliedAt = new Date();
          this.#metrics.configApplied(ms);
          this.#reporter?.setLive(version);
          log.debug({ version, ms }, 'config live on every worker');
        },
        onConfigRefused: () => {
          this.#metrics.configFailed();
        },
        onWorkerDied: (worker) => {
          this.#metrics.workerDied(worker);
        },
        onServing: (bound) => {
          this.#reporter?.setServing();
          log.info(
            { ...bound, adminPort: this.#admin?.port, workers: this.#options.workers },
            'serving',
          );
        },
        onListenFailed: (reason) => {
          this.#context.onFatal(new StartError(reason));
        },
      },
      log,
    );
  }

  async #startAdmin(host: string | undefined, port: number): Promise<AdminServer> {
    const { version, log } = this.#context;
    const healthPath = this.#options.translate.healthCheckPath;
    return startAdminServer(
      { host, port, healthPath, version },
      {
        live: () => true,
        readiness: () => {
          const missing = this.#missing();
          const forbidden = forbiddenOf(this.#reconciler?.findings() ?? []);
          return { ready: missing.length === 0, missing, forbidden };
        },
        config: () => this.#reconciler?.config(),
        configVersion: () => this.#pool?.version ?? 0,
        lastAppliedAt: () => this.#lastAppliedAt,
        findings: () => this.#reconciler?.findings() ?? [],
        explain: (request) => this.#explain(request),
        status: () => {
          const config = this.#reconciler?.config();
          return config === undefined
            ? undefined
            : reportStatus(config, this.#reconciler?.findings() ?? []);
        },
        workers: () => this.#pool?.states() ?? [],
        metrics: async () => {
          await this.#pool?.takeStats();
          return this.#metrics.pieces();
        },
        profiling: () => {
          const { onAdminPort, seconds } = this.#options.profiles;
          return onAdminPort ? { profiler: this.#profiler, seconds } : undefined;
        },
      },
      log.child({ component: 'admin' }),
    );
  }

  #explain(request: ExplainRequest): Explanation | undefined {
    const config = this.#reconciler?.config();
    if (config === undefined) return undefined;
    const findings = this.#reconciler?.findings() ?? [];
    const ingresses = knownIngresses(this.#store.snapshot(), this.#options.translate);
    return explain({ config, findings, ingresses }, request, this.#context.log);
  }

  #missing(): readonly string[] {
    if (this.#stopping) return ['shutting down'];
    if (this.#reconciler === undefined || this.#pool === undefined) return ['starting'];
    return [...this.#reconciler.missing(), ...this.#pool.missing()];
  }
}

/** `list of secrets`, each once. */
function forbiddenOf(findings: readonly Finding[]): string[] {
  const rights = findings.flatMap(({ right }) => right ?? []);
  return [...new Set(rights.map(({ verb, resource }) => `${verb} of ${resource}`))];
}

/** As in ingress-nginx: without it, whatever guards it sets would be off at once. */
function configMapGone(key: string): Finding {
  return {
    code: 'configmap-missing',
    object: `ConfigMap ${key}`,
    field: undefined,
    message:
      'The ConfigMap is gone: its last known content is in force until it exists again or the process restarts, which then has defaults. Create it again.',
  };
}

/** A worker's share of half of the descriptors: an exchange has one on either side (security.md §4). */
function connectionLimit(workers: number): { readonly autoMaxConnections?: number } {
  const limit = descriptorLimit();
  if (limit === undefined) return {};
  return { autoMaxConnections: Math.floor(limit / 2 / Math.max(1, workers)) };
}

async function wait(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
