import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { appInNamespace, ingress, tlsSecret } from './harness/app.ts';
import { BalancedLoad, readyAddresses } from './harness/balanced-load.ts';
import { TestAuthority } from './harness/certificate.ts';
import { ChartSite } from './harness/chart-site.ts';
import { ownControlPlane } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { CHART, OLD_CHART, type Helm, type Release } from './harness/helm.ts';
import { valueAt } from './harness/rendered.ts';
import { addressesOf, ingressesPath } from './harness/reporting.ts';
import { request, requestEcho } from './harness/wire.ts';

const OLD = 'ingress-nginx';
const OLD_CONTROLLER = 'ingress-nginx-controller';
const NEW = 'ts-nginx';
/** What a user of ingress-nginx has, and keeps. */
const USERS_VALUES = `
controller:
  replicaCount: 2
  terminationGracePeriodSeconds: 24
  config: {hsts: "false"}
  # No kube-proxy leads the API server to the webhook here.
  admissionWebhooks: {failurePolicy: Ignore}
`;

/** From a release of ingress-nginx to ts-nginx and back, with a real helm (chart-values §0). Echo servers play ingress-nginx. */
suite('the ways from ingress-nginx', () => {
  const app = { name: 'web', namespace: 'cluster-test-ways' };
  const host = 'ways.test';
  const authority = new TestAuthority();
  const site = new ChartSite(async ({ cluster, helm }) => {
    if (cluster.controlPlane === undefined) return; // skipped below: nobody can pull the image
    await helm.install({ ...oldRelease(), values: [USERS_VALUES] });
    await cluster.apply(
      ...appInNamespace(app),
      tlsSecret('ways-tls', app.namespace, authority.issue(host)),
    );
    await cluster.apply(ofClass('nginx'));
    await cluster.untilRolledOut(OLD_CONTROLLER, OLD);
    await cluster.untilRolledOut(app.name, app.namespace);
  });

  const ofClass = (ingressClassName: string): object => {
    const { name, namespace } = app;
    const object = ingress({ name, namespace, host, service: name, tlsSecret: 'ways-tls' });
    const { spec } = object as { spec: object };
    return { ...object, spec: { ...spec, ingressClassName } };
  };

  /** Every ready pod of the Service answers in the name of `service`, or with a status. */
  const untilAnswered = (namespace: string, by: string | number): Promise<void> =>
    eventually(`pods of ${namespace} answer: ${by}`, async () => {
      const service = namespace === OLD ? OLD_CONTROLLER : 'ts-nginx-controller';
      const addresses = await readyAddresses(site.cluster.api, namespace, service);
      assert.equal(addresses.length, 2);
      for (const address of addresses) {
        const answer = await request({ address, port: 80, host });
        const echo = answer.status === 200 ? (JSON.parse(answer.body) as { service: string }) : {};
        assert.deepEqual({ by: valueAt(echo, 'service') ?? answer.status }, { by });
      }
    });

  const admin = async (address: string, path: string): Promise<string> =>
    (await request({ address, port: 10_254, host, path })).body;

  const object = (path: string): Promise<object> => site.cluster.api.get<object>(path);
  const identity = async (): Promise<object> => {
    const service = await object(`/api/v1/namespaces/${OLD}/services/${OLD_CONTROLLER}`);
    const workload = await object(`/apis/apps/v1/namespaces/${OLD}/deployments/${OLD_CONTROLLER}`);
    const ingressClass = await object('/apis/networking.k8s.io/v1/ingressclasses/nginx');
    return {
      uids: [service, workload, ingressClass].map((each) => valueAt(each, 'metadata.uid')),
      address: valueAt(service, 'spec.clusterIP'),
      nodePorts: [0, 1].map((n) => valueAt(service, `spec.ports.${n}.nodePort`)),
    };
  };

  const newRelease = (values: readonly string[]): Release => ({
    name: NEW,
    namespace: NEW,
    chart: CHART,
    values: [USERS_VALUES, ...values],
  });

  test('side by side: another class, and Ingresses that move by its name', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    await site.helm.install(newRelease([]));
    await untilAnswered(NEW, 404);
    await site.cluster.apply(ofClass('ts-nginx'));
    await untilAnswered(NEW, 'web');
    await site.cluster.apply(ofClass('nginx'));
    await untilAnswered(NEW, 404);
    await site.helm.run(['uninstall', NEW, '-n', NEW, '--wait']);
  });

  test('the same class beside the old release: both serve, and who writes the status changes', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    const { api } = site.cluster;
    const { name, namespace } = app;
    const writes = async (isWriting: boolean): Promise<void> => {
      const args = ['--set-string', `controller.extraArgs.update-status=${isWriting}`];
      await site.helm.upgrade({ ...newRelease([way('same-class')]), args });
      await site.cluster.untilRolledOut(`${NEW}-controller`, NEW);
    };
    const shows = (address: string): Promise<void> =>
      eventually(`the status is ${address}`, async () => {
        assert.deepEqual(await addressesOf(api, namespace, name), [address]);
      });
    const balancerOf = (ip: string): object => ({
      status: { loadBalancer: { ingress: [{ ip }] } },
    });
    // Who led the release that was uninstalled had lost its rights before it could let go: others would wait for half a minute.
    await api.delete(`/apis/coordination.k8s.io/v1/namespaces/${NEW}/leases/${NEW}-leader`);
    // What the old controller would have written.
    await api.patch(`${ingressesPath(namespace, name)}/status`, balancerOf('192.0.2.1'));
    const load = new BalancedLoad({ api, namespace: OLD, service: OLD_CONTROLLER, host });
    t.after(() => load.stop());
    await site.helm.install(newRelease([way('same-class')]));
    await site.cluster.untilRolledOut(`${NEW}-controller`, NEW);
    await untilAnswered(NEW, 'web');
    const newLoad = new BalancedLoad({ api, namespace: NEW, service: `${NEW}-controller`, host });
    t.after(() => newLoad.stop());
    await api.patch(
      `/api/v1/namespaces/${NEW}/services/${NEW}-controller/status`,
      balancerOf('192.0.2.2'),
    );
    await shows('192.0.2.1');

    await writes(true);
    const askedAt = performance.now();
    await shows('192.0.2.2');
    t.diagnostic(`written ${Math.round(performance.now() - askedAt)} ms after the roll-out`);
    await writes(false);
    await newLoad.assertUndisturbed(t, 100);
    await site.helm.run(['uninstall', NEW, '-n', NEW, '--wait']);
    await shows('192.0.2.2'); // until the old one writes again
    await load.assertUndisturbed(t, 100);
    await object('/apis/networking.k8s.io/v1/ingressclasses/nginx'); // still the old release's
  });

  for (const { name, upgrade } of [
    {
      name: '--reuse-values, and nothing else',
      upgrade: (): Promise<void> =>
        site.helm.upgrade({ ...oldRelease(), chart: CHART, args: ['--reuse-values'] }),
    },
    {
      name: 'the values file and in-place.yaml',
      upgrade: (): Promise<void> =>
        site.helm.upgrade({
          ...oldRelease(),
          chart: CHART,
          values: [USERS_VALUES, way('in-place')],
        }),
    },
  ]) {
    test(`in place by ${name}, and back by helm rollback, without a failed request`, async (t) => {
      if (ownControlPlane(t, site.cluster) === undefined) return;
      const before = await identity();
      const { api } = site.cluster;
      const load = new BalancedLoad({ api, namespace: OLD, service: OLD_CONTROLLER, host });
      t.after(() => load.stop());
      const old = await lastRevision(site.helm);

      await upgrade();
      await site.cluster.untilRolledOut(OLD_CONTROLLER, OLD);
      await untilAnswered(OLD, 'web');
      assert.deepEqual(await identity(), before);

      await site.helm.run(['rollback', OLD, old, '-n', OLD]);
      await site.cluster.untilRolledOut(OLD_CONTROLLER, OLD);
      await untilAnswered(OLD, OLD);
      assert.deepEqual(await identity(), before);
      await load.assertUndisturbed(t, 200);
    });
  }

  test('the image alone: with the arguments and the rights that ingress-nginx had', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    const target = ['-n', OLD, 'set', 'image', `deployment/${OLD_CONTROLLER}`];
    await site.cluster.kubectl([...target, 'controller=ts-nginx:0.1.0']);
    await site.cluster.untilRolledOut(OLD_CONTROLLER, OLD);
    await untilAnswered(OLD, 'web');
    for (const address of await readyAddresses(site.cluster.api, OLD, OLD_CONTROLLER)) {
      await eventually('the certificate of the Secret is shown', async () => {
        await requestEcho({ address, port: 443, host, tls: { ca: authority.pem } });
      });
      assert.doesNotMatch(await admin(address, '/readyz?verbose'), /does not allow/);
    }
  });

  test('with the rights that ingress-nginx had it serves, and names those that it misses', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    // A certificate for the webhook is made by ts-nginx; ingress-nginx has others for that.
    const more = {
      op: 'add',
      path: '/spec/template/spec/containers/0/args/-',
      value: '--validating-webhook=:8443',
    };
    const path = `/apis/apps/v1/namespaces/${OLD}/deployments/${OLD_CONTROLLER}`;
    await site.cluster.api.patch(path, [more], 'json');
    await site.cluster.untilRolledOut(OLD_CONTROLLER, OLD);
    await untilAnswered(OLD, 'web');
    for (const address of await readyAddresses(site.cluster.api, OLD, OLD_CONTROLLER)) {
      await eventually('it says what is missing', async () => {
        const state = await admin(address, '/readyz?verbose');
        assert.match(state, /does not allow get of validatingwebhookconfigurations/);
        assert.match(
          await admin(address, '/findings'),
          /Grant get, create and update of the Secret/,
        );
      });
    }
  });

  test('the old release goes, and the new one takes over the class', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    const classPath = '/apis/networking.k8s.io/v1/ingressclasses/nginx';
    const uid = valueAt(await object(classPath), 'metadata.uid');
    await site.helm.install(newRelease([way('same-class')]));
    await site.cluster.untilRolledOut(`${NEW}-controller`, NEW);
    await untilAnswered(NEW, 'web');
    const { api } = site.cluster;
    const load = new BalancedLoad({ api, namespace: NEW, service: `${NEW}-controller`, host });
    t.after(() => load.stop());
    // Helm looks for this in what the release rendered, not at the object.
    const keep = '{"helm.sh/resource-policy":"keep"}';
    const annotations = `controller.ingressClassResource.annotations=${keep}`;
    await site.helm.upgrade({
      ...oldRelease(),
      args: ['--reuse-values', '--set-json', annotations],
    });
    await site.helm.run(['uninstall', OLD, '-n', OLD]);
    const owner = [`meta.helm.sh/release-name=${NEW}`, `meta.helm.sh/release-namespace=${NEW}`];
    await site.cluster.kubectl(['annotate', '--overwrite', 'ingressclass', 'nginx', ...owner]);
    const controllerValue = 'k8s.io/ingress-nginx';
    await site.helm.upgrade({
      ...newRelease([]),
      args: [
        ...['--set', 'controller.ingressClass=nginx'],
        ...['--set', 'controller.ingressClassResource.name=nginx'],
        ...['--set', `controller.ingressClassResource.controllerValue=${controllerValue}`],
      ],
    });
    await site.cluster.untilRolledOut('ts-nginx-controller', NEW);
    await untilAnswered(NEW, 'web');
    assert.equal(valueAt(await object(classPath), 'metadata.uid'), uid);
    await load.assertUndisturbed(t, 100);
  });
});

function oldRelease(): Release {
  return { name: OLD, namespace: OLD, chart: OLD_CHART };
}

function way(name: string): string {
  return readFileSync(join(CHART, `ways/${name}.yaml`), 'utf8');
}

async function lastRevision(helm: Helm): Promise<string> {
  const history = await helm.run(['history', OLD, '-n', OLD, '-o', 'json']);
  return String((JSON.parse(history) as { revision: number }[]).at(-1)?.revision);
}
