import { verbsOf, type AuditEvent } from '../cluster/harness/audit.ts';
import { metric } from '../cluster/harness/reporting.ts';
import type { TsNginx } from '../cluster/harness/ts-nginx.ts';

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'MB' | '';
  /** What is aimed at, at most; undefined: told for interest. */
  readonly target?: number;
  /** Beyond it the test fails: a machine that does other things meanwhile misses a target without anybody's fault. */
  readonly limit?: number;
}

/** `SCALE_STRICT=1` holds to the targets themselves. */
const IS_STRICT = process.env['SCALE_STRICT'] === '1';

/** A table for people. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, unit, target }) => [
    what,
    `${value.toFixed(unit === '' ? 0 : 1)} ${unit}`.trim(),
    target === undefined ? '' : `<= ${target} ${unit}`.trim(),
    target === undefined ? '' : value <= target ? 'met' : 'missed',
  ]);
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n');
}

/** Those beyond their limit, in words. */
export function beyond(figures: readonly Figure[]): string[] {
  return figures.flatMap(({ what, value, unit, target = Infinity, limit = Infinity }) => {
    const most = IS_STRICT ? target : limit;
    return value > most ? [`${what}: ${value.toFixed(1)} ${unit}, not ${most}`] : [];
  });
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Resident memory of the whole process, its threads' included. */
export async function residentMb(tsNginx: TsNginx): Promise<number> {
  return ((await metric(tsNginx, /^process_resident_memory_bytes /)) ?? Number.NaN) / 1e6;
}

/** CPU time of the whole process so far. */
export async function cpuSeconds(tsNginx: TsNginx): Promise<number> {
  return (await metric(tsNginx, /^process_cpu_seconds_total /)) ?? Number.NaN;
}

/** How many requests of each verb and resource. */
export function countsOf(events: readonly AuditEvent[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const event of events) {
    const [what = '-'] = verbsOf([event]);
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
