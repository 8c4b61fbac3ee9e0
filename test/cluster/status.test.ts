import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { appInNamespace, ingress } from './harness/app.ts';
import type { AuditEvent } from './harness/audit.ts';
import { DEPLOY_FOLDER, ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from './harness/install.ts';
import {
  addressesIn,
  addressesOf,
  createIngresses,
  ingressesPath,
  metric,
  type IngressObject,
} from './harness/reporting.ts';
import type { TsNginx } from './harness/ts-nginx.ts';
import { request } from './harness/wire.ts';

const APP = { name: 'web', namespace: 'cluster-test-status' };
const SERVICE_STATUS = '/api/v1/namespaces/ts-nginx/services/ts-nginx/status';
const MANY = 600;
/** As src/source/kubernetes/status/status-writer.ts has them: in a second, at once, and under way. */
const MOST_A_SECOND = 120 + 20 + 8;

/** `status.loadBalancer` of Ingresses, written with exactly the rights of deploy/. */
suite('status', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let tsNginx: TsNginx;

  const publish = (...ips: string[]): Promise<void> =>
    cluster.api.patch(SERVICE_STATUS, {
      status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
    });
  const shows = (name: string, addresses: readonly string[]): Promise<void> =>
    eventually(`${name} shows ${addresses.join(', ') || 'nothing'}`, async () => {
      tsNginx.child.assertRunning();
      assert.deepEqual(await addressesOf(cluster.api, APP.namespace, name), addresses);
    });

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    await cluster.apply(...appInNamespace(APP));
    await cluster.untilRolledOut(APP.name, APP.namespace);
    tsNginx = await runTsNginx(cluster, {
      args: [
        '--publish-service=ts-nginx/ts-nginx',
        '--status-update-interval=5',
        '--election-ttl=5s',
      ],
    });
    cleanup.defer(() => tsNginx.stop());
    await tsNginx.untilReady();
  });

  after(() => cleanup.disposeAsync());

  test('is not written while the Service has no address, and a finding says so', async () => {
    const { name: service, namespace } = APP;
    await cluster.apply(ingress({ name: 'first', namespace, host: 'first.test', service }));
    await eventually('the finding', async () => {
      const { body } = await tsNginx.admin('/findings');
      assert.match(body, /status-address-missing/);
    });
    assert.deepEqual(await addressesOf(cluster.api, namespace, 'first'), []);
  });

  test('has the addresses of the Service as soon as that has some, and follows them', async () => {
    await publish('192.0.2.20', '192.0.2.10');
    await shows('first', ['192.0.2.10', '192.0.2.20']);
    await publish('192.0.2.1');
    await shows('first', ['192.0.2.1']);
    await eventually('the finding is gone', async () => {
      assert.doesNotMatch((await tsNginx.admin('/findings')).body, /status-address-missing/);
    });
  });

  test('appears only once the routes are live on every worker', async () => {
    const { name: service, namespace } = APP;
    const { metadata } = await cluster.api.get<{ metadata: { resourceVersion: string } }>(
      ingressesPath(namespace),
    );
    const names = Array.from({ length: 30 }, (_, index) => `live-${index}`);
    const waiting = new Set(names);
    const answers: Promise<number[]>[] = [];
    // The server ends it: nobody is left to hear of an end that we would make.
    const watch = cluster.api.watch<IngressObject>(
      `${ingressesPath(namespace)}?watch=1&timeoutSeconds=20&resourceVersion=${metadata.resourceVersion}`,
      new AbortController().signal,
    );
    const seen = (async () => {
      for await (const { object } of watch) {
        const { name } = object.metadata;
        if (addressesIn(object).length === 0 || !waiting.delete(name)) continue;
        // New connections each: the kernel spreads them over the workers.
        const tries = Array.from({ length: 6 }, async () => {
          return (await request(tsNginx.http(`${name}.test`))).status;
        });
        answers.push(Promise.all(tries));
        if (waiting.size === 0) break;
      }
    })();
    await createIngresses(cluster.api, names, { namespace, service });
    await seen;
    const statuses = (await Promise.all(answers)).flat();
    assert.equal(statuses.length, 6 * names.length);
    assert.deepEqual([...new Set(statuses)], [200]);
  });

  test('is restored when somebody else changes it, but not at once', async () => {
    const path = `${ingressesPath(APP.namespace, 'first')}/status`;
    await cluster.api.patch(path, {
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.99' }] } },
    });
    await shows('first', ['192.0.2.1']);
  });

  test('keeps what else the object holds', async () => {
    const { name: service, namespace } = APP;
    const annotations = { 'example.test/kept': 'yes' };
    await cluster.kubectl(
      ['apply', '-f', '-'],
      [ingress({ name: 'kept', namespace, host: 'kept.test', service, annotations })],
    );
    await shows('kept', ['192.0.2.1']);
    const { metadata } = await cluster.api.get<{
      metadata: { annotations: Readonly<Record<string, string>> };
    }>(ingressesPath(namespace, 'kept'));
    assert.equal(metadata.annotations['example.test/kept'], 'yes');
    assert.ok(metadata.annotations['kubectl.kubernetes.io/last-applied-configuration']);
  });

  test('is emptied when the Ingress leaves the class', async () => {
    const path = ingressesPath(APP.namespace, 'kept');
    await cluster.api.patch(path, { spec: { ingressClassName: 'another' } });
    await shows('kept', []);
    await cluster.api.patch(path, { spec: { ingressClassName: 'ts-nginx' } });
    await shows('kept', ['192.0.2.1']);
  });

  test('of an Ingress that another controller has taken over is left alone', async () => {
    const path = ingressesPath(APP.namespace, 'kept');
    const writes = await metric(tsNginx, /^ts_nginx_status_writes_total\{.*result="written"/);
    tsNginx.child.signal('SIGSTOP');
    await cluster.api.patch(path, { spec: { ingressClassName: 'another' } });
    await cluster.api.patch(`${path}/status`, {
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.50' }] } },
    });
    tsNginx.child.signal('SIGCONT');
    const { name: service, namespace } = APP;
    await cluster.apply(ingress({ name: 'after', namespace, host: 'after.test', service }));
    await shows('after', ['192.0.2.1']);
    assert.deepEqual(await addressesOf(cluster.api, namespace, 'kept'), ['192.0.2.50']);
    const now = await metric(tsNginx, /^ts_nginx_status_writes_total\{.*result="written"/);
    assert.equal(now, (writes ?? 0) + 1);
  });

  test(`${MANY} Ingresses have one within seconds, at a bounded rate, each by one write`, async (t) => {
    const plane = ownControlPlane(t, cluster);
    if (plane === undefined) return;
    const { name: service, namespace } = APP;
    const names = Array.from({ length: MANY }, (_, index) => `many-${index}`);
    tsNginx.child.signal('SIGSTOP'); // so that it meets them all at once
    await createIngresses(cluster.api, names, { namespace, service });
    tsNginx.child.signal('SIGCONT');
    const wokenAt = performance.now();
    await eventually(
      'all have it',
      async () => {
        const { items } = await cluster.api.get<{ items: readonly IngressObject[] }>(
          ingressesPath(namespace),
        );
        const many = items.filter(({ metadata }) => metadata.name.startsWith('many-'));
        assert.equal(many.filter((item) => addressesIn(item).length === 1).length, MANY);
      },
      { withinMs: 30_000, everyMs: 500 },
    );
    t.diagnostic(`all within ${Math.round(performance.now() - wokenAt)} ms`);
    const writes = (await statusWrites(plane.auditLog)).filter(({ name }) =>
      name.startsWith('many-'),
    );
    assert.equal(writes.length, MANY);
    const most = Math.max(...writes.map(({ atMs }) => countWithin(writes, atMs, atMs + 1_000)));
    t.diagnostic(`at most ${most} writes in any second`);
    assert.ok(most <= MOST_A_SECOND, `${most} writes in a second`);
  });

  test('a right that is missing is named once, and traffic does not mind', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await allowStatus(cluster, false);
    const { name: service, namespace } = APP;
    const names = Array.from({ length: 20 }, (_, index) => `forbidden-${index}`);
    await createIngresses(cluster.api, names, { namespace, service });
    await eventually('the finding', () => {
      assert.match(
        tsNginx.child.log(),
        /does not allow update of ingresses\.networking\.k8s\.io\/status/,
      );
    });
    assert.equal((await request(tsNginx.http('forbidden-1.test'))).status, 200);
    const said = tsNginx.child
      .log()
      .split('\n')
      .filter((line) => line.includes('write-forbidden'));
    assert.equal(said.length, 1, said.join('\n'));
    await allowStatus(cluster, true);
  });
});

/** The pods of deploy/: who stops last takes the addresses away. */
suite('status at the end', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
  });

  after(() => cleanup.disposeAsync());

  test('stays while another pod serves, and is emptied by the last', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await cluster.apply(...appInNamespace(APP));
    await cluster.kubectl(['apply', '--server-side', '-f', DEPLOY_FOLDER]);
    await cluster.api.patch(SERVICE_STATUS, {
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    });
    await cluster.untilRolledOut('ts-nginx', 'ts-nginx');
    const { name: service, namespace } = APP;
    await cluster.apply(ingress({ name: 'last', namespace, host: 'last.test', service }));
    const shows = (addresses: readonly string[]): Promise<void> =>
      eventually('the status', async () => {
        assert.deepEqual(await addressesOf(cluster.api, namespace, 'last'), addresses);
      });
    await shows(['192.0.2.1']);
    await scale(cluster, 1);
    await eventually(
      'one pod is left',
      async () => {
        assert.equal((await podNames(cluster)).length, 1);
      },
      { withinMs: 40_000 },
    );
    assert.deepEqual(await addressesOf(cluster.api, namespace, 'last'), ['192.0.2.1']);
    // The one that is left has to lead, or nobody can take anything away.
    await eventually('it leads', async () => {
      const lease = await cluster.api.get<{ spec: { holderIdentity?: string } }>(
        '/apis/coordination.k8s.io/v1/namespaces/ts-nginx/leases/ts-nginx-leader',
      );
      const [left = '?'] = await podNames(cluster);
      assert.ok(lease.spec.holderIdentity?.startsWith(left));
    });
    await scale(cluster, 0);
    await shows([]);
  });
});

async function scale({ kubectl }: Cluster, replicas: number): Promise<void> {
  await kubectl(['-n', 'ts-nginx', 'scale', 'deployment/ts-nginx', `--replicas=${replicas}`]);
}

async function podNames({ api }: Cluster): Promise<string[]> {
  const { items } = await api.get<{ items: readonly { metadata: { name: string } }[] }>(
    '/api/v1/namespaces/ts-nginx/pods',
  );
  return items.map(({ metadata }) => metadata.name);
}

/** Our ClusterRole with, or without, the rule for statuses. */
async function allowStatus({ api, kubectl }: Cluster, isAllowed: boolean): Promise<void> {
  const file = `${DEPLOY_FOLDER}/10-rbac.yaml`;
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', file]);
  if (isAllowed) return;
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/ts-nginx';
  const { rules } = await api.get<{ rules: readonly { resources: readonly string[] }[] }>(path);
  const left = rules.filter(({ resources }) => !resources.includes('ingresses/status'));
  await api.patch(path, { rules: left });
}

interface StatusWrite {
  readonly name: string;
  readonly atMs: number;
}

/** From the API server's own log. */
async function statusWrites(auditLog: string): Promise<StatusWrite[]> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as AuditEvent & { stageTimestamp: string })
    .filter(({ requestURI }) => requestURI.endsWith('/status'))
    .map(({ objectRef, stageTimestamp }) => ({
      name: objectRef?.name ?? '',
      atMs: Date.parse(stageTimestamp),
    }));
}

function countWithin(writes: readonly StatusWrite[], fromMs: number, toMs: number): number {
  return writes.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;
}
