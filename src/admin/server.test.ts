import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import { sampleCluster, sampleHost, sampleRoute } from '../../test/unit/sample-config.ts';
import type { ProxyConfig } from '../model/config.ts';
import { Sensitive } from '../model/sensitive.ts';
import type { Settings } from '../model/settings.ts';
import { createLogger } from '../observability/logger.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { AdminState } from './admin-state.ts';
import { reportStatus, type StatusReport } from '../explain/status-report.ts';
import { startAdminServer } from './server.ts';

const silent = createLogger({ level: 'silent' });

const webRoute = sampleRoute(
  { kind: 'prefix', path: '/' },
  { action: { kind: 'forward', cluster: 'shop-web-80' } },
);

const config: ProxyConfig = {
  settings: { healthPath: '/healthz' } as Settings,
  virtualHosts: new Map([
    ['shop.example.com', sampleHost({ routes: [webRoute], certificate: 'shop/tls' })],
    ['', sampleHost({ name: '' })],
  ]),
  clusters: new Map([['shop-web-80', sampleCluster('shop-web-80')]]),
  endpointSets: new Map([
    ['shop-web-80', { id: 'shop-web-80', endpoints: [{ address: '10.0.0.1', port: 80 }] }],
  ]),
  certificates: new Map([
    [
      'shop/tls',
      {
        id: 'shop/tls',
        chain: '-----BEGIN CERTIFICATE-----',
        key: new Sensitive('-----BEGIN PRIVATE KEY-----'),
        fingerprint: 'abcdef',
        notAfter: '2027-01-01T00:00:00Z',
      },
    ],
  ]),
};

const healthy: AdminState = {
  live: () => true,
  readiness: () => ({ ready: true, missing: [] }),
  config: () => config,
  configVersion: () => 42,
  lastAppliedAt: () => new Date('2026-10-07T13:55:36Z'),
  findings: () => [],
  explain: ({ authority, target }) => ({
    request: { scheme: 'http', host: authority, path: target, clientAddress: '192.0.2.1' },
    host: undefined,
    route: undefined,
    filters: [],
    answer: { status: 404, reason: 'no route' },
    upstream: undefined,
    others: [],
    findings: [],
  }),
  status: () => reportStatus(config, []),
  workers: () => [{ id: 0, state: 'serving', version: 42 }],
  metrics: () => Promise.resolve(['up 1\n', 'down 0\n']),
  profiling: () => undefined,
};

const unready: Partial<AdminState> = {
  readiness: () => ({ ready: false, missing: ['Secret shop/tls', 'worker 1: configuring'] }),
};

/** Address of an admin server that shows `healthy`, but for what `changes` says. */
async function serve(
  t: TestContext,
  changes: Partial<AdminState> = {},
  healthPath = '/healthz',
): Promise<string> {
  const options = { host: '127.0.0.1', port: 0, healthPath, version: '1.2.3' };
  const server = await startAdminServer(options, { ...healthy, ...changes }, silent);
  t.after(() => server.close());
  return `http://127.0.0.1:${server.port}`;
}

for (const { path, state, status, body } of [
  { path: '/livez', status: 200, body: 'ok' },
  { path: '/livez', state: { live: () => false }, status: 500, body: 'not alive' },
  { path: '/readyz', status: 200, body: 'ok' },
  { path: '/healthz', status: 200, body: 'ok' },
  { path: '/readyz?verbose', status: 200, body: '[+] synced, and every worker serves\nok' },
  {
    path: '/readyz',
    state: unready,
    status: 500,
    body: 'not ready: Secret shop/tls and 1 more, see ?verbose',
  },
  {
    path: '/healthz?verbose',
    state: unready,
    status: 500,
    body: '[-] Secret shop/tls\n[-] worker 1: configuring\nnot ready',
  },
  {
    path: '/readyz?verbose',
    state: {
      readiness: () => ({ ready: true, missing: [], forbidden: ['list of secrets'] }),
    } satisfies Partial<AdminState>,
    status: 200,
    body: '[+] synced, and every worker serves\n[!] the API server does not allow list of secrets\nok',
  },
  { path: '/metrics', status: 200, body: 'up 1\ndown 0\n' },
  { path: '/nothing', status: 404, body: 'not found\n' },
  { path: '/livez/', status: 404, body: 'not found\n' },
  {
    path: '/config',
    state: { config: () => undefined },
    status: 503,
    body: 'no configuration yet\n',
  },
  { path: '/config?format=xml', status: 400, body: 'format is yaml or json\n' },
]) {
  test(`GET ${path} with ${state === undefined ? 'all well' : 'something amiss'}: ${status}`, async (t) => {
    const response = await fetch((await serve(t, state)) + path);
    assert.equal(response.status, status);
    assert.equal(await response.text(), body);
    assert.equal(response.headers.get('cache-control'), 'no-store');
  });
}

test('/explain says what would become of a request, /ingresses what is served', async (t) => {
  const address = await serve(t);
  const told = await fetch(`${address}/explain?authority=shop.example.com&target=/cart?a=b`);
  const { request } = (await told.json()) as Explanation;
  assert.deepEqual([request.host, request.path], ['shop.example.com', '/cart?a=b']);
  const { totals } = (await (await fetch(`${address}/ingresses`)).json()) as StatusReport;
  assert.deepEqual(totals.ingresses, { closed: 0, partial: 0, served: 1 });
  assert.equal((await fetch(`${address}/explain`)).status, 400);
  const early = await serve(t, { explain: () => undefined, status: () => undefined });
  assert.equal((await fetch(`${early}/ingresses`)).status, 503);
  assert.equal((await fetch(`${early}/explain?authority=a.test`)).status, 503);
});

test('the health path is the one of the flag', async (t) => {
  const address = await serve(t, unready, '/is:it/well');
  assert.equal((await fetch(`${address}/is:it/well`)).status, 500);
  assert.equal((await fetch(`${address}/healthz`)).status, 404);
});

test('/config is the configuration, without its secrets', async (t) => {
  const address = await serve(t);
  const yaml = await fetch(`${address}/config`);
  assert.equal(yaml.headers.get('content-type'), 'application/yaml');
  const yamlText = await yaml.text();
  const json = await fetch(`${address}/config`, { headers: { accept: 'application/json' } });
  assert.equal(json.headers.get('content-type'), 'application/json');
  const jsonText = await json.text();
  assert.deepEqual(parse(yamlText), JSON.parse(jsonText));
  assert.equal(await (await fetch(`${address}/config?format=json`)).text(), jsonText);
  assert.doesNotMatch(yamlText + jsonText, /BEGIN/);
  const { certificates, virtualHosts } = parse(yamlText) as Record<string, Record<string, unknown>>;
  assert.deepEqual(certificates?.['shop/tls'], {
    id: 'shop/tls',
    key: '[redacted]',
    fingerprint: 'abcdef',
    notAfter: '2027-01-01T00:00:00Z',
  });
  assert.deepEqual(Object.keys(virtualHosts ?? {}), ['', 'shop.example.com']);
});

test('a large configuration is printed without holding the control plane up', async (t) => {
  const hosts = Array.from({ length: 2_000 }, (_, index) => {
    const routes = [{ ...webRoute, id: `${index}` }];
    return sampleHost({ name: `${index}.example.com`, routes });
  });
  const virtualHosts = new Map(hosts.map((host) => [host.name, host]));
  const address = await serve(t, { config: () => ({ ...config, virtualHosts }) });
  let turns = 0;
  let isPrinted = false;
  const takeTurn = (): void => {
    turns += 1;
    if (!isPrinted) setImmediate(takeTurn);
  };
  takeTurn();
  const body = await (await fetch(`${address}/config`)).text();
  isPrinted = true;
  assert.equal(Object.keys((parse(body) as typeof config).virtualHosts).length, 2_000);
  assert.ok(turns >= 100, `${turns} turns`);
});

test('/findings lists them with their effect', async (t) => {
  const finding = {
    code: 'guard-not-honoured' as const,
    object: 'Ingress shop/web',
    field: 'metadata.annotations[x/auth-url]',
    message: 'not honoured: remove it',
  };
  const address = await serve(t, { findings: () => [finding] });
  assert.deepEqual(await (await fetch(`${address}/findings`)).json(), {
    count: 1,
    findings: [{ ...finding, effect: 'closed' }],
  });
});

test('other methods are refused', async (t) => {
  const address = await serve(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await fetch(`${address}/config`, { method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
  }
});

test('profiles are asked for by POST alone', async (t) => {
  const address = await serve(t);
  for (const path of ['/debug/profile', '/debug/heap']) {
    for (const method of ['GET', 'HEAD', 'PUT']) {
      const refused = await fetch(address + path, { method });
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'POST'], method);
    }
    const off = await fetch(address + path, { method: 'POST' });
    assert.equal(off.status, 403);
    assert.match(await off.text(), /--enable-profiling/);
  }
});

test('HEAD answers like GET, without the body', async (t) => {
  const address = await serve(t);
  for (const path of ['/livez', '/config', '/']) {
    const response = await fetch(address + path, { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '');
  }
});

test('the page shows state, hosts and findings, all of it escaped', async (t) => {
  const evil = '<script>alert("&\'")</script>';
  const address = await serve(t, {
    ...unready,
    findings: () => [
      { code: 'host-invalid', object: `Ingress ${evil}`, field: evil, message: `bad: ${evil}` },
    ],
    workers: () => [{ id: 0, state: evil, version: 1 }],
    config: () => ({
      ...config,
      virtualHosts: new Map([
        ...config.virtualHosts,
        [evil, sampleHost({ name: evil, aliases: [evil], routes: [webRoute] })],
      ]),
    }),
  });
  const response = await fetch(`${address}/?q=${encodeURIComponent(evil)}`);
  const page = await response.text();
  assert.doesNotMatch(page, /<script/);
  assert.match(page, /bad: &#60;script&#62;alert\(&#34;&#38;&#39;&#34;\)/);
  assert.match(page, /Not ready\./);
  assert.match(page, /worker 1: configuring/);
  assert.match(page, /host-invalid/);
});

const closedFinding = {
  code: 'guard-not-honoured',
  object: 'ConfigMap ingress/settings',
  field: undefined,
  message: 'It closes all.',
} as const;
const shutRoute = sampleRoute(
  { kind: 'prefix', path: '/' },
  { filters: [{ kind: 'deny', status: 503 }] },
);
const shut = {
  ...config,
  virtualHosts: new Map([['a.test', sampleHost({ routes: [shutRoute] })]]),
};

for (const { name, given, findings, banner } of [
  { name: 'all well', given: config, findings: [], banner: /state good">.*Ready\./ },
  {
    name: 'a finding that closes',
    given: config,
    findings: [closedFinding],
    banner: /state partial">\s*<strong>Ready, but some paths answer with errors on purpose/,
  },
  {
    name: 'every Ingress closed',
    given: shut,
    findings: [closedFinding],
    banner: /state bad">\s*<strong>Ready, but 1 of 1 Ingresses answer with errors on purpose/,
  },
]) {
  test(`the page is frank about ${name}`, async (t) => {
    const address = await serve(t, {
      config: () => given,
      findings: () => findings,
      status: () => reportStatus(given, findings),
    });
    const page = await (await fetch(address)).text();
    assert.match(page, banner);
    assert.equal(/1 <small>1 closed/.test(page), findings.length > 0);
  });
}

test('the page may run nothing but its own style', async (t) => {
  const response = await fetch(await serve(t));
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'; style-src 'sha256-[\w+/]+='; form-action 'self'/);
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(await response.text()) ?? [];
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
  assert.ok(policy.includes(`'sha256-${Buffer.from(digest).toString('base64')}'`));
});

test('the filter narrows hosts and findings', async (t) => {
  const address = await serve(t);
  assert.match(await (await fetch(`${address}/?q=SHOP.example`)).text(), /shop\.example\.com/);
  const page = await (await fetch(`${address}/?q=elsewhere`)).text();
  assert.doesNotMatch(page, /shop\.example\.com/);
  assert.match(page, /None matches the filter/);
});

test('a question that fails is a 500, and the next is answered', async (t) => {
  const address = await serve(t, { metrics: () => Promise.reject(new Error('broken')) });
  assert.equal((await fetch(`${address}/metrics`)).status, 500);
  assert.equal((await fetch(`${address}/livez`)).status, 200);
});

test('bytes that are no HTTP end the connection, not the server', async (t) => {
  const address = await serve(t);
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.end('GET / HTTP/9.9\r\n\x00\r\n\r\n');
  assert.match(await text(socket), /^HTTP\/1\.1 400 /);
  assert.equal((await fetch(`${address}/livez`)).status, 200);
});

test('a port in use rejects', async (t) => {
  const port = Number(new URL(await serve(t)).port);
  const options = { host: '127.0.0.1', port, healthPath: '/healthz', version: '' };
  await assert.rejects(startAdminServer(options, healthy, silent), { code: 'EADDRINUSE' });
});

test('closing ends idle connections', async () => {
  const options = { host: '127.0.0.1', port: 0, healthPath: '/healthz', version: '' };
  const server = await startAdminServer(options, healthy, silent);
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resume();
  const closed = once(socket, 'close');
  await server.close();
  await closed;
});
