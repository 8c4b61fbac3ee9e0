import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { appInNamespace, ingress } from './harness/app.ts';
import { auditedRequests } from './harness/audit.ts';
import { ownControlPlane } from './harness/cluster.ts';
import type { ControlPlane } from './harness/control-plane.ts';
import { eventually } from './harness/eventually.ts';
import { SteadyLoad } from './harness/steady-load.ts';
import { SteadySite } from './harness/steady-site.ts';
import { request } from './harness/wire.ts';

/** `AWAY_SECONDS=600 npm run test:cluster -- away` for the long run. */
const AWAY_MS = Number(process.env['AWAY_SECONDS'] ?? 20) * 1_000;
/** From the server's return until what changes is served. */
const IN_SYNC_MS = 30_000;
const MOST_LISTS = 2;

/** The API server goes away and comes back: what was served is served on, and what changes afterwards is noticed. */
suite('API server away', () => {
  const app = { name: 'web', namespace: 'cluster-test-away' };
  const site = new SteadySite({
    prepare: async (cluster) => {
      await cluster.apply(...appInNamespace(app));
      // The connections of the long run shall last.
      const data = { 'keep-alive-requests': '1000000' };
      await cluster.api.patch('/api/v1/namespaces/ts-nginx/configmaps/ts-nginx', { data });
    },
  });

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
      const plane = ownControlPlane(t, site.cluster);
      if (plane === undefined) return;
      const listsBefore = (await listsOf(plane)).length;
      const away = run(plane);
      await delay(AWAY_MS / 2);
      assert.equal((await site.tsNginx.admin('/readyz')).status, 200, 'stays ready meanwhile');
      await away;
      await plane.waitUntilReady();
      const backAt = performance.now();
      const { name: service, namespace } = app;
      await site.cluster.apply(ingress({ name: host, namespace, host, service }));
      await eventually(
        'a change made afterwards is served',
        async () => {
          assert.equal((await request(site.tsNginx.http(host))).status, 200);
        },
        { withinMs: IN_SYNC_MS - (performance.now() - backAt) },
      );
      t.diagnostic(`in sync ${Math.round(performance.now() - backAt)} ms after it was back`);
      const lists = (await listsOf(plane)).slice(listsBefore);
      t.diagnostic(`lists since: ${lists.join(', ')}`);
      for (const kind of new Set(lists)) {
        const count = lists.filter((other) => other === kind).length;
        assert.ok(count <= MOST_LISTS, `${count} lists of ${kind}`);
      }
    });
  }

  test('an Ingress that was served before lost no request and no connection', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    await site.steady.assertUndisturbed(t, AWAY_MS / 25);
  });

  test('started again with an older state, which is what is served then', async (t) => {
    const plane = ownControlPlane(t, site.cluster);
    if (plane === undefined) return;
    const { name: service, namespace } = app;
    const at = (host: string): object => ingress({ name: host, namespace, host, service });
    const answers = async (host: string, status: number): Promise<void> => {
      await eventually(
        `${host} answers ${status}`,
        async () => {
          assert.equal((await request(site.tsNginx.http(host))).status, status);
        },
        { withinMs: IN_SYNC_MS },
      );
    };
    const meanwhile = SteadyLoad.start(site.tsNginx, site.authority);
    t.after(() => meanwhile.stop());
    await plane.undo(async () => {
      await site.cluster.apply(at('lost.test'));
      await answers('lost.test', 200);
    });
    await answers('lost.test', 404);
    await site.cluster.apply(at('after-restore.test'));
    await answers('after-restore.test', 200);
    await meanwhile.assertUndisturbed(t, 100);
  });
});

/** Path of every list that was answered so far, without its query. */
async function listsOf({ auditLog }: ControlPlane): Promise<string[]> {
  const asked = await auditedRequests(auditLog, 'ts-nginx', 'ts-nginx');
  return asked
    .filter(({ verb }) => verb === 'list')
    .map(({ requestURI }) => requestURI.replace(/[?&](limit|continue|resourceVersion)=[^&]*/g, ''));
}
