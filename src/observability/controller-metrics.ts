import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ProxyConfig } from '../model/config.ts';
import { findingEffects } from '../model/finding.ts';
import type { Finding, FindingCode } from '../model/finding.ts';
import { configHash } from './config-hash.ts';

/** Who is speaking. */
export interface ControllerIdentity {
  /** Namespace and name of the pod; empty outside of a cluster. */
  readonly namespace: string;
  readonly pod: string;
  /** `--controller-class` */
  readonly controllerClass: string;
  readonly release: string;
  readonly build: string;
  readonly repository: string;
}

/** What is asked when someone looks, instead of being told with each change. */
export interface MetricsState {
  config(): ProxyConfig | undefined;
  configVersion(): number;
  findings(): readonly Finding[];
  workers(): readonly { readonly state: string }[];
  /** Undefined: there is none. */
  memoryLimitBytes(): number | undefined;
}

const PROPAGATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** `kept`: ingress-nginx's prefix, for names that dashboards query; `own`: ours. */
interface Prefixes {
  readonly kept: string;
  readonly own: string;
}

/** What the control plane says of itself. */
export class ControllerMetrics {
  readonly #registers: Registry[];
  readonly #propagation: Histogram;
  readonly #success: Counter;
  readonly #errors: Counter;
  readonly #lastSuccessful: Gauge;
  readonly #lastSuccessfulAt: Gauge;

  constructor(registry: Registry, { kept, own }: Prefixes, state: MetricsState) {
    const registers = [registry];
    this.#registers = registers;
    this.#success = new Counter({
      name: `${kept}success`,
      help: 'Configurations brought to every worker',
      registers,
    });
    this.#errors = new Counter({
      name: `${kept}errors`,
      help: 'Configurations that could not be applied',
      registers,
    });
    this.#lastSuccessful = new Gauge({
      name: `${kept}config_last_reload_successful`,
      help: 'Whether the last configuration is in effect',
      registers,
    });
    this.#lastSuccessfulAt = new Gauge({
      name: `${kept}config_last_reload_successful_timestamp_seconds`,
      help: 'When a configuration last took effect',
      registers,
    });
    this.#propagation = new Histogram({
      name: `${own}config_propagation_seconds`,
      help: 'From a new configuration to its acknowledgement by every worker',
      buckets: PROPAGATION_BUCKETS,
      registers,
    });
    this.#addConfigGauges({ kept, own }, state);
    this.#addFindings(own, state);
    this.#addMissingRights(own, state);
    this.#addWorkers(own, state);
    this.#addMemoryLimit(own, state);
  }

  addBuildInfo(prefix: string, { release, build, repository }: ControllerIdentity): void {
    const info = new Gauge({
      name: `${prefix}build_info`,
      help: 'What is running',
      labelNames: ['release', 'build', 'repository'],
      registers: this.#registers,
    });
    info.set({ release, build, repository }, 1);
  }

  configApplied(ms: number): void {
    this.#propagation.observe(ms / 1000);
    this.#success.inc();
    this.#lastSuccessful.set(1);
    this.#lastSuccessfulAt.set(Math.floor(Date.now() / 1000));
  }

  configFailed(): void {
    this.#errors.inc();
    this.#lastSuccessful.set(0);
  }

  #addConfigGauges({ kept, own }: Prefixes, state: MetricsState): void {
    new Gauge({
      name: `${kept}config_hash`,
      help: 'Hash of the configuration, the same in every replica',
      registers: this.#registers,
      collect() {
        const config = state.config();
        if (config !== undefined) this.set(configHash(config));
      },
    });
    new Gauge({
      name: `${own}config_version`,
      help: 'Version of the configuration, counted from the start of the process',
      registers: this.#registers,
      collect() {
        this.set(state.configVersion());
      },
    });
  }

  #addFindings(prefix: string, state: MetricsState): void {
    new Gauge({
      name: `${prefix}findings`,
      help: 'What users have to fix, by kind and by what it means for traffic',
      labelNames: ['code', 'effect'],
      registers: this.#registers,
      collect() {
        for (const code of Object.keys(findingEffects) as FindingCode[]) {
          this.set({ code, effect: findingEffects[code] }, 0);
        }
        for (const { code } of state.findings()) this.inc({ code, effect: findingEffects[code] });
      },
    });
  }

  #addMissingRights(prefix: string, state: MetricsState): void {
    new Gauge({
      name: `${prefix}missing_rights`,
      help: 'What the API server does not let us do: 1 for each',
      labelNames: ['verb', 'resource'],
      registers: this.#registers,
      collect() {
        this.reset();
        for (const { right } of state.findings()) {
          if (right !== undefined) this.set({ verb: right.verb, resource: right.resource }, 1);
        }
      },
    });
  }

  #addMemoryLimit(prefix: string, state: MetricsState): void {
    new Gauge({
      name: `${prefix}memory_limit_bytes`,
      help: 'Memory that the process may have; at 92 and 95 % of it load is shed. 0: no limit',
      registers: this.#registers,
      collect() {
        this.set(state.memoryLimitBytes() ?? 0);
      },
    });
  }

  #addWorkers(prefix: string, state: MetricsState): void {
    new Gauge({
      name: `${prefix}workers`,
      help: 'Workers by state',
      labelNames: ['state'],
      registers: this.#registers,
      collect() {
        this.reset();
        for (const worker of state.workers()) this.inc({ state: worker.state });
      },
    });
  }
}
