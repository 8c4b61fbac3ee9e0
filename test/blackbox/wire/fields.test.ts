/** Which fields pass, which are ours, and which end here: security.md §2. */
import assert from 'node:assert/strict';
import { carrier } from '../harness/carrier.ts';
import { connectClient } from '../harness/raw-client.ts';
import { ask, request, startProbe } from './probe.ts';
import { ok, valuesOf } from './recording-upstream.ts';
import { wireTest } from './wire-test.ts';

const OURS = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-scheme',
  'x-real-ip',
] as const;

wireTest(['2.1'], 'hop-by-hop fields of a request end here', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const lines = [
    'Connection: keep-alive, X-Hop, x-other-hop',
    'X-Hop: 1',
    'X-OTHER-HOP: 2',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'TE: trailers, gzip',
    'Trailer: X-A',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    'Proxy: http://evil.test',
    'X-End: 3',
  ];
  await ask(t, proxy, request('GET / HTTP/1.1', ...lines));
  const [received] = upstream.completed();
  const names = received?.fields.map(([name]) => name.toLowerCase()) ?? [];
  for (const name of ['x-hop', 'x-other-hop', 'upgrade', 'proxy', 'te', 'trailer']) {
    assert.ok(!names.includes(name), name);
  }
  assert.deepEqual(valuesOf(received, 'x-end'), ['3']);
});

wireTest(['2.1'], 'hop-by-hop fields of an answer end here', async (t) => {
  const lines = [
    'Connection: keep-alive, X-Hop',
    'X-Hop: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Upgrade: h2c',
    'Trailer: X-A',
    'X-End: 2',
  ];
  const { proxy } = await startProbe(t, { recording: { answer: () => ok('x', ...lines) } });
  const { fields } = await ask(t, proxy, request('GET / HTTP/1.1'));
  for (const name of [
    'connection',
    'x-hop',
    'keep-alive',
    'proxy-connection',
    'upgrade',
    'trailer',
  ]) {
    assert.equal(fields.get(name), undefined, name);
  }
  assert.deepEqual(fields.get('x-end'), ['2']);
});

wireTest(['2.2'], 'Connection removes neither Host nor framing nor what is ours', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const kept = ['Authorization: a', 'Cookie: b', 'Content-Type: text/plain'];
  const named = ['host', 'content-length', 'transfer-encoding', ...OURS, 'x-request-id'];
  const connection = `Connection: ${[...named, 'authorization', 'cookie', 'content-type'].join(', ')}`;
  await ask(
    t,
    proxy,
    `${request('POST / HTTP/1.1', connection, 'Content-Length: 5', ...kept)}hello`,
  );
  const [received] = upstream.completed();
  assert.equal(received?.body, 'hello');
  for (const name of [...OURS, 'x-request-id', 'host', 'authorization', 'cookie', 'content-type']) {
    assert.equal(valuesOf(received, name).length, 1, name);
  }
});

for (const trustFields of [false, true]) {
  const forwarded = {
    realAddress: true,
    trustFields,
    trustedCidrs: ['127.0.0.0/8'],
    forHeader: 'cf-connecting-ip',
    hostHeader: 'x-front-host',
  };
  wireTest(
    ['2.2', '2.3'],
    `Connection removes no configured forwarded field, trust ${trustFields ? 'in all' : 'in the address alone'}`,
    async (t) => {
      const { proxy, upstream } = await startProbe(t, { settings: { forwarded } });
      const lines = [
        'Connection: CF-Connecting-IP, X-Front-Host, X-Hop',
        'CF-Connecting-IP: 1.2.3.4',
        'X-Front-Host: front.test',
        'X-Hop: 1',
      ];
      await ask(t, proxy, request('GET / HTTP/1.1', ...lines));
      const [received] = upstream.completed();
      assert.deepEqual(valuesOf(received, 'x-real-ip'), ['1.2.3.4']);
      assert.deepEqual(valuesOf(received, 'x-original-forwarded-for'), ['1.2.3.4']);
      assert.deepEqual(valuesOf(received, 'x-original-forwarded-host'), ['front.test']);
      assert.deepEqual(valuesOf(received, 'x-hop'), []);
    },
  );
}

wireTest(
  ['2.2'],
  'Connection of an answer removes neither its framing nor its cookies',
  async (t) => {
    const answer = ok(
      'hello',
      'Connection: content-length, set-cookie, date, x-hop',
      'Set-Cookie: a=1',
      'X-Hop: 1',
    );
    const { proxy } = await startProbe(t, { recording: { answer: () => answer } });
    const { body, fields } = await ask(t, proxy, request('GET / HTTP/1.1'));
    assert.equal(body, 'hello');
    assert.deepEqual(fields.get('set-cookie'), ['a=1']);
    assert.equal(fields.get('date')?.length, 1);
    assert.equal(fields.get('x-hop'), undefined);
  },
);

wireTest(
  ['2.3'],
  'forwarded fields of a client are replaced by our own single values',
  async (t) => {
    const { proxy, upstream } = await startProbe(t);
    const lines = OURS.flatMap((name) => [`${name}: evil`, `${name.toUpperCase()}: evil`]);
    await ask(t, proxy, request('GET / HTTP/1.1', ...lines));
    const [received] = upstream.completed();
    const seen = OURS.map((name) => valuesOf(received, name));
    const isTls = carrier() === 'tls';
    const scheme = [isTls ? 'https' : 'http'];
    const port = [isTls ? '443' : String(proxy.httpPort)];
    assert.deepEqual(seen, [
      ['127.0.0.1'],
      ['app.test'],
      port,
      scheme,
      scheme,
      scheme,
      ['127.0.0.1'],
    ]);
  },
);

for (const { name, cidrs, sent, address } of [
  {
    name: 'the right-most untrusted address',
    cidrs: ['127.0.0.0/8', '10.0.0.0/8'],
    sent: '9.9.9.9, 1.2.3.4, 10.0.0.1',
    address: '1.2.3.4',
  },
  {
    name: 'on two lines',
    cidrs: ['127.0.0.0/8', '10.0.0.0/8'],
    sent: '9.9.9.9\r\nX-Forwarded-For: 1.2.3.4, 10.0.0.1',
    address: '1.2.3.4',
  },
  {
    name: 'not from a peer that is not trusted',
    cidrs: ['10.0.0.0/8'],
    sent: '1.2.3.4',
    address: '127.0.0.1',
  },
  { name: 'not what is no address', cidrs: ['127.0.0.0/8'], sent: 'evil', address: '127.0.0.1' },
]) {
  wireTest(['2.3'], `believed with use-forwarded-headers: ${name}`, async (t) => {
    const { proxy, upstream } = await startProbe(t, {
      settings: { forwarded: { realAddress: true, trustFields: true, trustedCidrs: cidrs } },
    });
    await ask(t, proxy, request('GET / HTTP/1.1', `X-Forwarded-For: ${sent}`));
    assert.deepEqual(valuesOf(upstream.completed()[0], 'x-real-ip'), [address]);
  });
}

for (const host of [
  'a b',
  'a,b',
  'a/b',
  'a:b:c',
  '..',
  'a:99999',
  '[::1',
  ':',
  'evil.test\0',
  'user@x',
]) {
  wireTest(
    ['2.3', '2.7', '1.5'],
    `a believed X-Forwarded-Host is checked as Host is: ${JSON.stringify(host)}`,
    async (t) => {
      const { proxy, upstream } = await startProbe(t, {
        settings: { forwarded: { realAddress: true, trustFields: true } },
      });
      await ask(t, proxy, request('GET / HTTP/1.1', `X-Forwarded-Host: ${host}`));
      for (const received of upstream.completed()) {
        const [sent = ''] = valuesOf(received, 'host');
        assert.ok(sent === 'app.test' || sent === host.split(',')[0], `Host: ${sent}`);
        assert.match(sent, /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::[0-9]{1,5})?$/);
        assert.ok(Number(sent.split(':')[1] ?? 0) < 65_536, sent);
      }
    },
  );
}

wireTest(['2.4'], 'ssl-client-* of a client end here on every host', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const lines = ['verify', 'subject-dn', 'issuer-dn', 'cert', 'anything'].flatMap((name) => [
    `ssl-client-${name}: x`,
    `SSL-Client-${name}: x`,
  ]);
  await ask(t, proxy, request('GET / HTTP/1.1', ...lines));
  const names = upstream.completed()[0]?.fields.map(([name]) => name.toLowerCase()) ?? [];
  assert.deepEqual(
    names.filter((name) => name.startsWith('ssl-')),
    [],
  );
});

wireTest(['2.6'], 'repeated fields of a request keep count and order', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const lines = [
    'Cookie: a=1',
    'Authorization: x',
    'cookie: b=2; c=3',
    'Authorization: y',
    'Accept: 1',
    'Accept: 2',
  ];
  await ask(t, proxy, request('GET / HTTP/1.1', ...lines));
  const [received] = upstream.completed();
  assert.deepEqual(valuesOf(received, 'cookie'), ['a=1', 'b=2; c=3']);
  assert.deepEqual(valuesOf(received, 'authorization'), ['x', 'y']);
  assert.deepEqual(valuesOf(received, 'accept'), ['1', '2']);
});

wireTest(['2.6'], 'repeated fields of an answer keep count and order', async (t) => {
  const answer = ok(
    '',
    'Set-Cookie: b=2',
    'X-A: 1',
    'Set-Cookie: a=1, c',
    'X-A: 2',
    'set-cookie: d=4',
  );
  const { proxy } = await startProbe(t, { recording: { answer: () => answer } });
  const { fields } = await ask(t, proxy, request('GET / HTTP/1.1'));
  assert.deepEqual(fields.get('set-cookie'), ['b=2', 'a=1, c', 'd=4']);
  assert.deepEqual(fields.get('x-a'), ['1', '2']);
});

wireTest(
  ['2.7', '7.5', '3.4'],
  'no byte of a client splits an answer',
  async (t) => {
    const { proxy } = await startProbe(t, {
      virtualHosts: [
        {
          name: 'app.test',
          routes: [
            { filters: [{ kind: 'https-redirect', status: 308, keepTrailingSlash: false }] },
          ],
        },
      ],
    });
    const client = await connectClient(t, proxy.httpPort);
    client.write(request('GET /%0d%0aSet-Cookie:%20x=1?%0d%0a%0d%0a<script> HTTP/1.1'));
    const answer = await client.readAnswer();
    assert.equal(answer.status, 308);
    assert.equal(answer.fields.get('set-cookie'), undefined);
    assert.doesNotMatch(answer.fields.get('location')?.[0] ?? '', /[\x00-\x20\x7f-\xff]/);
    assert.ok(!answer.body.includes('script'));
  },
  'tcp',
);

wireTest(['2.7'], 'what is logged of a request holds no raw control bytes', async (t) => {
  const { proxy } = await startProbe(t);
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('GET /x\x01\x1b HTTP/1.1', 'User-Agent: a\x1b[31mb'));
  assert.equal((await client.readAnswer()).status, 400);
  client.destroy();
  const record = await proxy.nextRecord();
  for (const text of [record.method, record.target, record.userAgent, record.failure ?? '']) {
    assert.doesNotMatch(text, /[\x00-\x1f\x7f]/);
  }
});
