import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../src/observability/logger.ts';
import type { Store } from '../src/source/store.ts';
import { startControlPlane, type ControlPlane, type Propagation } from './control-plane.ts';
import { plainShape, type LoadShape } from './load/load.ts';
import { nodeLoad } from './load/node-load.ts';
import { runOpenLoop, type OpenLoopResult } from './load/open-loop.ts';
import { percentile } from './load/percentile.ts';
import { benchClass, benchHosts, benchIngress, benchService, benchSlice } from './manifests.ts';
import { measureReloads } from './nginx-reload.ts';
import { freePort, startOnCore, stop, untilListening } from './processes.ts';
import { spread } from './spread.ts';

/**
 * `node control-plane-program.ts INGRESSES` prints what changes cost at that size, as a JSON list of names and values. All is
 * real but the API server: objects are written to the store as its watch would write them. Each Ingress has two rules, five
 * have a Service in common, and a Service has ten endpoints.
 */
const count = Number(process.argv[2] ?? 100);
const WORKERS = 2;
const INGRESSES_PER_SERVICE = 5;
const ENDPOINTS = 10;
/** Not changed, with an upstream, and under load. */
const STEADY = 10;
/** Fewer where each takes long. */
const CHANGES = count > 5_000 ? 10 : 50;
const CHANGES_UNDER_LOAD = 100;
const CHANGE_EVERY_MS = 50;
const LOAD_SHARE = 0.6;
const SETTLE_MS = 2_000;
const BODY_BYTES = 128;

const hosts = benchHosts(count);
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
let revision = 0;

/** As the API server would: each write has a version of its own. */
function revised<T extends { readonly metadata: object }>(object: T): T {
  revision += 1;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function serviceOf(index: number): string {
  return index < STEADY ? 'steady' : `web-${Math.floor(index / INGRESSES_PER_SERVICE)}`;
}

/** `path` is that of the second rule. */
function ingressOf(index: number, path = '/'): ReturnType<typeof benchIngress> {
  const host = hosts[index] ?? '';
  const first = benchIngress(host, serviceOf(index));
  const second = benchIngress(`www.${host}`, serviceOf(index), path);
  const rules = [...(first.spec?.rules ?? []), ...(second.spec?.rules ?? [])];
  return revised({ ...first, spec: { ...first.spec, rules } });
}

/** `change` makes the last endpoint one that no slice had before: what changes nothing is never sent to workers. */
function sliceOf(index: number, change?: number): ReturnType<typeof benchSlice> {
  const net = `127.${1 + ((index >> 8) & 127)}.${index & 255}`;
  const addresses = Array.from({ length: ENDPOINTS }, (_, each) => `${net}.${1 + each}`);
  if (change !== undefined) {
    const [high, middle, low] = [200 + ((change >> 16) & 31), (change >> 8) & 255, change & 255];
    addresses.splice(-1, 1, `127.${high}.${middle}.${low}`);
  }
  return revised(benchSlice(serviceOf(index), 9, addresses));
}

/** In two steps, so that making the objects is not on the clock. */
function makeObjects(upstreamPort: number): (store: Store) => void {
  const firsts = hosts.flatMap((_, index) =>
    index >= STEADY && index % INGRESSES_PER_SERVICE === 0 ? [index] : [],
  );
  const services = ['steady', ...firsts.map(serviceOf)].map((name) => revised(benchService(name)));
  const slices = [revised(benchSlice('steady', upstreamPort)), ...firsts.map((i) => sliceOf(i))];
  const ingresses = hosts.map((_, index) => ingressOf(index));
  return (store) => {
    store.upsert('ingressclasses', revised(benchClass));
    store.upsert('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'bench' },
      data: { 'disable-access-log': 'true', 'keep-alive-requests': '100000000' },
    });
    for (const service of services) store.upsert('services', service);
    for (const slice of slices) store.upsert('endpointslices', slice);
    for (const ingress of ingresses) store.upsert('ingresses', ingress);
  };
}

type Change = (store: Store, turn: number) => void;

/** Not of those under load. */
const otherThanSteady = (turn: number): number => STEADY + ((turn * 35) % (count - STEADY));

const changeRoute: Change = (store, turn) => {
  store.upsert('ingresses', ingressOf(otherThanSteady(turn), `/v${revision}`));
};

const changeEndpoint: Change = (store, turn) => {
  store.upsert('endpointslices', sliceOf(otherThanSteady(turn), revision));
};

interface ChangeCost {
  readonly cpuMs: number;
  readonly bytes: number;
}

/** One after the other, no traffic. */
async function costOf(plane: ControlPlane, change: Change): Promise<ChangeCost> {
  const bytes: number[] = [];
  const before = process.cpuUsage();
  for (let turn = 0; turn < CHANGES; turn++) {
    const result = await plane.change(() => {
      change(plane.store, turn);
    });
    bytes.push(result.bytes);
  }
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1_000 / CHANGES, bytes: spread(bytes).median };
}

/** At fixed moments, a route and an endpoint in turn. */
async function changeAtRate(plane: ControlPlane): Promise<Propagation[]> {
  const results: Propagation[] = [];
  const startedAt = performance.now();
  for (let turn = 0; turn < CHANGES_UNDER_LOAD; turn++) {
    const waitMs = startedAt + turn * CHANGE_EVERY_MS - performance.now();
    if (waitMs > 0) await delay(waitMs);
    const change = turn % 2 === 0 ? changeRoute : changeEndpoint;
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
    ...{ ...plainShape, port: plane.port, hosts: hosts.slice(0, STEADY), connections: 64, seconds },
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
  const fill = makeObjects(upstreamPort);
  const startedAt = performance.now();
  const plane = await startControlPlane(WORKERS, fill, createLogger({ level: 'error' }));
  const startMs = performance.now() - startedAt;
  try {
    await delay(SETTLE_MS);
    const residentBytes = process.memoryUsage.rss();
    // Not counted: compilers are at work.
    for (const change of [changeEndpoint, changeRoute]) await costOf(plane, change);
    const endpoint = await costOf(plane, changeEndpoint);
    const route = await costOf(plane, changeRoute);
    const { quiet, busy, changes } = await underLoad(plane);
    const live = changes.map(({ ms }) => ms).sort((one, other) => one - other);
    return [
      ['first object to ready', seconds(startMs)],
      ['memory (RSS), 2 workers', `${Math.round(residentBytes / 1e6)} MB`],
      ['CPU of an endpoint that changes', milliseconds(endpoint.cpuMs)],
      ['CPU of a route that changes', milliseconds(route.cpuMs)],
      ['bytes to each worker, endpoint / route', `${endpoint.bytes} / ${route.bytes}`],
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
  const servers = hosts.flatMap((host) => [host, `www.${host}`]);
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
