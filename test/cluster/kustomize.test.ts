import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { parseServeOptions } from '../../src/cli/options.ts';
import { appInNamespace, ingress } from './harness/app.ts';
import { DEPLOY_FOLDER, ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import type { Rendered } from './harness/helm.ts';
import { controllerArgs, valueAt } from './harness/rendered.ts';
import { addressesOf } from './harness/reporting.ts';
import { requestEcho } from './harness/wire.ts';

const NAMESPACE = 'ts-nginx';
const OVERLAYS = join(DEPLOY_FOLDER, '../overlays');
/** Of the stand-in kubelet. */
const NODE_ADDRESS = '10.244.0.1';

/** The overlays of deploy/kustomize, each installed for itself: real pods with their arguments, probes and rights. */
suite('deploy/kustomize/overlays', () => {
  const app = { name: 'web', namespace: 'cluster-test-kustomize' };
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await cluster.apply(...appInNamespace(app));
    await cluster.untilRolledOut(app.name, app.namespace);
  });

  after(() => cleanup.disposeAsync());

  for (const { overlay, workload, pods, status } of [
    { overlay: 'cloud', workload: 'Deployment', pods: 2, status: [] },
    { overlay: 'node-port', workload: 'Deployment', pods: 2, status: [NODE_ADDRESS] },
    { overlay: 'host-network', workload: 'DaemonSet', pods: 1, status: [NODE_ADDRESS] },
    { overlay: 'kind', workload: 'Deployment', pods: 1, status: ['localhost'] },
  ]) {
    test(`${overlay} is accepted, and its ${workload}'s pods serve`, async (t) => {
      if (ownControlPlane(t, cluster) === undefined) return; // elsewhere nobody can pull the image
      const folder = join(OVERLAYS, overlay);
      const text = await cluster.kubectl(['kustomize', folder]);
      const objects = parseAllDocuments(text).map((document) => document.toJS() as Rendered);
      const [command, ...flags] = controllerArgs(objects);
      assert.equal(command, 'serve');
      parseServeOptions(flags); // throws for what it doesn't know

      await cluster.kubectl(['apply', '--server-side', '--validate=strict', '-k', folder]);
      const name = `web-${overlay}`;
      const host = `${overlay}.test`;
      const { namespace, name: service } = app;
      await cluster.apply(ingress({ name, namespace, host, service }));
      const addresses = await eventually(`${pods} pods are ready`, async () => {
        const ready = await readyPods(cluster);
        assert.equal(ready.length, pods);
        return ready;
      });
      for (const address of addresses) {
        await eventually(`${address} serves`, () => requestEcho({ address, port: 80, host }));
      }
      await eventually(`the status says ${String(status)}`, async () => {
        assert.deepEqual(await addressesOf(cluster.api, namespace, name), status);
      });
      // The pods first, while they may still give up their Lease. The namespace stays: its end would take half of 300 s.
      const inOrder = (kinds: readonly string[], wanted: boolean): Rendered[] =>
        objects.filter(({ kind }) => kinds.includes(kind) === wanted);
      const remove = ['delete', '--cascade=foreground', '--timeout=60s', '-f', '-'];
      await cluster.kubectl(remove, inOrder(['Deployment', 'DaemonSet'], true));
      await cluster.kubectl(remove, inOrder(['Deployment', 'DaemonSet', 'Namespace'], false));
    });
  }
});

/** Those that the pod security of the namespace let in, and that are ready by their probes. */
async function readyPods({ api }: Cluster): Promise<string[]> {
  const { items } = await api.get<{ items: readonly object[] }>(
    `/api/v1/namespaces/${NAMESPACE}/pods`,
  );
  return items
    .filter((pod) => valueAt(pod, 'metadata.deletionTimestamp') === undefined)
    .filter((pod) => {
      const conditions = valueAt(pod, 'status.conditions') as
        { type: string; status: string }[] | undefined;
      return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    })
    .map((pod) => String(valueAt(pod, 'status.podIP')));
}
