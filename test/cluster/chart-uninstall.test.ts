import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import { appInNamespace, ingress } from './harness/app.ts';
import { ChartSite } from './harness/chart-site.ts';
import { ownControlPlane } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { CHART, type Rendered } from './harness/helm.ts';
import { valueAt } from './harness/rendered.ts';

const RELEASE = { name: 'ts-nginx', namespace: 'ts-nginx' };
const APP = { name: 'web', namespace: 'cluster-test-uninstall' };
const INGRESS_PATH = `/apis/networking.k8s.io/v1/namespaces/${APP.namespace}/ingresses/${APP.name}`;

/** What `helm uninstall` alone would leave: a status, the webhook's Secret, the Lease. */
suite('uninstalling as docs/install.md has it', () => {
  const site = new ChartSite(async ({ cluster }) => {
    await cluster.apply(...appInNamespace(APP));
    await cluster.apply(ingress({ ...APP, host: 'web.test', service: APP.name }));
  });

  const statusOf = async (): Promise<unknown> =>
    valueAt(await site.cluster.api.get<object>(INGRESS_PATH), 'status.loadBalancer.ingress');

  const namesOf = async (path: string): Promise<string[]> => {
    const { items } = await site.cluster.api.get<{ items: readonly Rendered[] }>(path);
    return items.map(({ metadata }) => metadata.name);
  };

  test('nothing of it is left, and the status is empty', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    const values = stringify({
      controller: { service: { type: 'ClusterIP' }, terminationGracePeriodSeconds: 6 },
    });
    await site.helm.install({ ...RELEASE, chart: CHART, values: [values] });
    await site.cluster.untilRolledOut('ts-nginx-controller', RELEASE.namespace);
    const secrets = `/api/v1/namespaces/${RELEASE.namespace}/secrets`;
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${RELEASE.namespace}/leases`;
    await eventually('all is written that will have to go', async () => {
      assert.ok(await statusOf(), 'a status');
      assert.ok((await namesOf(secrets)).includes('ts-nginx-admission'));
      assert.deepEqual(await namesOf(leases), ['ts-nginx-leader']);
    });

    for (const line of documentedCommands()) {
      const [command, ...words] = line.split(' ');
      await (command === 'helm' ? site.helm.run(words) : site.cluster.kubectl(words));
    }
    assert.equal(await statusOf(), undefined);
    assert.deepEqual(await namesOf(leases), []);
    // Helm's records of the release would be there, too.
    assert.deepEqual(await namesOf(secrets), []);
    assert.deepEqual(await namesOf('/apis/networking.k8s.io/v1/ingressclasses'), []);
  });
});

/** The commands under `## Uninstall`. */
function documentedCommands(): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs/install.md'), 'utf8');
  const [, block = ''] = /^## Uninstall\n+```sh\n([^`]*)```/m.exec(text) ?? [];
  const lines = block.split('\n').filter((line) => line !== '');
  assert.ok(lines.length > 0, 'no commands under ## Uninstall');
  return lines;
}
