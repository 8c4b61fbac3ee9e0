import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { limits } from './limits.ts';
import type { StatsReport } from './worker-stats.ts';

/** What the workers say of themselves: limits that took effect, and what was lost. */
export class WorkerMetrics {
  readonly #limits: Counter<'limit'>;
  readonly #uncounted: Counter;
  readonly #lostLines: Counter;
  readonly #restarts: Counter;
  readonly #passthrough: Counter<'outcome'>;
  readonly #passthroughBytes: Counter<'direction'>;

  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    this.#limits = new Counter({
      name: `${prefix}limits_tripped_total`,
      help: 'Limits, timeouts and refusals that took effect',
      labelNames: ['limit'],
      registers,
    });
    for (const limit of Object.keys(limits)) this.#limits.inc({ limit }, 0);
    this.#uncounted = new Counter({
      name: `${prefix}exchanges_without_series_total`,
      help: 'Exchanges left out of the series by route because there were too many of these',
      registers,
    });
    this.#lostLines = new Counter({
      name: `${prefix}access_log_lines_dropped_total`,
      help: 'Access log lines lost because their reader was too slow or gone',
      registers,
    });
    this.#restarts = new Counter({
      name: `${prefix}worker_restarts_total`,
      help: 'Workers that died and were replaced',
      registers,
    });
    this.#passthrough = new Counter({
      name: `${prefix}passthrough_connections_total`,
      help: 'TLS connections for ssl-passthrough hosts, by whether an endpoint was reached',
      labelNames: ['outcome'],
      registers,
    });
    this.#passthroughBytes = new Counter({
      name: `${prefix}passthrough_bytes_total`,
      help: 'Bytes of these, received from clients and sent to them',
      labelNames: ['direction'],
      registers,
    });
  }

  merge(report: StatsReport): void {
    for (const [limit, times] of Object.entries(report.limits)) this.#limits.inc({ limit }, times);
    this.#lostLines.inc(report.accessLogLinesDropped);
    this.#uncounted.inc(report.exchangesWithoutSeries);
    this.#passthrough.inc({ outcome: 'opened' }, report.passthroughOpened);
    this.#passthrough.inc({ outcome: 'failed' }, report.passthroughFailed);
    this.#passthroughBytes.inc({ direction: 'received' }, report.passthroughBytesReceived);
    this.#passthroughBytes.inc({ direction: 'sent' }, report.passthroughBytesSent);
  }

  workerDied(): void {
    this.#restarts.inc();
  }
}
