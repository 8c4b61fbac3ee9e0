import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { appInNamespace, ingress } from './harness/app.ts';
import { TestAuthority } from './harness/certificate.ts';
import { ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import type { ControlPlane } from './harness/control-plane.ts';
import { eventually } from './harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from './harness/install.ts';
import { SteadyLoad } from './harness/steady-load.ts';
import type { TsNginx } from './harness/ts-nginx.ts';
import { request } from './harness/wire.ts';

const AWAY_MS = 20_000;

/** The API server goes away and comes back: what was served is served on, and what changes afterwards is noticed. */
suite('API server away', () => {
  const app = { name: 'web', namespace: 'cluster-test-away' };
  const authority = new TestAuthority();
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let tsNginx: TsNginx;
  let steady: SteadyLoad;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    await SteadyLoad.install(cluster, authority);
    await cluster.apply(...appInNamespace(app));
    tsNginx = await runTsNginx(cluster);
    cleanup.defer(() => tsNginx.stop());
    await tsNginx.untilReady();
    steady = SteadyLoad.start(tsNginx, authority);
    cleanup.defer(() => steady.stop());
  });

  after(() => cleanup.disposeAsync());

  const faults: readonly {
    name: string;
    host: string;
    run: (plane: ControlPlane) => Promise<void>;
  }[] = [
    {
      name: 'stopped in its tracks, as a frozen machine is',
      host: 'after-freeze.test',
      run: async ({ apiServer }) => {
        apiServer.signal('SIGSTOP');
        await delay(AWAY_MS);
        apiServer.signal('SIGCONT');
      },
    },
    {
      name: 'killed, and started again',
      host: 'after-kill.test',
      run: async (plane) => {
        await plane.apiServer.kill();
        await delay(AWAY_MS);
        await plane.restartApiServer();
      },
    },
  ];

  for (const { name, host, run } of faults) {
    test(`${AWAY_MS / 1000} s ${name}`, async (t) => {
      const plane = ownControlPlane(t, cluster);
      if (plane === undefined) return;
      const away = run(plane);
      await delay(AWAY_MS / 2);
      assert.equal((await tsNginx.admin('/readyz')).status, 200, 'stays ready meanwhile');
      await away;
      await plane.waitUntilReady();
      const { name: service, namespace } = app;
      await cluster.apply(ingress({ name: host, namespace, host, service }));
      const appliedAt = performance.now();
      await eventually(
        'a change made afterwards is served',
        async () => {
          assert.equal((await request(tsNginx.http(host))).status, 200);
        },
        { withinMs: 45_000 },
      );
      t.diagnostic(`served ${Math.round(performance.now() - appliedAt)} ms after it was applied`);
    });
  }

  test('an Ingress that was served before lost no request and no connection', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await steady.assertUndisturbed(t, 800);
  });
});
