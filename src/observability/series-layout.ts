/** Upper bounds, ascending, without +Inf. `--time-buckets`, `--length-buckets`, `--size-buckets` */
export interface MetricBuckets {
  readonly timeSeconds: readonly number[];
  readonly lengthBytes: readonly number[];
  readonly sizeBytes: readonly number[];
}

/** ingress-nginx's own, which its public dashboards expect. */
export const defaultBuckets: MetricBuckets = {
  timeSeconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  lengthBytes: [10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
  sizeBytes: [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7],
};

/** The histograms kept of each series, with the ConfigMap-independent name that is exposed. */
export type HistogramName =
  | 'request_duration_seconds'
  | 'response_duration_seconds'
  | 'header_duration_seconds'
  | 'connect_duration_seconds'
  | 'request_size'
  | 'response_size'
  | 'bytes_sent';

/** Where one histogram stands in a series' numbers: a count for each bound, one for +Inf, then the sum. */
export interface HistogramSlot {
  readonly offset: number;
  readonly bounds: readonly number[];
}

/**
 * How the numbers of a series lie in a flat array: the count of exchanges, then each histogram with its buckets not yet
 * accumulated. One array for all series of a report crosses threads in one copy and merges by plain addition.
 */
export interface SeriesLayout {
  readonly stride: number;
  readonly histograms: Readonly<Record<HistogramName, HistogramSlot>>;
}

export function createSeriesLayout(buckets: MetricBuckets): SeriesLayout {
  let next = 1;
  const slot = (bounds: readonly number[]): HistogramSlot => {
    const offset = next;
    next += bounds.length + 2;
    return { offset, bounds };
  };
  const histograms = {
    request_duration_seconds: slot(buckets.timeSeconds),
    response_duration_seconds: slot(buckets.timeSeconds),
    header_duration_seconds: slot(buckets.timeSeconds),
    connect_duration_seconds: slot(buckets.timeSeconds),
    request_size: slot(buckets.lengthBytes),
    response_size: slot(buckets.lengthBytes),
    bytes_sent: slot(buckets.sizeBytes),
  };
  return { stride: next, histograms };
}

/** Adds one observation to the series that starts at `base`. */
export function observe(
  values: Float64Array,
  base: number,
  { offset, bounds }: HistogramSlot,
  value: number,
): void {
  let bucket = 0;
  while (bucket < bounds.length && value > (bounds[bucket] ?? Infinity)) bucket++;
  addAt(values, base + offset + bucket, 1);
  addAt(values, base + offset + bounds.length + 1, value);
}

export function addAt(values: Float64Array, index: number, amount: number): void {
  values[index] = (values[index] ?? 0) + amount;
}
