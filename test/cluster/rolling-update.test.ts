import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startSteadyLoad, type SteadyLoad } from '../wire/harness/steady-load.ts';
import { appInNamespace } from './harness/app.ts';
import { DEPLOY_FOLDER, ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { L4Balancer } from './harness/l4-balancer.ts';
import { addressesOf, ingressesPath, type IngressObject } from './harness/reporting.ts';

const APP = { name: 'web', namespace: 'cluster-test-rolling', replicas: 2 };
const SERVICE_STATUS = '/api/v1/namespaces/ts-nginx/services/ts-nginx/status';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/ts-nginx/leases/ts-nginx-leader';
/** Where the balancer is, for those who read a status. */
const PUBLISHED = '192.0.2.1';
const PER_SECOND = 100;
const REPLICAS = 2;

interface Replica {
  readonly name: string;
  readonly address: string;
}

/**
 * Two ts-nginx, real processes of the Deployment that deploy/ ships, behind a balancer of connections that goes by `/readyz`
 * alone. They are replaced by two others, one after the other, each stopped by SIGTERM once its successor is ready, under
 * load over kept connections of HTTP/1.1 and HTTP/2.
 */
suite('rolling update of ts-nginx', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let balancer: L4Balancer;
  let old: readonly Replica[] = [];

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    if (cluster.controlPlane === undefined) return; // skipped below: nobody can pull the image
    await cluster.kubectl(['apply', '-k', DEPLOY_FOLDER]);
    await cluster.api.patch(SERVICE_STATUS, {
      status: { loadBalancer: { ingress: [{ ip: PUBLISHED }] } },
    });
    await cluster.apply(...appInNamespace(APP), ingressOfAnyHost('web'));
    await cluster.untilRolledOut(APP.name, APP.namespace);
    await cluster.untilRolledOut('ts-nginx', 'ts-nginx');
    await untilPublished('web');
    old = await replicas(cluster);
    balancer = await L4Balancer.start({
      replicas: async () => (await replicas(cluster)).map(({ address }) => address),
      ports: [80, 443],
    });
    cleanup.defer(() => balancer.stop());
    await eventually('the balancer has both', () => {
      assert.equal(balancer.ready.length, REPLICAS);
    });
  });

  after(() => cleanup.disposeAsync());

  const untilPublished = (name: string): Promise<void> =>
    eventually(`${name} shows where it is served`, async () => {
      assert.deepEqual(await addressesOf(cluster.api, APP.namespace, name), [PUBLISHED]);
    });

  const versionOf = async (name: string): Promise<string> => {
    const path = ingressesPath(APP.namespace, name);
    return (await cluster.api.get<IngressObject>(path)).metadata.resourceVersion;
  };

  const startLoads = (): Readonly<Record<string, SteadyLoad>> => {
    const afterwards = {
      after: (stop: () => void) => {
        cleanup.defer(stop);
      },
    };
    const http = { port: balancer.port(80), perSecond: PER_SECOND, path: '/load' };
    const https = { ...http, port: balancer.port(443), protocol: 'h2' as const };
    return {
      'HTTP/1.1': startSteadyLoad(afterwards, http),
      'HTTP/2': startSteadyLoad(afterwards, https),
      // No client may repeat these by itself: only a server that ends connections in order loses none.
      'HTTP/2, POST': startSteadyLoad(afterwards, { ...https, body: Buffer.from('body') }),
    };
  };

  test('fails no request, moves the Lease and leaves the statuses as they are', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    const version = await versionOf('web');
    const leader = await holder(cluster);
    assert.ok(
      old.some(({ name }) => leader.startsWith(name)),
      leader,
    );
    const loads = startLoads();

    await cluster.kubectl(['-n', 'ts-nginx', 'rollout', 'restart', 'deployment/ts-nginx']);
    await cluster.untilRolledOut('ts-nginx', 'ts-nginx');
    const fresh = await untilReplaced(cluster, old);

    for (const [name, load] of Object.entries(loads)) {
      const { requests, failures, percentile } = await load.stop();
      t.diagnostic(`${name}: ${requests} requests, p99 ${Math.round(percentile(0.99))} ms`);
      assert.ok(requests > 5 * PER_SECOND, `${name}: only ${requests} requests were made`);
      assert.deepEqual([...failures], [], name);
    }
    for (const { address } of [...old, ...fresh]) {
      assert.ok(balancer.connections.has(address), `${address} never had a connection`);
    }
    await eventually('a new one leads', async () => {
      const now = await holder(cluster);
      assert.ok(
        fresh.some(({ name }) => now.startsWith(name)),
        now,
      );
    });
    assert.equal(await versionOf('web'), version); // nobody wrote it, not even what it was
    await untilPublished('web');
  });

  test('leaves two that follow the cluster, and one that writes', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await cluster.apply(ingressOfAnyHost('later', '/later'));
    await untilPublished('later');
  });
});

/** Both of the old ones are gone, and two others serve. */
function untilReplaced(cluster: Cluster, old: readonly Replica[]): Promise<readonly Replica[]> {
  return eventually(
    'the old ones are gone',
    async () => {
      const present = await replicas(cluster);
      assert.deepEqual(
        present.filter(({ name }) => old.some((replica) => replica.name === name)),
        [],
      );
      assert.equal(present.length, REPLICAS);
      return present;
    },
    { withinMs: 60_000, everyMs: 200 },
  );
}

async function replicas({ api }: Cluster): Promise<readonly Replica[]> {
  const { items } = await api.get<{
    items: readonly { metadata: { name: string }; status: { podIP?: string } }[];
  }>('/api/v1/namespaces/ts-nginx/pods');
  return items.flatMap(({ metadata: { name }, status: { podIP } }) =>
    podIP === undefined ? [] : { name, address: podIP },
  );
}

async function holder({ api }: Cluster): Promise<string> {
  const { spec } = await api.get<{ spec: { holderIdentity?: string } }>(LEASE);
  return spec.holderIdentity ?? '';
}

function ingressOfAnyHost(name: string, path = '/'): object {
  const backend = { service: { name: APP.name, port: { name: 'http' } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: APP.namespace },
    spec: {
      ingressClassName: 'ts-nginx',
      rules: [{ http: { paths: [{ path, pathType: 'Prefix', backend }] } }],
    },
  };
}
