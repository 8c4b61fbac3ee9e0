import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parseAllDocuments, stringify } from 'yaml';
import { serveFlags } from '../../src/cli/flags.ts';
import { parseServeOptions } from '../../src/cli/options.ts';
import { ChartSite } from './harness/chart-site.ts';
import { CHART, OLD_CHART, type Rendered } from './harness/helm.ts';
import { controllerArgs, findObject, foreignKinds, valueAt } from './harness/rendered.ts';

interface Snippet {
  readonly name: string;
  readonly values: object;
  readonly objects?: Readonly<Record<string, object>>;
  readonly absent?: readonly string[];
  /** Paths that must not exist, by object. */
  readonly missing?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly noArgs?: readonly string[];
  readonly notes?: readonly string[];
  readonly noNotes?: readonly string[];
}

const NAMESPACE = 'cluster-test-chart';

/** People's values files: what the chart renders of them, accepted by the API server, its arguments by the CLI. */
suite('the chart takes what people have', () => {
  const site = new ChartSite(async ({ cluster }) => {
    const metadata = { labels: { 'ts-nginx.io/cluster-test': 'true' } };
    const namespaces = ['ingress', NAMESPACE, 'certs', 'shop'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { ...metadata, name },
    }));
    await cluster.apply(...namespaces, ...foreignKinds());
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  });

  const render = (...values: readonly string[]): Promise<{ objects: Rendered[]; notes: string }> =>
    site.render(values);

  const assertAccepted = async (objects: readonly Rendered[]): Promise<void> => {
    await site.cluster.kubectl(
      ['apply', '--dry-run=server', '--validate=strict', '-f', '-'],
      objects,
    );
    const [command, ...flags] = controllerArgs(objects);
    assert.equal(command, 'serve');
    parseServeOptions(flags); // throws for what it doesn't know
  };

  for (const snippet of readSnippets()) {
    test(snippet.name, async () => {
      const { objects, notes } = await render(stringify(snippet.values));
      assertRendered(objects, snippet);
      for (const note of snippet.notes ?? []) assert.ok(notes.includes(note), `${note}: ${notes}`);
      for (const note of snippet.noNotes ?? []) assert.ok(!notes.includes(note), notes);
      await assertAccepted(objects);
    });
  }

  test('nothing at all: the defaults', async () => {
    const { objects, notes } = await render();
    assert.doesNotMatch(notes, /not a value of this chart/);
    assert.match(notes, /may list and watch all Secrets/);
    await assertAccepted(objects);
  });

  test('the whole values.yaml of ingress-nginx, and every switch on', async () => {
    const old = readFileSync(join(OLD_CHART, 'values.yaml'), 'utf8');
    const { objects, notes } = await render(old, readFileSync(everythingOn, 'utf8'));
    assert.doesNotMatch(notes, /not a value of this chart/);
    assert.match(notes, /createSecretJob: no effect/);
    await assertAccepted(objects);
    const image = valueAt(findObject(objects, 'DaemonSet/ingress-ts-nginx-controller'), imagePath);
    assert.equal(image, 'ts-nginx:0.1.0');
  });

  test('an image of a mirror is used as it is, tag, digest and all', async () => {
    const repository = 'reg.corp/mirror/ts-nginx';
    const values = {
      controller: { image: { repository, tag: '7', digest: `sha256:${'0'.repeat(64)}` } },
    };
    const { objects } = await render(stringify(values));
    const image = valueAt(findObject(objects, 'Deployment/ingress-ts-nginx-controller'), imagePath);
    assert.equal(image, `${repository}:7@sha256:${'0'.repeat(64)}`);
  });

  test('where every capability is dropped, the image without one is used', async () => {
    const containerSecurityContext = { capabilities: { drop: ['ALL'] } };
    const extraArgs = { 'http-port': 8080, 'https-port': 8443 };
    const { objects } = await render(
      stringify({ controller: { containerSecurityContext, extraArgs } }),
    );
    const image = valueAt(findObject(objects, 'Deployment/ingress-ts-nginx-controller'), imagePath);
    assert.equal(image, 'ts-nginx:0.1.0-unprivileged');
  });

  test('the drain ends before the pod is killed', async () => {
    const { objects } = await render('controller: {terminationGracePeriodSeconds: 60}');
    const config = findObject(objects, 'ConfigMap/ingress-ts-nginx-controller');
    assert.equal(valueAt(config, 'data.worker-shutdown-timeout'), '45s'); // 60 - 10 still served - 5 to spare
  });

  for (const { values, reason } of [
    { values: 'controller: {kind: Both}', reason: /controller.kind is Deployment or DaemonSet/ },
    { values: 'rbac: {scope: true}', reason: /set controller.scope.enabled/ },
    { values: 'controller: {customTemplate: {configMapName: x}}', reason: /customTemplate/ },
    {
      values: 'controller: {extraModules: [{name: x}]}',
      reason: /acceptUnsupported: \[extraModules\]/,
    },
    { values: 'controller: {extraArgs: {no-such-flag: "1"}}', reason: /no-such-flag is no flag/ },
    {
      values: 'controller: {extraArgs: {publish-status-address: 1.2.3.4}}',
      reason: /exclude each other/,
    },
    {
      values: 'controller: {service: {external: {enabled: false}}}',
      reason: /names a Service that is not rendered/,
    },
    {
      values: 'controller: {admissionWebhooks: {service: {type: LoadBalancer}}}',
      reason: /must not be reachable from outside/,
    },
    { values: 'tsNginx: {rbac: {secretes: names}}', reason: /secretes/ },
  ]) {
    test(`refused with a sentence: ${values}`, async () => {
      await assert.rejects(render(values), reason);
    });
  }

  test('what would be refused is a note where it is accepted', async () => {
    const values =
      'controller: {extraModules: [{name: x}]}\ntsNginx: {acceptUnsupported: [extraModules]}';
    assert.match((await render(values)).notes, /extraModules: no effect/);
  });

  test('a misspelt key is named', async () => {
    const { notes } = await render('controller: {replicas: 3, service: {tpye: NodePort}}');
    assert.match(notes, /controller\.replicas: not a value of this chart/);
    assert.match(notes, /controller\.service\.tpye: not a value of this chart/);
  });

  test('probes and resources that are null are none', async () => {
    const { objects } = await render('controller: {livenessProbe: null, resources: null}');
    const controller = findObject(objects, 'Deployment/ingress-ts-nginx-controller');
    for (const field of ['livenessProbe', 'resources']) {
      assert.equal(valueAt(controller, `spec.template.spec.containers.0.${field}`), undefined);
    }
  });

  test('one sentence each, no nginx, in the notes of an ordinary installation', async () => {
    const { notes } = await render('controller: {replicaCount: 2}');
    const remarks = notes.split('\n').filter((line) => line.startsWith('* '));
    assert.equal(remarks.length, 2, notes); // the webhook, the Secrets
  });
});

const imagePath = 'spec.template.spec.containers.0.image';
const everythingOn = join(import.meta.dirname, 'charts/everything-on.yaml');

test('files/values.yaml is a copy of values.yaml: cp values.yaml files/', () => {
  const read = (path: string): string => readFileSync(join(CHART, path), 'utf8');
  assert.equal(read('files/values.yaml'), read('values.yaml'));
});

test('files/flags.txt lists the flags of `serve`, one a line; UPDATE_GOLDEN=1 writes it', () => {
  const file = join(CHART, 'files/flags.txt');
  const lines = serveFlags
    .map(({ name, type }) => (type === 'boolean' ? `${name} boolean` : name))
    .sort();
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, `${lines.join('\n')}\n`);
  assert.deepEqual(readFileSync(file, 'utf8').trim().split('\n'), lines);
});

function readSnippets(): Snippet[] {
  const text = readFileSync(join(import.meta.dirname, 'charts/snippets.yaml'), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Snippet);
}

function assertRendered(objects: readonly Rendered[], snippet: Snippet): void {
  for (const [key, fields] of Object.entries(snippet.objects ?? {})) {
    assert.partialDeepStrictEqual(findObject(objects, key), fields);
  }
  for (const key of snippet.absent ?? []) {
    assert.throws(() => findObject(objects, key), `${key} was rendered`);
  }
  for (const [key, path] of Object.entries(snippet.missing ?? {})) {
    assert.equal(valueAt(findObject(objects, key), path), undefined, `${key} has ${path}`);
  }
  const args = controllerArgs(objects);
  for (const arg of snippet.args ?? []) assert.ok(args.includes(arg), `${arg}: ${args.join(' ')}`);
  for (const name of snippet.noArgs ?? []) {
    assert.ok(!args.some((arg) => arg.startsWith(`${name}=`)), `${name}: ${args.join(' ')}`);
  }
}
