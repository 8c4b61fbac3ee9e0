/** One path decides, whatever its spelling: security.md §3. */
import assert from 'node:assert/strict';
import { connectClient, connectTlsClient } from '../harness/raw-client.ts';
import { selfSignedCertificate } from '../harness/self-signed.ts';
import type { ProxyOptions } from '../harness/start-proxy.ts';
import { ask, assertRefused, assertServesOn, request, startProbe } from './probe.ts';
import { wireTest } from './wire-test.ts';

/** `/admin` and `/café` are shut, `/exact` alone is shut, the rest is open. */
const guarded: ProxyOptions = {
  virtualHosts: [
    {
      name: 'app.test',
      routes: [
        { id: 'open', match: { kind: 'prefix', path: '/' } },
        {
          id: 'admin',
          match: { kind: 'prefix', path: '/admin' },
          filters: [{ kind: 'deny', status: 403 }],
        },
        {
          id: 'exact',
          match: { kind: 'exact', path: '/exact' },
          filters: [{ kind: 'deny', status: 403 }],
        },
        {
          id: 'not-ascii',
          match: { kind: 'prefix', path: '/café' },
          filters: [{ kind: 'deny', status: 403 }],
        },
      ],
    },
  ],
};

wireTest(['3.1'], 'no spelling of a path goes round the rule that guards it', async (t) => {
  const { proxy, upstream } = await startProbe(t, guarded);
  for (const path of [
    '/admin',
    '/admin/',
    '/admin/x',
    '/%61dmin',
    '/%61%64%6d%69%6e',
    '//admin',
    '///admin//x',
    '/./admin',
    '/x/../admin',
    '/x/%2e%2e/admin',
    '/x/%2E./admin',
    '/%2e/admin',
    '/admin/.',
    '/admin%2fx',
    '/admin%2Fx',
    '/x%2f..%2fadmin',
    '/%2fadmin',
    '/x/..//admin/',
    '/admin?x',
    '/admin;x/../admin',
    '/exact',
    '/%65xact',
    '//exact',
    '/exact?a=/other',
    '/x/../exact',
    '/caf%C3%A9',
    '/caf%c3%a9/x',
    '/caf%C3%A9/%ff',
    '/caf%C3%A9/%C3%A9%C3',
    '/%ff/../caf%C3%A9/',
  ]) {
    const { status } = await ask(t, proxy, request(`GET ${path} HTTP/1.1`));
    assert.equal(status, 403, path);
  }
  assert.equal(upstream.connections(), 0);
});

wireTest(
  ['3.1', '3.2'],
  'what goes upstream without a rewrite is the target as received',
  async (t) => {
    const { proxy, upstream } = await startProbe(t, guarded);
    const targets = [
      '/a//b',
      '/a/./b',
      '/a/../b',
      '/%41%2f?x=/admin',
      '/administrator',
      '/Admin',
      '/ADMIN',
      '/x?/../admin',
      '/%2561dmin',
      '/exact/',
      '/a%20b%00'.slice(0, 6),
    ];
    for (const target of targets) {
      assert.equal((await ask(t, proxy, request(`GET ${target} HTTP/1.1`))).status, 200, target);
    }
    assert.deepEqual(
      upstream.completed().map(({ target }) => target),
      targets,
    );
  },
);

wireTest(['3.2'], 'paths above the root, NUL and broken escapes are refused', async (t) => {
  const { proxy, upstream } = await startProbe(t, guarded);
  for (const path of [
    '/..',
    '/../admin',
    '/x/../../admin',
    '/%2e%2e/x',
    '/x%2f..%2f..%2fadmin',
    '/%00',
    '/a%00b',
    '/%',
    '/%4',
    '/%zz',
    '/a%u0041',
  ]) {
    const client = await connectClient(t, proxy.httpPort);
    client.write(request(`GET ${path} HTTP/1.1`) + request('GET /sent-ahead HTTP/1.1'));
    const answer = await client.readAnswer();
    assert.equal(answer.status, 400, path);
    assert.deepEqual(answer.fields.get('connection'), ['close'], path);
    assert.equal(await client.readToEnd(), '', path);
  }
  assert.equal(upstream.connections(), 0);
});

wireTest(['3.2'], 'a rewrite that climbs above the root is refused, too', async (t) => {
  const probe = await startProbe(t, {
    virtualHosts: [
      {
        name: 'app.test',
        matching: 'patterns',
        routes: [
          {
            id: 'rewritten',
            match: { kind: 'pattern', pattern: '/v(.*)' },
            filters: [{ kind: 'rewrite-path', pattern: '/v(.*)', replacement: '/$1' }],
          },
          { id: 'rest', match: { kind: 'pattern', pattern: '/' } },
        ],
      },
    ],
  });
  const bytes = request('GET /v../secret HTTP/1.1') + request('GET /sent-ahead HTTP/1.1');
  await assertRefused(t, probe, bytes, [400]);
});

wireTest(
  ['3.3'],
  'exact before longest prefix by segments, exact host before wildcard',
  async (t) => {
    const clusters = ['root', 'foo', 'foobar', 'exact', 'wild', 'named'];
    const upstreams = await Promise.all(clusters.map(() => startProbe(t)));
    const route = (id: string, match: { kind: 'exact' | 'prefix'; path: string }) => ({
      id,
      match,
      action: { kind: 'forward' as const, cluster: id },
    });
    const { proxy } = await startProbe(t, {
      clusters: Object.fromEntries(
        clusters.map((id, index) => [
          id,
          { upstreams: upstreams[index] === undefined ? [] : [upstreams[index].upstream.endpoint] },
        ]),
      ),
      virtualHosts: [
        {
          name: 'app.test',
          routes: [
            route('root', { kind: 'prefix', path: '/' }),
            route('foo', { kind: 'prefix', path: '/foo' }),
            route('foobar', { kind: 'prefix', path: '/foo/bar' }),
            route('exact', { kind: 'exact', path: '/foo/bar' }),
          ],
        },
        { name: '*.wild.test', routes: [route('wild', { kind: 'prefix', path: '/' })] },
        { name: 'a.wild.test', routes: [route('named', { kind: 'prefix', path: '/' })] },
      ],
    });
    for (const [host, path, id] of [
      ['app.test', '/foo/bar', 'exact'],
      ['app.test', '/foo/bar/', 'foobar'],
      ['app.test', '/foo/bar/x', 'foobar'],
      ['app.test', '/foo/barx', 'foo'],
      ['app.test', '/foo', 'foo'],
      ['app.test', '/fool', 'root'],
      ['app.test', '/FOO', 'root'],
      ['a.wild.test', '/', 'named'],
      ['b.wild.test', '/', 'wild'],
    ] as const) {
      const before = upstreams.map(({ upstream }) => upstream.requests.length);
      assert.equal(
        (await ask(t, proxy, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status,
        200,
      );
      const taken = clusters.filter(
        (_, index) => upstreams[index]?.upstream.requests.length !== before[index],
      );
      assert.deepEqual(taken, [id], `${host}${path}`);
    }
    for (const host of ['wild.test', 'x.a.wild.test', 'x.b.wild.test', 'evilwild.test']) {
      assert.equal(
        (await ask(t, proxy, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status,
        404,
        host,
      );
    }
  },
);

const redirected: ProxyOptions = {
  virtualHosts: [
    {
      name: 'app.test',
      filters: [{ kind: 'app-root', path: '/start' }],
      routes: [
        { id: 'tls', filters: [{ kind: 'https-redirect', status: 308, keepTrailingSlash: true }] },
        {
          id: 'moved',
          match: { kind: 'prefix', path: '/moved' },
          filters: [{ kind: 'redirect', status: 301, location: 'https://$host$request_uri' }],
        },
      ],
    },
  ],
};

wireTest(
  ['3.4', '2.7'],
  'redirects use the routed host, and no scheme-relative target appears',
  async (t) => {
    const { proxy } = await startProbe(t, redirected);
    for (const { target, location } of [
      { target: '/a?b', location: 'https://app.test/a?b' },
      { target: '//evil.test/', location: 'https://app.test//evil.test/' },
      { target: '/\\evil.test', location: 'https://app.test/%5Cevil.test' },
      { target: '/moved//evil.test', location: 'https://app.test/moved//evil.test' },
      { target: 'http://app.test//evil.test', location: 'https://app.test//evil.test' },
    ]) {
      const { fields } = await ask(
        t,
        proxy,
        request(
          `GET ${target} HTTP/1.1`,
          'X-Forwarded-Host: evil.test',
          'X-Forwarded-Proto: https',
        ),
      );
      assert.deepEqual(fields.get('location'), [location], target);
    }
    const { fields } = await ask(
      t,
      proxy,
      request('GET / HTTP/1.1', 'X-Forwarded-Host: evil.test'),
    );
    assert.match(fields.get('location')?.[0] ?? '', /^http:\/\/app\.test(?::\d+)?\/start$/);
  },
  'tcp',
);

wireTest(['3.4'], 'over TLS the same', async (t) => {
  const { proxy } = await startProbe(t, {
    ...redirected,
    certificates: [selfSignedCertificate('default', ['app.test'])],
  });
  const client = await connectTlsClient(t, proxy.httpsPort, { servername: 'app.test' });
  client.write(request('GET /moved/%0d%0ax:y HTTP/1.1', 'X-Forwarded-Host: evil.test'));
  const { status, fields } = await client.readAnswer();
  assert.equal(status, 301);
  assert.deepEqual(fields.get('location'), ['https://app.test/moved/%0d%0ax:y']);
});

wireTest(['3.5'], 'a pattern that others backtrack on costs nothing', async (t) => {
  const { proxy } = await startProbe(t, {
    virtualHosts: [
      {
        name: 'app.test',
        matching: 'patterns',
        routes: [
          {
            id: 'greedy',
            match: { kind: 'pattern', pattern: '/(a+)+$' },
            filters: [{ kind: 'rewrite-path', pattern: '/(a|aa)+$', replacement: '/$1' }],
          },
          { id: 'rest', match: { kind: 'pattern', pattern: '/' } },
        ],
      },
    ],
  });
  const begun = performance.now();
  assert.equal((await ask(t, proxy, request(`GET /${'a'.repeat(7_000)}! HTTP/1.1`))).status, 200);
  assert.ok(performance.now() - begun < 1_000, 'took over a second');
  await assertServesOn(t, proxy);
});
