import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { costChart } from './cost-chart.ts';
import type { PeerName } from './cell.ts';
import { newestResults, type CellRow, type Results } from './results.ts';
import { controlPlaneTable, costTable, latencyTable, throughputTable } from './tables.ts';

const DOCS = join(import.meta.dirname, '../docs');
const PAGE = join(DOCS, 'performance.md');
const CHART = join(DOCS, 'performance/cost.svg');
const BEGIN = '<!-- bench/results: begin, written by `npm run docs` -->';
const END = '<!-- bench/results: end -->';

export interface PerformancePage {
  readonly page: string;
  readonly chart: string;
}

/** docs/performance.md and its chart as they should be with the newest results; undefined: there are none. */
export async function currentPerformancePage(): Promise<PerformancePage | undefined> {
  const results = newestResults();
  return results && renderPerformancePage(readFileSync(PAGE, 'utf8'), results);
}

/** `page` with other results between its marks. */
export async function renderPerformancePage(
  page: string,
  results: Results,
): Promise<PerformancePage> {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE}: no marks`);
  const text = `${before}${BEGIN}\n\n${resultsText(results)}\n\n${END}${after}`;
  const options = await resolveConfig(PAGE);
  return {
    page: await format(text, { ...options, parser: 'markdown' }),
    chart: costChart(results.cells),
  };
}

export async function writePerformancePage(): Promise<void> {
  const current = await currentPerformancePage();
  if (current === undefined) return;
  mkdirSync(join(DOCS, 'performance'), { recursive: true });
  writeFileSync(PAGE, current.page);
  writeFileSync(CHART, current.chart);
}

function resultsText(results: Results): string {
  const { machine, versions, generators, rounds, seconds, date, latencies, controlPlane } = results;
  const programs = [...Object.values(versions), ...generators].join(', ');
  return [
    '### CPU time of a request, as a ratio to nginx',
    '![CPU time of a request by cell and proxy](performance/cost.svg)',
    costTable(results.cells),
    `Median (least–most) of ${rounds} rounds of ${seconds} s. ${date}; ${machine}; ${programs}.`,
    ...comparisons(results.cells),
    '### Requests a second',
    'All connections busy; in parentheses the share of its core that the proxy used: well below 100 %, the load or the upstream, which share one core, was the limit.',
    throughputTable(results.cells),
    ...(latencies.length === 0
      ? []
      : [
          '### Latency',
          `Requests of the cell \`small\` that come at random moments (Poisson), at a share of what nginx can serve; from the moment when a request was due, over 128 kept connections. Median (least–most) of ${rounds} rounds.`,
          latencyTable(latencies),
        ]),
    ...(controlPlane.length === 0 ? [] : ['### Changes', controlPlaneTable(controlPlane)]),
  ].join('\n\n');
}

/** What is learnt from two cells: how two workers compare with one, and 20,000 hosts with one. */
function comparisons(rows: readonly CellRow[]): string[] {
  const microsOf = (cell: string, peer: PeerName): number =>
    rows.find((row) => row.cell === cell)?.peers[peer]?.cpuMicros.median ?? Number.NaN;
  const names = ['ts-nginx', 'nginx'] as const;
  const [scaling, hosts] = [
    names.map((peer) => (2 * microsOf('small', peer)) / microsOf('workers-2', peer)),
    names.map((peer) => (microsOf('hosts-20000', peer) / microsOf('hosts-1', peer) - 1) * 100),
  ].map((values) => values.map((value) => Number(value.toPrecision(2))));
  if ([scaling, hosts].flat().some(Number.isNaN)) return [];
  return [
    `Two workers do what ${scaling?.[0]} workers would that each have a core and nothing in common (nginx: ${scaling?.[1]}); by CPU time a request, because load and upstream need these cores as well. A request costs ${hosts?.[0]} % more among 20,000 hosts than with one (nginx: ${hosts?.[1]} %).`,
  ];
}
