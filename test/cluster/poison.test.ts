import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test, type TestContext } from 'node:test';
import { ApiError } from './harness/api.ts';
import { appInNamespace, ingress } from './harness/app.ts';
import { ownControlPlane, type Cluster } from './harness/cluster.ts';
import { createEchoServer } from './harness/echo-server.ts';
import { eventually } from './harness/eventually.ts';
import { addressesOf, eventsIn, ingressesPath, type EventObject } from './harness/reporting.ts';
import { SteadySite } from './harness/steady-site.ts';
import type { TsNginx } from './harness/ts-nginx.ts';
import { request, requestEcho } from './harness/wire.ts';

const APP = { name: 'web', namespace: 'cluster-test-poison' };
const PREFIX = 'nginx.ingress.kubernetes.io';
const PUBLISHED = '192.0.2.1';
/** Of all annotations of an object, names and values, in bytes. Source: apimachinery `TotalAnnotationSizeLimitB`. */
const ANNOTATIONS_LIMIT = 256 * 1024;
const PATHS = 5_000;
const SLICES = 10;
/** The API server admits no more in one EndpointSlice. */
const ENDPOINTS_EACH = 1_000;
/** All addresses of the pod network are local: one server stands behind each of them. */
const CROWD_PORT = 3_100;

/** One Ingress, and what belongs to it, of which a careless controller dies, hangs, or forgets the others. */
interface Poison {
  readonly what: string;
  /** The name of the Ingress; its host is `<name>.test`. */
  readonly name: string;
  readonly paths?: readonly string[];
  readonly service?: string;
  readonly tlsSecret?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly pathType?: string;
  /** More objects, by the collection that they are created in. */
  readonly more?: readonly (readonly [collection: string, object: object])[];
  /** Of its findings, with the reason of the event that tells of each. */
  readonly findings: Readonly<Record<string, string>>;
  /** What the host answers, by path. */
  readonly answers: Readonly<Record<string, number>>;
}

const POISONS: readonly Poison[] = [
  {
    what: 'regular expressions that do not parse, or on which others search for ever',
    name: 'regex',
    paths: ['/a(b', '/(a+)+b$', '/good'],
    annotations: { 'use-regex': 'true' },
    findings: { 'path-regex-invalid': 'PathRegexInvalid' },
    answers: { '/good': 200, [`/${'a'.repeat(2_000)}`]: 404, '/aab': 200 },
  },
  {
    what: 'line feeds and braces in paths',
    name: 'lines',
    paths: ['/a\nb', '/;}\r\nserver {', '/\u0001', '/good'],
    findings: { 'path-invalid': 'PathInvalid' },
    answers: { '/good': 200, '/a%0Ab': 404 },
  },
  {
    what: 'a certificate that is none',
    name: 'broken',
    tlsSecret: 'broken',
    more: [['/api/v1/secrets', brokenSecret('broken')]],
    findings: { 'certificate-invalid': 'CertificateInvalid' },
    answers: { '/good': 200 },
  },
  {
    what: 'an annotation as long as the API server admits, of tens of thousands of names',
    name: 'aliases',
    annotations: longest('server-alias', (n) => `${n.toString(36)}.t`),
    findings: {},
    answers: { '/good': 200 },
  },
  {
    what: 'an annotation as long as the API server admits, of which nothing can be read',
    name: 'noise',
    annotations: longest('allowlist-source-range', () => '1'),
    findings: { 'guard-not-honoured': 'GuardNotHonoured' },
    answers: { '/good': 503 },
  },
  {
    what: `${PATHS} paths`,
    name: 'paths',
    paths: Array.from({ length: PATHS }, (_, n) => `/p${n}`),
    findings: {},
    answers: { '/p0': 200, [`/p${PATHS - 1}`]: 200, [`/p${PATHS}`]: 404 },
  },
  {
    what: `${SLICES * ENDPOINTS_EACH} endpoints`,
    name: 'crowd',
    service: 'crowd',
    more: [
      ['/api/v1/services', crowdService()],
      ...Array.from(
        { length: SLICES },
        (_, n) => ['/apis/discovery.k8s.io/v1/endpointslices', crowdSlice(n)] as const,
      ),
    ],
    findings: {},
    answers: { '/good': 200 },
  },
];

/** What the API server lets in, real as it is; `test/kubernetes/poison.test.ts` has what it would refuse. */
suite('one poisonous object harms nobody else', () => {
  const args = [`--publish-status-address=${PUBLISHED}`, '--election-ttl=4s'];
  const site = new SteadySite({
    prepare: async (cluster) => {
      await cluster.apply(...appInNamespace(APP));
      await cluster.untilRolledOut(APP.name, APP.namespace);
    },
    run: { name: 'poison', address: '10.244.0.2', args },
  });

  const create = (collection: string, object: object): Promise<void> => {
    const path = collection.split('/');
    return site.cluster.api.create(
      path.toSpliced(-1, 0, 'namespaces', APP.namespace).join('/'),
      object,
    );
  };

  for (const [number, poison] of POISONS.entries()) {
    const { name, more = [], answers } = poison;
    test(poison.what, async (t) => {
      if (poison.service === 'crowd' && !(await serveCrowd(t, site.cluster))) return;
      for (const [collection, object] of more) await create(collection, object);
      await site.cluster.api.create(ingressesPath(APP.namespace), ingressOf(poison));
      const createdAt = performance.now();
      // Whoever comes after it is served, too.
      const host = `after-${number}.test`;
      const { namespace, name: service } = APP;
      await site.cluster.apply(ingress({ name: `after-${number}`, namespace, host, service }));
      await eventually(`${host} is served`, () => requestEcho(site.tsNginx.http(host)));
      await eventually('it answers as it should', async () => {
        for (const [path, wanted] of Object.entries(answers)) {
          const { status } = await request(site.tsNginx.http(`${name}.test`, path));
          assert.deepEqual({ path, status }, { path, status: wanted });
        }
      });
      t.diagnostic(`within ${Math.round(performance.now() - createdAt)} ms`);
      assert.deepEqual(await codesOf(site.tsNginx, name), Object.keys(poison.findings));
      await eventually('its events and its status tell of it', async () => {
        const told = (await warningsOf(site.cluster, name)).map(({ reason }) => reason);
        assert.deepEqual([...new Set(told)], Object.values(poison.findings));
        assert.deepEqual(await addressesOf(site.cluster.api, APP.namespace, name), [PUBLISHED]);
      });
    });
  }

  test('what the API server does not know it refuses itself', async () => {
    const pathType = 'Glob';
    const newer = ingressOf({ name: 'newer', findings: {}, answers: {}, pathType });
    const write = site.cluster.api.create(ingressesPath(APP.namespace), newer);
    await assert.rejects(write, (error) => error instanceof ApiError && error.status === 422);
  });

  test('a fresh start among all of them makes the same of it', async (t) => {
    const startedAt = performance.now();
    const fresh = await site.runAnother({ name: 'poison-fresh', address: '10.244.0.3', args });
    t.diagnostic(`ready within ${Math.round(performance.now() - startedAt)} ms`);
    assert.deepEqual(await virtualHosts(fresh), await virtualHosts(site.tsNginx));
    assert.doesNotMatch(site.tsNginx.child.log(), /translation failed|"level":"error"/);
  });

  test('another host lost no request and no connection', async (t) => {
    await site.steady.assertUndisturbed(t, 50);
  });
});

/** Of the findings about an Ingress, each once. */
async function codesOf(tsNginx: TsNginx, name: string): Promise<string[]> {
  const { findings } = JSON.parse((await tsNginx.admin('/findings')).body) as {
    readonly findings: readonly { readonly code: string; readonly object: string }[];
  };
  const about = findings.filter(({ object }) => object === `Ingress ${APP.namespace}/${name}`);
  return [...new Set(about.map(({ code }) => code))];
}

async function warningsOf(cluster: Cluster, name: string): Promise<readonly EventObject[]> {
  const events = await eventsIn(cluster.api, APP.namespace);
  return events.filter(
    ({ involvedObject, type }) => involvedObject.name === name && type === 'Warning',
  );
}

async function virtualHosts(tsNginx: TsNginx): Promise<readonly unknown[]> {
  const { body } = await tsNginx.admin('/config?format=json');
  return (JSON.parse(body) as { readonly virtualHosts: readonly unknown[] }).virtualHosts;
}

function ingressOf(poison: Omit<Poison, 'what'>): object {
  const { name, paths = ['/good'], service = APP.name, tlsSecret, annotations = {} } = poison;
  const { pathType = 'ImplementationSpecific' } = poison;
  const backend = { service: { name: service, port: { name: 'http' } } };
  const host = `${name}.test`;
  return {
    metadata: {
      name,
      annotations: {
        [`${PREFIX}/ssl-redirect`]: 'false',
        ...prefixed(annotations),
      },
    },
    spec: {
      ingressClassName: 'ts-nginx',
      ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecret }] }),
      rules: [
        {
          host,
          http: {
            paths: paths.map((path) => ({ path, pathType, backend })),
          },
        },
      ],
    },
  };
}

function prefixed(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [`${PREFIX}/${key}`, value]),
  );
}

/** One annotation of as many items as fit, beside the one that every Ingress here has. */
function longest(key: string, itemOf: (n: number) => string): Record<string, string> {
  const taken = `${PREFIX}/ssl-redirect`.length + 'false'.length + `${PREFIX}/${key}`.length;
  const items: string[] = [];
  for (let left = ANNOTATIONS_LIMIT - taken; ;) {
    const item = itemOf(items.length);
    left -= item.length + 1;
    if (left < 0) break;
    items.push(item);
  }
  return { [key]: items.join(',') };
}

function brokenSecret(name: string): object {
  const stringData = { 'tls.crt': 'not a certificate', 'tls.key': '\u0000\n' };
  return { metadata: { name }, type: 'kubernetes.io/tls', stringData };
}

function crowdService(): object {
  return { metadata: { name: 'crowd' }, spec: { ports: [{ name: 'http', port: 80 }] } };
}

function crowdSlice(number: number): object {
  return {
    metadata: { name: `crowd-${number}`, labels: { 'kubernetes.io/service-name': 'crowd' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: CROWD_PORT }],
    endpoints: Array.from({ length: ENDPOINTS_EACH }, (_, n) => ({
      addresses: [`10.244.${100 + number * 4 + Math.floor(n / 250)}.${1 + (n % 250)}`],
    })),
  };
}

/** False: it is not our network. */
async function serveCrowd(t: TestContext, cluster: Cluster): Promise<boolean> {
  if (ownControlPlane(t, cluster) === undefined) return false;
  const server = createEchoServer({ SERVICE_NAME: 'crowd' });
  server.listen(CROWD_PORT, '0.0.0.0');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return true;
}
