import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { costChart } from './cost-chart.ts';
import { newestResults, type Results } from './results.ts';
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

/** docs/performance.md and its chart with the newest results; undefined: there are none. */
export async function renderPerformancePage(): Promise<PerformancePage | undefined> {
  const results = newestResults();
  if (results === undefined) return undefined;
  const page = readFileSync(PAGE, 'utf8');
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
  const rendered = await renderPerformancePage();
  if (rendered === undefined) return;
  mkdirSync(join(DOCS, 'performance'), { recursive: true });
  writeFileSync(PAGE, rendered.page);
  writeFileSync(CHART, rendered.chart);
}

function resultsText(results: Results): string {
  const { machine, versions, generators, rounds, seconds, date, latencies, controlPlane } = results;
  const programs = [...Object.values(versions), ...generators].join(', ');
  return [
    '### CPU time of a request, as a ratio to nginx',
    '![CPU time of a request by cell and proxy](performance/cost.svg)',
    costTable(results.cells),
    `Median (least–most) of ${rounds} rounds of ${seconds} s. ${date}; ${machine}; ${programs}.`,
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
