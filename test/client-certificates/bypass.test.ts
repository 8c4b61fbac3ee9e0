/** Ways around a host's client certificates, none of which leads anywhere (security.md §2.4, §9.3; routing.md §3). */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { connectClient, connectTlsClient } from '../blackbox/harness/raw-client.ts';
import { sampleRoute } from '../unit/sample-config.ts';
import {
  ask,
  connectAsker,
  good,
  guardedHosts,
  presents,
  requestText,
  sentFields,
  startGuardedProxy,
  verification,
  type GuardedProxy,
} from './guarded-proxy.ts';

const MISDIRECTED = 421;

suite('a name in the handshake, another in the request', () => {
  for (const [sni, host, want] of [
    ['open.test', 'guarded.test', MISDIRECTED],
    ['open.test', 'GUARDED.test', MISDIRECTED],
    ['open.test', 'guarded.test.', MISDIRECTED],
    ['open.test', 'guarded.test:443', MISDIRECTED],
    ['open.test', 'alias.test', MISDIRECTED],
    ['open.test', 'www.guarded.test', MISDIRECTED],
    ['unknown.test', 'guarded.test', MISDIRECTED],
    ['', 'guarded.test', MISDIRECTED],
    ['', 'www.guarded.test', MISDIRECTED],
    // Of the same host, but not the name that was shaken hands on.
    ['alias.test', 'guarded.test', MISDIRECTED],
    ['guarded.test', 'alias.test', MISDIRECTED],
    ['a.guarded.test', 'b.guarded.test', MISDIRECTED],
    ['a.guarded.test', 'guarded.test', MISDIRECTED],
    ['guarded.test', 'guarded.test', 200],
    ['GUARDED.test', 'guarded.test', 200],
    ['guarded.test', 'Guarded.TEST:8443', 200],
    ['alias.test', 'alias.test', 200],
    ['a.guarded.test', 'a.guarded.test', 200],
    // Nobody is asked for more than its host wants.
    ['guarded.test', 'open.test', 200],
    ['open.test', 'open.test', 200],
  ] as const) {
    test(`${sni || 'none'}, then ${host}: ${want}`, async (t) => {
      const guarded = await startGuardedProxy(t);
      assert.equal((await ask(t, guarded, { sni, host, certificate: good })).status, want);
      const asker = await connectAsker(t, guarded, sni, good);
      assert.equal((await asker.ask(host)).status, want);
      assert.equal(guarded.requests(), want === 200 ? 2 : 0);
    });
  }

  test('a dot at the end of the name in the handshake says nothing', async (t) => {
    const guarded = await startGuardedProxy(t);
    const question = { sni: 'guarded.test.', host: 'guarded.test' };
    assert.equal((await ask(t, guarded, { ...question, certificate: good })).status, 200);
    assert.equal((await ask(t, guarded, question)).status, 400);
  });

  test('the authority of the target is the host, whatever Host says', async (t) => {
    const guarded = await startGuardedProxy(t);
    const target = 'https://guarded.test/';
    const answer = await ask(t, guarded, { sni: 'open.test', target, certificate: good });
    assert.equal(answer.status, MISDIRECTED);
    const other = await ask(t, guarded, { target: 'https://open.test/' });
    assert.equal(other.status, 200);
    assert.equal(sentFields(other)['host'], 'open.test');
  });

  test(':authority is the host, and Host may say nothing else', async (t) => {
    const guarded = await startGuardedProxy(t);
    const asker = await connectAsker(t, guarded, 'open.test', good);
    assert.equal((await asker.ask('open.test', { host: 'guarded.test' })).status, 400);
    assert.equal((await asker.ask('guarded.test', { host: 'guarded.test' })).status, MISDIRECTED);
    assert.equal((await asker.ask('open.test')).status, 200);
    assert.equal(guarded.requests(), 1);
  });

  test('a refused request leaves the connection to the host that it was made for', async (t) => {
    const guarded = await startGuardedProxy(t);
    const client = await connectTlsClient(t, guarded.proxy.httpsPort, { servername: 'open.test' });
    for (const [host, want] of [
      ['open.test', 200],
      ['guarded.test', MISDIRECTED],
      ['open.test', 200],
    ] as const) {
      client.write(requestText({ host }));
      assert.equal((await client.readAnswer()).status, want);
    }
  });

  test('two guarded hosts: what one found says nothing to the other', async (t) => {
    const hosts = [
      { name: 'one.test', clientVerification: verification() },
      { name: 'two.test', clientVerification: verification() },
    ];
    const guarded = await startGuardedProxy(t, hosts);
    const question = { sni: 'one.test', certificate: good };
    assert.equal((await ask(t, guarded, question)).status, 200);
    assert.equal((await ask(t, guarded, { ...question, host: 'two.test' })).status, MISDIRECTED);
  });
});

suite('hosts that nobody names', () => {
  const hosts = [{ name: '', clientVerification: verification() }, { name: 'open.test' }];

  for (const [sni, host, certificate, want] of [
    ['any.test', 'any.test', good, 200],
    ['any.test', 'any.test', undefined, 400],
    ['any.test', 'other.test', good, MISDIRECTED],
    ['open.test', 'any.test', good, MISDIRECTED],
    ['', '127.0.0.1', good, MISDIRECTED],
    ['', '', good, 400],
  ] as const) {
    test(`${sni || 'none'}, then ${host || 'none'}: ${want}`, async (t) => {
      const guarded = await startGuardedProxy(t, hosts);
      assert.equal((await ask(t, guarded, { sni, host, certificate })).status, want);
    });
  }
});

suite('over plaintext', () => {
  const askPlain = async (
    t: TestContext,
    { proxy }: GuardedProxy,
    ...lines: readonly string[]
  ): Promise<{ status: number; location: string | undefined }> => {
    const client = await connectClient(t, proxy.httpPort);
    client.write(requestText({ host: 'guarded.test', target: '/a?b', lines }));
    const { status, fields } = await client.readAnswer();
    return { status, location: fields.get('location')?.[0] };
  };

  for (const mode of ['required', 'optional', 'any'] as const) {
    test(`${mode}: refused`, async (t) => {
      const guarded = await startGuardedProxy(t, guardedHosts(verification({ mode })));
      assert.equal((await askPlain(t, guarded)).status, 403);
      assert.equal(guarded.requests(), 0);
    });
  }

  test('off: served, as without a certificate', async (t) => {
    const guarded = await startGuardedProxy(t, guardedHosts(verification({ mode: 'off' })));
    assert.equal((await askPlain(t, guarded, 'ssl-client-verify: SUCCESS')).status, 200);
  });

  const route = sampleRoute(
    { kind: 'prefix', path: '/' },
    {
      filters: [
        { kind: 'redirect', status: 301, location: 'https://elsewhere.test' },
        { kind: 'https-redirect', status: 308, keepTrailingSlash: false },
      ],
      action: { kind: 'forward', cluster: 'main' },
    },
  );

  test('a path that redirects to TLS does, before anything else', async (t) => {
    const hosts = guardedHosts(verification(), { routes: [route] });
    const guarded = await startGuardedProxy(t, hosts);
    const location = 'https://guarded.test/a?b';
    assert.deepEqual(await askPlain(t, guarded), { status: 308, location });
  });

  test('a balancer that ended the TLS has verified nobody', async (t) => {
    const hosts = guardedHosts(verification(), { routes: [route] });
    const forwarded = { trustFields: true, realAddress: true, trustedCidrs: ['127.0.0.0/8'] };
    const guarded = await startGuardedProxy(t, hosts, { settings: { forwarded } });
    const answer = await askPlain(t, guarded, 'X-Forwarded-Proto: https');
    assert.deepEqual(answer, { status: 403, location: undefined });
  });

  test('nor has one that says so by the PROXY protocol', async (t) => {
    const forwarded = { proxyProtocol: true, trustedCidrs: ['127.0.0.0/8'] };
    const guarded = await startGuardedProxy(t, undefined, { settings: { forwarded } });
    const client = await connectClient(t, guarded.proxy.httpPort);
    client.write('PROXY TCP4 192.0.2.1 192.0.2.2 5000 443\r\n');
    client.write(requestText({ host: 'guarded.test' }));
    assert.equal((await client.readAnswer()).status, 403);
  });

  test('plain HTTP on the https port is refused as ever', async (t) => {
    const guarded = await startGuardedProxy(t);
    const client = await connectClient(t, guarded.proxy.httpsPort);
    client.write(requestText({ host: 'guarded.test' }));
    assert.equal((await client.readAnswer()).status, 400);
  });
});

suite('fields that a client sends itself', () => {
  const lines = ['verify', 'subject-dn', 'issuer-dn', 'cert', 'anything'].flatMap((name) => [
    `ssl-client-${name}: forged`,
    `SSL-Client-${name}: forged`,
    `ssl_client_${name.replace('-', '_')}: forged`,
    `ssl-client_${name}: forged`,
  ]);

  for (const allowUnderscores of [false, true]) {
    test(`end here, underscores ${allowUnderscores ? 'kept' : 'dropped'}`, async (t) => {
      const guarded = await startGuardedProxy(t, undefined, {
        settings: { client: { allowUnderscores } },
      });
      const known = await ask(t, guarded, { certificate: good, lines });
      assert.equal(sentFields(known)['ssl-client-verify'], 'SUCCESS');
      assert.equal(sentFields(known)['ssl-client-subject-dn'], 'CN=good');
      const other = await ask(t, guarded, { sni: 'open.test', lines });
      for (const { body } of [known, other]) assert.doesNotMatch(body, /forged/);
      const named = await ask(t, guarded, {
        certificate: good,
        lines: ['Connection: ssl-client-verify, close'],
      });
      assert.equal(sentFields(named)['ssl-client-verify'], 'SUCCESS');
    });
  }

  test('over HTTP/2 and in trailers, too', async (t) => {
    const guarded = await startGuardedProxy(t);
    const asker = await connectAsker(t, guarded, 'guarded.test', good);
    const reply = await asker.ask('guarded.test', { 'ssl-client-verify': 'forged' });
    assert.equal(sentFields(reply)['ssl-client-verify'], 'SUCCESS');
    const client = await connectTlsClient(t, guarded.proxy.httpsPort, {
      servername: 'guarded.test',
      ...presents(good),
    });
    const chunked = ['Transfer-Encoding: chunked', 'Trailer: ssl-client-verify'];
    client.write(requestText({ host: 'guarded.test', method: 'POST', lines: chunked }));
    client.write('0\r\nssl-client-verify: forged\r\n\r\n');
    assert.doesNotMatch((await client.readAnswer()).body, /forged/);
  });
});
