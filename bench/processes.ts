import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_MS = 30_000;
const STOP_MS = 5_000;
const TICKS_PER_SECOND = 100;

/** Starts a program on one core (undefined: any). It writes to our standard error, if at all. */
export function startOnCore(
  core: number | undefined,
  command: string,
  args: readonly string[],
): ChildProcess {
  const stdio = ['ignore', 'ignore', 'inherit'] as const;
  if (core === undefined) return spawn(command, args, { stdio: [...stdio] });
  return spawn('taskset', ['-c', String(core), command, ...args], { stdio: [...stdio] });
}

/** Rejects when the process ends instead, or nobody listens in time. */
export async function untilListening(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')}: exited at once`);
    if (await isListening(port)) return;
    await delay(20);
  }
  await stop(child);
  throw new Error(`${child.spawnargs.join(' ')}: does not listen on ${port}`);
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

/** CPU time that a process and its descendants have used so far, all threads, user and system. */
export function treeCpuMs(pid: number): number {
  let ticks = 0;
  for (const member of processTree(pid)) ticks += statOf(member).ticks;
  return (ticks * 1000) / TICKS_PER_SECOND;
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

function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), statOf(Number(name)).parent);
    } catch {
      // Ended between the listing and now.
    }
  }
  const tree = [root];
  for (const member of tree) {
    for (const [pid, parent] of parents) if (parent === member) tree.push(pid);
  }
  return tree;
}

/** proc(5), /proc/[pid]/stat: the fields after the command's name, which may itself hold spaces and parentheses. */
function statOf(pid: number): { readonly parent: number; readonly ticks: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}
