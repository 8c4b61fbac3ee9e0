import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peerNames, type Cell, type PeerName } from './cell.ts';
import type { CellResult, Sample } from './measure.ts';
import { spread, type Spread } from './spread.ts';

/** What one run of the suite found, as it is kept in bench/results/. Nothing in it names the machine. */
export interface Results {
  /** ISO 8601, a day. */
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  /** Of each round. */
  readonly seconds: number;
  /** Of the proxies that took part. */
  readonly versions: Readonly<Partial<Record<PeerName, string>>>;
  readonly generators: readonly string[];
  readonly cells: readonly CellRow[];
  readonly latencies: readonly LatencyRow[];
  readonly controlPlane: readonly ControlPlaneRow[];
}

export interface CellRow {
  readonly cell: string;
  readonly about: string;
  readonly peers: Readonly<Partial<Record<PeerName, PeerFigures>>>;
}

export interface PeerFigures {
  /** CPU time a request ÷ nginx's in the same round; undefined where there was no nginx. */
  readonly ratio?: Spread;
  readonly cpuMicros: Spread;
  readonly requestsPerSecond: Spread;
  /** Share of a core that the proxy used. */
  readonly busy: Spread;
  readonly p50Ms?: Spread;
  readonly p99Ms?: Spread;
}

/** Of requests that come when they come, whatever became of those before. */
export interface LatencyRow {
  readonly peer: PeerName;
  /** Of what nginx can serve. */
  readonly share: number;
  readonly ratePerSecond: number;
  /** Without an answer in time, or with another. */
  readonly failed: number;
  /** What the generator itself was late. */
  readonly ownP99Ms: number;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly p999Ms: Spread;
}

/** Of one number of Ingresses. */
export interface ControlPlaneRow {
  readonly ingresses: number;
  readonly figures: readonly (readonly [name: string, value: string])[];
}

const FOLDER = join(import.meta.dirname, 'results');
const REFERENCE: PeerName = 'nginx';

export function rowOf(cell: Cell, result: CellResult): CellRow {
  const reference = result.get(REFERENCE);
  const figures = [...result].map(([peer, samples]) => [peer, figuresOf(samples, reference)]);
  return {
    cell: cell.name,
    about: cell.about,
    peers: Object.fromEntries(figures) as CellRow['peers'],
  };
}

function figuresOf(
  samples: readonly Sample[],
  reference: readonly Sample[] | undefined,
): PeerFigures {
  const ratios = samples.map(
    ({ cpuMicrosPerRequest }, round) =>
      cpuMicrosPerRequest / (reference?.[round]?.cpuMicrosPerRequest ?? Number.NaN),
  );
  const p50Ms = samples.flatMap((sample) => sample.p50Ms ?? []);
  const p99Ms = samples.flatMap((sample) => sample.p99Ms ?? []);
  return {
    ...(reference && { ratio: rounded(ratios) }),
    cpuMicros: rounded(samples.map((sample) => sample.cpuMicrosPerRequest)),
    requestsPerSecond: rounded(samples.map((sample) => sample.requestsPerSecond)),
    busy: rounded(samples.map((sample) => sample.busy)),
    ...(p50Ms.length > 0 && { p50Ms: rounded(p50Ms) }),
    ...(p99Ms.length > 0 && { p99Ms: rounded(p99Ms) }),
  };
}

/** To 4 significant digits: more is noise, and makes differences between results hard to read. */
export function rounded(values: readonly number[]): Spread {
  const { median, min, max } = spread(values);
  const short = (value: number): number => Number(value.toPrecision(4));
  return { median: short(median), min: short(min), max: short(max) };
}

export function saveResults(results: Results): string {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${results.date}.json`);
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  return path;
}

/** Undefined: there is none yet. */
export function newestResults(): Results | undefined {
  if (!existsSync(FOLDER)) return undefined;
  const [newest] = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .reverse();
  if (newest === undefined) return undefined;
  return JSON.parse(readFileSync(join(FOLDER, newest), 'utf8')) as Results;
}

/** These results, with what was measured again in the place of what it was. Throws where the two can not be compared. */
export function updated(results: Results, again: Results, order: readonly string[]): Results {
  for (const field of ['machine', 'rounds', 'seconds'] as const) {
    if (results[field] !== again[field]) {
      const said = `${results[field]}, now ${again[field]}`;
      throw new Error(`the newest results are of another kind: ${field} was ${said}`);
    }
  }
  const rows = new Map([...results.cells, ...again.cells].map((row) => [row.cell, row]));
  return {
    ...results,
    versions: { ...results.versions, ...again.versions },
    cells: order.flatMap((name) => rows.get(name) ?? []),
    latencies: again.latencies.length > 0 ? again.latencies : results.latencies,
    controlPlane: again.controlPlane.length > 0 ? again.controlPlane : results.controlPlane,
  };
}

/** Those of `peers` that are in these results, in the order of the table. */
export function peersIn(rows: readonly CellRow[]): PeerName[] {
  return peerNames.filter((peer) => rows.some((row) => row.peers[peer] !== undefined));
}
