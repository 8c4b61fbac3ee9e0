import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLogger } from '../src/observability/logger.ts';
import type { Store } from '../src/source/store.ts';
import { checkAnswers } from './check-answers.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane, Propagation } from './control-plane.ts';
import { plainShape } from './load/load.ts';
import { nodeLoad } from './load/node-load.ts';
import { benchClass, benchHosts, benchIngress, benchService, benchSlice } from './manifests.ts';
import { freePort, startOnCore, stop, untilListening } from './processes.ts';
import { describeMachine } from './machine.ts';

/**
 * `node bench/propagation.ts`: how soon a change of one Ingress among 1,000 is on every worker, what it sends to each, and
 * what it does to the traffic of the others. Everything is real but the API server: objects are written to the store as
 * its watch would write them.
 */
const INGRESSES = 1_000;
const WORKERS = 2;
const CHANGES = 200;
/** Not changed, and under load. */
const STEADY = 10;
const CONNECTIONS = 16;
/** Keeps the load constant and short of what the machine can do: how soon a starved thread wakes is not the question. */
const REQUEST_PAUSE_MS = 10;
/** Between two changes under load. */
const PAUSE_MS = 25;
const BODY_BYTES = 128;

const hosts = benchHosts(INGRESSES);
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });

/** In turn: another path, another endpoint. */
type Change = (store: Store, host: string, upstreamPort: number) => void;

let revision = 0;

/** As the API server would: each write has a version of its own. */
function revised<T extends { readonly metadata: object }>(object: T): T {
  revision += 1;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

const serviceOf = (host: string) => host.split('.')[0] ?? host;

const changes: readonly Change[] = [
  (store, host) => {
    store.upsert('ingresses', revised(benchIngress(host, serviceOf(host), `/v${revision}`)));
  },
  (store, host, port) => {
    const addresses = ['127.0.0.1', `127.0.${revision >> 8}.${revision & 255}`];
    store.upsert('endpointslices', revised(benchSlice(serviceOf(host), port, addresses)));
  },
];

function fill(store: Store, upstreamPort: number): void {
  store.upsert('ingressclasses', revised(benchClass));
  store.upsert('configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'bench' },
    data: { 'disable-access-log': 'true', 'keep-alive-requests': '100000000' },
  });
  for (const host of hosts) {
    store.upsert('services', revised(benchService(serviceOf(host))));
    store.upsert('endpointslices', revised(benchSlice(serviceOf(host), upstreamPort)));
    store.upsert('ingresses', revised(benchIngress(host, serviceOf(host))));
  }
}

async function runChanges(
  plane: ControlPlane,
  upstreamPort: number,
  pauseMs: number,
): Promise<Propagation[]> {
  const results: Propagation[] = [];
  for (let index = 0; index < CHANGES; index++) {
    const host = hosts[STEADY + ((index * 37) % (INGRESSES - STEADY))] ?? '';
    const apply = changes[index % changes.length];
    results.push(
      await plane.change(() => {
        apply?.(plane.store, host, upstreamPort);
      }),
    );
    await delay(pauseMs);
  }
  return results;
}

async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const upstreamPort = await freePort();
  const upstream = startOnCore(undefined, process.execPath, [
    ...[join(import.meta.dirname, 'upstreams/http1.ts'), String(upstreamPort), String(BODY_BYTES)],
  ]);
  await untilListening(upstream, upstreamPort);
  const log = createLogger({ level: 'error' });
  const plane = await startControlPlane(
    WORKERS,
    (store) => {
      fill(store, upstreamPort);
    },
    log,
  );
  try {
    const steady = hosts.slice(0, STEADY);
    const answers = { ...plainShape, port: plane.port, responseBodyBytes: BODY_BYTES };
    await checkAnswers({ ...answers, hosts: steady });
    const quiet = await runChanges(plane, upstreamPort, 0);
    const load = nodeLoad.run({
      ...answers,
      hosts: steady,
      connections: CONNECTIONS,
      pauseMs: REQUEST_PAUSE_MS,
      seconds: (CHANGES * (PAUSE_MS + 40)) / 1_000,
      core: undefined,
      folder,
    });
    const busy = await runChanges(plane, upstreamPort, PAUSE_MS);
    const { requests, failed } = await load;
    await checkAnswers({ ...answers, hosts: steady });
    print([
      ['change to every worker, no traffic', figures(quiet)],
      ['change to every worker, under load', figures(busy)],
      ['bytes sent to each worker', bytesText([...quiet, ...busy])],
      [`requests to other Ingresses during ${CHANGES} changes`, String(requests)],
      ['of these failed, or their connection was closed', String(failed)],
    ]);
  } finally {
    await plane.stop();
    await stop(upstream);
    rmSync(folder, { recursive: true });
  }
}

function figures(results: readonly Propagation[]): string {
  const sorted = results.map(({ ms }) => ms).sort((one, other) => one - other);
  return `p50 ${percentile(sorted, 0.5).toFixed(1)} ms, p99 ${percentile(sorted, 0.99).toFixed(1)} ms, longest ${percentile(sorted, 1).toFixed(1)} ms`;
}

function bytesText(results: readonly Propagation[]): string {
  const sorted = results.map(({ bytes }) => bytes).sort((one, other) => one - other);
  return `median ${percentile(sorted, 0.5)}, most ${percentile(sorted, 1)}`;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function print(lines: readonly (readonly [string, string])[]): void {
  if (values.json) {
    console.log(JSON.stringify({ machine: describeMachine(), ...Object.fromEntries(lines) }));
    return;
  }
  console.log(`| ${INGRESSES} Ingresses, ${WORKERS} workers | |\n|---|---|`);
  for (const [name, text] of lines) console.log(`| ${name} | ${text} |`);
  console.log(`\n${describeMachine()}`);
}

await run();
