import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

export interface LeaderState {
  /** Name of the Lease. */
  readonly name: string;
  isLeader(): boolean;
}

/** What is written back to the cluster, and by whom. */
export class ReportMetrics {
  readonly #registry: Registry;
  readonly #keptPrefix: string;
  readonly #statusWrites: Counter<'result'>;
  readonly #events: Counter<'result'>;

  /** `kept`: ingress-nginx's prefix, for the name that dashboards query; `own`: ours. */
  constructor(registry: Registry, { kept, own }: { readonly kept: string; readonly own: string }) {
    const registers = [registry];
    this.#registry = registry;
    this.#keptPrefix = kept;
    this.#statusWrites = new Counter({
      name: `${own}status_writes_total`,
      help: 'Writes of the status of Ingresses, by their outcome',
      labelNames: ['result'],
      registers,
    });
    this.#events = new Counter({
      name: `${own}events_total`,
      help: 'Events for objects of the cluster; dropped: there were too many',
      labelNames: ['result'],
      registers,
    });
  }

  /** From now on it is told who leads. */
  addLeader(leader: LeaderState): void {
    new Gauge({
      name: `${this.#keptPrefix}leader_election_status`,
      help: 'Whether this replica leads, and so writes statuses and events',
      labelNames: ['name'],
      registers: [this.#registry],
      collect() {
        this.set({ name: leader.name }, leader.isLeader() ? 1 : 0);
      },
    });
  }

  statusWritten(result: string): void {
    this.#statusWrites.inc({ result });
  }

  eventSent(result: string): void {
    this.#events.inc({ result });
  }
}
