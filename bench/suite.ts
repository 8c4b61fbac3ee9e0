import type { Cell, Peer, PeerName } from './cell.ts';
import { cells } from './cells.ts';
import { controlPlaneSizes, measureControlPlane } from './control-plane-size.ts';
import { measureLatency } from './latency.ts';
import { generatorFor } from './load/generators.ts';
import { measure, type MeasureOptions } from './measure.ts';
import { rowOf, type CellRow, type ControlPlaneRow, type LatencyRow } from './results.ts';

/** Measurements of other kinds, by the names that they have on the command line beside those of cells. */
export const LATENCY = 'latency';
export const CONTROL_PLANE = 'control-plane';

/** What the quick form takes, unless it is told. */
const QUICK: readonly string[] = ['small', '64k', 'tls', 'h2-10', 'grpc', 'handshake'];
const quickPeers: readonly PeerName[] = ['nginx', 'ts-nginx', 'haproxy'];
const latencyPeers: readonly PeerName[] = ['nginx', 'ts-nginx', 'haproxy'];
/** The quick form begins nothing after so long. */
const QUICK_LIMIT_MS = 140_000;

export interface SuiteOptions extends MeasureOptions {
  /** What to measure; none: all, or in the quick form its own choice. */
  readonly names: readonly string[];
  /** Those that are installed, and wanted. */
  readonly peers: readonly Peer[];
  /** Says how it goes. */
  readonly note: (line: string) => void;
}

export interface SuiteResults {
  readonly cells: readonly CellRow[];
  readonly latencies: readonly LatencyRow[];
  readonly controlPlane: readonly ControlPlaneRow[];
  /** Of what was to be measured. */
  readonly failed: number;
}

/** One measurement after the other. One that fails is told of, and left out. */
export async function runSuite(options: SuiteOptions): Promise<SuiteResults> {
  const rows: CellRow[] = [];
  const latencies: LatencyRow[] = [];
  const controlPlane: ControlPlaneRow[] = [];
  const startedAt = performance.now();
  let failed = 0;
  const step = async (name: string, about: string, work: () => Promise<unknown>) => {
    const stepAt = performance.now();
    if (options.isQuick && stepAt - startedAt > QUICK_LIMIT_MS) {
      options.note(`${name}: left out, there is no time`);
      return;
    }
    try {
      await work();
      options.note(`${name}: ${about}: ${((performance.now() - stepAt) / 1_000).toFixed(0)} s`);
    } catch (error) {
      failed += 1;
      options.note(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const chosen = cells.filter(({ name }) => isChosen(options, name));
  for (const group of Map.groupBy(chosen, (cell) => cell.group ?? cell.name).values()) {
    const [names, abouts] = [group.map(({ name }) => name), group.map(({ about }) => about)];
    await step(names.join(', '), abouts.join(', '), async () =>
      rows.push(...(await measureCells(group, options))),
    );
  }
  if (isChosen(options, LATENCY)) {
    await step(LATENCY, 'at a constant rate', async () => {
      latencies.push(...(await latencyRows(options)));
    });
  }
  if (isChosen(options, CONTROL_PLANE)) {
    for (const size of controlPlaneSizes) {
      await step(CONTROL_PLANE, `${size} Ingresses`, async () =>
        controlPlane.push(await measureControlPlane(size)),
      );
    }
  }
  return { cells: rows, latencies, controlPlane, failed };
}

function isChosen({ names, isQuick }: SuiteOptions, name: string): boolean {
  if (names.length > 0) return names.includes(name);
  return !isQuick || QUICK.includes(name);
}

/** In the same rounds. */
async function measureCells(
  group: readonly Cell[],
  options: SuiteOptions,
): Promise<readonly CellRow[]> {
  const load = group[0] && generatorFor(group[0]);
  if (load === undefined) throw new Error('nothing is installed that could load it');
  const peers = options.peers.filter(({ name }) => !options.isQuick || quickPeers.includes(name));
  const results = await measure(group, peers, load, options);
  return results.flatMap((result, index) => {
    const cell = group[index];
    return cell === undefined ? [] : [rowOf(cell, result)];
  });
}

/** Of the first cell. */
async function latencyRows(options: SuiteOptions): Promise<readonly LatencyRow[]> {
  const [cell] = cells;
  const load = cell && generatorFor(cell);
  if (cell === undefined || load === undefined) throw new Error('no load generator');
  const peers = options.peers.filter(({ name }) => latencyPeers.includes(name));
  const { rows, notes } = await measureLatency(cell, peers, load, options);
  for (const line of notes) options.note(line);
  return rows;
}
