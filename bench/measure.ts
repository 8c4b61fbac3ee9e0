import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cell, Peer, PeerName, RunningPeer, Site } from './cell.ts';
import { checkAnswers } from './check-answers.ts';
import type { LoadGenerator, LoadShape } from './load/load.ts';
import { benchHosts } from './manifests.ts';
import { freePort, startOnCore, stop, treeCpuMs, untilListening } from './processes.ts';

export interface MeasureOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Once for each proxy: after it Node's compiler should have little left to do. */
  readonly warmUpSeconds: number;
  readonly load: LoadGenerator;
  /** Where proxies run, and where all else does; undefined: the machine has one core. */
  readonly cores: { readonly proxy: number; readonly rest: number } | undefined;
}

/** One peer in one round. */
export interface Sample {
  readonly cpuMicrosPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export type CellResult = Map<PeerName, Sample[]>;

const UPSTREAM = join(import.meta.dirname, 'upstream.ts');
/** In later rounds: connections and caches. */
const SETTLE_SECONDS = 1;

interface Contender {
  readonly peer: Peer;
  readonly running: RunningPeer;
}

/** All peers run at once, one is loaded at a time, turn by turn: what the machine does besides hits all of them alike. */
export async function measure(
  cell: Cell,
  peers: readonly Peer[],
  options: MeasureOptions,
): Promise<CellResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const upstreamPort = await freePort();
  const hosts = benchHosts(cell.ingresses);
  const upstream = startOnCore(options.cores?.rest, process.execPath, [
    ...[UPSTREAM, String(upstreamPort), String(cell.responseBodyBytes)],
  ]);
  const contenders: Contender[] = [];
  try {
    await untilListening(upstream, upstreamPort);
    for (const peer of peers) {
      const site = siteFor(peer, cell, hosts, upstreamPort, folder);
      contenders.push({ peer, running: await peer.start(site, options.cores?.proxy) });
    }
    return await runRounds(cell, contenders, hosts, folder, options);
  } finally {
    await Promise.all([...contenders.map(({ running }) => running.stop()), stop(upstream)]);
    rmSync(folder, { recursive: true });
  }
}

function siteFor(
  peer: Peer,
  cell: Cell,
  hosts: readonly string[],
  upstreamPort: number,
  parent: string,
): Site {
  const folder = join(parent, peer.name);
  mkdirSync(folder);
  const accessLogPath = cell.accessLog ? join(folder, 'access.log') : undefined;
  return { hosts, upstreamPort, accessLogPath, folder };
}

async function runRounds(
  cell: Cell,
  contenders: readonly Contender[],
  hosts: readonly string[],
  folder: string,
  options: MeasureOptions,
): Promise<CellResult> {
  const result: CellResult = new Map(contenders.map(({ peer }) => [peer.name, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const { peer, running } of contenders) {
      const { connections, requestBodyBytes } = cell;
      const core = options.cores?.rest;
      const shape = { port: running.port, hosts, connections, requestBodyBytes, core, folder };
      await checkAnswers({ ...cell, ...shape });
      await options.load.run({
        ...shape,
        seconds: round === 0 ? options.warmUpSeconds : SETTLE_SECONDS,
      });
      const sample = await runOnce(peer, running, { ...shape, seconds: options.seconds }, options);
      await checkAnswers({ ...cell, ...shape });
      result.get(peer.name)?.push(sample);
    }
  }
  return result;
}

async function runOnce(
  peer: Peer,
  running: RunningPeer,
  shape: LoadShape,
  { load }: MeasureOptions,
): Promise<Sample> {
  const before = treeCpuMs(running.pid);
  const { requests, seconds, failed, p50Ms, p99Ms } = await load.run(shape);
  const cpuMs = treeCpuMs(running.pid) - before;
  if (failed > 0) throw new Error(`${peer.name}: ${failed} of ${requests} requests failed`);
  return {
    cpuMicrosPerRequest: (cpuMs * 1000) / requests,
    requestsPerSecond: requests / seconds,
    p50Ms,
    p99Ms,
  };
}
