import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { appInNamespace, ingress } from './harness/app.ts';
import { ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { installWithoutDeployment, runTsNginx, type RunOptions } from './harness/install.ts';
import { createNode } from './harness/node.ts';
import { addressesOf } from './harness/reporting.ts';
import { standInPod } from './harness/stand-in-pod.ts';
import type { TsNginx } from './harness/ts-nginx.ts';

const APP = { name: 'web', namespace: 'cluster-test-addresses' };
const NAMESPACE = 'ts-nginx';
const SERVICE = `/api/v1/namespaces/${NAMESPACE}/services/ts-nginx`;
const ROLE = '/apis/rbac.authorization.k8s.io/v1/clusterroles/ts-nginx';
const QUICK = ['--status-update-interval=5', '--election-ttl=4s'];

/** Where the addresses of a status come from. Source: routing.md §14. */
suite('addresses of a status', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let processes = 0;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    const { name: service, namespace } = APP;
    await cluster.apply(
      ...appInNamespace(APP),
      ingress({ name: 'web', namespace, host: 'web.test', service }),
    );
  });

  after(() => cleanup.disposeAsync());

  const run = async (t: TestContext, options: RunOptions): Promise<TsNginx> => {
    processes += 1;
    const address = `10.244.0.${1 + processes}`;
    const name = `addresses-${processes}`;
    const started = await runTsNginx(cluster, { name, address, ...options });
    t.after(() => started.stop());
    return started;
  };

  const shows = (...addresses: string[]): Promise<void> =>
    eventually(`it shows ${addresses.join(', ') || 'nothing'}`, async () => {
      assert.deepEqual(await addressesOf(cluster.api, APP.namespace, 'web'), addresses);
    });

  test('are those of --publish-status-address, and several stay at the end', async (t) => {
    const given = ['--publish-status-address=192.0.2.2,lb.example.test,192.0.2.1'];
    const tsNginx = await run(t, { args: [...QUICK, ...given] });
    await shows('192.0.2.1', '192.0.2.2', 'lb.example.test');
    await tsNginx.stop();
    await shows('192.0.2.1', '192.0.2.2', 'lb.example.test');
  });

  test('are those of the Service, by its type', async (t) => {
    const { spec } = await cluster.api.get<{ spec: { clusterIP: string } }>(SERVICE);
    await run(t, { args: [...QUICK, `--publish-service=${NAMESPACE}/ts-nginx`] });
    await cluster.api.patch(SERVICE, { spec: { externalIPs: ['198.51.100.7'] } });
    const balancer = [{ ip: '192.0.2.20' }, { hostname: 'lb.example.test' }];
    await cluster.api.patch(`${SERVICE}/status`, {
      status: { loadBalancer: { ingress: balancer } },
    });
    await shows('192.0.2.20', '198.51.100.7', 'lb.example.test');
    await cluster.api.patch(SERVICE, { spec: { type: 'NodePort' } });
    await shows('198.51.100.7');
    await cluster.api.patch(SERVICE, { spec: { externalIPs: null } });
    await shows(spec.clusterIP);
    const name = 'edge.example.test';
    await cluster.api.patch(SERVICE, {
      spec: { type: 'ExternalName', externalName: name, externalTrafficPolicy: null },
    });
    await shows(name);
    await cluster.api.patch(SERVICE, { spec: { type: 'ClusterIP', externalName: null } });
    const again = await cluster.api.get<{ spec: { clusterIP: string } }>(SERVICE);
    await shows(again.spec.clusterIP);
  });

  test('are those of the Nodes where pods of ours are ready', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return; // Nodes of nobody
    // As the overlays do that publish Nodes.
    const right = { apiGroups: [''], resources: ['nodes'], verbs: ['get'] };
    await cluster.api.patch(ROLE, [{ op: 'add', path: '/rules/-', value: right }], 'json');
    await createNode(cluster.api, {
      ...{ name: 'one', address: '10.9.0.1' },
      externalAddress: '192.0.2.11',
    });
    for (const [index, name] of ['two', 'three', 'four'].entries()) {
      await createNode(cluster.api, { name, address: `10.9.0.${2 + index}` });
    }
    const edge = { namespace: NAMESPACE, app: 'edge' };
    await cluster.apply(
      standInPod({ ...edge, name: 'own', node: 'one' }),
      standInPod({ ...edge, name: 'twin', node: 'two' }),
      standInPod({ ...edge, name: 'ill', node: 'three', isIll: true }),
      standInPod({ ...edge, name: 'stranger', node: 'four', app: 'another' }),
    );
    const { api } = cluster;
    const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
    await t.test('external ones, or internal where there are no others', async (t2) => {
      const tsNginx = await run(t2, { name: 'own', args: QUICK });
      await shows('10.9.0.2', '192.0.2.11');
      await tsNginx.stop();
      await shows('10.9.0.2', '192.0.2.11');
    });
    await t.test('internal ones where asked, and they follow the pods', async (t2) => {
      const tsNginx = await run(t2, {
        name: 'own',
        args: [...QUICK, '--report-node-internal-ip-address'],
      });
      await shows('10.9.0.1', '10.9.0.2');
      await api.delete(`${pods}/twin`);
      await shows('10.9.0.1');
      await tsNginx.stop();
      // One that is not ready may be so in a moment.
      await shows('10.9.0.1');
    });
    await t.test('and are gone when no pod is left', async (t2) => {
      await api.delete(`${pods}/ill`);
      await eventually('it is gone', async () => {
        await assert.rejects(api.get(`${pods}/ill`));
      });
      const tsNginx = await run(t2, { name: 'own', args: QUICK });
      await shows('192.0.2.11');
      await tsNginx.stop();
      await shows();
    });
  });
});
