import { readFileSync } from 'node:fs';
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { StatsReport } from './worker-stats.ts';

type Levels = Pick<StatsReport, 'openConnections' | 'exchangesInFlight'>;

/** The series about the proxy as a process, under the names that ingress-nginx's dashboards query. */
export class ProcessMetrics {
  /** By worker: levels are not increments, and those of a dead worker are gone. */
  readonly #levels = new Map<number, Levels>();
  #accepted = 0;
  #finished = 0;
  #received = 0;
  #sent = 0;

  constructor(registry: Registry, prefix: string) {
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name: prefix + name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    const counter = (name: string, help: string, read: () => number) =>
      new Counter({
        name: prefix + name,
        help,
        registers: [registry],
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    this.#addConnections(registry, prefix);
    counter('requests_total', 'Requests of whatever host', () => this.#finished);
    counter('read_bytes_total', 'Bytes received from clients', () => this.#received);
    counter('write_bytes_total', 'Bytes sent to clients', () => this.#sent);
    counter('cpu_seconds_total', 'CPU time of the process', cpuSeconds);
    gauge('num_procs', 'Workers', () => this.#levels.size);
    gauge('resident_memory_bytes', 'Resident memory of the process', () =>
      process.memoryUsage.rss(),
    );
    gauge('virtual_memory_bytes', 'Virtual memory of the process', virtualMemoryBytes);
    gauge('oldest_start_time_seconds', 'When the process started', startTime);
  }

  merge(worker: number, report: StatsReport): void {
    const { openConnections, exchangesInFlight } = report;
    this.#levels.set(worker, { openConnections, exchangesInFlight });
    this.#accepted += report.connectionsAccepted;
    this.#finished += report.exchangesFinished;
    this.#received += report.bytesReceived;
    this.#sent += report.bytesSent;
  }

  forget(worker: number): void {
    this.#levels.delete(worker);
  }

  #addConnections(registry: Registry, prefix: string): void {
    const sum = (level: keyof Levels): number => {
      let total = 0;
      for (const levels of this.#levels.values()) total += levels[level];
      return total;
    };
    const accepted = () => this.#accepted;
    new Gauge({
      name: `${prefix}connections`,
      help: 'Client connections now; those that are sending a head count as waiting',
      labelNames: ['state'],
      registers: [registry],
      collect() {
        const active = sum('openConnections');
        const writing = sum('exchangesInFlight');
        this.set({ state: 'active' }, active);
        this.set({ state: 'reading' }, 0);
        this.set({ state: 'writing' }, writing);
        this.set({ state: 'waiting' }, Math.max(0, active - writing));
      },
    });
    new Counter({
      name: `${prefix}connections_total`,
      help: 'Client connections so far',
      labelNames: ['state'],
      registers: [registry],
      collect() {
        this.reset();
        this.inc({ state: 'accepted' }, accepted());
        this.inc({ state: 'handled' }, accepted());
      },
    });
  }
}

/** Of all threads. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function startTime(): number {
  return Math.floor(Date.now() / 1000 - process.uptime());
}

/** 0 where the system does not tell. */
function virtualMemoryBytes(): number {
  if (process.platform !== 'linux') return 0;
  const [, kibibytes] =
    /^VmSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kibibytes ?? 0) * 1024;
}
