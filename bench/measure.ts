import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cell, Peer, PeerName, RunningPeer, Site, SiteTls } from './cell.ts';
import { checkAnswers } from './check-answers.ts';
import type { LoadGenerator, LoadResult, LoadShape } from './load/load.ts';
import { makeCertificate } from './make-certificate.ts';
import { benchHosts } from './manifests.ts';
import { freePort, startOnCore, stop, treeCpuMs, untilListening } from './processes.ts';

/** Where proxies run, and where all else does; undefined: the machine has one core. */
export type Cores = { readonly proxy: number; readonly rest: number } | undefined;

export interface MeasureOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Shorter warm-ups: compilers may still be at work. */
  readonly isQuick: boolean;
  readonly cores: Cores;
}

/** One peer in one round. */
export interface Sample {
  readonly cpuMicrosPerRequest: number;
  readonly requestsPerSecond: number;
  /** Share of one core that the proxy used: near 1, the proxy was what limited the throughput. */
  readonly busy: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

export type CellResult = Map<PeerName, Sample[]>;

/** A peer that runs. */
export interface Contender {
  readonly peer: Peer;
  readonly running: RunningPeer;
}

/** All that one cell needs, until `close`. */
export interface Arena {
  readonly contenders: readonly Contender[];
  /** Of a load on this port, for so long. */
  shape(port: number, seconds: number): LoadShape;
  close(): Promise<void>;
}

const MOST_OVERHEAD_BYTES = 4_096;
/** Of sessions that should have been resumed. */
const LEAST_RESUMED = 0.99;
const QUICK_WARM_UP_SECONDS = 3;
/** With a connection for each request there are few of these a second, and compilers wait for a number of them. */
const CONNECTIONS_WARM_UP = 4;
/** Answers so long that a round ends within some of them. */
const LONG_BYTES = 1_000_000;

/**
 * All peers run at once, one is loaded at a time, turn by turn: what the machine does besides hits all of them alike. Results
 * are in the order of the cells, which are of one load generator.
 */
export async function measure(
  cells: readonly Cell[],
  peers: readonly Peer[],
  load: LoadGenerator,
  options: MeasureOptions,
): Promise<readonly CellResult[]> {
  const stages: Stage[] = [];
  try {
    for (const cell of cells) {
      const wanted = peers.filter(({ name }) => cell.peers.includes(name));
      const arena = await openArena(cell, wanted, options.cores);
      stages.push({ cell, arena, result: new Map(wanted.map(({ name }) => [name, []])) });
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const stage of stages) await runRound(stage, round === 0, load, options);
    }
    return stages.map(({ result }) => result);
  } finally {
    await Promise.all(stages.map(({ arena }) => arena.close()));
  }
}

interface Stage {
  readonly cell: Cell;
  readonly arena: Arena;
  readonly result: CellResult;
}

export async function openArena(cell: Cell, peers: readonly Peer[], cores: Cores): Promise<Arena> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const upstreamPort = await freePort();
  const hosts = benchHosts(cell.hosts);
  const isPinned = cell.workers === 1;
  const rest = isPinned ? cores?.rest : undefined;
  const upstream = startOnCore(rest, process.execPath, upstreamCommand(cell, upstreamPort));
  const contenders: Contender[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...contenders.map(({ running }) => running.stop()), stop(upstream)]);
    rmSync(folder, { recursive: true });
  };
  try {
    await untilListening(upstream, upstreamPort);
    const tls = siteTls(cell);
    for (const peer of peers) {
      const site = siteFor(cell, { hosts, upstreamPort, tls, folder: join(folder, peer.name) });
      const running = await peer.start(site, isPinned ? cores?.proxy : undefined);
      contenders.push({ peer, running });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    contenders,
    shape: (port, seconds) => ({ ...cell, port, seconds, hosts, core: rest, folder }),
    close,
  };
}

function upstreamCommand(cell: Cell, port: number): string[] {
  const program = { http1: 'http1', h2: 'http1', grpc: 'grpc', websocket: 'echo' }[cell.protocol];
  const script = join(import.meta.dirname, 'upstreams', `${program}.ts`);
  return [script, String(port), String(cell.responseBodyBytes), cell.framing];
}

function siteTls(cell: Cell): SiteTls | undefined {
  if (!cell.tls) return undefined;
  const certificate = makeCertificate('*.bench.example', 'ecdsa');
  return { ...certificate, tickets: cell.reconnect === 'resuming' };
}

function siteFor(cell: Cell, site: Pick<Site, 'hosts' | 'upstreamPort' | 'tls' | 'folder'>): Site {
  mkdirSync(site.folder);
  return {
    ...site,
    upstreamProtocol: cell.protocol === 'grpc' ? 'h2c' : 'http1',
    workers: cell.workers,
    accessLogPath: cell.accessLog ? join(site.folder, 'access.log') : undefined,
  };
}

async function runRound(
  { cell, arena, result }: Stage,
  isFirst: boolean,
  load: LoadGenerator,
  options: MeasureOptions,
): Promise<void> {
  for (const { peer, running } of arena.contenders) {
    const shape = arena.shape(running.port, options.seconds);
    try {
      if (isFirst) await warmUp(warmUpSeconds(cell, peer), shape, load, options);
      result.get(peer.name)?.push(await runOnce(cell, running, shape, load));
      await checkAnswers(shape);
    } catch (error) {
      throw new Error(`${peer.name}: ${String(error)}`, { cause: error });
    }
  }
}

/** Until compilers are at rest. */
export function warmUpSeconds({ reconnect }: Cell, peer: Peer): number {
  return reconnect === 'never' ? peer.warmUpSeconds : CONNECTIONS_WARM_UP * peer.warmUpSeconds;
}

async function warmUp(
  wantedSeconds: number,
  shape: LoadShape,
  load: LoadGenerator,
  { isQuick }: MeasureOptions,
): Promise<void> {
  await checkAnswers(shape);
  const seconds = isQuick ? Math.min(wantedSeconds, QUICK_WARM_UP_SECONDS) : wantedSeconds;
  await load.run({ ...shape, seconds });
}

async function runOnce(
  cell: Cell,
  running: RunningPeer,
  shape: LoadShape,
  load: LoadGenerator,
): Promise<Sample> {
  const before = treeCpuMs(running.pid);
  const result = await load.run(shape);
  const cpuMs = treeCpuMs(running.pid) - before;
  const wrong = whatIsWrong(cell, result);
  if (wrong !== undefined) throw new Error(wrong);
  const requests = completed(cell, result);
  return {
    cpuMicrosPerRequest: (cpuMs * 1_000) / requests,
    requestsPerSecond: requests / result.seconds,
    busy: cpuMs / 1_000 / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}

/** Long answers are counted by their bytes, so that those count in part that the end of the round cut. */
function completed({ responseBodyBytes }: Cell, { requests, bytes }: LoadResult): number {
  return responseBodyBytes < LONG_BYTES ? requests : bytes / responseBodyBytes;
}

/** Undefined: every answer had the right status and the right size, every connection was of the right kind. */
function whatIsWrong(cell: Cell, result: LoadResult): string | undefined {
  const { failed, bytes, resumed = 0 } = result;
  const requests = completed(cell, result);
  if (requests === 0) return 'no request was answered';
  if (failed > 0) return `${failed} of ${requests} requests failed`;
  if (cell.reconnect === 'resuming' && resumed < requests * LEAST_RESUMED)
    return `${resumed} of ${requests} connections resumed a session`;
  if (cell.reconnect === 'always' && resumed > 0) return `${resumed} connections resumed a session`;
  // Of answers that are counted by their bytes there is none, but for rounding.
  const overhead = Math.round(bytes / requests - cell.responseBodyBytes);
  // The last answers may have come in part.
  if (overhead < 0 || overhead > MOST_OVERHEAD_BYTES + (cell.connections * bytes) / requests ** 2)
    return `answers had ${Math.round(bytes / requests)} bytes`;
  return undefined;
}
