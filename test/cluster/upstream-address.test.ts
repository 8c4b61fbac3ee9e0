import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { join } from 'node:path';
import { appDeployment, appInNamespace, appService, ingress } from './harness/app.ts';
import { auditedRequests } from './harness/audit.ts';
import { DEPLOY_FOLDER, ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { installWithoutDeployment, runTsNginx, type RunOptions } from './harness/install.ts';
import { KeepAliveLoad } from './harness/load.ts';
import { createNode, setNodeReady } from './harness/node.ts';
import { ServicePortal } from './harness/service-portal.ts';
import type { TsNginx } from './harness/ts-nginx.ts';
import { request, requestEcho } from './harness/wire.ts';

/** The Node that the stand-in kubelet makes, and another one. */
const FIRST = { name: 'stand-in', address: '10.244.0.1' };
const SECOND = { name: 'second', address: '10.244.200.1' };
const NODE_PORT = 30_080;
const NODES_RIGHTS = join(DEPLOY_FOLDER, '../nodes/10-rbac.yaml');
const ANNOTATION = 'ts-nginx.io/upstream-address';

/** Services that are reached by what the cluster offers; where kube-proxy would listen, a stand-in does. */
const needsOwnCluster =
  process.env['KUBECONFIG'] === undefined ? {} : { skip: 'stands in for kube-proxy' };
suite('upstream address', needsOwnCluster, () => {
  const app = { name: 'web', namespace: 'cluster-test-reach' };
  const nodePort = {
    type: 'NodePort',
    ports: [{ name: 'http', port: 80, targetPort: 'http', nodePort: NODE_PORT }],
  };
  const byNodePort = { service: nodePort, serviceAnnotations: { [ANNOTATION]: 'node-port' } };
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let tsNginx: TsNginx;
  let first: ServicePortal;
  let second: ServicePortal;

  const start = async (t: TestContext | undefined, options: RunOptions): Promise<TsNginx> => {
    const started = await runTsNginx(cluster, options);
    if (t === undefined) cleanup.defer(() => started.stop());
    else t.after(() => started.stop());
    await started.untilReady();
    return started;
  };
  const portal = async (place: { address: string; port: number; service?: string }) => {
    const { api } = cluster;
    const opened = await ServicePortal.open({
      api,
      namespace: app.namespace,
      service: 'web',
      ...place,
    });
    cleanup.defer(() => opened.close());
    return opened;
  };
  const untilStatus = (at: TsNginx, host: string, wanted: number): Promise<void> =>
    eventually(`${host} answers ${wanted}`, async () => {
      assert.equal((await request(at.http(host))).status, wanted);
    });

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    await createNode(cluster.api, { ...SECOND, zone: 'west' });
    await cluster.api.patch(`/api/v1/nodes/${FIRST.name}`, {
      metadata: { labels: { 'topology.kubernetes.io/zone': 'east' } },
    });
    await cluster.apply(
      ...appInNamespace({ ...app, ...byNodePort, variant: 'first', node: FIRST.name }),
      appDeployment({ ...app, variant: 'second', node: SECOND.name }),
      ingress({ ...app, host: 'web.test', service: 'web' }),
    );
    await cluster.untilRolledOut('web-first', app.namespace);
    await cluster.untilRolledOut('web-second', app.namespace);
    first = await portal({ address: FIRST.address, port: NODE_PORT });
    second = await portal({ address: SECOND.address, port: NODE_PORT });
    tsNginx = await start(undefined, {});
  });

  after(() => cleanup.disposeAsync());

  test('without the right to read Nodes it serves all else, answers 503 there, and says why', async () => {
    await eventually('a finding names the right', async () => {
      const { body } = await tsNginx.admin('/findings');
      assert.match(body, /does not allow list of nodes/);
      assert.match(body, /service-not-exposed/);
    });
    assert.equal((await request(tsNginx.http('web.test'))).status, 503);
    assert.equal((await request(tsNginx.http('nobody.test'))).status, 404);
  });

  test('with it, both Nodes get exchanges at their node port', async () => {
    await cluster.kubectl(['apply', '--server-side', '-f', NODES_RIGHTS]);
    await eventually(
      'both Nodes are used',
      async () => {
        assert.equal((await requestEcho(tsNginx.http('web.test'))).service, 'web');
        assert.ok(first.open > 0 && second.open > 0);
      },
      { withinMs: 60_000 },
    );
    const { body } = await tsNginx.admin('/findings');
    assert.doesNotMatch(body, /of nodes|service-not-exposed/);
  });

  test('a Node that is not ready gets no exchange, and its idle connections close', async () => {
    await setNodeReady(cluster.api, SECOND.name, false);
    await eventually('nothing is open to it', () => {
      assert.equal(second.open, 0);
    });
    const before = second.accepted;
    for (let i = 0; i < 20; i++) await requestEcho(tsNginx.http('web.test'));
    assert.equal(second.accepted, before);
    await setNodeReady(cluster.api, SECOND.name, true);
    await eventually('it is used again', async () => {
      await requestEcho(tsNginx.http('web.test'));
      assert.ok(second.accepted > before);
    });
  });

  test('externalTrafficPolicy Local: Nodes without an endpoint are left out', async () => {
    const local = { ...nodePort, externalTrafficPolicy: 'Local' };
    await cluster.apply(appService({ ...app, ...byNodePort, service: local }));
    await cluster.kubectl(['-n', app.namespace, 'scale', 'deploy/web-second', '--replicas=0']);
    await eventually('nothing is open to the Node without pods', () => {
      assert.equal(second.open, 0);
    });
    const before = second.accepted;
    for (let i = 0; i < 20; i++) await requestEcho(tsNginx.http('web.test'));
    assert.equal(second.accepted, before);
    await cluster.kubectl(['-n', app.namespace, 'scale', 'deploy/web-second', '--replicas=1']);
    await cluster.untilRolledOut('web-second', app.namespace);
    await cluster.apply(appService({ ...app, ...byNodePort }));
  });

  test('service-upstream: the cluster IP, as one endpoint, and no request is lost on the way', async () => {
    const clusterIp = await portal({ address: await clusterIpOf(cluster), port: 80 });
    const load = new KeepAliveLoad(tsNginx.http('web.test'), { connections: 4, pauseMs: 5 });
    const annotations = { 'nginx.ingress.kubernetes.io/service-upstream': 'true' };
    await cluster.apply(ingress({ ...app, host: 'web.test', service: 'web', annotations }));
    await eventually('the cluster IP is used, and the Nodes are not', async () => {
      await requestEcho(tsNginx.http('web.test'));
      assert.ok(clusterIp.accepted > 0);
      assert.equal(first.open + second.open, 0);
    });
    await cluster.apply(ingress({ ...app, host: 'web.test', service: 'web' }));
    await eventually('the Nodes are used again', () => {
      assert.ok(first.open + second.open > 0);
    });
    const { requests, failures, closedConnections } = await load.stop();
    assert.ok(requests > 10, `only ${requests} requests were made`);
    assert.deepEqual([...failures], []);
    assert.equal(closedConnections, 0);
  });

  test('the address of a load balancer', async () => {
    const balancer = { address: '10.244.201.1', port: 80 };
    const listener = await portal(balancer);
    const serviceAnnotations = { [ANNOTATION]: 'load-balancer' };
    const service = { ...nodePort, type: 'LoadBalancer' };
    await cluster.apply(appService({ ...app, service, serviceAnnotations }));
    await untilStatus(tsNginx, 'web.test', 503);
    await cluster.api.patch(`/api/v1/namespaces/${app.namespace}/services/web/status`, {
      status: { loadBalancer: { ingress: [{ ip: balancer.address }] } },
    });
    await eventually('it is used', async () => {
      await requestEcho(tsNginx.http('web.test'));
      assert.ok(listener.accepted > 0);
    });
    await cluster.apply(appService({ ...app, ...byNodePort }));
  });

  test('without pods a node port answers 503 like any other Service', async () => {
    const scale = (replicas: number): Promise<string> =>
      cluster.kubectl(['-n', app.namespace, 'scale', '--all', 'deploy', `--replicas=${replicas}`]);
    await scale(0);
    await untilStatus(tsNginx, 'web.test', 503);
    await scale(1);
    await untilStatus(tsNginx, 'web.test', 200);
  });

  test('auto finds out that endpoints can not be reached, and how they can', async (t) => {
    const namespace = 'cluster-test-unreached';
    await cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      unreachedService(namespace),
      unreachedSlice(namespace),
      ingress({ name: 'far', namespace, host: 'far.test', service: 'far' }),
    );
    await portal({ address: SECOND.address, port: NODE_PORT + 1 });
    const args = ['--upstream-address=auto', `--watch-namespace=${namespace}`];
    const own = await start(t, { name: 'auto', address: '10.244.0.5', args });
    await setNodeReady(cluster.api, FIRST.name, false); // its port leads nowhere
    await untilStatus(own, 'far.test', 200);
    const chosen = own.child
      .log()
      .split('\n')
      .find((line) => line.includes('upstream address chosen'));
    assert.match(chosen ?? '', /"upstreamAddress":"node-port"/);
    assert.match(chosen ?? '', /endpoints: 0 of 1.*cluster-ip: 0 of 1.*node-port: 1 of 2/);
    await setNodeReady(cluster.api, FIRST.name, true);
  });

  test('hints for zones are followed, and only the own Node is asked for', async (t) => {
    const plane = ownControlPlane(t, cluster);
    if (plane === undefined) return;
    const service = { ...nodePort, trafficDistribution: 'PreferSameZone' };
    const serviceAnnotations = { [ANNOTATION]: 'endpoints' };
    await cluster.apply(appService({ ...app, service, serviceAnnotations }));
    const args = ['--enable-topology-aware-routing'];
    const env = { NODE_NAME: SECOND.name };
    const own = await start(t, { name: 'zone', address: '10.244.0.6', args, env });
    await eventually('the pod of this zone answers all', async () => {
      for (let i = 0; i < 10; i++) {
        assert.match((await requestEcho(own.http('web.test'))).pod, /^web-second-/);
      }
    });
    const events = await auditedRequests(plane.auditLog, 'ts-nginx', 'ts-nginx');
    const ofNodes = events.filter(({ objectRef }) => objectRef?.resource === 'nodes');
    assert.equal(ofNodes.at(-1)?.objectRef?.name, SECOND.name);
  });

  test('internalTrafficPolicy Local: endpoints of the own Node, or none', async (t) => {
    const service = { ...nodePort, internalTrafficPolicy: 'Local' };
    const serviceAnnotations = { [ANNOTATION]: 'endpoints' };
    await cluster.apply(appService({ ...app, service, serviceAnnotations }));
    const env = { NODE_NAME: FIRST.name };
    const own = await start(t, { name: 'local', address: '10.244.0.7', env });
    for (let i = 0; i < 10; i++) {
      assert.match((await requestEcho(own.http('web.test'))).pod, /^web-first-/);
    }
    await cluster.kubectl(['-n', app.namespace, 'scale', 'deploy/web-first', '--replicas=0']);
    await untilStatus(own, 'web.test', 503);
    const { body } = await own.admin('/findings');
    assert.match(body, /on this Node, and its internalTrafficPolicy is Local/);
  });
});

async function clusterIpOf({ api }: Cluster): Promise<string> {
  const service = await api.get<{ spec: { clusterIP: string } }>(
    '/api/v1/namespaces/cluster-test-reach/services/web',
  );
  return service.spec.clusterIP;
}

/** Its endpoint is an address where nobody listens, as pods are for who is outside of their network. */
function unreachedSlice(namespace: string): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'far-1', namespace, labels: { 'kubernetes.io/service-name': 'far' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 3000 }],
    endpoints: [{ addresses: ['10.244.222.1'], conditions: { ready: true } }],
  };
}

function unreachedService(namespace: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'far', namespace },
    spec: { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: NODE_PORT + 1 }] },
  };
}
