import { createSeriesLayout } from './series-layout.ts';
import type { HistogramName, HistogramSlot, MetricBuckets, SeriesLayout } from './series-layout.ts';
import type { SeriesKey, StatsReport } from './worker-stats.ts';

export interface ExchangeSeriesOptions {
  readonly buckets: MetricBuckets;
  /** Label `host`. `--metrics-per-host` */
  readonly perHost: boolean;
  /** Exchanges of hosts that nobody defines and that no Ingress served, too. `--metrics-per-undefined-host` */
  readonly perUndefinedHost: boolean;
  /** `2xx` instead of `200`. `--report-status-classes` */
  readonly statusClasses: boolean;
  /** Families that are not exposed, with or without prefix. `--exclude-socket-metrics` */
  readonly excluded: readonly string[];
  /** On every series. */
  readonly constantLabels: Readonly<Record<string, string>>;
}

interface Series {
  /** `namespace/name`; undefined: no route was found. */
  readonly ingress: string | undefined;
  readonly values: Float64Array;
}

const PREFIX = 'nginx_ingress_controller_';
const PIECE_CHARACTERS = 65_536;
/** Never a host name, so it can't be mistaken for one; nginx's own name for its catch-all server. */
const UNDEFINED_HOST = '_';

const HELP: Readonly<Record<HistogramName, string>> = {
  request_duration_seconds: 'From the first byte of a request to the last byte of its answer',
  response_duration_seconds: 'From the choice of an endpoint to the last byte of its answer',
  header_duration_seconds: 'From the choice of an endpoint to the head of its answer',
  connect_duration_seconds: 'Until the connection to the endpoint stood, 0 for a kept one',
  request_size: 'Request line, fields and body in bytes',
  response_size: 'Everything sent to the client in bytes',
  bytes_sent: 'Deprecated, the same as response_size with other buckets',
};

/**
 * The per-exchange series of all workers, merged. It renders itself: prom-client has no way to add whole arrays of
 * buckets to a histogram, and spends an object and a label sort on each line, which a scrape of thousands would feel.
 */
export class ExchangeSeries {
  readonly #options: ExchangeSeriesOptions;
  readonly #layout: SeriesLayout;
  readonly #constantLabels: string;
  /** By their labels as rendered: what flags leave out of the labels merges by itself. */
  readonly #series = new Map<string, Series>();

  constructor(options: ExchangeSeriesOptions) {
    this.#options = options;
    this.#layout = createSeriesLayout(options.buckets);
    this.#constantLabels = labelText(Object.entries(options.constantLabels));
  }

  get size(): number {
    return this.#series.size;
  }

  merge({ series, values }: StatsReport): void {
    const { stride } = this.#layout;
    for (const [position, key] of series.entries()) {
      if (!this.#isCounted(key)) continue;
      const target = this.#seriesOf(key).values;
      const base = position * stride;
      for (let index = 0; index < stride; index++) {
        target[index] = (target[index] ?? 0) + (values[base + index] ?? 0);
      }
    }
  }

  /** Forgets the series of Ingresses that are not served any more. */
  prune(served: ReadonlySet<string>): void {
    for (const [labels, { ingress }] of this.#series) {
      if (ingress !== undefined && !served.has(ingress)) this.#series.delete(labels);
    }
  }

  /**
   * Text exposition format, in pieces: 40 KB a series is more than a process shall have in hand, as one string and once more
   * as bytes, at each scrape. None while nothing was counted.
   */
  *pieces(): Generator<string> {
    if (this.#isExposed('requests')) {
      yield* family(`${PREFIX}requests`, 'counter', 'Exchanges finished', this.#counterLines());
    }
    for (const name of Object.keys(HELP) as HistogramName[]) {
      if (!this.#isExposed(name)) continue;
      yield* family(PREFIX + name, 'histogram', HELP[name], this.#histogramLines(name));
    }
  }

  /** What an Ingress serves counts under any host; the rest of unknown hosts only where asked for. */
  #isCounted({ labels, virtualHost }: SeriesKey): boolean {
    const { perHost, perUndefinedHost } = this.#options;
    return labels !== undefined || virtualHost !== '' || perUndefinedHost || !perHost;
  }

  #isExposed(name: string): boolean {
    const { excluded } = this.#options;
    return !excluded.includes(name) && !excluded.includes(PREFIX + name);
  }

  #seriesOf(key: SeriesKey): Series {
    const labels = this.#labelsOf(key);
    let series = this.#series.get(labels);
    if (series === undefined) {
      const ingress = key.labels && `${key.labels.namespace}/${key.labels.ingress}`;
      series = { ingress, values: new Float64Array(this.#layout.stride) };
      this.#series.set(labels, series);
    }
    return series;
  }

  #labelsOf({ labels, virtualHost, status, method }: SeriesKey): string {
    const { perHost, statusClasses } = this.#options;
    const pairs: [string, string][] = [
      ['namespace', labels?.namespace ?? ''],
      ['ingress', labels?.ingress ?? ''],
      ['service', labels?.service ?? ''],
      ['path', labels?.path ?? ''],
      ['method', method],
      ['status', statusClasses ? `${Math.floor(status / 100)}xx` : String(status)],
      ['canary', ''],
    ];
    if (perHost) pairs.unshift(['host', virtualHost === '' ? UNDEFINED_HOST : virtualHost]);
    return `${this.#constantLabels},${labelText(pairs)}`;
  }

  *#counterLines(): Generator<string> {
    for (const [labels, { values }] of this.#series) {
      yield `${PREFIX}requests{${labels}} ${values[0] ?? 0}\n`;
    }
  }

  *#histogramLines(histogram: HistogramName): Generator<string> {
    const slot = this.#layout.histograms[histogram];
    for (const [labels, { values }] of this.#series) {
      yield histogramLines(PREFIX + histogram, labels, values, slot);
    }
  }
}

/** Nothing where nothing was observed: an exchange that never reached an endpoint has no upstream durations. */
function histogramLines(
  name: string,
  labels: string,
  values: Float64Array,
  { offset, bounds }: HistogramSlot,
): string {
  let lines = '';
  let count = 0;
  for (const [position, bound] of bounds.entries()) {
    count += values[offset + position] ?? 0;
    lines += `${name}_bucket{${labels},le="${bound}"} ${count}\n`;
  }
  count += values[offset + bounds.length] ?? 0;
  if (count === 0) return '';
  return (
    `${lines}${name}_bucket{${labels},le="+Inf"} ${count}\n` +
    `${name}_sum{${labels}} ${values[offset + bounds.length + 1] ?? 0}\n` +
    `${name}_count{${labels}} ${count}\n`
  );
}

/** Nothing at all of a family without lines. */
function* family(
  name: string,
  type: string,
  help: string,
  lines: Iterable<string>,
): Generator<string> {
  const head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  let piece = '';
  let isBegun = false;
  for (const text of lines) {
    if (text === '') continue;
    piece += isBegun ? text : head + text;
    isBegun = true;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function labelText(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',');
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value;
}
