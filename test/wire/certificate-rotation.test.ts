/** A certificate that changes a hundred times under load: nobody's handshake fails, nobody's connection closes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import type { Pair } from './harness/openssl.ts';
import { startProduct } from './harness/product.ts';
import { tlsIngress, tlsSecret } from './harness/tls-site.ts';

const HOST = 'shop.example.com';
const CHANGES = 100;
const KEPT_CONNECTIONS = 20;
const PAUSE_MS = 25;
const LIVE_WITHIN_MS = 1_000;

function createPair(): Pair & { readonly fingerprint: string } {
  const { chain, key, fingerprint } = selfSignedCertificate('cert', [HOST]);
  return { chain, key: key.reveal(), fingerprint, ocsp: '' };
}

interface Load {
  readonly requests: number;
  readonly connections: number;
  readonly failures: readonly string[];
}

/** Clients that ask again and again until stopped: on connections that they keep, or on a new one each time. */
function startLoad(t: TestContext, port: number, kind: 'kept' | 'new'): () => Promise<Load> {
  const isKept = kind === 'kept';
  const clients = isKept ? KEPT_CONNECTIONS : 2;
  const agent = new Agent({
    keepAlive: isKept,
    maxSockets: clients,
    rejectUnauthorized: false,
    maxCachedSessions: 0,
  });
  const failures: string[] = [];
  const sockets = new Set<unknown>();
  let requests = 0;
  let isStopped = false;
  const ask = async (): Promise<void> => {
    const asking = request({
      host: '127.0.0.1',
      port,
      agent,
      servername: HOST,
      headers: { host: HOST },
    });
    asking.on('socket', (socket) => sockets.add(socket));
    try {
      asking.end();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      if (response.statusCode !== 200) failures.push(String(response.statusCode));
    } catch (error) {
      failures.push(`${kind}: ${String(error)}`);
    }
    requests += 1;
  };
  const running = Array.from({ length: clients }, async () => {
    while (!isStopped) {
      await ask();
      await sleep(isKept ? PAUSE_MS : 1);
    }
  });
  t.after(() => {
    isStopped = true;
    agent.destroy();
  });
  return async () => {
    isStopped = true;
    await Promise.all(running);
    return { requests, connections: sockets.size, failures };
  };
}

async function presented(port: number): Promise<string> {
  const options = { port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false };
  const socket = connect(options);
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
  } finally {
    socket.destroy();
  }
}

test('a certificate changes a hundred times under load', { timeout: 120_000 }, async (t) => {
  const { endpoint } = await startUpstream(t, (_request, response) => response.end('hello'));
  const pairs = [createPair(), createPair(), createPair()];
  const product = await startProduct(t, {
    endpoints: [endpoint.port],
    // Kept connections are kept for the length of the test.
    settings: { 'keep-alive-requests': '1000000' },
    flags: ['--workers=2'],
    files: {
      'host.yaml': tlsIngress(HOST, ['cert']),
      'cert.yaml': tlsSecret('cert', pairs[0] ?? createPair()),
    },
  });
  const stopKept = startLoad(t, product.httpsPort, 'kept');
  const stopNew = startLoad(t, product.httpsPort, 'new');
  const liveMs: number[] = [];
  for (let change = 1; change <= CHANGES; change++) {
    const pair = pairs[change % pairs.length] ?? createPair();
    const changedAt = performance.now();
    await product.write('cert.yaml', tlsSecret('cert', pair));
    // Each worker has its own share of new connections: several in a row are needed to say that all have it.
    for (let inARow = 0; inARow < 4;) {
      inARow = (await presented(product.httpsPort)) === pair.fingerprint ? inARow + 1 : 0;
      assert.ok(performance.now() - changedAt < 10_000, `change ${change} does not become live`);
    }
    liveMs.push(performance.now() - changedAt);
  }
  const [kept, fresh] = await Promise.all([stopKept(), stopNew()]);
  assert.deepEqual([...kept.failures, ...fresh.failures], []);
  assert.equal(kept.connections, KEPT_CONNECTIONS, 'no kept connection was closed');
  assert.ok(kept.requests > CHANGES && fresh.connections > CHANGES);
  const longest = Math.max(...liveMs);
  const sorted = liveMs.toSorted((a, b) => a - b);
  const median = sorted[CHANGES / 2] ?? 0;
  t.diagnostic(
    `${kept.requests} requests on kept connections, ${fresh.requests} on new ones; live after ${median.toFixed(0)} ms, at most ${longest.toFixed(0)} ms`,
  );
  assert.ok(longest <= LIVE_WITHIN_MS, `live after ${longest} ms`);
});
