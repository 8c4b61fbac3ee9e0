import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { createServer } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { auditedRequests, type AuditEvent } from '../cluster/harness/audit.ts';
import { ownControlPlane, startCluster, type Cluster } from '../cluster/harness/cluster.ts';
import { eventually } from '../cluster/harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from '../cluster/harness/install.ts';
import { addressesIn, type IngressObject } from '../cluster/harness/reporting.ts';
import type { TsNginx } from '../cluster/harness/ts-nginx.ts';
import { request } from '../cluster/harness/wire.ts';
import { compile } from './compile.ts';
import {
  beyond,
  countsOf,
  cpuSeconds,
  percentile,
  residentMb,
  tableOf,
  type Figure,
} from './figures.ts';
import { BACKEND, Site } from './site.ts';
import { Traffic } from './traffic.ts';

const DIVISOR = Number(process.env['SCALE_DIVISOR'] ?? 1);
const site = new Site({
  ingresses: 5_000 / DIVISOR,
  services: 1_000 / DIVISOR,
  endpointsOfService: 10,
  secrets: 500 / DIVISOR,
  strangers: 50 / DIVISOR,
  namespaces: 20,
});
const CHANGES = 200;
const CHANGES_A_SECOND = 20;
/** Kept connections that look for each change: the kernel spreads them over the workers. */
const CONNECTIONS = 4;
const TRAFFIC_MS = 10_000;
const ALL_INGRESSES = '/apis/networking.k8s.io/v1/ingresses';
/** `SCALE_IDLE_SECONDS=1500` for whole lifetimes of watches. */
const IDLE_MS = Number(process.env['SCALE_IDLE_SECONDS'] ?? 20) * 1_000;

/** A site of thousands on a real API server. */
suite('scale', () => {
  const cleanup = new AsyncDisposableStack();
  const figures: Figure[] = [];
  let cluster: Cluster;
  let tsNginx: TsNginx;
  let program: string;

  before(async () => {
    program = await compile();
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    const backend = createServer((_request, response) => response.end('served'));
    backend.listen(BACKEND.port, BACKEND.address);
    await once(backend, 'listening');
    cleanup.defer(() => {
      backend.close();
      backend.closeAllConnections();
    });
    const startedAt = performance.now();
    await site.create(cluster.api);
    const seconds = (performance.now() - startedAt) / 1_000;
    figures.push({ what: 'objects created', value: seconds, unit: 's' });
  });

  after(async () => {
    await cleanup.disposeAsync();
    console.log(`\n${tableOf(figures)}\n`);
  });

  test('start to ready', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    const startedAt = performance.now();
    tsNginx = await runTsNginx(cluster, {
      program,
      asPod: true,
      args: ['--publish-service=ts-nginx/ts-nginx'],
    });
    cleanup.defer(() => tsNginx.stop());
    await eventually('it is ready', () => tsNginx.untilReady(), { withinMs: 60_000 });
    const seconds = since(startedAt);
    figures.push(
      { what: 'start to ready', value: seconds, unit: 's', target: 8, limit: 30 },
      { what: 'CPU until ready', value: await cpuSeconds(tsNginx), unit: 's' },
      {
        what: 'RSS when ready, 2 workers',
        value: await residentMb(tsNginx),
        unit: 'MB',
        target: 300,
        limit: 450,
      },
    );
    const last = site.size.ingresses - 1;
    assert.equal((await request(tsNginx.http(site.hostOf(0)))).body, 'served');
    assert.equal((await request(tsNginx.http(site.hostOf(last)))).body, 'served');
    assert.deepEqual(beyond(figures), []);
  });

  test('accepted by the API server to visible on the wire', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    const cpuBefore = await cpuSeconds(tsNginx);
    const tookMs = await measureChanges(cluster, tsNginx);
    figures.push(
      { what: 'change to wire, p50', value: percentile(tookMs, 0.5), unit: 'ms' },
      {
        what: 'change to wire, p99',
        value: percentile(tookMs, 0.99),
        unit: 'ms',
        target: 50,
        limit: 1_000,
      },
      { what: 'change to wire, longest', value: Math.max(...tookMs), unit: 'ms' },
      {
        what: 'CPU a change, looking included',
        value: (((await cpuSeconds(tsNginx)) - cpuBefore) / CHANGES) * 1_000,
        unit: 'ms',
      },
      {
        what: 'RSS after changes',
        value: await residentMb(tsNginx),
        unit: 'MB',
        target: 300,
        limit: 450,
      },
    );
    assert.deepEqual(beyond(figures), []);
  });

  test('left alone, it asks for next to nothing', async (t) => {
    const plane = ownControlPlane(t, cluster);
    if (plane === undefined) return;
    await delay(2_000); // what the changes set off is over
    const cpuBefore = await cpuSeconds(tsNginx);
    const before = (await auditedRequests(plane.auditLog, 'ts-nginx', 'ts-nginx')).length;
    await delay(IDLE_MS);
    const asked = (await auditedRequests(plane.auditLog, 'ts-nginx', 'ts-nginx')).slice(before);
    // Each Ingress has its event, a few a second, which is no end of idleness.
    const others = asked.filter(
      ({ objectRef }) => !['leases', 'events'].includes(objectRef?.resource ?? ''),
    );
    t.diagnostic(`asked meanwhile: ${JSON.stringify(countsOf(asked))}`);
    figures.push(
      {
        what: `requests in ${IDLE_MS / 1_000} idle seconds but for leases and events`,
        value: others.length,
        unit: '',
      },
      {
        what: 'of these lists',
        value: others.filter(({ verb }) => verb === 'list').length,
        unit: '',
      },
      {
        what: 'CPU when idle, of one core',
        value: (((await cpuSeconds(tsNginx)) - cpuBefore) / IDLE_MS) * 1_000,
        unit: 's',
      },
    );
    assert.deepEqual(
      others.filter(({ verb }) => verb === 'list'),
      [],
    );
  });

  test('every Ingress has its status within a minute', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    const lastChange = Math.floor((CHANGES - 1) / site.size.ingresses) * site.size.ingresses;
    const target = tsNginx.http(site.hostOf(0), `/changed-${lastChange}`);
    const before = new Traffic(target);
    await delay(TRAFFIC_MS);
    const quietMs = await before.stop();
    const during = new Traffic(target);
    const startedAt = performance.now();
    await cluster.api.patch('/api/v1/namespaces/ts-nginx/services/ts-nginx/status', {
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    });
    const seconds = await untilAllHaveStatus(cluster)
      .then(() => since(startedAt))
      .finally(() => during.stop());
    const busyMs = await during.stop();
    figures.push(
      {
        what: 'until the last Ingress has its status',
        value: seconds,
        unit: 's',
        target: 60,
        limit: 120,
      },
      { what: 'request before that, p50', value: percentile(quietMs, 0.5), unit: 'ms' },
      { what: 'request before that, p99', value: percentile(quietMs, 0.99), unit: 'ms' },
      { what: 'request meanwhile, p50', value: percentile(busyMs, 0.5), unit: 'ms' },
      { what: 'request meanwhile, p99', value: percentile(busyMs, 0.99), unit: 'ms' },
    );
    assert.deepEqual(beyond(figures.slice(-5)), []);
  });

  test('only the Secrets that are served were read, and each was listed once', async (t) => {
    const plane = ownControlPlane(t, cluster);
    if (plane === undefined) return;
    const asked = await auditedRequests(plane.auditLog, 'ts-nginx', 'ts-nginx');
    const secrets = asked.filter(({ objectRef }) => objectRef?.resource === 'secrets');
    assert.deepEqual(
      secrets.filter((event) => !isOfOneServed(event)),
      [],
    );
    const lists = secrets.filter(({ verb }) => verb === 'list');
    const names = new Set(lists.map(({ requestURI }) => requestURI));
    assert.equal(names.size, site.size.secrets);
    assert.equal(lists.length, site.size.secrets);
    figures.push({ what: 'Secrets read', value: names.size, unit: '' });
  });
});

/** Asks for one at a time, so that the API server has next to nothing of it. */
async function untilAllHaveStatus({ api }: Cluster): Promise<void> {
  const deadline = performance.now() + 300_000;
  let path = site.ingressPath(site.size.ingresses - 1);
  while (performance.now() < deadline) {
    await delay(250);
    if (addressesIn(await api.get<IngressObject>(path)).length === 0) continue;
    const { items } = await api.get<{ items: readonly IngressObject[] }>(ALL_INGRESSES);
    const left = items.findLast((item) => addressesIn(item).length === 0);
    if (left === undefined) return;
    path = site.ingressPath(Number(left.metadata.name.replace('site-', '')));
  }
  throw new Error('some Ingress has no status after five minutes');
}

function isOfOneServed({ objectRef }: AuditEvent): boolean {
  return objectRef?.name !== undefined && !site.isStranger(objectRef.name);
}

function since(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}

/** Milliseconds from the API server's answer until every connection sees the change, one for each change. */
async function measureChanges(cluster: Cluster, tsNginx: TsNginx): Promise<number[]> {
  const agents = Array.from(
    { length: CONNECTIONS },
    () => new http.Agent({ keepAlive: true, maxSockets: 1 }),
  );
  const tookMs: Promise<number>[] = [];
  const change = async (index: number, path: string): Promise<number> => {
    const where = '/spec/rules/0/http/paths/0/path';
    await cluster.api.patch(
      site.ingressPath(index),
      [{ op: 'replace', path: where, value: path }],
      'json',
    );
    const acceptedAt = performance.now();
    await Promise.all(agents.map((agent) => untilServed(tsNginx, agent, index, path)));
    return performance.now() - acceptedAt;
  };
  const startedAt = performance.now();
  for (let count = 0; count < CHANGES; count++) {
    const dueAt = startedAt + (count * 1_000) / CHANGES_A_SECOND;
    await delay(Math.max(1, dueAt - performance.now()));
    tookMs.push(change((count * 389) % site.size.ingresses, `/changed-${count}`));
  }
  const result = await Promise.all(tookMs);
  for (const agent of agents) agent.destroy();
  return result;
}

async function untilServed(
  tsNginx: TsNginx,
  agent: http.Agent,
  index: number,
  path: string,
): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const answer = await request({ ...tsNginx.http(site.hostOf(index), path), agent });
    if (answer.status === 200) return;
    await delay(1);
  }
  throw new Error(`${path} of ${site.hostOf(index)} is not served 10 s after the write`);
}
