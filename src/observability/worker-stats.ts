import type { RouteLabels } from '../model/config.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { LimitName } from './limits.ts';
import { addAt, createSeriesLayout, defaultBuckets, observe } from './series-layout.ts';
import type { MetricBuckets, SeriesLayout } from './series-layout.ts';

export interface WorkerStatsOptions {
  /** Keep series by route, status and method (`--enable-metrics`); otherwise only the totals. */
  readonly perRoute: boolean;
  readonly buckets: MetricBuckets;
}

/** What names a series. `labels` undefined: a known host, but none of its routes. */
export interface SeriesKey {
  readonly labels: RouteLabels | undefined;
  /** `''`: a host that nobody defines. */
  readonly virtualHost: string;
  readonly status: number;
  readonly method: string;
}

/** What happened in a worker since its last report; structured-clonable. */
export interface StatsReport {
  /** Levels now, not increments. */
  readonly openConnections: number;
  readonly exchangesInFlight: number;
  readonly connectionsAccepted: number;
  readonly exchangesFinished: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly accessLogLinesDropped: number;
  /** TLS connections that endpoints terminate: those that reached one, those that did not, and their bytes. */
  readonly passthroughOpened: number;
  readonly passthroughFailed: number;
  readonly passthroughBytesReceived: number;
  readonly passthroughBytesSent: number;
  /** Exchanges that were left out of `series` because there were too many. */
  readonly exchangesWithoutSeries: number;
  readonly limits: Readonly<Partial<Record<LimitName, number>>>;
  readonly series: readonly SeriesKey[];
  /** Numbers of `series[i]` from `i * stride`; see SeriesLayout. May be longer than the series need. */
  readonly values: Float64Array;
}

/** More than this many series between two reports is an attack or a mistake; a table of 5,000 routes stays far below. */
const MAX_SERIES = 50_000;
const FIRST_CAPACITY = 64;

/** Methods that are told apart; all others are one, because a client may invent any number of them. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'];
const OTHER_METHOD = 'OTHER';
const METHOD_SLOTS = METHODS.length + 1;

type StatusTable = Map<number, number>;

/**
 * One worker's counters. The hot path finds its series by identity and small numbers, builds no string and, once a series
 * exists, allocates nothing. Cardinality is bounded by the configuration: routes × statuses × ten methods.
 */
export class WorkerStats {
  readonly #layout: SeriesLayout;
  readonly #perRoute: boolean;
  #openConnections = 0;
  #exchangesInFlight = 0;
  #totals = emptyTotals();
  #limits: Partial<Record<LimitName, number>> = {};
  #index = new Map<string, Map<RouteLabels | undefined, StatusTable>>();
  #series: SeriesKey[] = [];
  #values: Float64Array;

  constructor(
    { perRoute, buckets }: WorkerStatsOptions = { perRoute: true, buckets: defaultBuckets },
  ) {
    this.#perRoute = perRoute;
    this.#layout = createSeriesLayout(buckets);
    this.#values = new Float64Array(FIRST_CAPACITY * this.#layout.stride);
  }

  get openConnections(): number {
    return this.#openConnections;
  }

  connectionOpened(): void {
    this.#openConnections++;
    this.#totals.connectionsAccepted++;
  }

  connectionClosed(): void {
    this.#openConnections--;
  }

  exchangeStarted(): void {
    this.#exchangesInFlight++;
  }

  exchangeFinished(record: ExchangeRecord): void {
    this.#exchangesInFlight--;
    const totals = this.#totals;
    totals.exchangesFinished++;
    totals.bytesReceived += record.requestBytes;
    totals.bytesSent += record.responseBytes;
    if (!this.#perRoute || record.virtualHost === undefined) return;
    const base = this.#baseOf(record, record.virtualHost);
    if (base === undefined) totals.exchangesWithoutSeries++;
    else this.#observe(base, record);
  }

  limitTripped(limit: LimitName): void {
    this.#limits[limit] = (this.#limits[limit] ?? 0) + 1;
  }

  /** A TLS connection reached the endpoint that terminates it. */
  passthroughOpened(): void {
    this.#totals.passthroughOpened++;
  }

  /** There was none, or none could be reached. */
  passthroughFailed(): void {
    this.#totals.passthroughFailed++;
  }

  /** The client's, and the endpoint's. */
  passthroughBytes(received: number, sent: number): void {
    this.#totals.passthroughBytesReceived += received;
    this.#totals.passthroughBytesSent += sent;
  }

  accessLogLinesDropped(lines: number): void {
    this.#totals.accessLogLinesDropped += lines;
  }

  /** The increments since the last call, and a fresh start: what vanished from the configuration is not kept. */
  take(): StatsReport {
    const report: StatsReport = {
      openConnections: this.#openConnections,
      exchangesInFlight: this.#exchangesInFlight,
      ...this.#totals,
      limits: this.#limits,
      series: this.#series,
      values: this.#values.slice(0, this.#series.length * this.#layout.stride),
    };
    this.#totals = emptyTotals();
    this.#limits = {};
    this.#index = new Map();
    this.#values.fill(0, 0, this.#series.length * this.#layout.stride);
    this.#series = [];
    return report;
  }

  #observe(base: number, record: ExchangeRecord): void {
    const { histograms } = this.#layout;
    const values = this.#values;
    addAt(values, base, 1);
    observe(values, base, histograms.request_duration_seconds, record.durationMs / 1000);
    observe(values, base, histograms.request_size, record.requestBytes);
    observe(values, base, histograms.response_size, record.responseBytes);
    observe(values, base, histograms.bytes_sent, record.responseBytes);
    const attempt = record.attempts[record.attempts.length - 1];
    if (attempt === undefined) return;
    const { connectMs, headMs, responseMs } = attempt;
    if (connectMs !== undefined) {
      observe(values, base, histograms.connect_duration_seconds, connectMs / 1000);
    }
    if (headMs !== undefined) {
      observe(values, base, histograms.header_duration_seconds, headMs / 1000);
    }
    if (responseMs !== undefined) {
      observe(values, base, histograms.response_duration_seconds, responseMs / 1000);
    }
  }

  /** Where the numbers of the record's series begin; undefined: there are too many. */
  #baseOf({ labels, status, method }: ExchangeRecord, virtualHost: string): number | undefined {
    const statuses = this.#statusesOf(virtualHost, labels);
    const slot = methodSlot(method);
    const key = status * METHOD_SLOTS + slot;
    const known = statuses.get(key);
    if (known !== undefined) return known;
    if (this.#series.length >= MAX_SERIES) return undefined;
    const base = this.#series.length * this.#layout.stride;
    this.#series.push({ labels, virtualHost, status, method: METHODS[slot] ?? OTHER_METHOD });
    statuses.set(key, base);
    if (base + this.#layout.stride > this.#values.length) this.#grow();
    return base;
  }

  #statusesOf(virtualHost: string, labels: RouteLabels | undefined): StatusTable {
    let routes = this.#index.get(virtualHost);
    if (routes === undefined) {
      routes = new Map<RouteLabels | undefined, StatusTable>();
      this.#index.set(virtualHost, routes);
    }
    let statuses = routes.get(labels);
    if (statuses === undefined) {
      statuses = new Map<number, number>();
      routes.set(labels, statuses);
    }
    return statuses;
  }

  #grow(): void {
    const larger = new Float64Array(this.#values.length * 2);
    larger.set(this.#values);
    this.#values = larger;
  }
}

function methodSlot(method: string): number {
  const slot = METHODS.indexOf(method);
  return slot < 0 ? METHODS.length : slot;
}

function emptyTotals() {
  return {
    connectionsAccepted: 0,
    exchangesFinished: 0,
    bytesReceived: 0,
    bytesSent: 0,
    accessLogLinesDropped: 0,
    passthroughOpened: 0,
    passthroughFailed: 0,
    passthroughBytesReceived: 0,
    passthroughBytesSent: 0,
    exchangesWithoutSeries: 0,
  };
}
