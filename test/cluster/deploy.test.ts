import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { appInNamespace, ingress } from './harness/app.ts';
import { BalancedLoad, readyAddresses } from './harness/balanced-load.ts';
import { DEPLOY_FOLDER, ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { request, requestEcho } from './harness/wire.ts';

/** What deploy/kustomize/base installs: real pods of its Deployment, with its arguments, its probes and its rights. */
suite('deploy/kustomize/base', () => {
  const app = { name: 'web', namespace: 'cluster-test-deploy' };
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await cluster.apply(...appInNamespace(app));
  });

  after(() => cleanup.disposeAsync());

  const strictly = ['--server-side', '--validate=strict'];

  test('is accepted by `kubectl apply -f`, field by field', async () => {
    await cluster.kubectl(['apply', ...strictly, '-f', DEPLOY_FOLDER]);
  });

  test('is the same by `kubectl apply -k`', async () => {
    await cluster.kubectl(['diff', '-k', DEPLOY_FOLDER]); // fails when there is a difference
  });

  test('becomes ready by its own probes, and its Service has both pods', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return; // elsewhere nobody can pull the image
    await cluster.untilRolledOut('ts-nginx', 'ts-nginx');
    await eventually('two ready endpoints', async () => {
      assert.equal((await readyAddresses(cluster.api, 'ts-nginx', 'ts-nginx')).length, 2);
    });
  });

  test('each of its pods serves an Ingress of its class', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return; // elsewhere nobody can pull the image
    const { name, namespace } = app;
    await cluster.apply(ingress({ name, namespace, host: 'deploy.test', service: name }));
    for (const address of await readyAddresses(cluster.api, 'ts-nginx', 'ts-nginx')) {
      await eventually(`${address} serves it`, async () => {
        const echo = await requestEcho({ address, port: 80, host: 'deploy.test', path: '/x' });
        assert.equal(echo.service, 'web');
      });
    }
  });

  test('answers /livez, and /healthz to those who probe the proxy port', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return; // elsewhere nobody can pull the image
    for (const address of await readyAddresses(cluster.api, 'ts-nginx', 'ts-nginx')) {
      const alive = await request({ address, port: 10_254, host: address, path: '/livez' });
      assert.equal(alive.status, 200);
      const probed = await request({ address, port: 80, host: address, path: '/healthz' });
      assert.equal(probed.status, 200);
    }
  });

  test('fails no request while its own pods are replaced', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    const old = await readyAddresses(cluster.api, 'ts-nginx', 'ts-nginx');
    const { api } = cluster;
    const at = { api, namespace: 'ts-nginx', service: 'ts-nginx' };
    const load = new BalancedLoad({ ...at, host: 'deploy.test' });
    t.after(() => load.stop());
    await cluster.kubectl(['-n', 'ts-nginx', 'rollout', 'restart', 'deployment/ts-nginx']);
    await cluster.untilRolledOut('ts-nginx', 'ts-nginx');
    await eventually('the old pods are gone', async () => {
      assert.equal((await podAddresses(cluster)).filter((pod) => old.includes(pod)).length, 0);
    });
    await load.assertUndisturbed(t, 50);
  });
});

async function podAddresses({ api }: Cluster): Promise<string[]> {
  const pods = await api.get<{ items: readonly { status: { podIP?: string } }[] }>(
    '/api/v1/namespaces/ts-nginx/pods',
  );
  return pods.items.flatMap(({ status }) => status.podIP ?? []);
}
