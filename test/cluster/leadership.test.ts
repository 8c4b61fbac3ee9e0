import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from './harness/api.ts';
import { appInNamespace, ingress } from './harness/app.ts';
import { ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from './harness/install.ts';
import { addressesOf, isLeader } from './harness/reporting.ts';
import type { TsNginx } from './harness/ts-nginx.ts';

const APP = { name: 'web', namespace: 'cluster-test-leadership' };
const TTL_MS = 4_000;
/** Who waits for a Lease looks so often at least. */
const LOOK_MS = TTL_MS / 4;
const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/ts-nginx/roles';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/ts-nginx/leases';

/** Two replicas. Each publishes an address of its own, so that a status tells who wrote it. */
suite('leadership', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let ingresses = 0;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    await cluster.apply(...appInNamespace(APP));
    await allowAnyLease(cluster);
  });

  after(() => cleanup.disposeAsync());

  const start = async (name: string, election: string, last: number): Promise<TsNginx> => {
    const tsNginx = await runTsNginx(cluster, {
      name,
      address: `10.244.0.${last}`,
      args: [
        '--workers=1',
        `--election-id=${election}`,
        `--election-ttl=${TTL_MS}ms`,
        `--publish-status-address=192.0.2.${last}`,
        '--status-update-interval=5',
      ],
    });
    await tsNginx.untilReady();
    return tsNginx;
  };
  const leads = (tsNginx: TsNginx, withinMs: number): Promise<void> =>
    eventually(
      `${tsNginx.child.name} leads`,
      async () => {
        tsNginx.child.assertRunning();
        assert.ok(await isLeader(tsNginx));
      },
      { withinMs },
    );
  /** Of an Ingress that is made now: who writes? */
  const writer = async (): Promise<string> => {
    const { name: service, namespace } = APP;
    const name = `ingress-${(ingresses += 1)}`;
    await cluster.apply(ingress({ name, namespace, host: `${name}.test`, service }));
    return eventually('it has a status', async () => {
      const [address] = await addressesOf(cluster.api, namespace, name);
      assert.ok(address !== undefined);
      return address;
    });
  };

  /** The first leads, the second waits. */
  const pair = async (
    election: string,
  ): Promise<AsyncDisposable & { readonly first: TsNginx; readonly second: TsNginx }> => {
    const first = await start(`${election}-1`, election, 2);
    await leads(first, TTL_MS);
    const second = await start(`${election}-2`, election, 3);
    return {
      first,
      second,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([first.stop(), second.stop()]);
      },
    };
  };

  test('one of two leads, and when it is killed the other takes over within the ttl', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await using replicas = await pair('killed');
    const { first, second } = replicas;
    assert.equal(await isLeader(second), false);
    assert.equal(await writer(), '192.0.2.2');
    const killedAt = performance.now();
    await first.child.kill();
    await leads(second, TTL_MS + LOOK_MS);
    t.diagnostic(`after ${Math.round(performance.now() - killedAt)} ms, of a ttl of ${TTL_MS} ms`);
    assert.equal(await writer(), '192.0.2.3');
  });

  test('one that stops hands over at once', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await using replicas = await pair('stopped');
    await replicas.first.stop();
    await leads(replicas.second, TTL_MS / 2);
  });

  test('one that is frozen is replaced, and writes nothing when it wakes', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await using replicas = await pair('frozen');
    const { first, second } = replicas;
    assert.equal(await writer(), '192.0.2.2');
    first.child.signal('SIGSTOP');
    await leads(second, TTL_MS + LOOK_MS);
    // It has all of these to write when it wakes, and its timers are late by more than a ttl.
    const { name: service, namespace } = APP;
    const names = Array.from({ length: 20 }, (_, index) => `frozen-${index}`);
    await cluster.apply(
      ...names.map((name) => ingress({ name, namespace, host: `${name}.test`, service })),
    );
    const allShow = async (address: string): Promise<void> => {
      for (const name of names) {
        assert.deepEqual(await addressesOf(cluster.api, namespace, name), [address]);
      }
    };
    await eventually('the other has written them', () => allShow('192.0.2.3'));
    // It wants another address in each of them, and can't find out by the Lease that it is no longer its.
    await cluster.api.delete(`${ROLES}/any-lease`);
    await eventually('the Lease is out of reach', async () => {
      const account = '--as=system:serviceaccount:ts-nginx:ts-nginx';
      const question = ['auth', 'can-i', 'update', 'leases/frozen', '-n', 'ts-nginx', account];
      await assert.rejects(cluster.kubectl(question));
    });
    first.child.signal('SIGCONT');
    await eventually('it is awake', async () => {
      assert.match((await first.admin('/config')).body, /frozen-19/);
    });
    assert.equal(await isLeader(first), false);
    await delay(2_000);
    await allShow('192.0.2.3');
    // With the Lease back one of them leads, and the statuses are of one hand.
    await allowAnyLease(cluster);
    await eventually('one leads', async () => {
      assert.equal(Number(await isLeader(first)) + Number(await isLeader(second)), 1);
    });
    const address = (await isLeader(first)) ? '192.0.2.2' : '192.0.2.3';
    await eventually('it writes them all', () => allShow(address));
  });

  for (const { clock, offsetMs } of [
    { clock: 'behind', offsetMs: -3_600_000 },
    { clock: 'ahead', offsetMs: 3_600_000 },
  ]) {
    test(`a holder whose clock is an hour ${clock} is left in peace while it renews, and replaced when it ends`, async (t) => {
      if (ownControlPlane(t, cluster) === undefined) return;
      const holder = new OtherHolder(cluster, `clock-${clock}`, offsetMs);
      await holder.renew();
      await using running = disposable(await start(`beside-${clock}`, `clock-${clock}`, 2));
      const { tsNginx } = running;
      const until = performance.now() + 2 * TTL_MS;
      while (performance.now() < until) {
        await holder.renew();
        assert.equal(await isLeader(tsNginx), false);
        await delay(TTL_MS / 4);
      }
      const endedAt = performance.now();
      await eventually(
        'it leads',
        async () => {
          assert.ok(await isLeader(tsNginx));
        },
        { withinMs: TTL_MS + LOOK_MS },
      );
      // The last renewal was a quarter of the ttl before.
      const tookMs = performance.now() - endedAt;
      assert.ok(tookMs > TTL_MS / 2, `took it after ${Math.round(tookMs)} ms already`);
    });
  }

  test('without an election it writes at once, and asks for no Lease', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await using running = disposable(
      await runTsNginx(cluster, {
        name: 'alone',
        args: ['--disable-leader-election', '--publish-status-address=192.0.2.2'],
      }),
    );
    await running.tsNginx.untilReady();
    assert.equal(await writer(), '192.0.2.2');
    const lease = cluster.api.get(`${LEASES}/ts-nginx-leader`);
    await assert.rejects(lease, (error) => error instanceof ApiError && error.status === 404);
  });
});

/** Somebody who holds a Lease, and whose clock is wrong. */
class OtherHolder {
  readonly #cluster: Cluster;
  readonly #name: string;
  readonly #offsetMs: number;
  #exists = false;

  constructor(cluster: Cluster, name: string, offsetMs: number) {
    this.#cluster = cluster;
    this.#name = name;
    this.#offsetMs = offsetMs;
  }

  async renew(): Promise<void> {
    const renewTime = new Date(Date.now() + this.#offsetMs).toISOString().replace('Z', '000Z');
    const spec = {
      holderIdentity: 'somebody-else',
      leaseDurationSeconds: TTL_MS / 1_000,
      renewTime,
    };
    const { api } = this.#cluster;
    if (this.#exists) await api.patch(`${LEASES}/${this.#name}`, { spec });
    else await api.create(LEASES, { metadata: { name: this.#name }, spec });
    this.#exists = true;
  }
}

function disposable(tsNginx: TsNginx): AsyncDisposable & { readonly tsNginx: TsNginx } {
  return {
    tsNginx,
    [Symbol.asyncDispose]: () => tsNginx.stop(),
  };
}

/** deploy/ names the one Lease of its own pods; here each test has another. */
async function allowAnyLease(cluster: Cluster): Promise<void> {
  const metadata = { name: 'any-lease', namespace: 'ts-nginx' };
  await cluster.apply(
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [
        {
          apiGroups: ['coordination.k8s.io'],
          resources: ['leases'],
          verbs: ['get', 'create', 'update'],
        },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'any-lease' },
      subjects: [{ kind: 'ServiceAccount', name: 'ts-nginx', namespace: 'ts-nginx' }],
    },
  );
}
