import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { appInNamespace, ingress, tlsSecret } from '../cluster/harness/app.ts';
import { TestAuthority } from '../cluster/harness/certificate.ts';
import { startCluster, type Cluster } from '../cluster/harness/cluster.ts';
import { eventually } from '../cluster/harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from '../cluster/harness/install.ts';
import { KeepAliveLoad } from '../cluster/harness/load.ts';
import type { TsNginx } from '../cluster/harness/ts-nginx.ts';
import { seededRandom } from '../unit/seeded-random.ts';
import { residentMb } from './figures.ts';
import { RandomChanges, SERVED } from './random-changes.ts';

/** `CHURN_ROUNDS=10 CHURN_SEED=7 npm run test:scale -- churn` for the long run. */
const ROUNDS = Number(process.env['CHURN_ROUNDS'] ?? 2);
const SEED = Number(process.env['CHURN_SEED'] ?? Date.now() % 1_000_000);
const CHANGES = 1_000;
const CHANGES_A_SECOND = 50;
const APP = { name: 'steady', namespace: 'cluster-test-churn-steady', replicas: 2 };
const HOST = 'steady.test';
/** About 300 requests in a second, on kept connections. */
const PACE = { connections: 8, pauseMs: 40 };
/** What rounds of the same work may add: less than any leak of theirs would. */
const GROWTH_MB = 80;
const ARGS = ['--watch-namespace-selector=churn=on'];

/** Whatever comes and goes, in whatever order: the table is what a fresh start makes of the objects. */
suite(`churn, CHURN_SEED=${SEED}`, () => {
  const cleanup = new AsyncDisposableStack();
  const authority = new TestAuthority();
  const megabytes: number[] = [];
  let cluster: Cluster;
  let tsNginx: TsNginx;
  let changes: RandomChanges;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    await cluster.apply(...rightToNamespaces());
    await cluster.apply(
      ...appInNamespace(APP),
      tlsSecret('steady-tls', APP.namespace, authority.issue(HOST)),
      ingress({ ...APP, host: HOST, service: APP.name, tlsSecret: 'steady-tls' }),
    );
    await cluster.api.patch(`/api/v1/namespaces/${APP.namespace}`, {
      metadata: { labels: SERVED },
    });
    await cluster.untilRolledOut(APP.name, APP.namespace);
    tsNginx = await runTsNginx(cluster, { args: ARGS });
    cleanup.defer(() => tsNginx.stop());
    await tsNginx.untilReady();
    changes = new RandomChanges(cluster.api, seededRandom(SEED));
    await changes.createNamespaces();
  });

  after(() => cleanup.disposeAsync());

  for (let round = 1; round <= ROUNDS; round++) {
    test(`round ${round}: ${CHANGES} changes under load`, async (t) => {
      const loads = [
        new KeepAliveLoad(tsNginx.http(HOST, '/load'), PACE),
        new KeepAliveLoad(tsNginx.https(HOST, authority.pem, '/load'), PACE),
      ];
      t.after(() => Promise.all(loads.map((load) => load.stop())));
      const took = await changeAll(changes);
      for (const load of loads) {
        const { requests, failures } = await load.stop();
        t.diagnostic(`${Math.round(requests / took)} requests a second`);
        assert.deepEqual([...failures], [], `of ${requests} requests`);
      }
      t.diagnostic(`${changes.taken} changes taken so far, ${changes.refused} refused`);
      assert.ok(changes.taken > round * CHANGES * 0.5, 'most changes are possible');

      const fresh = await runTsNginx(cluster, {
        name: `fresh-${round}`,
        address: `10.244.0.${10 + round}`,
        args: ARGS,
      });
      t.after(() => fresh.stop());
      await eventually('it is ready', () => fresh.untilReady(), { withinMs: 60_000 });
      await eventually('it serves what a fresh start serves', async () => {
        assert.deepEqual(await tableOf(tsNginx), await tableOf(fresh));
      });
      megabytes.push(await residentMb(tsNginx));
    });
  }

  test('memory does not grow with the rounds', (t) => {
    t.diagnostic(`after each round: ${megabytes.map(Math.round).join(', ')} MB`);
    const [first = 0] = megabytes;
    assert.ok((megabytes.at(-1) ?? 0) - first < GROWTH_MB * Math.max(1, Math.log2(ROUNDS)));
  });
});

/** Resolves with the seconds it took. Changes are begun in order and in time, whether or not the last was answered. */
async function changeAll(changes: RandomChanges): Promise<number> {
  const startedAt = performance.now();
  const begun: Promise<void>[] = [];
  for (let count = 0; count < CHANGES; count++) {
    await delay(Math.max(1, startedAt + (count * 1_000) / CHANGES_A_SECOND - performance.now()));
    begun.push(changes.next());
  }
  await Promise.all(begun);
  return (performance.now() - startedAt) / 1_000;
}

/** What is served, but for the certificate that each process makes for itself. */
async function tableOf(tsNginx: TsNginx): Promise<unknown> {
  const { body } = await tsNginx.admin('/config?format=json');
  const config = JSON.parse(body) as { certificates?: Record<string, unknown> };
  assert.ok(config.certificates?.['default'] !== undefined, 'each has one of its own');
  return { ...config, certificates: { ...config.certificates, default: undefined } };
}

/** What the chart adds for `scope.namespaceSelector`. */
function rightToNamespaces(): object[] {
  const metadata = { name: 'ts-nginx-namespaces' };
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata,
      rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'ts-nginx', namespace: 'ts-nginx' }],
    },
  ];
}
