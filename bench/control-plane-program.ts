import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../src/observability/logger.ts';
import { ControlPlaneSite, type Change } from './control-plane-site.ts';
import { startControlPlane, type ControlPlane, type Propagation } from './control-plane.ts';
import { plainShape, type LoadShape } from './load/load.ts';
import { nodeLoad } from './load/node-load.ts';
import { runOpenLoop, type OpenLoopResult } from './load/open-loop.ts';
import { percentile } from './load/percentile.ts';
import { measureReloads } from './nginx-reload.ts';
import { freePort, startOnCore, stop, untilListening } from './processes.ts';
import { spread } from './spread.ts';

/**
 * `node bench/control-plane-program.ts INGRESSES` prints what changes cost at that size, as a JSON list of names and values. All
 * is real but the API server: objects are written to the store as its watch would write them.
 */
const count = Number(process.argv[2] ?? 100);
const WORKERS = 2;
const CHANGES = 50;
const CHANGES_UNDER_LOAD = 100;
const CHANGE_EVERY_MS = 50;
const LOAD_SHARE = 0.6;
const SETTLE_MS = 2_000;
const BODY_BYTES = 128;

const site = new ControlPlaneSite(count);
const folder = mkdtempSync(join(tmpdir(), 'bench-'));

interface ChangeCost {
  readonly cpuMs: number;
  readonly bytes: number;
  /** From the write to the last worker, shortest first. */
  readonly tookMs: readonly number[];
}

/** One after the other, no traffic. */
async function costOf(plane: ControlPlane, change: Change): Promise<ChangeCost> {
  const results: Propagation[] = [];
  const before = process.cpuUsage();
  for (let turn = 0; turn < CHANGES; turn++) {
    results.push(
      await plane.change(() => {
        change(plane.store, turn);
      }),
    );
  }
  const { user, system } = process.cpuUsage(before);
  return {
    cpuMs: (user + system) / 1_000 / CHANGES,
    bytes: spread(results.map(({ bytes }) => bytes)).median,
    tookMs: sortedMs(results),
  };
}

function sortedMs(results: readonly Propagation[]): readonly number[] {
  return results.map(({ ms }) => ms).sort((one, other) => one - other);
}

/** At fixed moments, a route and an endpoint in turn. */
async function changeAtRate(plane: ControlPlane): Promise<Propagation[]> {
  const results: Propagation[] = [];
  const startedAt = performance.now();
  for (let turn = 0; turn < CHANGES_UNDER_LOAD; turn++) {
    const waitMs = startedAt + turn * CHANGE_EVERY_MS - performance.now();
    if (waitMs > 0) await delay(waitMs);
    const change = turn % 2 === 0 ? site.changeRoute : site.changeEndpoint;
    results.push(
      await plane.change(() => {
        change(plane.store, turn);
      }),
    );
  }
  return results;
}

/** What clients saw without changes, and with them. */
async function underLoad(plane: ControlPlane): Promise<{
  readonly quiet: OpenLoopResult;
  readonly busy: OpenLoopResult;
  readonly changes: readonly Propagation[];
}> {
  const seconds = (CHANGES_UNDER_LOAD * CHANGE_EVERY_MS) / 1_000;
  const shape: LoadShape = {
    ...{ ...plainShape, port: plane.port, hosts: site.steadyHosts, connections: 64, seconds },
    ...{ responseBodyBytes: BODY_BYTES, core: undefined, folder },
  };
  const capacity = await nodeLoad.run({ ...shape, seconds: 3 });
  const ratePerSecond = Math.round((capacity.requests / capacity.seconds) * LOAD_SHARE);
  const quiet = await runOpenLoop({ ...shape, ratePerSecond });
  const load = runOpenLoop({ ...shape, ratePerSecond });
  const changes = await changeAtRate(plane);
  return { quiet, busy: await load, changes };
}

async function measure(upstreamPort: number): Promise<[string, string][]> {
  const fill = site.makeObjects(upstreamPort);
  const startedAt = performance.now();
  const plane = await startControlPlane(WORKERS, fill, createLogger({ level: 'error' }));
  const startMs = performance.now() - startedAt;
  try {
    await delay(SETTLE_MS);
    const residentBytes = process.memoryUsage.rss();
    // Not counted: compilers are at work.
    for (const change of [site.changeEndpoint, site.changeRoute]) await costOf(plane, change);
    const endpoint = await costOf(plane, site.changeEndpoint);
    const route = await costOf(plane, site.changeRoute);
    const ingress = await costOf(plane, site.comeAndGo);
    const { quiet, busy, changes } = await underLoad(plane);
    const live = sortedMs(changes);
    return [
      ['first object to ready', seconds(startMs)],
      ['RSS of the benchmark, 2 workers in it', `${Math.round(residentBytes / 1e6)} MB`],
      ['CPU of an endpoint that changes', milliseconds(endpoint.cpuMs)],
      ['CPU of a route that changes', milliseconds(route.cpuMs)],
      ['CPU of an Ingress that comes or goes', milliseconds(ingress.cpuMs)],
      ['bytes to each worker, endpoint / route', `${endpoint.bytes} / ${route.bytes}`],
      [
        'change to live on every worker, no traffic: p50 / p99',
        both(percentile(route.tookMs, 0.5), percentile(route.tookMs, 0.99)),
      ],
      [
        'change to live on every worker, 20 a second under load: p50 / p99',
        both(percentile(live, 0.5), percentile(live, 0.99)),
      ],
      ['requests meanwhile: p50 / p99', both(busy.p50Ms, busy.p99Ms)],
      ['requests without changes: p50 / p99', both(quiet.p50Ms, quiet.p99Ms)],
      ['of those that failed', String(busy.failed + quiet.failed)],
    ];
  } finally {
    await plane.stop();
  }
}

async function reloadFigures(upstreamPort: number): Promise<[string, string][]> {
  const servers = site.hosts.flatMap((host) => [host, `www.${host}`]);
  const reloads = await measureReloads(servers, upstreamPort);
  if (reloads === undefined) return [];
  const median = (values: readonly number[]): number => spread(values).median;
  return [
    ['nginx, as many servers: reload to live', milliseconds(median(reloads.map(({ ms }) => ms)))],
    ['nginx: CPU of a reload', milliseconds(median(reloads.map(({ cpuMs }) => cpuMs)))],
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toPrecision(2)} s`;
}

function milliseconds(ms: number): string {
  return `${ms < 100 ? ms.toPrecision(2) : Math.round(ms)} ms`;
}

function both(one: number, other: number): string {
  return `${milliseconds(one)} / ${milliseconds(other)}`;
}

const upstreamPort = await freePort();
const upstream = startOnCore(undefined, process.execPath, [
  ...[join(import.meta.dirname, 'upstreams/http1.ts'), String(upstreamPort), String(BODY_BYTES)],
]);
try {
  await untilListening(upstream, upstreamPort);
  const figures = [...(await measure(upstreamPort)), ...(await reloadFigures(upstreamPort))];
  process.stdout.write(JSON.stringify(figures));
} finally {
  await stop(upstream);
  rmSync(folder, { recursive: true });
}
