import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

const START_MS = 60_000;
const STOP_MS = 5_000;
const TICKS_PER_SECOND = 100;

/** None outlives us, however we end. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

export interface Surroundings {
  /** Added to ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where standard output is appended; undefined: nowhere. */
  readonly outputPath?: string | undefined;
}

/** What programs said on their standard error, for when they do not start. */
const complaints = new WeakMap<ChildProcess, string>();
const LONGEST_COMPLAINT = 2_000;

/** Starts a program on one core (undefined: any). */
export function startOnCore(
  core: number | undefined,
  command: string,
  args: readonly string[],
  { env = {}, outputPath = '/dev/null' }: Surroundings = {},
): ChildProcess {
  const [program = '', ...rest] = pinned(core, [command, ...args]);
  const output = openSync(outputPath, 'a');
  const child = spawn(program, rest, {
    stdio: ['ignore', output, 'pipe'],
    env: { ...process.env, ...env },
  });
  closeSync(output);
  child.stderr?.on('data', (chunk: Buffer) => {
    const said = (complaints.get(child) ?? '') + chunk.toString();
    complaints.set(child, said.slice(-LONGEST_COMPLAINT));
  });
  return track(child);
}

/** What a program prints that ends by itself. Rejects if it fails, or takes longer than it may. */
export async function outputOf(
  core: number | undefined,
  command: readonly string[],
  limitMs: number,
): Promise<string> {
  const [program = '', ...args] = pinned(core, command);
  const child = track(spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const [output, ended] = await Promise.all([text(child.stdout), once(child, 'close')]);
  clearTimeout(timer);
  const [code, signal] = ended as [number | null, string | null];
  if (code !== 0) throw new Error(`${command[0] ?? ''}: ended with ${code ?? signal}\n${output}`);
  return output;
}

/** How long a load generator may take that is to run for so many seconds. */
export function limitMs(seconds: number): number {
  return seconds * 1_000 + 20_000;
}

function pinned(core: number | undefined, command: readonly string[]): readonly string[] {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command];
}

function track<T extends ChildProcess>(child: T): T {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Rejects when the process ends instead, or nobody listens in time. */
export async function untilListening(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    if (await isListening(port)) return;
    await delay(20);
  }
  await stop(child);
  const command = child.spawnargs.join(' ').slice(0, LONGEST_COMPLAINT);
  throw new Error(`${command}: does not listen on ${port}\n${complaints.get(child) ?? ''}`);
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** CPU time that a process and its descendants have used so far, those that have ended too; all threads, user and system. */
export function treeCpuMs(pid: number): number {
  const ticks = processTree(pid).reduce((sum, stat) => sum + stat.ticks, 0);
  return (ticks * 1000) / TICKS_PER_SECOND;
}

/** A process and its descendants. */
export function treePids(pid: number): readonly number[] {
  return processTree(pid).map((stat) => stat.pid);
}

/** What a program says of its version; undefined: it is not installed. */
export function versionOf(command: string, ...args: readonly string[]): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return error === undefined ? (stdout + stderr).split('\n')[0] : undefined;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function processTree(root: number): readonly ProcessStat[] {
  const stats = new Map([[root, statOf(root)]]);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === root) continue;
    try {
      stats.set(Number(name), statOf(Number(name)));
    } catch {
      // Ended between the listing and now.
    }
  }
  const tree = [root];
  for (const member of tree) {
    for (const [pid, { parent }] of stats) if (parent === member) tree.push(pid);
  }
  return tree.flatMap((member) => stats.get(member) ?? []);
}

/** proc(5), /proc/[pid]/stat: the fields after the command's name, which may itself hold spaces and parentheses. */
function statOf(pid: number): ProcessStat {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid, parent: Number(fields[1]), ticks };
}
