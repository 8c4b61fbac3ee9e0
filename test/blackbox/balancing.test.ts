/** Who has an exchange, and what clients are told of it: docs/balancing.md. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { suite, test, type TestContext } from 'node:test';
import type { BalancerConfig, SessionCookie } from '../../src/model/config.ts';
import { carrier, carrierCertificate } from './harness/carrier.ts';
import { connectClient, type RawAnswer, type RawClient } from './harness/raw-client.ts';
import { startProxy, type ProxyOptions } from './harness/start-proxy.ts';
import { refusedEndpoint, startUpstream } from './harness/upstream.ts';

const cookie: SessionCookie = {
  name: 'route',
  path: '/',
  domain: undefined,
  expiresSeconds: undefined,
  maxAgeSeconds: undefined,
  secure: 'tls',
  sameSite: undefined,
  sparesOldClients: false,
};
const virtualHosts = [{ name: 'app.test', routes: [{ sessionCookie: cookie }] }];
const sticky = (
  mode: 'balanced' | 'persistent',
  changesOnFailure = false,
): BalancerConfig & { kind: 'sticky' } => ({
  kind: 'sticky',
  mode,
  cookie: 'route',
  changesOnFailure,
  salt: 'salt of the service',
});

/** Endpoints that answer with their name, `0` for the first. */
async function startNamed(t: TestContext, count: number, names: string[] = []) {
  const upstreams = [];
  for (let index = 0; index < count; index++) {
    const { endpoint } = await startUpstream(t, (_request, response) => {
      response.setHeader('Set-Cookie', 'own=1');
      response.end(names[index] ?? String(index));
    });
    upstreams.push(endpoint);
  }
  return upstreams;
}

async function ask(client: RawClient, { path = '/', fields = '' } = {}): Promise<RawAnswer> {
  client.write(`GET ${path} HTTP/1.1\r\nHost: app.test\r\n${fields}\r\n`);
  return client.readAnswer();
}

const cookiesOf = ({ fields }: RawAnswer): readonly string[] => fields.get('set-cookie') ?? [];

/** The session that an answer tells, beside the endpoint's own cookie. */
function sessionOf(answer: RawAnswer): string {
  const [, set] = cookiesOf(answer);
  const session = /^route=([^;]+)/.exec(set ?? '')?.[1];
  assert.ok(session !== undefined, answer.head);
  return session;
}

for (const mode of ['balanced', 'persistent'] as const) {
  suite(`sessions, ${mode}`, () => {
    const balancer = sticky(mode);

    test('a client is told once, and comes back to its endpoint on every worker', async (t) => {
      const options: ProxyOptions = { upstreams: await startNamed(t, 5), balancer, virtualHosts };
      const worker = await startProxy(t, options);
      const other = await startProxy(t, options);
      const client = await connectClient(t, worker.httpPort);
      const elsewhere = await connectClient(t, other.httpPort);
      for (let turn = 0; turn < 10; turn++) {
        const first = await ask(client);
        const secure = carrier() === 'tls' ? '; Secure' : '';
        const session = sessionOf(first);
        assert.deepEqual(cookiesOf(first), [
          'own=1',
          `route=${session}; Path=/${secure}; HttpOnly`,
        ]);
        for (const each of [client, elsewhere]) {
          const again = await ask(each, { fields: `Cookie: a=b; route=${session}\r\n` });
          assert.equal(again.body, first.body);
          assert.deepEqual(cookiesOf(again), ['own=1']);
        }
      }
    });

    test('a cookie of ingress-nginx is taken, and one of ours given for it', async (t) => {
      const options = { upstreams: await startNamed(t, 3), balancer, virtualHosts };
      const client = await connectClient(t, (await startProxy(t, options)).httpPort);
      const old = '1700000000.423.31.17|0123456789abcdef0123456789abcdef';
      const answer = await ask(client, { fields: `Cookie: route=${old}\r\n` });
      assert.equal(answer.status, 200);
      assert.match(sessionOf(answer), /^[\w-]{22}\.[\w-]{8}$/);
    });

    test('a session survives that the endpoints around its own come and go', async (t) => {
      const upstreams = await startNamed(t, 6);
      const options = { balancer, virtualHosts };
      const proxy = await startProxy(t, { ...options, upstreams });
      const client = await connectClient(t, proxy.httpPort);
      const first = await ask(client);
      const fields = `Cookie: route=${sessionOf(first)}\r\n`;
      const mine = upstreams[Number(first.body)];
      assert.ok(mine);
      proxy.apply({ ...options, upstreams: [mine] });
      proxy.apply({ ...options, upstreams });
      const again = await ask(client, { fields });
      assert.deepEqual([again.body, cookiesOf(again)], [first.body, ['own=1']]);
    });

    test('without endpoints it is a 503 that tells no session', async (t) => {
      const proxy = await startProxy(t, { upstreams: [], balancer, virtualHosts });
      const answer = await ask(await connectClient(t, proxy.httpPort));
      assert.deepEqual([answer.status, cookiesOf(answer)], [503, []]);
    });

    for (const changes of [false, true]) {
      test(`an endpoint that fails ${changes ? 'loses' : 'keeps'} its sessions`, async (t) => {
        const [good] = await startNamed(t, 1);
        assert.ok(good);
        const options = { balancer: sticky(mode, changes), virtualHosts };
        const before = await startUpstream(t, (_request, response) => response.end('before'));
        const proxy = await startProxy(t, { ...options, upstreams: [good, before.endpoint] });
        const client = await connectClient(t, proxy.httpPort);
        let first = await ask(client);
        while (first.body !== 'before') first = await ask(client);
        const session = /route=([^;]+)/.exec(cookiesOf(first)[0] ?? '')?.[1] ?? '';
        before.server.closeAllConnections();
        before.server.close();
        await once(before.server, 'close');
        const answer = await ask(client, { fields: `Cookie: route=${session}\r\n` });
        if (!changes) {
          assert.equal(answer.status, 502);
          assert.deepEqual(cookiesOf(answer), []);
          return;
        }
        assert.deepEqual([answer.status, answer.body], [200, '0']);
        const now = await ask(client, { fields: `Cookie: route=${sessionOf(answer)}\r\n` });
        assert.deepEqual([now.body, cookiesOf(now)], ['0', ['own=1']]);
      });
    }
  });
}

test('persistent: who lost its endpoint is told of another', async (t) => {
  const upstreams = await startNamed(t, 4);
  const options = { balancer: sticky('persistent'), virtualHosts };
  const proxy = await startProxy(t, { ...options, upstreams });
  const client = await connectClient(t, proxy.httpPort);
  const first = await ask(client);
  const others = upstreams.filter((_, index) => String(index) !== first.body);
  proxy.apply({ ...options, upstreams: others });
  const fields = `Cookie: route=${sessionOf(first)}\r\n`;
  const moved = await ask(client, { fields });
  assert.notEqual(moved.body, first.body);
  assert.notEqual(sessionOf(moved), sessionOf(first));
});

test('over TLS the cookie is Secure, and over HTTP/2 it is found among the crumbs', async (t) => {
  const upstreams = await startNamed(t, 5);
  const options = { upstreams, balancer: sticky('balanced'), virtualHosts };
  const proxy = await startProxy(t, { ...options, certificates: [carrierCertificate()] });
  const session = connectHttp2(`https://127.0.0.1:${proxy.httpsPort}`, {
    servername: 'app.test',
    ca: carrierCertificate().chain,
  });
  t.after(() => {
    session.destroy();
  });
  const askHttp2 = async (crumbs: string[]) => {
    const stream = session.request({ ':authority': 'app.test', cookie: crumbs });
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    return { cookies: headers['set-cookie'], body: await text(stream) };
  };
  const first = await askHttp2(['a=b']);
  assert.equal(first.cookies?.length, 2);
  const [, told = ''] = first.cookies;
  assert.match(told, /^route=[^;]+; Path=\/; Secure; HttpOnly$/);
  const again = await askHttp2(['a=b', told.slice(0, told.indexOf(';')), 'c=d']);
  assert.deepEqual(again, { cookies: ['own=1'], body: first.body });
});

test('a route of the same cluster without a session cookie tells none', async (t) => {
  const options = { upstreams: await startNamed(t, 3), balancer: sticky('balanced') };
  const client = await connectClient(t, (await startProxy(t, options)).httpPort);
  assert.deepEqual(cookiesOf(await ask(client)), ['own=1']);
});

for (const { name, key, same, other } of [
  {
    name: 'an argument',
    key: [{ kind: 'argument', name: 'user' }],
    same: [{ path: '/a?user=7' }, { path: '/b?x=y&user=7' }],
    other: (n: number) => ({ path: `/a?user=${n}` }),
  },
  {
    name: 'a field',
    key: [{ kind: 'field', name: 'x-user' }],
    same: [{ fields: 'X-User: ann\r\n' }, { path: '/b', fields: 'x-user: ann\r\n' }],
    other: (n: number) => ({ fields: `X-User: user ${n}\r\n` }),
  },
  {
    name: 'the target',
    key: [{ kind: 'target' }],
    same: [{ path: '/a?b' }, { path: '/a?b', fields: 'X-Other: 1\r\n' }],
    other: (n: number) => ({ path: `/a?b=${n}` }),
  },
] as const) {
  test(`hashing by ${name}: alike goes alike, the rest is spread`, async (t) => {
    const balancer: BalancerConfig = { kind: 'hash', key, subset: 'none' };
    const options = { upstreams: await startNamed(t, 4), balancer };
    const client = await connectClient(t, (await startProxy(t, options)).httpPort);
    const bodies = new Set<string>();
    for (const request of [...same, ...same]) bodies.add((await ask(client, request)).body);
    assert.equal(bodies.size, 1);
    for (let n = 0; n < 60; n++) bodies.add((await ask(client, other(n))).body);
    assert.equal(bodies.size, 4);
  });
}

test('hashing: the keys of an endpoint that fails go to another one', async (t) => {
  const balancer: BalancerConfig = { kind: 'hash', key: [{ kind: 'target' }], subset: 'none' };
  const upstreams = [...(await startNamed(t, 2)), await refusedEndpoint()];
  const proxy = await startProxy(t, { upstreams, balancer });
  const client = await connectClient(t, proxy.httpPort);
  let retries = 0;
  for (let n = 0; n < 60; n++) {
    assert.equal((await ask(client, { path: `/${n}` })).status, 200);
    retries += (await proxy.nextRecord()).attempts.length - 1;
  }
  assert.ok(retries > 5, String(retries));
});

for (const balancer of [
  { kind: 'least-request' },
  { kind: 'least-cost', cost: 'lc' },
  { kind: 'least-cost', cost: 'nq' },
] as const satisfies readonly BalancerConfig[]) {
  test(`${Object.values(balancer).join(' ')}: an endpoint that is busy has nothing more while another is idle`, async (t) => {
    const waiting: ServerResponse[] = [];
    const events = new EventEmitter();
    const isHeld = once(events, 'held');
    const counts = [0, 0];
    const upstreams = [];
    for (const index of [0, 1]) {
      const { endpoint } = await startUpstream(t, (request, response) => {
        counts[index] = (counts[index] ?? 0) + 1;
        if (request.url !== '/held') {
          response.end('quick');
          return;
        }
        waiting.push(response);
        events.emit('held');
      });
      upstreams.push(endpoint);
    }
    const proxy = await startProxy(t, { upstreams, balancer });
    const busy = await connectClient(t, proxy.httpPort);
    const client = await connectClient(t, proxy.httpPort);
    busy.write('GET /held HTTP/1.1\r\nHost: app.test\r\n\r\n');
    await isHeld;
    const [before = 0] = counts;
    for (let n = 0; n < 10; n++) assert.equal((await ask(client)).body, 'quick');
    assert.deepEqual(counts.toSorted(), [1, 10]);
    assert.equal(counts[before === 1 ? 0 : 1], 1);
    for (const response of waiting) response.end('late');
    assert.equal((await busy.readAnswer()).body, 'late');
    const free = proxy.records.length;
    for (let n = 0; n < 20; n++) await ask(client);
    assert.equal(proxy.records.length, free + 20);
    assert.ok(
      counts.every((count) => count > 1),
      String(counts),
    );
  });
}

test("round robin: weights give shares, in nginx's order", async (t) => {
  const [first, second, third] = await startNamed(t, 3);
  assert.ok(first && second && third);
  const upstreams = [
    { ...first, weight: 2 },
    { ...second, weight: 1 },
    { ...third, weight: 0 },
  ];
  const client = await connectClient(t, (await startProxy(t, { upstreams })).httpPort);
  let bodies = '';
  for (let n = 0; n < 9; n++) bodies += (await ask(client)).body;
  assert.equal(bodies, '010010010');
});

test('weights of nothing but 0 are no endpoint', async (t) => {
  const [only] = await startNamed(t, 1);
  assert.ok(only);
  const proxy = await startProxy(t, { upstreams: [{ ...only, weight: 0 }] });
  assert.equal((await ask(await connectClient(t, proxy.httpPort))).status, 503);
});

test('ewma: an endpoint that answers slowly has less', async (t) => {
  const slow = await startUpstream(t, (_request, response) => {
    setTimeout(() => response.end('slow'), 30);
  });
  const [fast] = await startNamed(t, 1, ['fast']);
  assert.ok(fast);
  const proxy = await startProxy(t, {
    upstreams: [slow.endpoint, fast],
    balancer: { kind: 'ewma' },
  });
  const client = await connectClient(t, proxy.httpPort);
  const bodies: string[] = [];
  for (let n = 0; n < 100; n++) bodies.push((await ask(client)).body);
  const share = bodies.filter((body) => body === 'slow').length;
  assert.ok(share >= 1 && share < 30, String(share));
});

for (const balancer of [
  { kind: 'round-robin' },
  { kind: 'random' },
  { kind: 'least-request' },
  { kind: 'ewma' },
  { kind: 'least-cost', cost: 'sed' },
  { kind: 'hash', key: [{ kind: 'client-address' }], subset: 'none' },
  sticky('persistent'),
] as const satisfies readonly BalancerConfig[]) {
  test(`${balancer.kind}: an endpoint that leaves finishes what it has, and has nothing new`, async (t) => {
    const waiting: ServerResponse[] = [];
    const leaving = await startUpstream(t, (_request, response) => {
      response.write('be');
      waiting.push(response);
    });
    const [staying] = await startNamed(t, 1, ['staying']);
    assert.ok(staying);
    const proxy = await startProxy(t, { upstreams: [leaving.endpoint], balancer, virtualHosts });
    const client = await connectClient(t, proxy.httpPort);
    client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    await client.waitFor('be');
    proxy.apply({ upstreams: [staying], balancer, virtualHosts });
    const other = await connectClient(t, proxy.httpPort);
    for (let n = 0; n < 10; n++) assert.equal((await ask(other)).body, 'staying');
    for (const response of waiting) response.end('gun');
    assert.equal((await client.readAnswer()).body, 'begun');
    assert.equal((await ask(client)).body, 'staying');
    assert.equal(waiting.length, 1);
  });
}
