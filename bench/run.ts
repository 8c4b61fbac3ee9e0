import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { peerNames, type Cell, type Peer, type PeerName } from './cell.ts';
import { cells } from './cells.ts';
import { generatorFor, generatorNames, missingGenerators } from './load/generators.ts';
import { describeMachine } from './machine.ts';
import { measure, type Cores, type MeasureOptions } from './measure.ts';
import { peers } from './peers/index.ts';
import { versionOf } from './processes.ts';
import { rowOf, type CellRow } from './results.ts';
import { costTable, throughputTable } from './tables.ts';

/**
 * `npm run bench`: what a request costs, beside nginx. The proxy has one core, load and upstream another; every cell runs
 * all its peers in turn, and the figure is CPU time per request as a ratio to nginx in the same round.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    peer: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const unknown = positionals.filter((name) => !cells.some((cell) => cell.name === name));

if (values.help || unknown.length > 0) {
  for (const name of unknown) note(`no cell is named ${name}`);
  console.log(`npm run bench -- [--quick] [--json] [--peer NAME]… [--rounds N] [--seconds N] [CELL]…
cells:
${cells.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}
peers: ${peerNames.join(', ')}`);
} else if (process.platform !== 'linux') {
  console.error('the benchmark reads CPU times from /proc and pins to cores: it needs Linux');
  process.exitCode = 1;
} else {
  await run();
}

async function run(): Promise<void> {
  const options: MeasureOptions = {
    rounds: Number(values.rounds ?? (values.quick ? 2 : 7)),
    seconds: Number(values.seconds ?? (values.quick ? 1 : 2)),
    isQuick: values.quick,
    cores: findCores(),
  };
  const installed = peers.filter((peer) => peer.describe() !== undefined);
  explain(installed, options);
  const rows = await runCells(chosenCells(), installed, options);
  const versions = installed.map((peer) => peer.describe() ?? '');
  const machine = describeMachine();
  if (values.json) {
    console.log(JSON.stringify({ machine, versions, generators: generatorNames, rows }, null, 2));
  } else {
    console.log(`${costTable(rows)}\n\n${throughputTable(rows)}\n`);
    console.log([machine, ...versions, ...generatorNames].join('; '));
  }
}

/** In the order of the table, whatever order was asked for. */
function chosenCells(): readonly Cell[] {
  if (positionals.length > 0) return cells.filter(({ name }) => positionals.includes(name));
  return cells;
}

async function runCells(
  chosen: readonly Cell[],
  installed: readonly Peer[],
  options: MeasureOptions,
): Promise<CellRow[]> {
  const rows: CellRow[] = [];
  for (const cell of chosen) {
    const load = generatorFor(cell);
    if (load === undefined) {
      note(`${cell.name}: nothing is installed that could load it`);
      continue;
    }
    const contenders = installed.filter(({ name }) => takesPart(cell, name));
    const startedAt = performance.now();
    try {
      rows.push(rowOf(cell, await measure(cell, contenders, load, options)));
      const seconds = (performance.now() - startedAt) / 1_000;
      note(`${cell.name}: ${cell.about}: ${seconds.toFixed(0)} s`);
    } catch (error) {
      note(`${cell.name}: ${error instanceof Error ? error.message : String(error)}`);
      if (!values.quick) process.exitCode = 1;
    }
  }
  return rows;
}

function takesPart(cell: Cell, name: PeerName): boolean {
  const isChosen = values.peer.length === 0 || values.peer.includes(name);
  return isChosen && cell.peers.includes(name);
}

/** The proxy's core and the other; undefined: there is one only, or no way to pin. */
function findCores(): Cores {
  if (availableParallelism() < 2 || versionOf('taskset', '--version') === undefined)
    return undefined;
  return { proxy: 0, rest: 1 };
}

function explain(installed: readonly Peer[], { rounds, seconds, cores }: MeasureOptions): void {
  note(`${rounds} rounds of ${seconds} s for each proxy; load from ${generatorNames.join(', ')}`);
  for (const { name, install } of peers.filter((peer) => !installed.includes(peer)))
    note(`${name} is not installed: its columns are left out (${install})`);
  for (const line of missingGenerators) note(`not installed: ${line}`);
  if (cores === undefined) note('proxy, load and upstream share their cores: figures are rough');
}

/** To standard error: standard output is the result alone. */
function note(line: string): void {
  console.error(line);
}
