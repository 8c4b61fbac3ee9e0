import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, suite, test } from 'node:test';
import { appInNamespace, ingress } from './harness/app.ts';
import { startCluster, type Cluster } from './harness/cluster.ts';
import { installWithoutDeployment, runTsNginx } from './harness/install.ts';
import type { TsNginx } from './harness/ts-nginx.ts';
import { request } from './harness/wire.ts';

const INGRESSES = 1_000;
const CHANGES = 50;
/** Kept connections that look for a change at the same time: the kernel spreads them over the workers. */
const CONNECTIONS = 4;
const APP = { name: 'web', namespace: 'cluster-test-thousand' };
const INGRESS_PATH = `/apis/networking.k8s.io/v1/namespaces/${APP.namespace}/ingresses`;

/** How long a change takes among a thousand Ingresses, from the API server's answer to what every connection sees. */
suite('propagation', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let tsNginx: TsNginx;
  const agents = Array.from({ length: CONNECTIONS }, () => {
    return new http.Agent({ keepAlive: true, maxSockets: 1 });
  });

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    await cluster.apply(...appInNamespace(APP));
    await createIngresses(cluster);
    await cluster.untilRolledOut(APP.name, APP.namespace);
    tsNginx = await runTsNginx(cluster);
    cleanup.defer(() => tsNginx.stop());
    for (const agent of agents)
      cleanup.defer(() => {
        agent.destroy();
      });
    await tsNginx.untilReady();
  });

  after(() => cleanup.disposeAsync());

  test(`${CHANGES} changes among ${INGRESSES} Ingresses are served within a second each`, async (t) => {
    const tookMs: number[] = [];
    for (let change = 0; change < CHANGES; change++) {
      const index = (change * 389) % INGRESSES; // spread over them all
      const path = `/changed-${change}`;
      await cluster.api.patch(
        `${INGRESS_PATH}/${nameOf(index)}`,
        [{ op: 'replace', path: '/spec/rules/0/http/paths/0/path', value: path }],
        'json',
      );
      const acceptedAt = performance.now();
      await Promise.all(agents.map((agent) => untilServed(tsNginx, agent, index, path)));
      tookMs.push(performance.now() - acceptedAt);
    }
    tookMs.sort((a, b) => a - b);
    const at = (share: number): string =>
      `${(tookMs[Math.ceil(share * CHANGES) - 1] ?? Number.NaN).toFixed(1)} ms`;
    t.diagnostic(
      `write accepted to seen on the wire: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}`,
    );
    assert.ok(Math.max(...tookMs) < 1_000, `took ${at(1)}`);
  });
});

function nameOf(index: number): string {
  return `site-${index}`;
}

/** Twenty at a time: the API server is not what is measured. */
async function createIngresses({ api }: Cluster): Promise<void> {
  const { name: service, namespace } = APP;
  let next = 0;
  const createSome = async (): Promise<void> => {
    while (next < INGRESSES) {
      const name = nameOf(next++);
      await api.create(INGRESS_PATH, ingress({ name, namespace, host: `${name}.test`, service }));
    }
  };
  await Promise.all(Array.from({ length: 20 }, createSome));
}

/** One request after another, without a pause. */
async function untilServed(
  tsNginx: TsNginx,
  agent: http.Agent,
  index: number,
  path: string,
): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const answer = await request({ ...tsNginx.http(`${nameOf(index)}.test`, path), agent });
    if (answer.status === 200) return;
  }
  throw new Error(`${path} of ${nameOf(index)} is not served 10 s after the write`);
}
