import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { DEPLOY_FOLDER, ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from './harness/install.ts';

interface Role {
  readonly rules: readonly {
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** A cluster where somebody took a right away: ts-nginx must say which, where an operator looks first. */
suite('missing permissions', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
  });

  after(() => cleanup.disposeAsync());

  for (const { verb, address } of [
    { verb: 'list', address: '10.244.0.2' },
    { verb: 'watch', address: '10.244.0.3' },
  ]) {
    test(`a missing right to ${verb} EndpointSlices is named in the log`, async (t) => {
      if (ownControlPlane(t, cluster) === undefined) return; // a real installation may need these rights
      await withoutVerb(cluster, 'endpointslices', verb);
      const tsNginx = await runTsNginx(cluster, { name: `cannot-${verb}`, address });
      t.after(() => tsNginx.stop());
      await eventually('the log names verb and resource', () => {
        tsNginx.child.assertRunning();
        const refused = new RegExp(`does not allow ${verb} of endpointslices`);
        assert.match(tsNginx.child.log(), refused);
      });
      await eventually('/readyz and a metric name them too', async () => {
        const { body } = await tsNginx.admin('/readyz?verbose');
        assert.match(body, new RegExp(`does not allow ${verb} of endpointslices`));
        const { body: metrics } = await tsNginx.admin('/metrics');
        const labels = `verb="${verb}",resource="endpointslices.discovery.k8s.io"`;
        assert.ok(metrics.includes(`ts_nginx_missing_rights{${labels}`), metrics);
      });
    });
  }

  test('without the right to list them it is not ready, and says why', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await withoutVerb(cluster, 'endpointslices', 'list');
    const tsNginx = await runTsNginx(cluster, { name: 'not-ready', address: '10.244.0.4' });
    t.after(() => tsNginx.stop());
    await eventually('/readyz names the resource', async () => {
      const { status, body } = await tsNginx.admin('/readyz?verbose');
      assert.notEqual(status, 200);
      assert.match(body, /endpointslices/);
    });
  });
});

/** The ClusterRole of deploy/, less one verb on one resource. */
async function withoutVerb(
  { kubectl, api }: Cluster,
  resource: string,
  verb: string,
): Promise<void> {
  await kubectl([
    'apply',
    '--server-side',
    '--force-conflicts',
    '-f',
    `${DEPLOY_FOLDER}/10-rbac.yaml`,
  ]);
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/ts-nginx';
  const { rules } = await api.get<Role>(path);
  const fewer = rules.map((rule) =>
    rule.resources.includes(resource)
      ? { ...rule, verbs: rule.verbs.filter((other) => other !== verb) }
      : rule,
  );
  await api.patch(path, { rules: fewer });
}
