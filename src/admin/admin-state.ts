import type { Explanation, ExplainRequest } from '../explain/explanation.ts';
import type { StatusReport } from '../explain/status-report.ts';
import type { ProxyConfig } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import type { Profiling } from './profile-answer.ts';

/** What the admin port shows, asked anew for each request. */
export interface AdminState {
  /** False: only a restart helps. */
  live(): boolean;
  readiness(): Readiness;
  /** The config in effect; undefined before the first. */
  config(): ProxyConfig | undefined;
  configVersion(): number;
  /** When a config last went live on every worker. */
  lastAppliedAt(): Date | undefined;
  findings(): readonly Finding[];
  /** What would become of a request; undefined before the first config. */
  explain(request: ExplainRequest): Explanation | undefined;
  /** Undefined before the first config. */
  status(): StatusReport | undefined;
  workers(): readonly WorkerStatus[];
  /** Prometheus text exposition format, in pieces. */
  metrics(): Promise<Iterable<string>>;
  /** Undefined: not enabled. */
  profiling(): Profiling | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  /** What is waited for, each in words: `Secret shop/tls`, `worker 2: configuring`. Empty when ready. */
  readonly missing: readonly string[];
  /** Rights that are missing, whether or not being ready depends on them: `watch of ingresses.networking.k8s.io`. */
  readonly forbidden?: readonly string[];
}

export interface WorkerStatus {
  readonly id: number;
  readonly state: string;
  /** Config version that it serves. */
  readonly version: number;
}
