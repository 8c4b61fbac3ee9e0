import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Access } from '../../src/source/kubernetes/credentials.ts';
import { Http1Transport } from '../../src/source/kubernetes/http1-transport.ts';
import { Http2Transport } from '../../src/source/kubernetes/http2-transport.ts';
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts';
import { ingress } from './objects.ts';
import { startSource } from './start-source.ts';
import { until } from './until.ts';

const LIMIT = { timeout: 10_000 };

test('a connection whose other end vanished is replaced', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  const path = await startPath(t, server);
  const { synced, holds } = startSource(t, server, {
    url: path.url,
    timing: { pingMs: 50, silenceMs: 60_000 },
  });
  await synced();
  await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
  path.vanish();
  server.apply('ingresses', ingress('shop/web'));
  await holds(({ ingresses }) => ingresses.has('shop/web'));
});

for (const protocol of ['https1', 'http2'] as const) {
  test(`${protocol}: a connection that is closed without a word was lost`, LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol });
    const path = await startPath(t, server);
    const { synced, holds, lines } = startSource(t, server, { url: path.url });
    await synced();
    await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
    server.apply('ingresses', ingress('shop/web'));
    await holds(({ ingresses }) => ingresses.has('shop/web'));
    path.end();
    const lost = /"target":"ingresses".*"connection (lost|reset)"/;
    await until(() => lines.some(({ fields }) => lost.test(JSON.stringify(fields))));
    await until(() => lines.some(({ message }) => message === 'api server answers'));
  });
}

test('a certificate that was renewed is shown on a new connection', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  const transport = new Http2Transport({ connectMs: 1_000, pingMs: 1_000 });
  t.after(() => {
    transport.close();
  });
  const access: Access = {
    server: new URL(server.url),
    headers: {},
    tls: { ca: server.ca },
    proxyAgent: undefined,
  };
  const get = async (of: Access): Promise<void> => {
    const { body } = await transport.get(of, '/api/v1/services', new AbortController().signal);
    await once(body.resume(), 'end');
  };
  await get(access);
  await get(access);
  assert.equal(server.connections, 1);
  await get({ ...access, tls: { ca: server.ca, cert: server.ca, key: server.key } });
  assert.equal(server.connections, 2);
});

test('a server that is not who it should be gets no request', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  const transport = new Http2Transport({ connectMs: 1_000, pingMs: 1_000 });
  const access: Access = {
    server: new URL(server.url),
    headers: { authorization: 'Bearer token' },
    tls: {},
    proxyAgent: undefined,
  };
  const { signal } = new AbortController();
  await assert.rejects(transport.get(access, '/api/v1/services', signal), /self-signed/);
  assert.deepEqual(server.requests, []);
});

test('a handshake that is never answered is given up, and tried again', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http2' });
  server.apply('ingresses', ingress('shop/web'));
  const path = await startPath(t, server, { mute: 3 });
  const { synced, store, source } = startSource(t, server, {
    url: path.url,
    timing: { connectMs: 100, silenceMs: 60_000 },
  });
  while (!source.missing().some((line) => line.includes('connection timed out'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await synced();
  assert.ok(store.get('ingresses', 'shop/web'));
});

test('over HTTP/1.1 too', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'https1' });
  const path = await startPath(t, server, { mute: 1 });
  const transport = new Http1Transport({ connectMs: 100 });
  t.after(() => {
    transport.close();
  });
  const access: Access = {
    server: new URL(path.url),
    headers: {},
    tls: { ca: server.ca },
    proxyAgent: undefined,
  };
  const { signal } = new AbortController();
  await assert.rejects(transport.get(access, '/api/v1/services', signal), /timed out/);
  const { status, body } = await transport.get(access, '/api/v1/services', signal);
  assert.equal(status, 200);
  await once(body.resume(), 'end');
});

interface Path {
  readonly url: string;
  /** What is under way never arrives, in both directions, and nobody is told; what comes later does. */
  readonly vanish: () => void;
  /** What the kernels do for a server that was killed: connections end, and no protocol says so. */
  readonly end: () => void;
}

/** A network between a client and the server. The first `mute` connections through it lead nowhere. */
async function startPath(
  t: TestContext,
  server: FakeApiServer,
  { mute = 0 }: { readonly mute?: number } = {},
): Promise<Path> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const network = createServer((near) => {
    accepted += 1;
    if (accepted <= mute) {
      sockets.add(near);
      near.on('error', () => undefined).resume();
      return;
    }
    const far = connect(Number(new URL(server.url).port), '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  network.listen(0, '127.0.0.1');
  await once(network, 'listening');
  t.after(() => {
    network.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `https://127.0.0.1:${(network.address() as AddressInfo).port}`,
    vanish: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    end: () => {
      for (const socket of sockets) socket.unpipe().end();
    },
  };
}
