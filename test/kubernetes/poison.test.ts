import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../cluster/harness/eventually.ts';
import { type FakeObject, startFakeApiServer } from './fake-api-server.ts';
import { ingress, nameOf } from './objects.ts';
import { redirect, startProgram, type Running } from './start-program.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';
const BACKEND = { service: { name: 'web', port: { number: 80 } } };

interface Poison {
  readonly name: string;
  readonly objects: readonly (readonly [resource: string, object: FakeObject])[];
}

/** One object, or what belongs to it, of which a careless reader dies, hangs, or forgets the others. */
const POISONS: readonly Poison[] = [
  {
    name: 'a regular expression that does not parse',
    objects: [['ingresses', withPaths('bad-regex', ['/a(b'], { 'use-regex': 'true' })]],
  },
  {
    name: 'a regular expression on which others search for ever',
    objects: [['ingresses', withPaths('slow-regex', ['/(a+)+b$'], { 'use-regex': 'true' })]],
  },
  {
    name: 'line feeds, NULs and braces in paths',
    objects: [['ingresses', withPaths('control', ['/a\nb', '/\u0000', '/;}\r\nserver {', 'a'])]],
  },
  {
    name: 'a host that no host can have',
    objects: [['ingresses', redirect('a\nb..*.test {')]],
  },
  {
    name: 'a certificate that is none',
    objects: [
      ['secrets', tls('shop/broken', { 'tls.crt': 'bm90IGEgY2VydA==', 'tls.key': '%%%' })],
      ['ingresses', redirect('broken.test', { tlsSecret: 'broken' })],
    ],
  },
  {
    name: 'a Secret that is no Secret',
    objects: [
      ['secrets', tls('shop/shapeless', 'all in one')],
      ['ingresses', redirect('shapeless.test', { tlsSecret: 'shapeless' })],
    ],
  },
  {
    name: 'an annotation of 1 MiB',
    objects: [
      ['ingresses', withPaths('long', ['/'], { 'server-alias': 'a.test,'.repeat(150_000) })],
      ['ingresses', withPaths('long-list', ['/'], { 'allowlist-source-range': '1,'.repeat(5e5) })],
    ],
  },
  {
    name: '5,000 paths',
    objects: [
      [
        'ingresses',
        withPaths(
          'many',
          Array.from({ length: 5_000 }, (_, n) => `/p${n}`),
        ),
      ],
    ],
  },
  {
    name: '10,000 endpoints',
    objects: [
      ['services', { metadata: nameOf('shop/web'), spec: { ports: [{ name: 'http', port: 80 }] } }],
      ...Array.from({ length: 10 }, (_, n) => ['endpointslices', sliceOf(n)] as const),
      ['ingresses', withPaths('crowd', ['/'])],
    ],
  },
  {
    name: 'words of a newer API',
    objects: [
      [
        'ingresses',
        {
          metadata: nameOf('shop/newer'),
          spec: {
            rules: [
              {
                host: 'newer.test',
                http: { paths: [{ path: '/', pathType: 'Glob', backend: BACKEND, weight: 7 }] },
                http3: { paths: [] },
              },
            ],
            policy: { mode: 'Quantum' },
          },
        },
      ],
      [
        'services',
        {
          metadata: nameOf('shop/newer'),
          spec: {
            type: 'Mesh',
            sessionAffinity: 'Cookie',
            ports: [{ port: 80, protocol: 'QUIC' }],
          },
        },
      ],
      [
        'endpointslices',
        {
          metadata: { ...nameOf('shop/newer'), labels: { 'kubernetes.io/service-name': 'newer' } },
          addressType: 'IPv9',
          ports: [{ name: 'http', port: 80, protocol: 'QUIC' }],
          endpoints: [{ addresses: ['::9::'], conditions: { ready: 'Perhaps', warm: true } }],
        },
      ],
      ['ingressclasses', { metadata: nameOf('newer'), spec: { controller: { name: 'x' } } }],
    ],
  },
  {
    name: 'fields of other types than they should be',
    objects: [
      ['ingresses', { metadata: nameOf('shop/shape-1'), spec: { rules: 'all' } }],
      ['ingresses', { metadata: nameOf('shop/shape-2'), spec: { rules: [null, 7], tls: {} } }],
      ['ingresses', { metadata: { ...nameOf('shop/shape-3'), annotations: [1] }, spec: null }],
      ['ingresses', { metadata: nameOf('shop/shape-4') }],
      ['services', { metadata: nameOf('shop/shape'), spec: { ports: [null, { port: 'http' }] } }],
      [
        'endpointslices',
        {
          metadata: { ...nameOf('shop/shape'), labels: { 'kubernetes.io/service-name': 'web' } },
          endpoints: [null, { addresses: 'one' }, { addresses: [null] }],
          ports: null,
        },
      ],
    ],
  },
];

test('one poisonous object harms nobody else', { timeout: 120_000 }, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('ingresses', redirect('good.test'));
  const running = await startProgram(t, server);
  await untilServed(running, 'good.test');

  for (const [number, { name, objects }] of POISONS.entries()) {
    await t.test(name, async () => {
      for (const [resource, object] of objects) server.apply(resource, object);
      const host = `after-${number}.test`;
      server.apply('ingresses', redirect(host));
      await untilServed(running, host);
      assert.equal(await running.ask('good.test'), 301);
      assert.equal((await running.admin('/readyz')).status, 200);
    });
  }

  await t.test('all of them together, at a fresh start', async () => {
    const fresh = await startProgram(t, server);
    await untilServed(fresh, 'good.test');
    const before = JSON.parse((await running.admin('/config?format=json')).body) as Config;
    const after = JSON.parse((await fresh.admin('/config?format=json')).body) as Config;
    assert.deepEqual(after.virtualHosts, before.virtualHosts);
  });
  assert.doesNotMatch(running.child.stderr, /translation failed|"level":"error"/);
});

interface Config {
  readonly virtualHosts: unknown;
}

async function untilServed({ ask }: Running, host: string): Promise<void> {
  await eventually(`${host} is served`, async () => {
    assert.equal(await ask(host), 301);
  });
}

function withPaths(
  name: string,
  paths: readonly string[],
  annotations: Readonly<Record<string, string>> = {},
): FakeObject {
  const { metadata } = ingress(`shop/${name}`);
  const entries = Object.entries(annotations);
  return {
    metadata: {
      ...metadata,
      annotations: Object.fromEntries(entries.map(([key, value]) => [`${PREFIX}/${key}`, value])),
    },
    spec: {
      rules: [
        {
          host: `${name}.test`,
          http: {
            paths: paths.map((path) => ({
              path,
              pathType: 'ImplementationSpecific',
              backend: BACKEND,
            })),
          },
        },
      ],
    },
  };
}

function tls(key: string, data: unknown): FakeObject {
  return { metadata: nameOf(key), type: 'kubernetes.io/tls', data };
}

function sliceOf(number: number): FakeObject {
  return {
    metadata: {
      ...nameOf(`shop/web-${number}`),
      labels: { 'kubernetes.io/service-name': 'web' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 3_000 }],
    endpoints: Array.from({ length: 1_000 }, (_, n) => ({
      addresses: [`10.${number}.${Math.floor(n / 250)}.${1 + (n % 250)}`],
    })),
  };
}
