import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { ownControlPlane, startCluster, type Cluster } from '../cluster/harness/cluster.ts';
import { features } from './features/index.ts';
import { dateOf, renderResultPage, RESULT_PAGE, WRITE_VARIABLE } from './result-page.ts';
import { Site } from './site.ts';

/** Every scenario of the Ingress API's documentation, feature by feature. */
suite('conformance to the Ingress API', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let whole: Site;
  const passed = new Set<string>();

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    if (cluster.controlPlane === undefined) return; // skipped below: nobody reaches the published address
    whole = await Site.start(cluster);
    cleanup.defer(() => whole.stop());
  });

  after(() => cleanup.disposeAsync());

  for (const feature of features) {
    const { name, services, scenarios, lastUrl } = feature;
    suite(name, () => {
      let site: Site;

      before(async () => {
        if (cluster.controlPlane === undefined) return;
        const namespace = `conformance-${name.toLowerCase().replaceAll(' ', '-')}`;
        site = await whole.inNamespace(namespace, services);
        await feature.prepare(site);
      });

      after(async () => {
        if (cluster.controlPlane !== undefined) await site.clear(lastUrl);
      });

      for (const scenario of scenarios) {
        test(scenario.name, async (t) => {
          if (ownControlPlane(t, cluster) === undefined) return;
          await scenario.check(site);
          passed.add(`${name}: ${scenario.name}`);
        });
      }
    });
  }

  test('docs/conformance.md tells of this run', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    const all = features.flatMap((feature) =>
      feature.scenarios.map((scenario) => `${feature.name}: ${scenario.name}`),
    );
    assert.deepEqual([...passed], all, 'not every scenario passed');
    if (process.env[WRITE_VARIABLE] !== undefined) {
      const today = new Date().toISOString().slice(0, 10);
      await writeFile(RESULT_PAGE, await renderResultPage(features, today));
    }
    const page = await readFile(RESULT_PAGE, 'utf8').catch(() => '');
    const wanted = await renderResultPage(features, dateOf(page) ?? 'never');
    assert.equal(page, wanted, `write it anew: ${WRITE_VARIABLE}=1 npm run test:conformance`);
  });
});
