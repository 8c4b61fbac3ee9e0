import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Peer, PeerName } from './cell.ts';
import { cells } from './cells.ts';
import type { LoadGenerator } from './load/load.ts';
import { nodeLoad } from './load/node-load.ts';
import { findWrk } from './load/wrk.ts';
import { measure } from './measure.ts';
import type { MeasureOptions } from './measure.ts';
import { httpProxy } from './peers/http-proxy.ts';
import { nginx } from './peers/nginx.ts';
import { tsNginx } from './peers/ts-nginx.ts';
import { versionOf } from './processes.ts';
import { describeMachine, markdownTable, rowsOf } from './report.ts';
import type { Row } from './report.ts';

/**
 * `npm run bench`: what a request costs, beside nginx. The proxy has one core, load and upstream another; every cell runs
 * all its peers in turn, and the figure is CPU time per request as a ratio to nginx in the same round.
 */
const peers: Readonly<Record<PeerName, Peer>> = {
  nginx,
  'ts-nginx': tsNginx,
  'http-proxy': httpProxy,
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    cell: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--quick] [--json] [--cell NAME]… [--rounds N] [--seconds N]
cells: ${cells.map(({ name }) => `"${name}"`).join(', ')}`);
} else if (process.platform !== 'linux') {
  console.error('the benchmark reads CPU times from /proc and pins to cores: it needs Linux');
  process.exitCode = 1;
} else {
  await run();
}

async function run(): Promise<void> {
  const load = findWrk() ?? nodeLoad;
  const options: MeasureOptions = {
    rounds: Number(values.rounds ?? (values.quick ? 2 : 7)),
    seconds: Number(values.seconds ?? (values.quick ? 2 : 5)),
    warmUpSeconds: values.quick ? 4 : 8,
    load,
    cores: findCores(),
  };
  explain(load, options);
  const installed = Object.values(peers).filter((peer) => peer.describe() !== undefined);
  const chosen = cells.filter(({ name }) => values.cell.length === 0 || values.cell.includes(name));
  const rows: Row[] = [];
  for (const cell of chosen) {
    note(`${cell.name}: ${cell.about}`);
    const contenders = installed.filter(({ name }) => cell.peers.includes(name));
    try {
      rows.push(...rowsOf(cell, await measure(cell, contenders, options)));
    } catch (error) {
      note(`${cell.name}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
  const versions = installed.map((peer) => peer.describe() ?? '');
  const machine = describeMachine();
  if (values.json) {
    console.log(JSON.stringify({ machine, versions, load: load.name, rows }, null, 2));
  } else {
    console.log(`${markdownTable(rows)}\n\n${[machine, ...versions, load.name].join('; ')}`);
  }
}

/** The proxy's core and the other; undefined: there is one only, or no way to pin. */
function findCores(): MeasureOptions['cores'] {
  if (availableParallelism() < 2 || versionOf('taskset', '--version') === undefined)
    return undefined;
  return { proxy: 0, rest: 1 };
}

function explain(load: LoadGenerator, { rounds, seconds, cores }: MeasureOptions): void {
  note(`${rounds} rounds of ${seconds} s for each proxy; load from ${load.name}`);
  if (load === nodeLoad)
    note('for sharper figures install wrk (Debian, Ubuntu: apt-get install wrk)');
  if (nginx.describe() === undefined)
    note('nginx is not installed: there is nothing to compare with (apt-get install nginx)');
  if (cores === undefined) note('proxy, load and upstream share their cores: figures are rough');
}

/** To standard error: standard output is the result alone. */
function note(line: string): void {
  console.error(line);
}
