import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import type { TlsOptions, TLSSocket } from 'node:tls';
import type { Certificate, Endpoint, UpstreamTls } from '../../src/model/config.ts';
import { sampleAuthority } from '../unit/sample-authority.ts';
import { connectClient } from './harness/raw-client.ts';
import { startProxy, type ProxyOptions } from './harness/start-proxy.ts';

const authority = sampleAuthority('root');
const stranger = sampleAuthority('another root');
const own = authority.issue('endpoint', { names: ['web.internal'] });
const REQUEST = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

let lastFingerprint = 0;

/** An identity of its own each time: verified against `authority` for `web.internal` unless said otherwise. */
function identity(changes: Partial<UpstreamTls> = {}): UpstreamTls {
  return {
    fingerprint: String(++lastFingerprint),
    verify: { ca: authority.ca, name: 'web.internal', depth: 1 },
    certificate: undefined,
    serverName: undefined,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: undefined,
    ...changes,
  };
}

const verified = (ca: string, name: string, depth = 1): UpstreamTls =>
  identity({ verify: { ca, name, depth } });

interface TlsEndpoint {
  readonly endpoint: Endpoint;
  /** Of the connections that were accepted, in order. */
  readonly seen: readonly SeenConnection[];
  /** Resolves with the first request. */
  readonly accepted: Promise<undefined>;
  /** Requests that it got. */
  requests(): number;
}

interface SeenConnection {
  readonly sni: string | false | null;
  /** Common name in the client's certificate. */
  readonly client: string | undefined;
  readonly version: string | null;
  readonly cipher: string;
  readonly closed: Promise<unknown>;
}

/** Answers 200 to all, over HTTP/1.1 or HTTP/2 as the client wants. */
async function startEndpoint(
  t: TestContext,
  certificate: Certificate,
  options: TlsOptions = {},
): Promise<TlsEndpoint> {
  const seen: SeenConnection[] = [];
  const sockets = new Set<TLSSocket>();
  const { promise: accepted, resolve } = Promise.withResolvers<undefined>();
  let requests = 0;
  const pem = { cert: certificate.chain, key: certificate.key.reveal() };
  const server = createSecureServer(
    { ...pem, ...options, allowHTTP1: true },
    (request, response) => {
      requests += 1;
      resolve(undefined);
      request.on('end', () => response.end('hello'));
      request.resume();
    },
  );
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    seen.push({
      sni: (socket as { servername?: string | false | null }).servername ?? null,
      client: socket.getPeerX509Certificate()?.subject,
      version: socket.getProtocol(),
      cipher: socket.getCipher().name,
      closed: once(socket, 'close'),
    });
  });
  server.on('sessionError', () => undefined);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: { address: '127.0.0.1', port }, seen, accepted, requests: () => requests };
}

interface Case {
  readonly name: string;
  readonly certificate: Certificate;
  readonly tls: UpstreamTls | undefined;
  /** Why it is refused. */
  readonly reason?: string;
}

async function ask(t: TestContext, port: number): Promise<number> {
  const client = await connectClient(t, port);
  client.write(REQUEST);
  return (await client.readAnswer()).status;
}

for (const protocol of ['https', 'grpcs'] as const) {
  suite(`TLS to endpoints: ${protocol}`, () => {
    const start = (
      t: TestContext,
      { endpoint }: TlsEndpoint,
      tls: UpstreamTls | undefined,
    ): ReturnType<typeof startProxy> => startProxy(t, options(endpoint, tls));
    const options = (endpoint: Endpoint, tls: UpstreamTls | undefined): ProxyOptions => ({
      upstreams: [endpoint],
      protocol,
      ...(tls === undefined ? {} : { tls }),
    });

    const middle = authority.below('middle');
    const low = middle.below('low');
    const names = ['web.internal'];
    const old = authority.issue('endpoint', { names, notAfterMs: Date.now() - 1_000 });
    for (const { name, certificate, tls, reason } of [
      { name: 'a certificate of the CA for the name', certificate: own, tls: identity() },
      {
        name: 'a certificate of another CA is refused',
        certificate: own,
        tls: verified(stranger.ca, 'web.internal'),
        reason: 'certificate of the endpoint is not trusted',
      },
      {
        name: 'a certificate for another name is refused',
        certificate: own,
        tls: verified(authority.ca, 'shop.internal'),
        reason: 'certificate of the endpoint is for another name',
      },
      {
        name: 'an expired certificate is refused',
        certificate: old,
        tls: identity(),
        reason: 'certificate of the endpoint has expired or is not valid yet',
      },
      {
        name: 'a chain within the depth',
        certificate: middle.issue('endpoint', { names }),
        tls: identity(),
      },
      {
        name: 'a chain over the depth is refused',
        certificate: low.issue('endpoint', { names }),
        tls: identity(),
        reason: 'certificate chain of the endpoint is too long',
      },
      {
        name: 'a longer chain within a greater depth',
        certificate: low.issue('endpoint', { names }),
        tls: verified(authority.ca, 'web.internal', 2),
      },
      {
        name: 'an intermediate that the endpoint leaves out is taken from the CAs',
        certificate: leafOnly(middle.issue('endpoint', { names })),
        tls: verified(authority.ca + middle.ca, 'web.internal'),
      },
      {
        name: 'a certificate that signs nothing but itself is not trusted',
        certificate: stranger.issue('endpoint', { names }),
        tls: identity(),
        reason: 'certificate of the endpoint is not trusted',
      },
      {
        name: 'without verification any certificate will do',
        certificate: stranger.issue('endpoint'),
        tls: identity({ verify: 'off' }),
      },
      { name: 'without an identity any will do', certificate: old, tls: undefined },
    ] satisfies readonly Case[] as readonly Case[]) {
      test(name, async (t) => {
        const endpoint = await startEndpoint(t, certificate);
        const proxy = await start(t, endpoint, tls);
        assert.equal(await ask(t, proxy.httpPort), reason === undefined ? 200 : 502);
        assert.equal((await proxy.nextRecord()).failure, reason);
        assert.equal(endpoint.requests(), reason === undefined ? 1 : 0);
        // Each attempt counts.
        assert.equal(proxy.limits.get('upstream-certificate') ?? 0, reason === undefined ? 0 : 3);
        const logged = proxy.logLines.map(({ fields }) => (fields as { reason?: string }).reason);
        assert.deepEqual(logged, reason === undefined ? [] : [reason]);
      });
    }

    test('another endpoint is tried, be it for a POST', async (t) => {
      const bad = await startEndpoint(t, stranger.issue('endpoint', { names }));
      const good = await startEndpoint(t, own);
      const upstreams = [bad.endpoint, good.endpoint];
      const proxy = await startProxy(t, { upstreams, protocol, tls: identity() });
      for (let count = 0; count < 2; count++) {
        const client = await connectClient(t, proxy.httpPort);
        client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi');
        assert.equal((await client.readAnswer()).status, 200);
      }
      assert.deepEqual([bad.requests(), good.requests()], [0, 2]);
    });

    test('the certificate is presented to an endpoint that asks for one', async (t) => {
      const endpoint = await startEndpoint(t, own, {
        ca: stranger.ca,
        requestCert: true,
        rejectUnauthorized: true,
      });
      const certificate = stranger.issue('the proxy');
      const proxy = await start(t, endpoint, identity({ certificate }));
      assert.equal(await ask(t, proxy.httpPort), 200);
      assert.equal(endpoint.seen[0]?.client, 'CN=the proxy');
    });

    test('an endpoint that wants a certificate and gets none is 502', async (t) => {
      const endpoint = await startEndpoint(t, own, {
        ca: stranger.ca,
        requestCert: true,
        rejectUnauthorized: true,
      });
      const proxy = await start(t, endpoint, identity({ maxVersion: 'TLSv1.2' }));
      assert.equal(await ask(t, proxy.httpPort), 502);
      assert.equal((await proxy.nextRecord()).failure, 'TLS handshake with the endpoint failed');
    });

    for (const { serverName, want } of [
      { serverName: undefined, want: null },
      { serverName: 'web.internal', want: 'web.internal' },
    ]) {
      test(`the name that is sent: ${serverName ?? 'none'}`, async (t) => {
        const endpoint = await startEndpoint(t, own);
        const proxy = await start(t, endpoint, identity({ serverName }));
        assert.equal(await ask(t, proxy.httpPort), 200);
        assert.equal(endpoint.seen[0]?.sni || null, want);
      });
    }

    test('versions and ciphers are those of the identity', async (t) => {
      const endpoint = await startEndpoint(t, own);
      const ciphers = 'ECDHE-RSA-CHACHA20-POLY1305';
      const proxy = await start(t, endpoint, identity({ maxVersion: 'TLSv1.2', ciphers }));
      assert.equal(await ask(t, proxy.httpPort), 200);
      proxy.apply(options(endpoint.endpoint, identity({ ciphers })));
      assert.equal(await ask(t, proxy.httpPort), 200);
      assert.deepEqual(
        endpoint.seen.map(({ version }) => version),
        ['TLSv1.2', 'TLSv1.3'],
      );
      assert.equal(endpoint.seen[0]?.cipher, ciphers);
    });

    test('connections of one identity are never used for another', async (t) => {
      const endpoint = await startEndpoint(t, own);
      const cluster = { upstreams: [endpoint.endpoint], protocol };
      const one = identity({ serverName: 'one' });
      const other = identity({ serverName: 'other' });
      const to = (cluster: string) => ({ action: { kind: 'forward' as const, cluster } });
      const proxy = await startProxy(t, {
        clusters: {
          one: { ...cluster, tls: one },
          twin: { ...cluster, tls: { ...one } },
          other: { ...cluster, tls: other },
          open: cluster,
        },
        virtualHosts: ['one', 'twin', 'other', 'open'].map((name) => ({
          name: `${name}.test`,
          routes: [to(name)],
        })),
      });
      for (const name of ['one', 'twin', 'other', 'open', 'one', 'other', 'open']) {
        const client = await connectClient(t, proxy.httpPort);
        client.write(`GET / HTTP/1.1\r\nHost: ${name}.test\r\n\r\n`);
        assert.equal((await client.readAnswer()).status, 200);
      }
      assert.deepEqual(
        endpoint.seen.map(({ sni }) => sni || null),
        ['one', 'other', null],
      );
    });

    test('an exchange goes on while its identity is replaced', async (t) => {
      const endpoint = await startEndpoint(t, own);
      const proxy = await start(t, endpoint, identity());
      const client = await connectClient(t, proxy.httpPort);
      client.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\n\r\n');
      client.write('on');
      await endpoint.accepted;
      proxy.apply(options(endpoint.endpoint, identity()));
      assert.equal(await ask(t, proxy.httpPort), 200);
      client.write('ce');
      const answer = await client.readAnswer();
      assert.deepEqual([answer.status, endpoint.requests()], [200, 2]);
      await endpoint.seen[0]?.closed;
      assert.equal(endpoint.seen.length, 2);
    });

    test('a new identity takes over at once, and the old one’s idle connections close', async (t) => {
      const endpoint = await startEndpoint(t, own, {
        requestCert: true,
        rejectUnauthorized: false,
      });
      const proxy = await start(t, endpoint, identity({ certificate: stranger.issue('first') }));
      assert.equal(await ask(t, proxy.httpPort), 200);
      const second = identity({ certificate: stranger.issue('second') });
      proxy.apply(options(endpoint.endpoint, second));
      await endpoint.seen[0]?.closed;
      assert.equal(await ask(t, proxy.httpPort), 200);
      assert.equal(await ask(t, proxy.httpPort), 200);
      assert.deepEqual(
        endpoint.seen.map(({ client }) => client),
        ['CN=first', 'CN=second'],
      );
    });
  });
}

function leafOnly(certificate: Certificate): Certificate {
  const end = '-----END CERTIFICATE-----';
  const chain = certificate.chain.slice(0, certificate.chain.indexOf(end) + end.length);
  return { ...certificate, chain: `${chain}\n` };
}
