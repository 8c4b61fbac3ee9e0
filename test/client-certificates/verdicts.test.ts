/** Who gets in with which certificate, and what endpoints are told (annotations.yaml `auth-tls-*`, security.md §9.3). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { suite, test } from 'node:test';
import { connect, TLSSocket } from 'node:tls';
import type { Certificate, ClientVerification } from '../../src/model/config.ts';
import { connectTlsClient } from '../blackbox/harness/raw-client.ts';
import { echo, startWebSocketEndpoint } from '../blackbox/harness/websocket.ts';
import { sampleAuthority, selfSignedLeaf } from '../unit/sample-authority.ts';
import { startGrpcEcho } from './grpc-echo.ts';
import {
  ask,
  authority,
  connectAsker,
  good,
  guardedHosts,
  presents,
  requestText,
  sentFields,
  startGuardedProxy,
  stranger,
  verification,
} from './guarded-proxy.ts';

const MISSING = /400 No required SSL certificate was sent/;
const BAD = /400 The SSL certificate error/;

const middle = authority.below('middle');
const low = middle.below('low');
const expired = authority.issue('old', { notAfterMs: Date.now() - 1_000 });
const notYet = authority.issue('early', { notAfterMs: Date.now() + 3_600_000 });
const foreign = stranger.issue('good');
const revoked = authority.issue('revoked');
const forServers = authority.issue('server', { purpose: 'serverAuth' });
const viaMiddle = middle.issue('good');
const viaLow = low.issue('good');
const own = selfSignedLeaf('own');
/** Of the right name, by a CA that only has the right name. */
const forged = sampleAuthority('clients').issue('good');

interface Case {
  readonly name: string;
  readonly shown: Certificate | undefined;
  readonly by?: Partial<ClientVerification>;
  /** The page where it is refused; the verdict that the endpoint is told where it passes. */
  readonly want: RegExp | string;
}

const withCrl = { crls: [authority.revoke(revoked)] };

const cases: readonly Case[] = [
  { name: 'a good one', shown: good, want: 'SUCCESS' },
  { name: 'none', shown: undefined, want: MISSING },
  { name: 'of another CA', shown: foreign, want: BAD },
  { name: 'expired', shown: expired, want: BAD },
  { name: 'not valid yet', shown: notYet, want: BAD },
  { name: 'for servers alone', shown: forServers, want: BAD },
  { name: 'not revoked', shown: good, by: withCrl, want: 'SUCCESS' },
  { name: 'revoked', shown: revoked, by: withCrl, want: BAD },
  { name: 'revoked, and no list', shown: revoked, want: 'SUCCESS' },
  { name: 'a list of another CA', shown: good, by: { crls: [stranger.revoke()] }, want: BAD },
  { name: 'one CA between', shown: viaMiddle, want: 'SUCCESS' },
  { name: 'two CAs between', shown: viaLow, want: BAD },
  { name: 'two CAs between may be', shown: viaLow, by: { depth: 2 }, want: 'SUCCESS' },
  {
    name: 'CAs between that the host knows',
    shown: { ...viaMiddle, chain: viaMiddle.chain.split(/(?<=END CERTIFICATE-----\s+)/)[0] ?? '' },
    by: { ca: authority.ca + middle.ca },
    want: 'SUCCESS',
  },
  {
    name: 'two CAs between count though the host knows them',
    shown: viaLow,
    by: { ca: authority.ca + middle.ca + low.ca },
    want: BAD,
  },
  { name: 'one that is all that is trusted', shown: own, by: { ca: own.chain }, want: 'SUCCESS' },
  { name: 'an intermediate is no root', shown: viaMiddle, by: { ca: middle.ca }, want: BAD },
  { name: 'optional: a good one', shown: good, by: { mode: 'optional' }, want: 'SUCCESS' },
  { name: 'optional: none', shown: undefined, by: { mode: 'optional' }, want: 'NONE' },
  { name: 'optional: a bad one', shown: foreign, by: { mode: 'optional' }, want: BAD },
  { name: 'optional: too long a chain', shown: viaLow, by: { mode: 'optional' }, want: BAD },
  { name: 'any: a good one', shown: good, by: { mode: 'any' }, want: 'SUCCESS' },
  { name: 'any: none', shown: undefined, by: { mode: 'any' }, want: 'NONE' },
  {
    name: 'any: of another CA',
    shown: foreign,
    by: { mode: 'any' },
    want: 'FAILED:unable to verify the first certificate',
  },
  {
    name: 'any: expired',
    shown: expired,
    by: { mode: 'any' },
    want: 'FAILED:certificate has expired',
  },
  {
    name: 'any: revoked',
    shown: revoked,
    by: { mode: 'any', ...withCrl },
    want: 'FAILED:certificate revoked',
  },
  {
    name: 'any: too long a chain',
    shown: viaLow,
    by: { mode: 'any' },
    want: 'FAILED:certificate chain too long',
  },
  { name: 'off: a good one is not asked for', shown: good, by: { mode: 'off' }, want: 'NONE' },
];

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  suite(`client certificates over ${version}`, () => {
    for (const { name, shown, by = {}, want } of cases) {
      test(name, async (t) => {
        const guarded = await startGuardedProxy(t, guardedHosts(verification(by)));
        const tls = { minVersion: version, maxVersion: version };
        const answer = await ask(t, guarded, { certificate: shown, tls });
        const asker = await connectAsker(t, guarded, 'guarded.test', shown, tls);
        const reply = await asker.ask('guarded.test');
        if (want instanceof RegExp) {
          assert.deepEqual([answer.status, reply.status], [400, 400]);
          assert.match(answer.body, want);
          assert.match(reply.body, want);
          assert.match(answer.head, /^Connection: close$/im);
          assert.equal(guarded.requests(), 0);
        } else {
          assert.equal(sentFields(answer)['ssl-client-verify'], want);
          assert.equal(sentFields(reply)['ssl-client-verify'], want);
        }
      });
    }
  });
}

test('of a CA that only has the right name: the handshake fails, or the request is refused', async (t) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const guarded = await startGuardedProxy(t, guardedHosts(verification({ mode: 'optional' })));
    const tls = { minVersion: version, maxVersion: version };
    // What OpenSSL leaves behind of a signature that does not fit makes Node give TLS 1.2 up.
    const answer = await ask(t, guarded, { certificate: forged, tls }).catch(() => undefined);
    assert.equal(answer?.status ?? 400, 400, version);
    assert.equal(guarded.requests(), 0);
  }
});

test('endpoints are told whose certificate it is, and by whom', async (t) => {
  const guarded = await startGuardedProxy(t);
  const subject = [
    { name: 'countryName', value: 'DE' },
    { name: 'organizationName', value: 'Shop, "B" + C' },
  ];
  const shown = authority.issue('a client', { subject });
  const fields = sentFields(await ask(t, guarded, { certificate: shown }));
  assert.equal(fields['ssl-client-verify'], 'SUCCESS');
  assert.equal(fields['ssl-client-subject-dn'], 'CN=a client,O=Shop\\, \\"B\\" \\+ C,C=DE');
  assert.equal(fields['ssl-client-issuer-dn'], 'CN=clients');
  assert.equal(fields['ssl-client-cert'], undefined);
});

test('endpoints get the certificate itself where the host wants that', async (t) => {
  const guarded = await startGuardedProxy(
    t,
    guardedHosts(verification({ passesCertificate: true })),
  );
  const fields = sentFields(await ask(t, guarded, { certificate: viaMiddle }));
  const text = fields['ssl-client-cert'] ?? '';
  assert.match(
    text,
    /^-----BEGIN%20CERTIFICATE-----%0A[A-Za-z0-9%]+-----END%20CERTIFICATE-----%0A$/,
  );
  const [leaf = ''] = viaMiddle.chain.split(/(?<=END CERTIFICATE-----)/);
  assert.equal(decodeURIComponent(text).trim(), leaf.replaceAll('\r', ''));
});

test('without a certificate endpoints are told so, and nothing else', async (t) => {
  const hosts = guardedHosts(verification({ mode: 'optional', passesCertificate: true }));
  const guarded = await startGuardedProxy(t, hosts);
  const fields = sentFields(await ask(t, guarded));
  const names = Object.keys(fields).filter((name) => name.startsWith('ssl-client'));
  assert.deepEqual(names, ['ssl-client-verify']);
});

test('gRPC endpoints, which speak HTTP/2, are told the same', async (t) => {
  const endpoint = await startGrpcEcho(t);
  const guarded = await startGuardedProxy(t, guardedHosts(verification()), {
    upstreams: [endpoint],
    protocol: 'grpc',
  });
  const fields = sentFields(await ask(t, guarded, { certificate: good }));
  assert.equal(fields['ssl-client-verify'], 'SUCCESS');
  assert.equal(fields['ssl-client-subject-dn'], 'CN=good');
});

for (const [pattern, want] of [
  ['CN=good', 200],
  ['CN=(bad|good)$', 200],
  ['CN=go', 200],
  ['CN=GOOD', 403],
  ['CN=bad', 403],
] as const) {
  test(`match-cn: ${pattern} is ${want}`, async (t) => {
    const guarded = await startGuardedProxy(
      t,
      guardedHosts(verification({ subjectPattern: pattern })),
    );
    const answer = await ask(t, guarded, { certificate: good });
    assert.equal(answer.status, want);
    if (want === 403) assert.equal(answer.body, 'client certificate unauthorized');
    assert.equal(guarded.requests(), want === 200 ? 1 : 0);
  });
}

test('match-cn: who may come without a certificate has no subject to match', async (t) => {
  for (const mode of ['optional', 'any', 'off'] as const) {
    const by = verification({ mode, subjectPattern: 'CN=' });
    const guarded = await startGuardedProxy(t, guardedHosts(by));
    assert.equal((await ask(t, guarded)).status, 403, mode);
  }
});

test('match-cn: what is in the subject counts, not what a client says of itself', async (t) => {
  const guarded = await startGuardedProxy(
    t,
    guardedHosts(verification({ subjectPattern: 'CN=admin' })),
  );
  const lines = ['ssl-client-subject-dn: CN=admin', 'ssl_client_subject_dn: CN=admin'];
  assert.equal((await ask(t, guarded, { certificate: good, lines })).status, 403);
});

test('error page: a URL is where clients without a good certificate are sent', async (t) => {
  const errorPage = 'https://help.test/certificates';
  const guarded = await startGuardedProxy(t, guardedHosts(verification({ errorPage })));
  for (const certificate of [undefined, foreign]) {
    const answer = await ask(t, guarded, { certificate });
    assert.equal(answer.status, 302);
    assert.deepEqual(answer.fields.get('location'), [errorPage]);
  }
  assert.equal((await ask(t, guarded, { certificate: good })).status, 200);
});

test('error page: a path of the host is served, and nothing else is', async (t) => {
  const hosts = guardedHosts(verification({ errorPage: '/help.html' }));
  const guarded = await startGuardedProxy(t, hosts);
  const answer = await ask(t, guarded, { target: '/admin?x', certificate: foreign });
  assert.equal(answer.status, 200);
  const { url, 'ssl-client-verify': verdict } = sentFields(answer);
  assert.equal(url, '/help.html');
  assert.match(verdict ?? '', /^FAILED:/);
  const posted = await ask(t, guarded, { method: 'POST', lines: ['Content-Length: 0'] });
  assert.equal(posted.status, 400);
  const known = await ask(t, guarded, { target: '/admin?x', certificate: good });
  assert.equal(sentFields(known)['url'], '/admin?x');
});

test('error page: it is a page, and never a tunnel', async (t) => {
  const hosts = guardedHosts(verification({ errorPage: '/help.html' }));
  const { endpoint, server } = await startWebSocketEndpoint(t, echo);
  const guarded = await startGuardedProxy(t, hosts, { upstreams: [endpoint] });
  let tunnels = 0;
  server.on('connection', () => (tunnels += 1));
  const lines = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  const fields = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https' };
  const askBoth = async (certificate: Certificate | undefined): Promise<readonly number[]> => {
    const asker = await connectAsker(t, guarded, 'guarded.test', certificate);
    if (!asker.session.remoteSettings.enableConnectProtocol) {
      await once(asker.session, 'remoteSettings');
    }
    const upgrade = await ask(t, guarded, { lines, certificate });
    const connected = await asker.ask('guarded.test', {
      ...fields,
      'sec-websocket-version': '13',
    });
    return [upgrade.status, connected.status];
  };
  assert.deepEqual(await askBoth(undefined), [400, 400]);
  assert.deepEqual(await askBoth(foreign), [400, 400]);
  assert.equal(tunnels, 0);
  // To whoever has a certificate the same requests open one.
  assert.deepEqual(await askBoth(good), [101, 200]);
  assert.equal(tunnels, 2);
});

test('error page: it is not for subjects that do not match', async (t) => {
  const by = verification({ errorPage: '/help.html', subjectPattern: 'CN=good' });
  const guarded = await startGuardedProxy(t, guardedHosts(by));
  assert.equal((await ask(t, guarded)).status, 403);
});

test('behind a balancer that passes TLS through and speaks the PROXY protocol', async (t) => {
  const forwarded = { proxyProtocol: true, trustedCidrs: ['127.0.0.0/8'] };
  const guarded = await startGuardedProxy(t, undefined, { settings: { forwarded } });
  for (const [shown, want] of [
    [good, /^HTTP\/1\.1 200 [^]*"x-real-ip":"192\.0\.2\.1"[^]*"ssl-client-verify":"SUCCESS"/],
    [undefined, /^HTTP\/1\.1 400 /],
  ] as const) {
    const below = connectTcp(guarded.proxy.httpsPort, '127.0.0.1');
    below.write('PROXY TCP4 192.0.2.1 192.0.2.2 5000 443\r\n');
    const options = { servername: 'guarded.test', rejectUnauthorized: false, ...presents(shown) };
    const socket = connect({ socket: below, ...options });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    socket.write(requestText({ host: 'guarded.test' }));
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    assert.match(bytes.toString(), want);
  }
});

test('only hosts that want it ask for a certificate', async (t) => {
  const guarded = await startGuardedProxy(t);
  const everywhere = await startGuardedProxy(t, [
    { name: '', clientVerification: verification() },
    { name: 'open.test' },
  ]);
  for (const [{ proxy }, sni, asks] of [
    [guarded, 'guarded.test', true],
    [guarded, 'GUARDED.test', true],
    [guarded, 'alias.test', true],
    [guarded, 'www.guarded.test', true],
    [guarded, 'open.test', false],
    [guarded, 'unknown.test', false],
    [guarded, '', false],
    [everywhere, 'unknown.test', true],
    [everywhere, 'open.test', false],
    [everywhere, '', false],
  ] as const) {
    const below = connectTcp(proxy.httpsPort, '127.0.0.1');
    const socket = connect({
      socket: below,
      servername: sni,
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
      ...presents(good),
    });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    // Whoever is not asked keeps the certificate to itself.
    assert.equal(below.bytesWritten > 1_000, asks, `${sni}: ${below.bytesWritten} bytes`);
  }
});

test('a session is never resumed where certificates are asked for', async (t) => {
  const guarded = await startGuardedProxy(t, undefined, {
    settings: { tls: { tickets: { lifetimeMs: 600_000, key: undefined } } },
  });
  guarded.proxy.dataPlane.setTicketSecret(Buffer.alloc(32, 7));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [from, to, reused] of [
      ['open.test', 'open.test', true],
      ['guarded.test', 'guarded.test', false],
      ['open.test', 'guarded.test', false],
      ['guarded.test', 'open.test', false],
    ] as const) {
      const first = await connectTlsClient(t, guarded.proxy.httpsPort, {
        servername: from,
        maxVersion,
        ...presents(good),
      });
      let session: Buffer | undefined;
      first.socket.on('session', (ticket: Buffer) => (session = ticket));
      first.write(requestText({ host: from }));
      assert.equal((await first.readAnswer()).status, 200);
      if (first.socket instanceof TLSSocket) session ??= first.socket.getSession();
      const again = connect({
        port: guarded.proxy.httpsPort,
        host: '127.0.0.1',
        servername: to,
        rejectUnauthorized: false,
        maxVersion,
        ...(session === undefined ? {} : { session }),
      });
      t.after(() => again.destroy());
      again.on('error', () => undefined);
      await once(again, 'secureConnect');
      const what = `${maxVersion}: ${from} to ${to}`;
      assert.equal(again.isSessionReused(), reused, what);
      again.write(requestText({ host: 'guarded.test' }));
      const [bytes] = (await once(again, 'data')) as [Buffer];
      assert.match(
        bytes.toString(),
        to === 'guarded.test' ? /^HTTP\/1.1 400 / : /^HTTP\/1.1 421 /,
        what,
      );
    }
  }
});
