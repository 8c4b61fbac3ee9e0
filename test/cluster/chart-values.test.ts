import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { ChartSite } from './harness/chart-site.ts';
import { CHART, type Rendered } from './harness/helm.ts';
import { controllerArgs, findObject, foreignKinds, valueAt } from './harness/rendered.ts';

const CONTROLLER = 'ingress-ts-nginx-controller';
const DEPLOYMENT = `Deployment/${CONTROLLER}`;
const SERVICE = `Service/${CONTROLLER}`;
const BACKEND = 'ingress-ts-nginx-defaultbackend';

/** How the chart reads a value that is null, a boolean in quotes, zero, or something like a template. */
suite('the chart reads values with care', () => {
  const site = new ChartSite(async ({ cluster }) => {
    const metadata = { name: 'ingress' };
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata }, ...foreignKinds());
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  });

  const render = (values: string): Promise<{ objects: Rendered[]; notes: string }> =>
    site.render([values]);

  for (const values of [
    'controller: null',
    'tsNginx: null',
    'tsNginx: {topologySpread: null}',
    'revisionHistoryLimit: null',
    'controller: {service: null}',
    'controller: {kind: null, terminationGracePeriodSeconds: null, ingressClassResource: null}',
    'controller: {service: {ports: {http: null}, targetPorts: null}}',
    'controller: {admissionWebhooks: {port: null, service: {servicePort: null}}}',
  ]) {
    test(`null is the default: ${values}`, async () => {
      assert.deepEqual((await render(values)).objects, (await render('{}')).objects);
    });
  }

  for (const { values, object, path } of [
    { values: 'controller: {replicaCount: null}', object: DEPLOYMENT, path: 'spec.replicas' },
    {
      values: 'defaultBackend: {enabled: true, replicaCount: null}',
      object: `Deployment/${BACKEND}`,
      path: 'spec.replicas',
    },
    {
      values: 'controller: {image: {runAsUser: null}}',
      object: DEPLOYMENT,
      path: 'spec.template.spec.containers.0.securityContext.runAsUser',
    },
    {
      values: 'controller: {service: {ipFamilies: null}}',
      object: SERVICE,
      path: 'spec.ipFamilies',
    },
    {
      values: 'controller: {startupProbe: null}',
      object: DEPLOYMENT,
      path: 'spec.template.spec.containers.0.startupProbe',
    },
  ]) {
    test(`null leaves the field out: ${values}`, async () => {
      const { objects } = await render(values);
      assert.equal(valueAt(findObject(objects, object), path), undefined);
    });
  }

  test('an autoscaler without its bounds has the usual ones, and no target that is null', async () => {
    const { objects } = await render(
      'controller: {autoscaling: {enabled: true, minReplicas: null, targetCPUUtilizationPercentage: null, targetMemoryUtilizationPercentage: 70}}',
    );
    const autoscaler = findObject(objects, `HorizontalPodAutoscaler/${CONTROLLER}`);
    assert.equal(valueAt(autoscaler, 'spec.minReplicas'), 1);
    assert.equal(valueAt(autoscaler, 'spec.metrics.0.resource.name'), 'memory');
    assert.equal(valueAt(autoscaler, 'spec.metrics.1'), undefined);
  });

  test('a quoted boolean is a boolean, also where the default is none', async () => {
    const { objects } = await render(
      'controller: {service: {allocateLoadBalancerNodePorts: "false"}}',
    );
    const service = findObject(objects, SERVICE);
    assert.equal(valueAt(service, 'spec.allocateLoadBalancerNodePorts'), false);
  });

  test('minAvailable: 0 is zero', async () => {
    const { objects } = await render('controller: {replicaCount: 2, minAvailable: 0}');
    const budget = findObject(objects, `PodDisruptionBudget/${CONTROLLER}`);
    assert.equal(valueAt(budget, 'spec.minAvailable'), 0);
  });

  test('annotations are templates on Services alone', async () => {
    const { objects } = await render(
      `controller: {annotations: {a: "{{ .nobody }}"}, service: {annotations: {b: '{{ include "ingress-nginx.name" . }}'}}}`,
    );
    const annotation = (key: string, name: string): unknown =>
      valueAt(findObject(objects, key), `metadata.annotations.${name}`);
    assert.equal(annotation(DEPLOYMENT, 'a'), '{{ .nobody }}');
    assert.equal(annotation(SERVICE, 'b'), 'ts-nginx');
  });

  test('both Certificates keep as many revisions as is asked', async () => {
    const { objects } = await render(
      'controller: {admissionWebhooks: {certManager: {enabled: true, rootCert: {revisionHistoryLimit: 3}, admissionCert: {revisionHistoryLimit: 4}}}}',
    );
    const limit = (name: string): unknown =>
      valueAt(findObject(objects, `Certificate/${name}`), 'spec.revisionHistoryLimit');
    const limits = [limit('ingress-ts-nginx-root-cert'), limit('ingress-ts-nginx-admission')];
    assert.deepEqual(limits, [3, 4]);
  });

  test('a tag of the default backend without an image is not lost in silence', async () => {
    const { notes } = await render('defaultBackend: {enabled: true, image: {tag: "1.5"}}');
    assert.match(notes, /defaultBackend\.image: tag 1\.5 was not used/);
  });

  for (const { values, resource, where } of [
    {
      values: 'controller: {extraArgs: {watch-namespace-selector: team=a}}',
      resource: { apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] },
      where: 'ClusterRole',
    },
    {
      values: 'controller: {extraArgs: {configmap: infra/nginx}}',
      resource: {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['nginx'],
        verbs: ['list', 'watch'],
      },
      where: 'infra',
    },
  ]) {
    test(`what is watched may be read: ${values}`, async () => {
      const { objects } = await render(values);
      const role = objects.find(
        ({ kind, metadata }) => kind === where || (kind === 'Role' && metadata.namespace === where),
      );
      assert.partialDeepStrictEqual(role, { rules: [resource] });
    });
  }

  test('a default backend that is not watched is a note', async () => {
    const scoped = (namespace: string): string =>
      `{controller: {scope: {enabled: true, namespace: ${namespace}}}, defaultBackend: {enabled: true}}`;
    const note = /defaultBackend: .*namespace app alone is watched/;
    assert.match((await render(scoped('app'))).notes, note);
    assert.doesNotMatch((await render(scoped('ingress'))).notes, /is watched/);
  });

  test('with every single value null, no flag and no field is nil', async () => {
    const values = nulled(parse(await site.helm.run(['show', 'values', CHART])));
    const { objects } = await render(stringify(values));
    assert.doesNotMatch(JSON.stringify(objects), /<nil>|%!/);
    const usual = await render('{}');
    assert.deepEqual(controllerArgs(objects), controllerArgs(usual.objects));
  });
});

/** The same keys; what is no map, or is an empty one, is null. */
function nulled(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const entries = Object.entries(value);
  if (entries.length === 0) return null;
  return Object.fromEntries(entries.map(([key, each]) => [key, nulled(each)]));
}
