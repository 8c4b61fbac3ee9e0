import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { peerNames, type Peer } from './cell.ts';
import { cells } from './cells.ts';
import { generatorNames, missingGenerators } from './load/generators.ts';
import { describeMachine } from './machine.ts';
import type { Cores } from './measure.ts';
import { writePerformancePage } from './page.ts';
import { peers } from './peers/index.ts';
import { versionOf } from './processes.ts';
import { newestResults, saveResults, updated, type Results } from './results.ts';
import { CONTROL_PLANE, LATENCY, runSuite, type SuiteOptions } from './suite.ts';
import { controlPlaneTable, costTable, latencyTable, throughputTable } from './tables.ts';

/**
 * `npm run bench`: what a request costs, beside nginx. The proxy has one core, load and upstream another; every cell runs
 * all its peers in turn, and the figure is CPU time per request as a ratio to nginx in the same round. The whole of it
 * writes its results to bench/results/ and docs/performance.md; parts of it only with `--update`, in the place of the same
 * parts of the newest results. The quick form only prints.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    peer: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const known = [...cells.map(({ name }) => name), LATENCY, CONTROL_PLANE];
const mistakes = [
  ...positionals.filter((name) => !known.includes(name)).map((name) => `nothing is named ${name}`),
  ...values.peer
    .filter((name) => !peerNames.some((peer) => peer === name))
    .map((name) => `--peer: no proxy is named ${name}`),
  ...(['rounds', 'seconds'] as const)
    .filter((name) => !/^[1-9]\d{0,3}$/.test(values[name] ?? '1'))
    .map((name) => `--${name} takes a number of 1 to 9999`),
];

if (values.help || mistakes.length > 0) {
  for (const mistake of mistakes) note(mistake);
  if (mistakes.length > 0) process.exitCode = 1;
  console.log(helpText());
} else if (process.platform !== 'linux') {
  console.error('the benchmark reads CPU times from /proc and pins to cores: it needs Linux');
  process.exitCode = 1;
} else {
  await run();
}

async function run(): Promise<void> {
  const isWhole =
    positionals.length + values.peer.length === 0 &&
    (values.rounds ?? values.seconds) === undefined &&
    !values.quick;
  const installed = peers.filter((peer) => peer.describe() !== undefined);
  const wanted = installed.filter(
    ({ name }) => values.peer.length === 0 || values.peer.includes(name),
  );
  const options: SuiteOptions = {
    names: positionals,
    peers: wanted,
    rounds: Number(values.rounds ?? (values.quick ? 2 : 7)),
    seconds: Number(values.seconds ?? 1),
    isQuick: values.quick,
    cores: findCores(),
    note,
  };
  explain(installed, options);
  const { failed, ...measured } = await runSuite(options);
  const results: Results = {
    date: new Date().toISOString().slice(0, 'YYYY-MM-DD'.length),
    machine: describeMachine(),
    rounds: options.rounds,
    seconds: options.seconds,
    versions: Object.fromEntries(wanted.map((peer) => [peer.name, peer.describe() ?? ''])),
    generators: generatorNames,
    ...measured,
  };
  const saved = isWhole ? results : values.update ? updatedResults(results) : undefined;
  if (saved !== undefined) {
    note(`written: ${saveResults(saved)}`);
    await writePerformancePage();
  }
  console.log(values.json ? JSON.stringify(results, null, 2) : textOf(results));
  if (failed > 0 && !values.quick) process.exitCode = 1;
}

function updatedResults(again: Results): Results {
  const results = newestResults();
  if (results === undefined)
    throw new Error('there are no results yet: `npm run bench` makes them');
  return updated(
    results,
    again,
    cells.map(({ name }) => name),
  );
}

function textOf(results: Results): string {
  const { cells: rows, latencies, controlPlane, machine, versions, generators } = results;
  return [
    ...(rows.length > 0 ? [costTable(rows), throughputTable(rows)] : []),
    ...(latencies.length > 0 ? [latencyTable(latencies)] : []),
    ...(controlPlane.length > 0 ? [controlPlaneTable(controlPlane)] : []),
    [machine, ...Object.values(versions), ...generators].join('; '),
  ].join('\n\n');
}

/** The proxy's core and the other; undefined: there is one only, or no way to pin. */
function findCores(): Cores {
  if (availableParallelism() < 2 || versionOf('taskset', '--version') === undefined)
    return undefined;
  return { proxy: 0, rest: 1 };
}

function explain(installed: readonly Peer[], { rounds, seconds, cores }: SuiteOptions): void {
  note(`${rounds} rounds of ${seconds} s for each proxy; load from ${generatorNames.join(', ')}`);
  for (const { name, install } of peers.filter((peer) => !installed.includes(peer)))
    note(`${name} is not installed: its columns are left out (${install})`);
  for (const line of missingGenerators) note(`not installed: ${line}`);
  if (cores === undefined) note('proxy, load and upstream share their cores: figures are rough');
}

function helpText(): string {
  const lines = cells.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`);
  return `npm run bench -- [--quick] [--json] [--update] [--peer NAME]… [--rounds N] [--seconds N] [NAME]…

Without arguments all of it is measured, and bench/results/ and docs/performance.md are written.
  --quick    six cells in under three minutes, printed only
  --update   what is named is measured, and put into the newest results
  --json     print JSON in place of tables
  --peer     these proxies only
  --rounds   of each proxy in each cell (7)
  --seconds  of each round (1)

${lines.join('\n')}
  ${LATENCY.padEnd(14)} of requests that come at a rate
  ${CONTROL_PLANE.padEnd(14)} what changes cost
peers: ${peerNames.join(', ')}`;
}

/** To standard error: standard output is the result alone. */
function note(line: string): void {
  console.error(line);
}
