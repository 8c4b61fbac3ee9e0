/** What the proxy answers by itself, and in which order it decides (routing.md §6, §8.3, §10). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { connectClient, type RawAnswer } from './harness/raw-client.ts';
import { startProxy, type ProxyOptions } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

async function ask(
  t: Parameters<typeof startProxy>[0],
  options: ProxyOptions,
  request: string,
): Promise<RawAnswer> {
  const proxy = await startProxy(t, options);
  const client = await connectClient(t, proxy.httpPort);
  client.write(request);
  return client.readAnswer();
}

const get = (target: string, host: string): string =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

const DENY = { kind: 'deny', status: 403 } as const;
const LOCAL_ONLY = { kind: 'ip-access', deny: ['127.0.0.1'], allow: undefined } as const;

const cases: readonly { name: string; options?: ProxyOptions; request: string; want: number }[] = [
  {
    name: 'the health path on a host that nobody defines',
    request: get('/healthz', 'x'),
    want: 200,
  },
  {
    name: 'the health path is no path of a defined host',
    request: get('/healthz', 'app.test'),
    want: 503,
  },
  { name: 'the status path', request: get('/nginx_status', 'x'), want: 403 },
  { name: 'another path of a host that nobody defines', request: get('/', 'x'), want: 404 },
  { name: 'TRACE', request: 'TRACE / HTTP/1.1\r\nHost: app.test\r\n\r\n', want: 405 },
  { name: 'a path above the root', request: get('/../x', 'app.test'), want: 400 },
  {
    name: 'a blocked client, before anything else',
    options: { settings: { blockedCidrs: ['127.0.0.0/8'] } },
    request: get('/healthz', 'x'),
    want: 403,
  },
  {
    name: 'the size of a body is looked at before filters and endpoints',
    options: {
      virtualHosts: [{ name: 'app.test', routes: [{ filters: [DENY], maxBodyBytes: 1 }] }],
    },
    request: 'POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nxx',
    want: 413,
  },
  {
    name: 'a missing endpoint is told before access is refused',
    options: { virtualHosts: [{ name: 'app.test', routes: [{ filters: [LOCAL_ONLY] }] }] },
    request: get('/', 'app.test'),
    want: 503,
  },
  {
    name: 'access is refused',
    options: {
      upstreams: [{ address: '127.0.0.1', port: 1 }],
      virtualHosts: [{ name: 'app.test', routes: [{ filters: [LOCAL_ONLY] }] }],
    },
    request: get('/', 'app.test'),
    want: 403,
  },
  {
    name: 'a route that answers',
    options: {
      virtualHosts: [{ name: 'app.test', routes: [{ action: { kind: 'respond', status: 404 } }] }],
    },
    request: get('/', 'app.test'),
    want: 404,
  },
  {
    name: 'HTTP/1.0 without Host goes to the host that nobody defines',
    request: 'GET /healthz HTTP/1.0\r\n\r\n',
    want: 200,
  },
];

for (const { name, options = {}, request, want } of cases) {
  test(`${want}: ${name}`, async (t) => {
    assert.equal((await ask(t, options, request)).status, want);
  });
}

test('an Ingress may have the health path for itself', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('mine'));
  const catchAll = { name: '', routes: [{ match: { kind: 'exact', path: '/healthz' } as const }] };
  const options = { upstreams: [upstream.endpoint], virtualHosts: [catchAll] };
  assert.equal((await ask(t, options, get('/healthz', 'x'))).body, 'mine');
});

test('a catch-all prefix does not take the health path', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('mine'));
  const options = { upstreams: [upstream.endpoint], virtualHosts: [{ name: '' }] };
  assert.equal((await ask(t, options, get('/healthz', 'x'))).body, '');
  assert.equal((await ask(t, options, get('/other', 'x'))).body, 'mine');
});

test('405 says what is allowed', async (t) => {
  const answer = await ask(t, {}, 'TRACE / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  assert.match(answer.fields.get('allow')?.[0] ?? '', /GET, HEAD, POST/);
});

test('OPTIONS * goes to the host as it is', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    response.end(`${request.method} ${request.url}`);
  });
  const answer = await ask(
    t,
    { upstreams: [upstream.endpoint] },
    'OPTIONS * HTTP/1.1\r\nHost: app.test\r\n\r\n',
  );
  assert.equal(answer.body, 'OPTIONS *');
});

test('a filter may rewrite the target and nothing else', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    response.end(`${request.url} ${request.headers.host}`);
  });
  const answer = await ask(
    t,
    {
      upstreams: [upstream.endpoint],
      virtualHosts: [
        {
          name: 'app.test',
          routes: [
            { filters: [{ kind: 'rewrite-path', pattern: '^/api/(.*)', replacement: '/$1' }] },
          ],
        },
      ],
    },
    get('/api/things?x=1', 'app.test:81'),
  );
  assert.equal(answer.body, '/things?x=1 app.test:81');
});

test('a redirect has a Location, and its page', async (t) => {
  const answer = await ask(
    t,
    {
      virtualHosts: [
        {
          name: 'app.test',
          routes: [
            { filters: [{ kind: 'https-redirect', status: 308, keepTrailingSlash: false }] },
          ],
        },
      ],
    },
    get('/a?b', 'app.test'),
  );
  assert.equal(answer.status, 308);
  assert.deepEqual(answer.fields.get('location'), ['https://app.test/a?b']);
  assert.match(answer.body, /308 Permanent Redirect/);
});
