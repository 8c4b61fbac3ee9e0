import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { closingKeys } from '../../src/translate/configmap/closing-keys.ts';
import { configMapKeys } from '../../src/translate/configmap/index.ts';
import type { KeySpec } from '../../src/translate/configmap/key.ts';
import { quietKeys, unsupportedKeys } from '../../src/translate/configmap/unsupported-keys.ts';
import { ChartSite } from './harness/chart-site.ts';
import { CHART, OLD_CHART, type Rendered } from './harness/helm.ts';
import { controllerArgs, findObject, valueAt } from './harness/rendered.ts';

const EVERY_CLOSING_KEY = {
  'http-snippet': 'deny all;',
  'server-snippet': 'deny all;',
  'location-snippet': 'deny all;',
  'enable-modsecurity': true,
  'global-auth-url': 'http://auth.test/',
};
const ACCEPTED = ['customTemplate', 'extraModules', 'tcp', 'udp', ...Object.keys(closingKeys)];

/** What would be dangerous to take over is refused before anything is installed; what has no effect is said. */
suite('the chart says what it does not take over', () => {
  const site = new ChartSite(async ({ cluster }) => {
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ingress' } });
  });

  const render = async (
    values: object,
    chart = CHART,
  ): Promise<{ objects: Rendered[]; notes: string; remarks: string[] }> => {
    const { objects, notes } = await site.render([helmYaml(values)], chart);
    return { objects, notes, remarks: remarksOf(notes) };
  };

  for (const { name, values, reason } of [
    {
      name: 'TCP Services, which nobody carries',
      values: { tcp: { 5432: 'db/pg:5432', 2222: 'git/ssh:22' } },
      reason: /tcp lists port 2222, 5432.*acceptUnsupported: \[tcp\]/,
    },
    {
      name: 'UDP Services, which nobody carries',
      values: { udp: { 53: 'kube-system/kube-dns:53' } },
      reason: /udp lists port 53.*acceptUnsupported: \[udp\]/,
    },
    ...Object.entries(EVERY_CLOSING_KEY).map(([key, value]) => ({
      name: `${key}, for which every path answers 503`,
      values: { controller: { config: { [key]: value } } },
      reason: new RegExp(
        `controller\\.config\\.${key}: every path answers 503.*acceptUnsupported: \\[${key}\\]`,
      ),
    })),
  ]) {
    test(`refused: ${name}`, async () => {
      await assert.rejects(render(values), reason);
    });
  }

  test('all that is refused is said at once, in the name of the values', async () => {
    const extraArgs = { 'publish-status-address': '1.2.3.4', 'made-up-flag': '1' };
    const controller = { kind: 'Both', customTemplate: { configMapName: 'x' }, extraArgs };
    await assert.rejects(render({ controller, tcp: { 1: 'a/b:1' } }), (error: Error) => {
      assert.match(error.message, /templates\/your-values\.yaml/);
      const reasons = ['kind', 'customTemplate', 'publish-status-address', 'made-up-flag', 'tcp'];
      for (const each of reasons) assert.match(error.message, new RegExp(`^\\* .*${each}`, 'm'));
      return true;
    });
  });

  test('keys that say no more than their defaults are not worth a word', async () => {
    const closing = { 'http-snippet': '', 'enable-modsecurity': false, 'global-auth-url': null };
    const config = { ...unsupportedKeys, ...closing };
    const { remarks } = await render({ controller: { config, replicaCount: 2 } });
    assert.equal(remarks.length, 2, remarks.join('\n'));
  });

  test('what is accepted comes first in the notes', async () => {
    const { remarks } = await render({
      tcp: { 5432: 'db/pg:5432' },
      controller: { config: EVERY_CLOSING_KEY },
      tsNginx: { acceptUnsupported: ['tcp', ...Object.keys(closingKeys)] },
    });
    for (const remark of remarks.slice(0, 5)) assert.match(remark, /every path answers 503/);
    assert.match(remarks[5] ?? '', /tcp: .*nothing listens on port 5432/);
  });

  test('acceptance beside the values of another chart, as with --reuse-values', async () => {
    const chart = join(site.cluster.folder, 'reused');
    cpSync(CHART, chart, { recursive: true });
    const old = parse(readFileSync(join(OLD_CHART, 'values.yaml'), 'utf8')) as object;
    writeFileSync(join(chart, 'values.yaml'), helmYaml(old));
    const config = { 'http-snippet': 'deny all;' };
    const acceptUnsupported = ['http-snippet'];
    const values = { controller: { config }, tsNginx: { acceptUnsupported } };
    const { remarks } = await render(values, chart);
    assert.match(remarks[0] ?? '', /http-snippet: every path answers 503/);
  });

  test('ConfigMap keys that have no effect, or that nobody knows, are named', async () => {
    const config = {
      'use-gzip': true,
      'gzip-level': 1,
      'worker-processes': 4,
      'proxy-body-sise': '1m',
      'proxy-body-size': '1m',
      'reuse-port': 'false',
    };
    const { notes } = await render({ controller: { config, addHeaders: { 'X-A': 'b' } } });
    assert.match(notes, /config\.use-gzip: no effect yet. Its default holds, which is "false"/);
    assert.match(notes, /controller\.addHeaders: no effect yet/);
    assert.match(notes, /config\.proxy-body-sise: nobody knows this key/);
    assert.doesNotMatch(notes, /gzip-level|worker-processes|proxy-body-size|reuse-port/);
  });

  test('Ingresses without a class are a note beside another controller', async () => {
    const beside = { controller: { watchIngressWithoutClass: true } };
    assert.match((await render(beside)).notes, /watchIngressWithoutClass: .*take turns/);
    const inPlace = readFileSync(join(CHART, 'ways/in-place.yaml'), 'utf8');
    const instead = parse(inPlace) as { controller: object };
    const controller = { ...instead.controller, watchIngressWithoutClass: true };
    assert.doesNotMatch((await render({ ...instead, controller })).notes, /take turns/);
  });

  test('an empty flag asks for nothing, but for a switch', async () => {
    const extraArgs = { 'publish-status-address': '', 'enable-ssl-passthrough': '' };
    const { objects } = await render({ controller: { extraArgs } });
    const args = controllerArgs(objects);
    assert.ok(args.includes('--publish-status-address='), args.join(' '));
    assert.ok(args.includes('--enable-ssl-passthrough'), args.join(' '));
  });

  test('every ConfigMap that a flag names can be read', async () => {
    const elsewhere = { configMapNamespace: 'shop' };
    const { objects } = await render({
      tcp: { 1: 'a/b:1' },
      udp: { 1: 'a/b:1' },
      controller: { ...elsewhere, tcp: elsewhere, udp: elsewhere },
      tsNginx: { acceptUnsupported: ['tcp', 'udp'] },
    });
    const role = JSON.stringify(objects.filter(({ kind }) => kind === 'Role'));
    for (const name of ['controller', 'tcp', 'udp']) {
      assert.ok(role.includes(`"ingress-ts-nginx-${name}"`), `${name}: ${role}`);
    }
  });

  for (const { name, values, controller, backend } of [
    {
      name: 'a tag and a digest of ingress-nginx do not go with our repository',
      values: { controller: { image: { repository: 'r.c/ts-nginx', ...oldTag() } } },
      controller: 'r.c/ts-nginx:0.1.0',
      backend: 'r.c/ts-nginx:0.1.0',
    },
    {
      name: 'the default backend has the image of the controller',
      values: { controller: { image: { repository: 'r.c/ts-nginx', tag: '7' } } },
      controller: 'r.c/ts-nginx:7',
      backend: 'r.c/ts-nginx:7',
    },
    {
      name: '… also by its registry',
      values: { controller: { image: { registry: 'r.c' } } },
      controller: 'r.c/ts-nginx:0.1.0',
      backend: 'r.c/ts-nginx:0.1.0',
    },
    {
      name: '… in place of the one that ingress-nginx has by default',
      values: {
        controller: { image: { repository: 'r.c/ts-nginx' } },
        defaultBackend: {
          image: { registry: 'registry.k8s.io', image: 'defaultbackend-amd64', tag: '1.5' },
        },
      },
      controller: 'r.c/ts-nginx:0.1.0',
      backend: 'r.c/ts-nginx:0.1.0',
      note: /defaultBackend\.image: .*defaultbackend-amd64:1\.5/,
    },
    {
      name: 'a private registry of the default backend alone is kept',
      values: { defaultBackend: { image: { registry: 'r.c', image: 'defaultbackend-amd64' } } },
      controller: 'ts-nginx:0.1.0',
      backend: 'r.c/ts-nginx:0.1.0',
    },
  ] as readonly ImageCase[]) {
    test(name, async () => {
      const defaultBackend = { ...values.defaultBackend, enabled: true };
      const { objects, notes } = await render({ ...values, defaultBackend });
      const image = (suffix: string): unknown =>
        valueAt(findObject(objects, `Deployment/ingress-ts-nginx-${suffix}`), IMAGE);
      assert.deepEqual([image('controller'), image('defaultbackend')], [controller, backend]);
      if (values.controller?.image?.tag === 'v1.13.3') {
        assert.match(notes, /controller\.image: tag v1\.13\.3 digest sha256:0+ is ingress-nginx's/);
      }
      if (values.defaultBackend !== undefined) {
        assert.match(notes, /defaultBackend\.image: .*defaultbackend-amd64\S* was not used/);
      }
    });
  }
});

interface ImageCase {
  readonly name: string;
  readonly values: {
    readonly controller?: { readonly image?: { readonly tag?: string } };
    readonly defaultBackend?: object;
  };
  readonly controller: string;
  readonly backend: string;
}

const IMAGE = 'spec.template.spec.containers.0.image';

function oldTag(): object {
  return { tag: 'v1.13.3', digest: `sha256:${'0'.repeat(64)}` };
}

/** Helm reads YAML 1.1, where `off` is no text. */
function helmYaml(value: object): string {
  return stringify(value, { version: '1.1', singleQuote: true, lineWidth: 0 });
}

function remarksOf(notes: string): string[] {
  return notes.split('\n').filter((line) => line.startsWith('* '));
}

test('files/config-keys.yaml is the product’s table of keys; UPDATE_GOLDEN=1 writes it', () => {
  const specs: Readonly<Record<string, KeySpec<unknown>>> = configMapKeys;
  const asksNothing = ['0', 'f', 'F', 'FALSE', 'false', 'False'];
  const closing = Object.entries(closingKeys).map(([key, consequence]) => {
    const spec = specs[key];
    const asDefault = asksNothing.filter((text) => spec?.value.parse(text) === spec?.empty);
    return [key, { consequence, asDefault }] as const;
  });
  const file = join(CHART, 'files/config-keys.yaml');
  const table = {
    closing: Object.fromEntries(closing),
    unsupported: unsupportedKeys,
    others: [...Object.keys(specs), ...quietKeys].filter((key) => !(key in closingKeys)).sort(),
  };
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, helmYaml(table));
  assert.deepEqual(parse(readFileSync(file, 'utf8')), table);
});

test('what can be accepted is in the schema', () => {
  const schema: unknown = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
  const path = 'properties.tsNginx.properties.acceptUnsupported.items.enum';
  assert.deepEqual(valueAt(schema, path), ACCEPTED);
});
