import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parseAllDocuments, stringify } from 'yaml';
import { appInNamespace, ingress, TEST_LABEL, tlsSecret } from './harness/app.ts';
import { readyAddresses } from './harness/balanced-load.ts';
import { TestAuthority } from './harness/certificate.ts';
import { ChartSite } from './harness/chart-site.ts';
import { DEPLOY_FOLDER, ownControlPlane } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { CHART, type Rendered } from './harness/helm.ts';
import { ServicePortal } from './harness/service-portal.ts';
import { request, requestEcho } from './harness/wire.ts';

interface Role extends Rendered {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const NAMESPACE = 'cluster-test-chart-rights';
const TENANT = 'cluster-test-tenant';

/** What the chart grants, and that it is enough where less is granted. */
suite('rights by the chart', () => {
  const authority = new TestAuthority();
  const site = new ChartSite(async ({ cluster }) => {
    // Pods that the strictest profile does not let in would never be ready.
    const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const metadata = { name: NAMESPACE, labels: { [TEST_LABEL]: 'true', ...restricted } };
    await cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata },
      ...appInNamespace({ name: 'web', namespace: TENANT }),
      ...['granted', 'other'].flatMap((name) => {
        const host = `${name}.test`;
        const at = { name, namespace: TENANT, host, service: 'web', tlsSecret: name };
        return [tlsSecret(name, TENANT, authority.issue(host)), ingress(at)];
      }),
    );
  });

  const install = async (name: string, values: object): Promise<readonly string[]> => {
    await site.helm.install({
      name,
      namespace: NAMESPACE,
      chart: CHART,
      values: [stringify(values)],
    });
    await site.cluster.untilRolledOut(`${name}-controller`, NAMESPACE);
    return eventually('a pod is ready', async () => {
      const addresses = await readyAddresses(site.cluster.api, NAMESPACE, `${name}-controller`);
      assert.equal(addresses.length, 1);
      return addresses;
    });
  };

  const isServed = async (address: string | undefined, host: string): Promise<void> => {
    const target = { address: address ?? '', port: 443, host, tls: { ca: authority.pem } };
    await eventually(`${host} is served with its certificate`, () => requestEcho(target));
  };

  const findingsOf = async (address: string | undefined): Promise<string> => {
    const path = '/findings';
    return (await request({ address: address ?? '', port: 10_254, host: 'x', path })).body;
  };

  test('are those of deploy/kustomize, each of which is needed', async () => {
    const { objects } = await site.helm.render({
      name: 'ts-nginx',
      namespace: NAMESPACE,
      chart: CHART,
    });
    const files = ['10-rbac.yaml', '../admission-webhook/10-rbac.yaml'];
    const manifests = files.flatMap((file) => {
      const text = readFileSync(join(DEPLOY_FOLDER, file), 'utf8');
      return parseAllDocuments(text).map((document) => document.toJS() as Rendered);
    });
    assert.deepEqual(grantedBy(objects), grantedBy(manifests));
  });

  test('without a status to write there is no right to write one', async () => {
    const values = [readFileSync(join(CHART, 'ways/same-class.yaml'), 'utf8')];
    const release = { name: 'ts-nginx', namespace: NAMESPACE, chart: CHART, values };
    const granted = grantedBy((await site.helm.render(release)).objects);
    assert.deepEqual(
      granted.filter((right) => /ingresses\b/.test(right)),
      [
        'ClusterRole list networking.k8s.io/ingresses',
        'ClusterRole watch networking.k8s.io/ingresses',
      ],
    );
  });

  test('one namespace: Roles alone, and its Ingresses are served', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    const name = 'ts-nginx-scoped';
    const values = {
      rbac: { scope: true },
      controller: {
        scope: { enabled: true, namespace: TENANT },
        ingressClassResource: { enabled: false },
        admissionWebhooks: { enabled: false },
        terminationGracePeriodSeconds: 6,
      },
    };
    const [address] = await install(name, values);
    const roles = await site.helm.run(['get', 'manifest', name, '-n', NAMESPACE]);
    assert.doesNotMatch(roles, /kind: ClusterRole/);
    await isServed(address, 'granted.test');
    const findings = await eventually('what is missing is said', async () => {
      const text = await findingsOf(address);
      assert.match(text, /does not allow list of ingressclasses/);
      return text;
    });
    assert.doesNotMatch(findings, /does not allow \w+ of (?!ingressclasses)/);
    await site.helm.run(['uninstall', name, '-n', NAMESPACE]);
  });

  test('named Secrets alone: no other is read, and that is said', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    const name = 'ts-nginx-named';
    const values = {
      controller: { terminationGracePeriodSeconds: 6, admissionWebhooks: { enabled: false } },
      tsNginx: { rbac: { secrets: 'names', secretNames: { [TENANT]: ['granted'] } } },
    };
    const [address] = await install(name, values);
    await isServed(address, 'granted.test');
    await eventually('the finding names the other Secret', async () => {
      assert.match(await findingsOf(address), new RegExp(`Secret ${TENANT}/other`));
    });
    const manifest = await site.helm.run(['get', 'manifest', name, '-n', NAMESPACE]);
    const objects = parseAllDocuments(manifest).map((document) => document.toJS() as Rendered);
    assert.deepEqual(
      grantedBy(objects).filter((right) => /ClusterRole .*secrets/.test(right)),
      [],
    );
    await site.helm.run(['uninstall', name, '-n', NAMESPACE]);
  });

  test('the webhook: a certificate of its own, and a bad Ingress is refused', async (t) => {
    if (ownControlPlane(t, site.cluster) === undefined) return;
    const name = 'ts-nginx-webhook';
    await install(name, { controller: { terminationGracePeriodSeconds: 6 } });
    const service = `${name}-controller-admission`;
    const { spec } = await site.cluster.api.get<{ spec: { clusterIP: string } }>(
      `/api/v1/namespaces/${NAMESPACE}/services/${service}`,
    );
    const at = { address: spec.clusterIP, port: 443, namespace: NAMESPACE, service };
    const portal = await ServicePortal.open({ api: site.cluster.api, ...at });
    t.after(() => portal.close());
    const annotations = { 'nginx.ingress.kubernetes.io/auth-type': 'basic' };
    const host = 'bad.test';
    const bad = ingress({ name: 'bad', namespace: TENANT, host, service: 'web', annotations });
    await eventually('it is refused by the webhook', async () => {
      const write = site.cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], [bad]);
      await assert.rejects(write, /denied the request/);
    });
    await site.helm.run(['uninstall', name, '-n', NAMESPACE]);
  });
});

/** `Kind verb group/resource`, sorted. */
function grantedBy(objects: readonly Rendered[]): string[] {
  const roles = objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole') as Role[];
  const rights = roles.flatMap(({ kind, rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => `${kind} ${verb} ${apiGroups.join()}/${resource}`),
      ),
    ),
  );
  return rights.sort();
}
