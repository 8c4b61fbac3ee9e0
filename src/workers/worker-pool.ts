import type { Pressure } from '../dataplane/pressure.ts';
import type { ProxyConfig } from '../model/config.ts';
import { diffConfig, isEmptyDelta } from '../model/delta.ts';
import type { Logger } from '../observability/logger.ts';
import type { ProfiledThread } from '../observability/profiled-thread.ts';
import type { StatsReport } from '../observability/worker-stats.ts';
import {
  encodeDelta,
  type BoundPorts,
  type FromWorker,
  type PortOption,
  type ToWorker,
  type WireDelta,
} from './messages.ts';
import { ClientMemory } from '../dataplane/balancer/client-memory.ts';
import type { WorkerOptions } from './run-data-plane.ts';
import { startInline, startThread, type WorkerLink } from './worker-link.ts';

export interface WorkerPoolOptions {
  /** 0: the data plane runs on the calling thread. */
  readonly workers: number;
  readonly httpPort: PortOption;
  readonly httpsPort: PortOption;
  readonly worker: Omit<WorkerOptions, 'index' | 'reusePort' | 'clientMemory'>;
  /** How a worker is started: a thread, unless `workers` is 0. */
  readonly startLink?: typeof startThread;
}

export interface WorkerPoolEvents {
  /** Increments of a worker's counters since its last report. */
  onStats(worker: number, report: StatsReport): void;
  /** A config version is live on every worker, `ms` after it was published. */
  onPropagated(version: number, ms: number): void;
  /** Every worker has the first config and its ports. */
  onServing(ports: BoundPorts): void;
  /** The ports can't be opened: nothing will ever be served. */
  onListenFailed(reason: string, code: string): void;
  onWorkerDied(index: number): void;
  onConfigRefused(version: number, reason: string): void;
}

export type WorkerState = 'starting' | 'configuring' | 'opening' | 'serving' | 'drained' | 'dead';

interface Member {
  readonly index: number;
  link: WorkerLink | undefined;
  state: WorkerState;
  /** The config that the deltas sent so far add up to. */
  sent: ProxyConfig | undefined;
  /** Last version that it has acknowledged. */
  version: number;
  /** The last config that it is known to serve: what is sent after a refusal starts from here. */
  served: ProxyConfig | undefined;
  /** Sent and not yet answered, oldest first. */
  pending: { readonly version: number; readonly config: ProxyConfig }[];
  startedAt: number;
  /** In a row. */
  quickDeaths: number;
  /** Was asked for its counters and has not answered. */
  owesStats: boolean;
}

/** A worker is replaced at once, unless it and the one before died so young that its successor probably will too. */
const RESTART_DELAY_MS = 50;
const RESTART_DELAY_AFTER_QUICK_DEATHS_MS = 500;
const QUICK_DEATH_MS = 2_000;
const LONGEST_STATS_WAIT_MS = 500;

/** Starts the workers, feeds each the differences between configs, and replaces one that dies. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #events: WorkerPoolEvents;
  readonly #log: Logger;
  readonly #members: Member[];
  readonly #clientMemory = ClientMemory.createBuffer();
  #config: ProxyConfig | undefined;
  #version = 0;
  /** Versions not yet live on every worker, oldest first. */
  #travelling: { readonly version: number; readonly publishedAt: number }[] = [];
  #ports: BoundPorts | undefined;
  #served = false;
  #stopping = false;
  #pressure: Pressure = 'none';
  #ticketSecret: Uint8Array | undefined;
  #drained: (() => void) | undefined;
  readonly #statsWaiters: (() => void)[] = [];

  constructor(options: WorkerPoolOptions, events: WorkerPoolEvents, log: Logger) {
    this.#options = options;
    this.#events = events;
    this.#log = log;
    this.#members = Array.from({ length: Math.max(1, options.workers) }, (_, index) => ({
      index,
      link: undefined,
      state: 'starting',
      sent: undefined,
      version: 0,
      served: undefined,
      pending: [],
      startedAt: 0,
      quickDeaths: 0,
      owesStats: false,
    }));
  }

  start(): void {
    for (const member of this.#members) this.#startMember(member);
  }

  /** Sends every worker what it does not have yet. Returns the version that says so when it is acknowledged. */
  publish(config: ProxyConfig): number {
    const previous = this.#config;
    this.#config = config;
    const delta = diffConfig(previous, config, this.#version + 1);
    if (previous !== undefined && isEmptyDelta(delta)) return this.#version;
    this.#version += 1;
    this.#travelling.push({ version: this.#version, publishedAt: performance.now() });
    const common = encodeDelta(delta);
    for (const member of this.#members) {
      this.#feed(member, member.sent === previous ? common : undefined);
    }
    return this.#version;
  }

  /** To every worker, also those that are started later. */
  setPressure(pressure: Pressure): void {
    this.#pressure = pressure;
    for (const member of this.#members) this.#send(member, { kind: 'pressure', pressure });
  }

  /** To every worker, also those that are started later: they resume each other's TLS sessions. */
  setTicketSecret(secret: Uint8Array): void {
    this.#ticketSecret = secret;
    for (const member of this.#members) this.#send(member, { kind: 'ticket-secret', secret });
  }

  get version(): number {
    return this.#version;
  }

  /** What keeps the pool from serving the first config on every worker; empty once it does. */
  missing(): string[] {
    if (this.#served) return [];
    return this.#members
      .filter(({ state }) => state !== 'serving')
      .map(({ index, state }) => `worker ${index}: ${state}`);
  }

  states(): { readonly id: number; readonly state: WorkerState; readonly version: number }[] {
    return this.#members.map(({ index, state, version }) => ({ id: index, state, version }));
  }

  /** Those that run now; none of their own with `workers` 0. */
  threads(): readonly ProfiledThread[] {
    return this.#members.flatMap(({ link }) => link?.thread ?? []);
  }

  /** Asks every worker for its counters; resolves when `onStats` has had them all, or after a short wait. */
  async takeStats(): Promise<void> {
    for (const member of this.#members) {
      if (member.link === undefined || member.owesStats) continue;
      member.owesStats = true;
      this.#send(member, { kind: 'take-stats' });
    }
    if (!this.#members.some(({ owesStats }) => owesStats)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LONGEST_STATS_WAIT_MS);
      this.#statsWaiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Stops accepting, lets exchanges end; resolves when all have, or after `withinMs`. Then nothing runs any more. */
  async drain(withinMs: number): Promise<void> {
    this.#stopping = true;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      const timer = setTimeout(resolve, withinMs);
      timer.unref();
      for (const member of this.#members) this.#send(member, { kind: 'drain' });
      this.#checkDrained();
    });
    await Promise.all(this.#members.map(async ({ link }) => link?.terminate()));
  }

  #startMember(member: Member): void {
    member.state = 'starting';
    member.sent = undefined;
    member.served = undefined;
    member.pending = [];
    member.version = 0;
    member.startedAt = performance.now();
    const options: WorkerOptions = {
      ...this.#options.worker,
      clientMemory: this.#clientMemory,
      index: member.index,
      reusePort: this.#options.workers > 0,
    };
    const startLink =
      this.#options.startLink ?? (this.#options.workers > 0 ? startThread : startInline);
    member.link = startLink(options, {
      onMessage: (message) => {
        this.#onMessage(member, message);
      },
      onError: (error) => {
        this.#log.error({ worker: member.index, err: error }, 'worker failed');
      },
      onExit: () => {
        this.#onExit(member);
      },
    });
  }

  #onMessage(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case 'started':
        member.state = 'configuring';
        if (this.#pressure !== 'none') {
          this.#send(member, { kind: 'pressure', pressure: this.#pressure });
        }
        if (this.#ticketSecret !== undefined) {
          this.#send(member, { kind: 'ticket-secret', secret: this.#ticketSecret });
        }
        this.#feed(member);
        return;
      case 'applied':
        this.#onApplied(member, message.version);
        return;
      case 'refused':
        this.#onRefused(member, message.version, message.reason);
        return;
      case 'listening':
        this.#onListening(member, message);
        return;
      case 'listen-failed':
        this.#onListenFailed(member, message.reason, message.code);
        return;
      case 'stats':
        this.#events.onStats(member.index, message.report);
        member.owesStats = false;
        this.#checkStats();
        return;
      case 'drained':
        member.state = 'drained';
        this.#checkDrained();
        return;
    }
  }

  /** `common`: the delta that this worker needs, where it is already at hand because most need the same. */
  #feed(member: Member, common?: WireDelta): void {
    const config = this.#config;
    if (config === undefined || member.state === 'starting' || member.state === 'dead') return;
    const delta = common ?? encodeDelta(diffConfig(member.sent, config, this.#version));
    member.sent = config;
    member.pending.push({ version: this.#version, config });
    this.#send(member, { kind: 'delta', delta });
  }

  #onApplied(member: Member, version: number): void {
    member.version = version;
    const answered = member.pending.findIndex((entry) => entry.version === version);
    member.served = member.pending[answered]?.config ?? member.served;
    member.pending.splice(0, answered + 1);
    if (member.state === 'configuring') {
      member.state = 'opening';
      this.#openPorts(member);
    }
    this.#checkPropagated();
  }

  /** The worker's table is as before; the next delta starts from what it is known to serve. */
  #onRefused(member: Member, version: number, reason: string): void {
    this.#log.error({ worker: member.index, version, reason }, 'worker refused a config');
    member.pending = member.pending.filter((entry) => entry.version !== version);
    member.sent = member.served;
    this.#events.onConfigRefused(version, reason);
  }

  /** With port 0 the first worker's choice binds the others, so they wait for it. */
  #openPorts(member: Member): void {
    const { httpPort, httpsPort } = this.#options;
    const known = this.#ports !== undefined || (httpPort !== 0 && httpsPort !== 0);
    if (!known && member.index !== 0) return;
    this.#send(member, {
      kind: 'listen',
      httpPort: this.#ports?.httpPort ?? httpPort,
      httpsPort: this.#ports?.httpsPort ?? httpsPort,
    });
  }

  #onListening(member: Member, ports: BoundPorts): void {
    member.state = 'serving';
    if (this.#ports === undefined) {
      this.#ports = { httpPort: ports.httpPort, httpsPort: ports.httpsPort };
      for (const waiting of this.#members) {
        if (waiting.state === 'opening') this.#openPorts(waiting);
      }
    }
    if (!this.#served && this.#members.every(({ state }) => state === 'serving')) {
      this.#served = true;
      this.#events.onServing(this.#ports);
    }
  }

  #onListenFailed(member: Member, reason: string, code: string): void {
    if (this.#served) {
      this.#log.error({ worker: member.index, reason }, 'replaced worker could not open its ports');
      void member.link?.terminate();
    } else {
      this.#events.onListenFailed(reason, code);
    }
  }

  #checkPropagated(): void {
    const alive = this.#members.filter(({ state }) => state !== 'dead' && state !== 'starting');
    if (alive.length === 0) return;
    const live = Math.min(...alive.map(({ version }) => version));
    while (this.#travelling[0] !== undefined && this.#travelling[0].version <= live) {
      const { version, publishedAt } = this.#travelling[0];
      this.#travelling.shift();
      this.#events.onPropagated(version, performance.now() - publishedAt);
    }
  }

  #onExit(member: Member): void {
    const quick = performance.now() - member.startedAt < QUICK_DEATH_MS;
    member.quickDeaths = quick ? member.quickDeaths + 1 : 0;
    member.link = undefined;
    member.state = 'dead';
    member.owesStats = false;
    this.#checkStats();
    this.#checkDrained();
    if (this.#stopping) return;
    this.#events.onWorkerDied(member.index);
    setTimeout(
      () => {
        if (!this.#stopping) this.#startMember(member);
      },
      member.quickDeaths > 1 ? RESTART_DELAY_AFTER_QUICK_DEATHS_MS : RESTART_DELAY_MS,
    );
  }

  #checkStats(): void {
    if (this.#members.some(({ owesStats }) => owesStats)) return;
    for (const done of this.#statsWaiters.splice(0)) done();
  }

  #checkDrained(): void {
    if (this.#members.every(({ state }) => state === 'drained' || state === 'dead'))
      this.#drained?.();
  }

  #send(member: Member, message: ToWorker): void {
    member.link?.send(message);
  }
}
