import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cell } from './cell.ts';
import { cells } from './cells.ts';
import { generatorFor } from './load/generators.ts';
import type { LoadGenerator } from './load/load.ts';
import { openArena, warmUpSeconds, type Arena, type Contender } from './measure.ts';
import { peers } from './peers/index.ts';
import { outputOf, startOnCore, stop, treeCpuMs, treePids, versionOf } from './processes.ts';
import { placesOf, type Place } from './where-places.ts';

/**
 * `node bench/where.ts [CELL…]`: where the CPU time of a request goes, by `perf`, and how many system calls it makes, by
 * `strace`, for ts-nginx beside nginx. Prints a Markdown table, the times in µs.
 */

const CELLS = ['small', 'logged', '64k', 'tls', 'h2-1', 'h2-10', 'grpc', 'connect', 'handshake'];
const COLUMNS: readonly Place[] = [
  'kernel',
  'itself',
  'OpenSSL',
  'libc',
  'libuv',
  'Node C++',
  'V8',
  'Node JS',
  'our JS',
  'other threads',
];
const SECONDS = 3;
const SAMPLES_PER_SECOND = 4_999;

const names = process.argv.slice(2);
const unknown = names.filter((name) => !cells.some((cell) => cell.name === name));

if (unknown.length > 0) {
  console.error(
    `usage: node bench/where.ts [CELL…], of ${cells.map(({ name }) => name).join(', ')}`,
  );
  process.exitCode = unknown.includes('--help') ? 0 : 1;
} else if (
  versionOf('perf', '--version') === undefined ||
  versionOf('strace', '-V') === undefined
) {
  console.error('this needs perf and strace: apt-get install linux-perf strace');
  process.exitCode = 1;
} else {
  // V8 then writes down which machine code is which function; the upstream's is of no interest, and costs nothing.
  process.env['NODE_OPTIONS'] = '--perf-basic-prof';
  console.log(
    'CPU µs a request, by whose code it is (`itself`: nginx), and system calls a request\n',
  );
  console.log(`| cell | proxy | all | ${COLUMNS.join(' | ')} | system calls |`);
  console.log(`|${' --- |'.repeat(COLUMNS.length + 4)}`);
  for (const name of names.length === 0 ? CELLS : names) await explain(name);
}

async function explain(name: string): Promise<void> {
  const cell = cells.find((candidate) => candidate.name === name);
  const load = cell === undefined ? undefined : generatorFor(cell);
  if (cell === undefined || load === undefined)
    throw new Error(`${name}: no such cell, or no load`);
  const compared = peers.filter((peer) => peer.name === 'nginx' || peer.name === 'ts-nginx');
  const arena = await openArena(cell, compared, { proxy: 0, rest: 1 });
  const folder = mkdtempSync(join(tmpdir(), 'bench-where-'));
  try {
    for (const contender of arena.contenders) {
      console.log(await rowOf(cell, { arena, contender, load, folder }));
    }
  } finally {
    const pids = arena.contenders.flatMap(({ running }) => treePids(running.pid));
    await arena.close();
    rmSync(folder, { recursive: true });
    for (const pid of pids) rmSync(join(tmpdir(), `perf-${pid}.map`), { force: true });
  }
}

interface Subject {
  readonly arena: Arena;
  readonly contender: Contender;
  readonly load: LoadGenerator;
  readonly folder: string;
}

async function rowOf(cell: Cell, subject: Subject): Promise<string> {
  const { peer, running } = subject.contender;
  await run(subject, warmUpSeconds(cell, peer));
  const before = treeCpuMs(running.pid);
  const requests = await run(subject, SECONDS);
  const micros = ((treeCpuMs(running.pid) - before) * 1_000) / requests;
  const shares = await sharesOf(subject);
  const calls = await systemCalls(subject);
  const times = COLUMNS.map((place) => ((shares.get(place) ?? 0) * micros).toFixed(1));
  return `| \`${cell.name}\` | ${peer.name} | ${micros.toFixed(1)} | ${times.join(' | ')} | ${calls} |`;
}

/** How many requests were answered. */
async function run({ arena, contender, load }: Subject, seconds: number): Promise<number> {
  const { requests, failed } = await load.run(arena.shape(contender.running.port, seconds));
  if (failed > 0) throw new Error(`${contender.peer.name}: ${failed} requests failed`);
  return requests;
}

/** Of all CPU time, by sampling; they add up to 1. */
async function sharesOf(subject: Subject): Promise<ReadonlyMap<Place, number>> {
  const data = join(subject.folder, 'perf.data');
  const pids = treePids(subject.contender.running.pid).join(',');
  const options = ['-e', 'cpu-clock', '-F', String(SAMPLES_PER_SECOND), '-o', data, '-p', pids];
  const recorder = startOnCore(1, 'perf', ['record', '-q', ...options, '--', 'sleep', '60']);
  await run(subject, SECONDS);
  await stop(recorder);
  const report = [
    'report',
    '-i',
    data,
    '--sort',
    'comm,dso,symbol',
    '-F',
    'sample,comm,dso,symbol',
  ];
  return placesOf(await outputOf(undefined, ['perf', ...report, '-t', '\t'], 60_000));
}

/** `read 2.0, write 2.0, …` a request. */
async function systemCalls(subject: Subject): Promise<string> {
  const file = join(subject.folder, 'strace');
  const pids = treePids(subject.contender.running.pid).flatMap((pid) => ['-p', String(pid)]);
  const tracer = startOnCore(1, 'strace', ['-c', '-f', '-o', file, ...pids]);
  const requests = await run(subject, SECONDS);
  await stop(tracer);
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map((fields) => ({ name: fields.at(-1) ?? '', perRequest: Number(fields[3]) / requests }))
    .filter(({ name, perRequest }) => name !== 'total' && perRequest >= 0.05)
    .sort((one, other) => other.perRequest - one.perRequest)
    .map(({ name, perRequest }) => `${name} ${perRequest.toFixed(1)}`)
    .join(', ');
}
