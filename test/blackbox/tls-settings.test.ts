/** What the settings and annotations of TLS do on the https port (security.md §9, docs/tls.md). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import test from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { TicketSettings } from '../../src/model/settings.ts';
import { Sensitive } from '../../src/model/sensitive.ts';
import { sampleKeyTypes } from '../unit/sample-key-types.ts';
import { connectTlsClient } from './harness/raw-client.ts';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy, type ProxyOptions, type RunningProxy } from './harness/start-proxy.ts';
import { startUpstream } from './harness/upstream.ts';

const HOST = 'shop.example.com';
const { ecdsa, rsa } = sampleKeyTypes();
const byDefault = selfSignedCertificate('default', ['default.test']);
const TICKETS: TicketSettings = { lifetimeMs: 600_000, key: undefined };
const shop = { name: HOST, certificate: ecdsa.id };

interface Shaken {
  readonly subject: string;
  readonly cipher: string;
  readonly protocol: string | null;
  readonly group: string;
  readonly isResumed: boolean;
  /** The last that was given. */
  readonly session: Buffer | undefined;
  readonly staple: Buffer | undefined;
}

/** A handshake, a request, and what a client knows afterwards. Rejects where the handshake fails. */
async function shake(proxy: RunningProxy, options: ConnectionOptions = {}): Promise<Shaken> {
  const socket = connect({
    port: proxy.httpsPort,
    host: '127.0.0.1',
    servername: HOST,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...options,
  });
  let session: Buffer | undefined;
  let staple: Buffer | undefined;
  socket.on('session', (bytes: Buffer) => (session = bytes));
  socket.on('OCSPResponse', (bytes: Buffer | null) => (staple = bytes ?? undefined));
  try {
    await once(socket, 'secureConnect');
    // Tickets of TLS 1.3 come with what follows the handshake.
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    socket.resume();
    await once(socket, 'end');
    return { ...describe(socket), session, staple };
  } finally {
    socket.destroy();
  }
}

function describe(socket: TLSSocket): Omit<Shaken, 'session' | 'staple'> {
  const { name: group = '' } = socket.getEphemeralKeyInfo() as { name?: string };
  return {
    subject: socket.getPeerX509Certificate()?.subject ?? '',
    cipher: socket.getCipher().name,
    protocol: socket.getProtocol(),
    group,
    isResumed: socket.isSessionReused(),
  };
}

const start = (
  t: Parameters<typeof startProxy>[0],
  options: ProxyOptions = {},
): Promise<RunningProxy> =>
  startProxy(t, { certificates: [byDefault, ecdsa, rsa], virtualHosts: [shop], ...options });

test('ECDSA and RSA side by side: each client gets what it can verify', async (t) => {
  const proxy = await start(t, { virtualHosts: [{ ...shop, secondCertificate: rsa.id }] });
  for (const { options, want } of [
    { options: {}, want: 'CN=ec' },
    { options: { sigalgs: 'ECDSA+SHA256' }, want: 'CN=ec' },
    { options: { sigalgs: 'RSA-PSS+SHA256' }, want: 'CN=rsa' },
    { options: { maxVersion: 'TLSv1.2' }, want: 'CN=ec' },
    {
      options: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
      want: 'CN=rsa',
    },
  ] as const) {
    assert.equal((await shake(proxy, options)).subject, want, JSON.stringify(options));
  }
});

test('a host with an ECDSA certificate alone never shows the default one', async (t) => {
  const proxy = await start(t);
  await assert.rejects(shake(proxy, { sigalgs: 'RSA-PSS+SHA256' }));
  await assert.rejects(
    shake(proxy, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }),
  );
});

test('ciphers of a host, and whose order counts', async (t) => {
  const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256';
  const other = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384';
  const proxy = await start(t, { virtualHosts: [{ ...shop, tls: { ciphers } }] });
  const old = { maxVersion: 'TLSv1.2', ciphers: other } as const;
  assert.equal((await shake(proxy, old)).cipher, 'ECDHE-ECDSA-AES256-GCM-SHA384');
  await assert.rejects(shake(proxy, { ...old, ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' }));
  proxy.apply({
    certificates: [byDefault, ecdsa],
    virtualHosts: [{ ...shop, tls: { ciphers, cipherOrder: 'client' } }],
  });
  assert.equal((await shake(proxy, old)).cipher, 'ECDHE-ECDSA-AES128-GCM-SHA256');
});

test('groups of the key exchange', async (t) => {
  const proxy = await start(t, { settings: { tls: { groups: 'P-384:X25519' } } });
  assert.equal((await shake(proxy, { maxVersion: 'TLSv1.2' })).group, 'secp384r1');
  await assert.rejects(shake(proxy, { ecdhCurve: 'P-256' }));
});

test('DHE is offered where there are parameters, and only there', async (t) => {
  const parameters = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
`;
  const ciphers = 'DHE-RSA-AES128-GCM-SHA256';
  const virtualHosts = [{ name: HOST, certificate: rsa.id }];
  const client = { maxVersion: 'TLSv1.2', ciphers } as const;
  const tls = { ciphers };
  const proxy = await start(t, { virtualHosts, settings: { tls } });
  await assert.rejects(shake(proxy, client));
  const certificates = [byDefault, rsa];
  proxy.apply({
    certificates,
    virtualHosts,
    settings: { tls: { ...tls, dhParameters: parameters } },
  });
  assert.equal((await shake(proxy, client)).cipher, ciphers);
});

test('without tickets no session is resumed', async (t) => {
  const proxy = await start(t);
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { session } = await shake(proxy, { maxVersion });
    const again = await shake(proxy, session === undefined ? {} : { maxVersion, session });
    assert.equal(again.isResumed, false, maxVersion);
  }
});

test('tickets resume sessions of their host, and of no other', async (t) => {
  const proxy = await start(t, {
    virtualHosts: [shop, { name: 'other.test', certificate: ecdsa.id }, { name: 'app.test' }],
    settings: { tls: { tickets: TICKETS } },
  });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { session } = await shake(proxy, { maxVersion });
    assert.ok(session !== undefined);
    const of = async (servername: string) =>
      (await shake(proxy, { maxVersion, session, servername })).isResumed;
    assert.equal(await of(HOST), true, maxVersion);
    for (const name of ['other.test', 'app.test', 'unknown.test', '']) {
      assert.equal(await of(name), false, `${maxVersion} ${name}`);
    }
  }
});

test('workers of one secret resume each other’s sessions, those of another do not', async (t) => {
  const tls = { tickets: TICKETS };
  const [one, other] = [
    await start(t, { settings: { tls } }),
    await start(t, { settings: { tls } }),
  ];
  const { session } = await shake(one);
  assert.ok(session !== undefined);
  assert.equal((await shake(other, { session })).isResumed, false);
  for (const { dataPlane } of [one, other]) dataPlane.setTicketSecret(Buffer.alloc(32, 7));
  const shared = (await shake(one)).session;
  assert.ok(shared !== undefined);
  assert.equal((await shake(other, { session: shared })).isResumed, true);
  assert.equal((await shake(one, { session })).isResumed, false, 'the secret has changed');
});

test('replicas that are given one key resume each other’s sessions', async (t) => {
  const value = new Sensitive(Buffer.alloc(80, 5).toString('base64'));
  const tickets = { ...TICKETS, key: { fingerprint: '05', value } };
  const settings = { tls: { tickets } };
  const [one, other] = [await start(t, { settings }), await start(t, { settings })];
  other.dataPlane.setTicketSecret(Buffer.alloc(32, 9));
  const { session } = await shake(one);
  assert.ok(session !== undefined);
  assert.equal((await shake(other, { session })).isResumed, true);
});

test('an OCSP response is sent to who asks, as long as it holds', async (t) => {
  const proxy = await start(t);
  const { staple } = await shake(proxy, { requestOCSP: true });
  assert.equal(staple?.toString('base64'), ecdsa.ocsp?.response);
  assert.equal((await shake(proxy)).staple, undefined);
  const ocsp = { response: ecdsa.ocsp?.response ?? '', notAfter: '2020-01-01T00:00:00.000Z' };
  proxy.apply({ certificates: [byDefault, { ...ecdsa, ocsp }], virtualHosts: [shop] });
  assert.equal((await shake(proxy, { requestOCSP: true })).staple, undefined);
});

test('of two certificates no OCSP response is sent: it might be for the other', async (t) => {
  const proxy = await start(t, { virtualHosts: [{ ...shop, secondCertificate: rsa.id }] });
  for (const sigalgs of ['ECDSA+SHA256', 'RSA-PSS+SHA256']) {
    assert.equal((await shake(proxy, { requestOCSP: true, sigalgs })).staple, undefined, sigalgs);
  }
});

test('a name that nobody has gets the alert that says so', async (t) => {
  const proxy = await start(t, { settings: { tls: { rejectUnknownHosts: true } } });
  for (const servername of ['unknown.test', '']) {
    await assert.rejects(shake(proxy, { servername }), /unrecognized name|alert number 112/);
  }
  assert.equal((await shake(proxy)).subject, 'CN=ec');
});

test('a certificate that changes is live for the next handshake, and ends no session', async (t) => {
  const settings = { tls: { tickets: TICKETS } };
  const proxy = await start(t, { settings });
  const { session, subject } = await shake(proxy);
  assert.ok(session !== undefined);
  assert.equal(subject, 'CN=ec');
  proxy.apply({
    certificates: [byDefault, { ...rsa, id: ecdsa.id }],
    virtualHosts: [shop],
    settings,
  });
  assert.equal((await shake(proxy)).subject, 'CN=rsa');
  assert.equal((await shake(proxy, { session })).isResumed, true);
});

test('records are as long as the settings say', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('x'.repeat(50_000)));
  for (const recordBytes of [undefined, 4_096]) {
    const proxy = await start(t, {
      upstreams: [upstream.endpoint],
      settings: { tls: { recordBytes } },
    });
    const raw = connectTcp(proxy.httpsPort, '127.0.0.1');
    const received: Buffer[] = [];
    const carrier = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => raw.write(chunk, done),
    });
    raw.on('data', (chunk: Buffer) => {
      received.push(chunk);
      carrier.push(chunk);
    });
    raw.on('end', () => carrier.push(null));
    const socket = connect({ socket: carrier, servername: HOST, rejectUnauthorized: false });
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    socket.resume();
    await once(socket, 'end');
    raw.destroy();
    const longest = Math.max(...recordLengths(Buffer.concat(received)));
    const overhead = 64;
    if (recordBytes === undefined) assert.ok(longest > 8_192, String(longest));
    else assert.ok(longest <= recordBytes + overhead, String(longest));
  }
});

function recordLengths(bytes: Buffer): number[] {
  const lengths: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + (lengths.at(-1) ?? 0)) {
    lengths.push(bytes.readUInt16BE(at + 3));
  }
  return lengths;
}

test('a client that leaves in the midst of a handshake is gone, and not waited for', async (t) => {
  const proxy = await start(t);
  const raw = connectTcp(proxy.httpsPort, '127.0.0.1');
  t.after(() => raw.destroy());
  // The client is never shown what the server answers, and so does not finish.
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    raw.write(chunk);
    done();
  };
  const carrier = new Duplex({ read: () => undefined, write });
  const client = connect({ socket: carrier, servername: HOST, rejectUnauthorized: false });
  client.on('error', () => undefined);
  await once(raw, 'data');
  raw.resume().end();
  await once(raw, 'end');
  client.destroy();
});

test('a client that ends its side after its request still gets the answer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    setTimeout(() => response.end('late'), 50);
  });
  const proxy = await start(t, { upstreams: [upstream.endpoint] });
  const client = await connectTlsClient(t, proxy.httpsPort, { servername: HOST });
  client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  client.end();
  assert.equal((await client.readAnswer()).body, 'late');
});
