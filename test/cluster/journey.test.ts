import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { appDeployment, appInNamespace, ingress, tlsSecret } from './harness/app.ts';
import { auditedRequests, verbsOf } from './harness/audit.ts';
import { ownControlPlane, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { KeepAliveLoad } from './harness/load.ts';
import { SteadyLoad } from './harness/steady-load.ts';
import { SteadySite } from './harness/steady-site.ts';
import { request, requestEcho } from './harness/wire.ts';

/**
 * What a user does with an Ingress, one step after the other; each change is awaited on the wire. All the while another
 * Ingress is under load on kept connections, and must not lose a request or a connection.
 */
suite('journey', () => {
  const shop = { name: 'web', namespace: 'cluster-test-shop' };
  const site = new SteadySite({
    prepare: async (cluster) => {
      await cluster.apply(tlsSecret('unreferenced', SteadyLoad.namespace, certificate));
      await cluster.api.patch('/api/v1/namespaces/ts-nginx/services/ts-nginx/status', {
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
      });
    },
    run: { args: ['--publish-service=ts-nginx/ts-nginx', '--election-ttl=4s'] },
  });
  const { authority } = site;
  const certificate = authority.issue('shop.test');
  const shopIngress = {
    name: 'web',
    namespace: shop.namespace,
    host: 'shop.test',
    service: 'web',
    tlsSecret: 'shop-tls',
  };

  const untilStatus = (host: string, path: string, wanted: number): Promise<void> =>
    eventually(`${host}${path} answers ${wanted}`, async () => {
      const { status } = await request(site.tsNginx.http(host, path));
      assert.equal(status, wanted);
    });

  test('an applied Deployment, Service, Secret and Ingress answer over HTTP and HTTPS', async () => {
    await site.cluster.apply(
      ...appInNamespace(shop),
      tlsSecret('shop-tls', shop.namespace, certificate),
      ingress(shopIngress),
    );
    await untilStatus('shop.test', '/', 200);
    const echo = await requestEcho(site.tsNginx.http('shop.test', '/basket?id=7'));
    assert.equal(echo.path, '/basket?id=7');
    assert.equal(echo.host, 'shop.test');
    assert.equal(echo.service, 'web');
    await eventually('HTTPS shows the certificate of the Secret', async () => {
      const answer = await request(site.tsNginx.https('shop.test', authority.pem));
      assert.equal(answer.status, 200);
      assert.equal(answer.certificateSerial, certificate.serial);
    });
  });

  test('a changed path is served in place of the old one', async () => {
    await site.cluster.apply(ingress({ ...shopIngress, path: '/v2' }));
    await untilStatus('shop.test', '/v2/x', 200);
    assert.equal((await request(site.tsNginx.http('shop.test', '/'))).status, 404);
    await site.cluster.apply(ingress(shopIngress));
    await untilStatus('shop.test', '/', 200);
  });

  test('a changed host is served in place of the old one', async () => {
    await site.cluster.apply(ingress({ ...shopIngress, host: 'store.test' }));
    await untilStatus('store.test', '/', 200);
    assert.equal((await request(site.tsNginx.http('shop.test', '/'))).status, 404);
    await site.cluster.apply(ingress(shopIngress));
    await untilStatus('shop.test', '/', 200);
  });

  test('a renewed certificate is shown', async () => {
    const renewed = authority.issue('shop.test');
    await site.cluster.apply(tlsSecret('shop-tls', shop.namespace, renewed));
    await eventually('HTTPS shows the renewed certificate', async () => {
      const answer = await request(site.tsNginx.https('shop.test', authority.pem));
      assert.equal(answer.certificateSerial, renewed.serial);
    });
  });

  test('a pod that scaling added gets traffic', async () => {
    const { pod: first } = await requestEcho(site.tsNginx.http('shop.test'));
    await site.cluster.kubectl(['-n', shop.namespace, 'scale', 'deploy/web', '--replicas=2']);
    await eventually('another pod answers', async () => {
      assert.notEqual((await requestEcho(site.tsNginx.http('shop.test'))).pod, first);
    });
  });

  test('a Service without pods answers 503, and 200 again with the first', async () => {
    await site.cluster.kubectl(['-n', shop.namespace, 'scale', 'deploy/web', '--replicas=0']);
    await untilStatus('shop.test', '/', 503);
    await site.cluster.kubectl(['-n', shop.namespace, 'scale', 'deploy/web', '--replicas=3']);
    await untilStatus('shop.test', '/', 200);
    await site.cluster.untilRolledOut('web', shop.namespace);
  });

  test('a rolling update loses no request and no connection', async () => {
    const load = new KeepAliveLoad(site.tsNginx.http('shop.test'), { connections: 4, pauseMs: 5 });
    await site.cluster.apply(appDeployment({ ...shop, replicas: 3, revision: '2' }));
    await site.cluster.untilRolledOut('web', shop.namespace);
    await untilPodsAre(3);
    const { requests, failures, closedConnections } = await load.stop();
    assert.ok(requests > 100, `only ${requests} requests were made`);
    assert.deepEqual([...failures], []);
    assert.equal(closedConnections, 0);
  });

  const untilPodsAre = (wanted: number): Promise<void> =>
    eventually(`${wanted} pods are left`, async () => {
      const pods = await site.cluster.api.get<{ items: readonly object[] }>(
        `/api/v1/namespaces/${shop.namespace}/pods`,
      );
      assert.equal(pods.items.length, wanted);
    });

  test('a deleted Ingress answers 404', async () => {
    await site.cluster.kubectl(['-n', shop.namespace, 'delete', 'ingress', 'web']);
    await untilStatus('shop.test', '/', 404);
  });

  test('only Secrets that an Ingress names were asked for, each by its name', async (t) => {
    const plane = ownControlPlane(t, site.cluster);
    if (plane === undefined) return;
    const events = await auditedRequests(plane.auditLog, 'ts-nginx', 'ts-nginx');
    const secrets = events.filter(({ objectRef }) => objectRef?.resource === 'secrets');
    const asked = secrets.map(({ objectRef }) => `${objectRef?.namespace}/${objectRef?.name}`);
    assert.deepEqual([...new Set(asked)].sort(), [
      `${shop.namespace}/shop-tls`,
      `${SteadyLoad.namespace}/${SteadyLoad.secret}`,
    ]);
  });

  test('every right that deploy/ gives was used, and none was missing', async (t) => {
    const plane = ownControlPlane(t, site.cluster);
    if (plane === undefined) return;
    const events = await auditedRequests(plane.auditLog, 'ts-nginx', 'ts-nginx');
    const refused = events.filter(
      ({ annotations }) => annotations?.['authorization.k8s.io/decision'] === 'forbid',
    );
    assert.deepEqual(
      refused.map(({ requestURI }) => requestURI),
      [],
    );
    const used = [...verbsOf(events), ...USED_ELSEWHERE];
    assert.deepEqual([...new Set(used)].sort(), await grantedVerbs(site.cluster));
  });

  test('the other Ingress lost no request and no connection in all of this', async (t) => {
    await site.steady.assertUndisturbed(t, 100);
  });
});

/** By a pod that stops (status.test.ts), and for what happens again (events.test.ts). */
const USED_ELSEWHERE = ['get pods', 'list pods', 'patch events'];

interface Rules {
  readonly rules: readonly {
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** What the Role and the ClusterRole allow, as `verbsOf` writes it. */
async function grantedVerbs({ kubectl }: Cluster): Promise<string[]> {
  const json = ['-o', 'json'];
  const roles = [
    JSON.parse(await kubectl(['get', 'clusterrole', 'ts-nginx', ...json])) as Rules,
    JSON.parse(await kubectl(['-n', 'ts-nginx', 'get', 'role', 'ts-nginx', ...json])) as Rules,
  ];
  const verbs = roles
    .flatMap(({ rules }) => rules)
    .flatMap((rule) => rule.resources.flatMap((r) => rule.verbs.map((verb) => `${verb} ${r}`)));
  return [...new Set(verbs)].sort();
}
