import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultSettings } from '../../test/blackbox/harness/default-settings.ts';
import { createRecordingLog } from '../../test/blackbox/harness/recording-log.ts';
import {
  sampleCluster,
  sampleDelta,
  sampleHost,
  sampleRoute,
} from '../../test/unit/sample-config.ts';
import { decide, type Decidable } from '../dataplane/decide.ts';
import { NO_BODY } from '../dataplane/fields.ts';
import { Table } from '../dataplane/table.ts';
import type { ProxyConfig, Route, VirtualHost } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { explain, type Explainable } from './explain.ts';
import type { ExplainRequest, KnownIngress } from './explanation.ts';
import { printExplanation } from './print.ts';

const { log } = createRecordingLog();
const forward = { kind: 'forward', cluster: 'shop-web-80' } as const;
const root = sampleRoute({ kind: 'prefix', path: '/' }, { action: forward });
const cart = sampleRoute({ kind: 'prefix', path: '/cart' }, { action: forward });
const exactCart = sampleRoute({ kind: 'exact', path: '/cart' }, { action: forward });
const missing: Finding = {
  code: 'secret-missing',
  object: 'Ingress shop/web',
  field: 'spec.tls',
  message: 'It does not exist.',
};

function explainable(
  hosts: readonly VirtualHost[],
  changes: Partial<Explainable> = {},
): Explainable {
  const config: ProxyConfig = {
    settings: defaultSettings,
    virtualHosts: new Map(hosts.map((host) => [host.name, host])),
    clusters: new Map([
      ['shop-web-80', sampleCluster('shop-web-80')],
      ['empty', sampleCluster('empty')],
    ]),
    endpointSets: new Map([
      ['shop-web-80', { id: 'shop-web-80', endpoints: [{ address: '10.0.0.1', port: 8080 }] }],
      ['empty', { id: 'empty', endpoints: [] }],
    ]),
    certificates: new Map(),
  };
  return { config, findings: [], ingresses: [], ...changes };
}

function request(url: string, changes: Partial<ExplainRequest> = {}): ExplainRequest {
  const [, scheme, authority = '', target = ''] = /^(https?):\/\/([^/]*)(.*)$/.exec(url) ?? [];
  return {
    scheme: scheme === 'https' ? 'https' : 'http',
    method: 'GET',
    authority,
    target,
    clientAddress: '192.0.2.1',
    ...changes,
  };
}

test('it names host, route, endpoints, and who else covers the path', () => {
  const host = sampleHost({ routes: [root, cart, exactCart], certificate: 'shop/tls' });
  const told = explain(
    explainable([host]),
    request('https://Shop.example.com:8443//cart/./1?a=b'),
    log,
  );
  assert.deepEqual(told.request, {
    scheme: 'https',
    host: 'shop.example.com',
    path: '/cart/1',
    clientAddress: '192.0.2.1',
  });
  assert.deepEqual(told.host, {
    name: 'shop.example.com',
    matchedBy: 'name',
    certificate: 'shop/tls',
  });
  assert.deepEqual(told.route, {
    kind: 'prefix',
    path: '/cart',
    ingress: 'shop/web',
    service: 'web:80',
    isImplicit: false,
  });
  assert.deepEqual(told.upstream?.endpoints, ['10.0.0.1:8080']);
  assert.equal(told.answer, undefined);
  assert.deepEqual(told.others, [
    { what: 'Ingress shop/web: prefix /', why: 'a longer prefix covers the path' },
  ]);
});

test('a path that nothing covers is told why, route by route', () => {
  const pattern = sampleRoute({ kind: 'pattern', pattern: '/v[0-9]+/' }, { action: forward });
  const patterns = sampleHost({ name: 'api.test', matching: 'patterns', routes: [pattern] });
  const hosts = [sampleHost({ routes: [cart, exactCart] }), patterns];
  const told = explain(explainable(hosts), request('http://shop.example.com/cartoon'), log);
  assert.deepEqual(told.answer, { status: 404, reason: 'no route' });
  assert.deepEqual(
    told.others.map(({ why }) => why),
    ['a prefix covers whole segments: /cart and /cart/…', 'its path is another'],
  );
  const other = explain(explainable(hosts), request('http://api.test/x/v1/'), log);
  assert.match(other.others[0]?.why ?? '', /pattern does not match from the start/);
});

test('aliases, wildcards and hosts that nobody has are told apart', () => {
  const hosts = [
    sampleHost({ routes: [root], aliases: ['www.shop.test'] }),
    sampleHost({ name: '*.example.com', routes: [root] }),
    sampleHost({ name: '', routes: [] }),
  ];
  const matchedBy = (url: string) => explain(explainable(hosts), request(url), log).host?.matchedBy;
  assert.equal(matchedBy('http://www.shop.test/'), 'alias');
  assert.equal(matchedBy('http://a.example.com/'), 'wildcard');
  assert.equal(matchedBy('http://a.b.example.com/'), 'any other host');
  const told = explain(explainable(hosts), request('http://shop.example.com/'), log);
  assert.match(told.others[0]?.why ?? '', /does not fall through to the wildcard/);
});

test('the filter that answers is named, and access is not asked where there is no endpoint', () => {
  const filters: Route['filters'] = [
    { kind: 'https-redirect', status: 308, keepTrailingSlash: false },
    { kind: 'ip-access', deny: [], allow: ['10.0.0.0/8'] },
  ];
  const guarded = { ...root, filters };
  const empty = { ...cart, filters, action: { kind: 'forward', cluster: 'empty' } as const };
  const hosts = [sampleHost({ routes: [guarded, empty] })];
  const ask = (url: string, changes = {}) =>
    explain(explainable(hosts), request(url, changes), log);

  const plain = ask('http://shop.example.com/');
  assert.equal(plain.answer?.location, 'https://shop.example.com');
  assert.deepEqual(plain.filters, [{ kind: 'https-redirect', isAnswering: true }]);

  const refused = ask('https://shop.example.com/');
  assert.equal(refused.answer?.status, 403);
  assert.deepEqual(refused.filters.at(-1), { kind: 'ip-access', isAnswering: true });
  const allowed = ask('https://shop.example.com/', { clientAddress: '10.1.2.3' });
  assert.equal(allowed.answer, undefined);

  const nowhere = ask('https://shop.example.com/cart');
  assert.deepEqual(nowhere.answer, { status: 503, reason: 'no endpoint' });
  assert.deepEqual(nowhere.filters, []);
});

test('Ingresses that name the host in vain are told, each with its reason', () => {
  const named = { hosts: ['shop.example.com'], className: 'nginx' };
  const ingresses: KnownIngress[] = [
    { key: 'shop/web', ...named, owner: 'ours' },
    { key: 'shop/old', ...named, owner: 'another class' },
    { key: 'shop/none', ...named, className: undefined, owner: 'another class' },
    { key: 'shop/dropped', ...named, owner: 'ours' },
    { key: 'dark/web', ...named, owner: 'unwatched' },
    { key: 'shop/all', hosts: ['*.example.com'], className: 'nginx', owner: 'another class' },
    { key: 'shop/else', hosts: ['else.test'], className: 'nginx', owner: 'another class' },
  ];
  const elsewhere = { ...missing, object: 'Ingress shop/else' };
  const dropped = { ...missing, code: 'ingress-dropped', object: 'Ingress shop/dropped' } as const;
  const told = explain(
    explainable([sampleHost({ routes: [root] })], {
      ingresses,
      findings: [missing, elsewhere, dropped],
    }),
    request('http://shop.example.com/'),
    log,
  );
  assert.deepEqual(
    told.others.map(({ what, why }) => `${what}: ${why}`),
    [
      'Ingress shop/old: it is of another class, "nginx"',
      'Ingress shop/none: it names no class, and such Ingresses are not served here',
      'Ingress shop/dropped: it is of our class, and none of its paths is served on this host; what is to be fixed stands below',
      'Ingress dark/web: its namespace is not watched',
      'Ingress shop/all: it is of another class, "nginx"',
    ],
  );
  assert.deepEqual(told.findings, [
    { ...dropped, effect: 'closed' },
    { ...missing, effect: 'partial' },
  ]);
});

test('a connection that was made for a host that asks for certificates serves no other', () => {
  const clientVerification = {
    fingerprint: 'f',
    mode: 'required',
    ca: '',
    crls: [],
    depth: 1,
    subjectPattern: undefined,
    errorPage: undefined,
    passesCertificate: false,
  } as const;
  const hosts = [
    sampleHost({ name: 'open.test', routes: [root] }),
    sampleHost({ name: 'guarded.test', routes: [root], clientVerification }),
  ];
  const answerOf = (url: string, serverName?: string) =>
    explain(explainable(hosts), request(url, { serverName }), log).answer?.status;
  assert.equal(answerOf('https://guarded.test/', 'open.test'), 421);
  assert.equal(answerOf('https://guarded.test/', 'guarded.test'), 400);
  assert.equal(answerOf('https://guarded.test/'), 400);
  assert.equal(answerOf('https://open.test/', 'open.test'), undefined);
});

test('a path without a rule is said to have no route, though an Ingress introduced the host', () => {
  const labels = { ...root.labels, service: '', servicePort: '', path: '/' };
  const filler = sampleRoute({ kind: 'prefix', path: '/' }, { labels });
  const told = explain(
    explainable([sampleHost({ routes: [cart, filler] })]),
    request('http://shop.example.com/else'),
    log,
  );
  assert.equal(told.route?.isImplicit, true);
  assert.deepEqual(told.others, [
    { what: 'Ingress shop/web: prefix /cart', why: 'the path does not begin with it' },
  ]);
  assert.match(printExplanation(told), /^route +none: no Ingress has a rule/m);
});

const ofSettings = (code: Finding['code'], object: string): Finding => ({
  code,
  object,
  field: undefined,
  message: 'It says why.',
});
const general = [
  ofSettings('guard-not-honoured', 'ConfigMap ingress/settings'),
  ofSettings('configmap-key-unknown', 'ConfigMap ingress/settings'),
  ofSettings('manifest-unreadable', 'File shop.yaml'),
  ofSettings('service-missing', 'Service ingress/default'),
  ofSettings('certificate-expired', 'Secret shop/tls'),
  ofSettings('certificate-expired', 'Secret blog/tls'),
];

for (const { name, url, changes, want } of [
  {
    name: 'a closed path has what the ConfigMap closes',
    url: 'http://shop.example.com/shut',
    changes: {},
    want: ['ConfigMap ingress/settings'],
  },
  {
    name: 'one that nobody serves has what may hide its object, and the default backend',
    url: 'http://shop.example.com/else',
    changes: {},
    want: ['Service ingress/default', 'File shop.yaml'],
  },
  {
    name: 'one that an endpoint answers has neither, but its certificate',
    url: 'https://shop.example.com/cart',
    changes: { certificate: 'shop/tls' },
    want: ['Secret shop/tls'],
  },
]) {
  test(`to be fixed: ${name}`, () => {
    const shut = sampleRoute(
      { kind: 'prefix', path: '/shut' },
      { action: forward, filters: [{ kind: 'deny', status: 503 }] },
    );
    const hosts = [sampleHost({ routes: [cart, shut], ...changes })];
    const told = explain(explainable(hosts, { findings: general }), request(url), log);
    assert.deepEqual(
      told.findings.map(({ object }) => object),
      want,
    );
  });
}

test('where the host answers by itself, no path is said not to cover', () => {
  const hosts = [sampleHost({ routes: [root], filters: [{ kind: 'deny', status: 403 }] })];
  const told = explain(explainable(hosts), request('https://shop.example.com/'), log);
  assert.equal(told.answer?.status, 403);
  assert.deepEqual(told.filters, [{ kind: 'deny', isAnswering: true }]);
  assert.match(told.others[0]?.why ?? '', /answered before/);
});

test('what can’t be a request is refused as the proxy refuses it', () => {
  const hosts = [sampleHost({ routes: [root] })];
  const path = explain(explainable(hosts), request('http://shop.example.com/../x'), log);
  assert.equal(path.answer?.status, 400);
  assert.equal(path.request.path, undefined);
  const host = explain(explainable(hosts), request('http://shop_example..com/'), log);
  assert.equal(host.answer?.status, 400);
});

test('what is told is what the whole table does', () => {
  const names = ['shop.example.com', 'a.example.com', '*.example.com', 'www.shop.test', ''];
  const paths = ['/', '/cart', '/cart/', '/cart/1', '/cartoon', '/x/../cart', '/%63art', '/a//b'];
  const routeArb = fc.record({
    path: fc.constantFrom(...paths.slice(0, 5)),
    kind: fc.constantFrom('exact' as const, 'prefix' as const),
    cluster: fc.constantFrom('shop-web-80', 'empty'),
    filters: fc.subarray<Route['filters'][number]>([
      { kind: 'https-redirect', status: 308, keepTrailingSlash: false },
      { kind: 'ip-access', deny: [], allow: ['10.0.0.0/8'] },
      { kind: 'deny', status: 503 },
    ]),
  });
  const hostsArb = fc.uniqueArray(
    fc.record({ name: fc.constantFrom(...names), routes: fc.array(routeArb, { maxLength: 5 }) }),
    { selector: ({ name }) => name },
  );
  const requestArb = fc.record({
    scheme: fc.constantFrom('http' as const, 'https' as const),
    method: fc.constantFrom('GET', 'TRACE'),
    authority: fc.constantFrom('shop.example.com', 'A.example.com:80', 'b.example.com', 'x.test'),
    target: fc.constantFrom(...paths),
    clientAddress: fc.constantFrom('10.0.0.1', '192.0.2.1'),
  });
  fc.assert(
    fc.property(hostsArb, requestArb, (hosts, asked) => {
      const virtualHosts = hosts.map(({ name, routes }) =>
        sampleHost({
          name,
          routes: routes.map(({ path, kind, cluster, filters }, index) =>
            sampleRoute(
              { kind, path },
              { id: String(index), filters, action: { kind: 'forward', cluster } },
            ),
          ),
        }),
      );
      const input = explainable(virtualHosts);
      const told = explain(input, asked, log);
      const { answer, route } = decideAtOnce(input.config, asked);
      assert.equal(told.answer?.status, answer?.status);
      assert.equal(told.route?.path, route);
    }),
    { numRuns: 1_000 },
  );
});

function decideAtOnce(config: ProxyConfig, asked: ExplainRequest) {
  const table = new Table(log);
  const set = <T>(section: ReadonlyMap<string, T>) => ({ set: [...section.values()], remove: [] });
  table.apply(
    sampleDelta({
      settings: config.settings,
      virtualHosts: set(config.virtualHosts),
      clusters: set(config.clusters),
      endpointSets: set(config.endpointSets),
    }),
  );
  const exchange: Decidable = {
    ...asked,
    host: asked.authority.toLowerCase().replace(/:.*/, ''),
    requestBody: NO_BODY,
    upgrade: false,
    path: '',
    query: '',
    upstreamTarget: asked.target,
    hostTable: undefined,
    route: undefined,
    handshake: 'plaintext',
  };
  const stats = { limitTripped: () => undefined };
  const answer = decide(exchange, { table, stats, pressure: 'none' });
  const match = exchange.route?.config.match;
  return { answer, route: match?.kind === 'pattern' ? match.pattern : match?.path };
}

test('it says of TLS that is passed through that no request is seen', () => {
  const limits = { connectMs: 5_000, idleMs: 600_000, attempts: 3, withinMs: 'none' } as const;
  const passthrough = { cluster: 'shop-web-80', ...limits };
  const host = sampleHost({ aliases: ['alias.example.com'], routes: [root], passthrough });
  const passedTo = (url: string): string | undefined =>
    explain(explainable([host]), request(url), log).host?.passthrough;
  assert.equal(passedTo('https://shop.example.com/'), 'shop-web-80');
  assert.equal(passedTo('http://shop.example.com/'), undefined);
  assert.equal(passedTo('https://alias.example.com/'), undefined);
  const told = explain(explainable([host]), request('https://shop.example.com/'), log);
  assert.match(printExplanation(told), /host +shop\.example\.com, TLS passed through/);
});
