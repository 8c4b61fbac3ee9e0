import { cpus } from 'node:os';
import type { Cell, PeerName } from './cell.ts';
import type { CellResult, Sample } from './measure.ts';

/** All others are compared with this one. */
const REFERENCE: PeerName = 'nginx';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Figures of one peer in one cell. */
export interface Row {
  readonly cell: string;
  readonly peer: PeerName;
  /** CPU time per request as a ratio to the reference's in the same round; undefined where there was no reference. */
  readonly ratio: Spread | undefined;
  readonly cpuMicros: Spread;
  readonly requestsPerSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
}

export function rowsOf(cell: Cell, result: CellResult): Row[] {
  const reference = result.get(REFERENCE);
  return [...result].map(([peer, samples]) => ({
    cell: cell.name,
    peer,
    ratio: reference && spread(samples.map((sample, round) => ratioTo(reference[round], sample))),
    cpuMicros: spread(samples.map((sample) => sample.cpuMicrosPerRequest)),
    requestsPerSecond: spread(samples.map((sample) => sample.requestsPerSecond)),
    p50Ms: spread(samples.map((sample) => sample.p50Ms)),
    p99Ms: spread(samples.map((sample) => sample.p99Ms)),
  }));
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (position: number) => sorted[Math.floor(position)] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(middle) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ cell, peer, ratio, cpuMicros, requestsPerSecond, p50Ms, p99Ms }) =>
      `| ${cell} | ${peer} | ${ratio === undefined ? '' : `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`} | ` +
      `${cpuMicros.median.toFixed(1)} | ${Math.round(requestsPerSecond.median)} | ` +
      `${p50Ms.median.toFixed(1)} | ${p99Ms.median.toFixed(1)} |`,
  );
  return [
    '| cell | proxy | CPU per request ÷ nginx: median (least–most) | CPU µs a request | requests/s | p50 ms | p99 ms |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

/** What a reader must know of the machine to place the figures. */
export function describeMachine(): string {
  const cores = cpus();
  return `${cores.length} cores, ${cores[0]?.model ?? 'unknown CPU'}, ${process.platform} ${process.arch}`;
}

function ratioTo(reference: Sample | undefined, sample: Sample): number {
  return sample.cpuMicrosPerRequest / (reference?.cpuMicrosPerRequest ?? Number.NaN);
}
