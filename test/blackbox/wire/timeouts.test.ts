/** Every wait ends: security.md §5, with small settings. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { connectClient, type RawClient } from '../harness/raw-client.ts';
import { selfSignedCertificate } from '../harness/self-signed.ts';
import { startRawUpstream } from '../harness/upstream.ts';
import { startProxy } from '../harness/start-proxy.ts';
import { assertServesOn, type Probe, request, startProbe } from './probe.ts';
import { ok } from './recording-upstream.ts';
import { wireTest } from './wire-test.ts';

const SHORT_MS = 150;
/** A timeout may come this late, and never early: one second, and half of one for a busy machine. */
const LATE_MS = 1_500;

/** Runs until the proxy ends the connection, and asserts when that was. */
async function assertEndsInTime(
  client: RawClient,
  begunMs: number,
  afterMs: number,
): Promise<string> {
  const rest = await client.readToEnd();
  const tookMs = performance.now() - begunMs;
  assert.ok(tookMs >= afterMs - 5 && tookMs < afterMs + LATE_MS, `took ${tookMs} ms`);
  return rest;
}

/** Sends `piece` over and over until the connection ends. */
function drip(t: TestContext, client: RawClient, piece: string, everyMs: number): void {
  const timer = setInterval(() => {
    if (client.ended === 'no' && !client.socket.destroyed) client.write(piece);
    else clearInterval(timer);
  }, everyMs);
  t.after(() => {
    clearInterval(timer);
  });
}

wireTest(['5 first byte'], 'a client that sends nothing is closed', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { headMs: SHORT_MS } } });
  const begun = performance.now();
  const client = await connectClient(t, proxy.httpPort);
  assert.equal(await assertEndsInTime(client, begun, SHORT_MS), '');
  await assertServesOn(t, proxy);
});

wireTest(
  ['5 first byte'],
  'a TLS client that sends nothing, or half a hello, is closed',
  async (t) => {
    const { proxy } = await startProbe(t, {
      settings: { client: { headMs: SHORT_MS } },
      certificates: [selfSignedCertificate('default', ['app.test'])],
    });
    for (const bytes of ['', '\x16\x03\x01\x02\x00\x01\x00']) {
      const begun = performance.now();
      const socket = connect(proxy.httpsPort, '127.0.0.1');
      t.after(() => socket.destroy());
      socket.on('error', () => undefined);
      socket.resume();
      if (bytes !== '') socket.write(bytes, 'latin1');
      await once(socket, 'close');
      assert.ok(performance.now() - begun < SHORT_MS + LATE_MS);
    }
  },
);

for (const { name, first, piece } of [
  { name: 'stops', first: 'GET / HTTP/1.1\r\nHost: ap', piece: undefined },
  { name: 'drips fields', first: 'GET / HTTP/1.1\r\n', piece: 'X-A: b\r\n' },
  { name: 'drips bytes', first: 'GET /', piece: 'a' },
  { name: 'sends an empty line', first: '\r\n', piece: undefined },
]) {
  wireTest(
    ['5 header complete'],
    `a head that ${name} is answered 408, whatever still comes`,
    async (t) => {
      const { proxy, upstream } = await startProbe(t, {
        settings: { client: { headMs: SHORT_MS } },
      });
      const begun = performance.now();
      const client = await connectClient(t, proxy.httpPort);
      client.write(first);
      if (piece !== undefined) drip(t, client, piece, 20);
      const answer = await client.readAnswer();
      assert.equal(answer.status, 408);
      assert.deepEqual(answer.fields.get('connection'), ['close']);
      assert.equal(await assertEndsInTime(client, begun, SHORT_MS), '');
      assert.equal(upstream.requests.length, 0);
      assert.equal(proxy.limits.get('request-head-timeout'), 1);
      await assertServesOn(t, proxy);
    },
  );
}

wireTest(
  ['5 header complete', '5 idle kept connection'],
  'a second head has its own time',
  async (t) => {
    const { proxy } = await startProbe(t, { settings: { client: { headMs: SHORT_MS } } });
    const client = await connectClient(t, proxy.httpPort);
    client.write(request('GET / HTTP/1.1'));
    assert.equal((await client.readAnswer()).status, 200);
    const begun = performance.now();
    client.write('GET / HT');
    assert.equal((await client.readAnswer()).status, 408);
    assert.equal(await assertEndsInTime(client, begun, SHORT_MS), '');
  },
);

for (const { name, bytes } of [
  { name: 'a length', bytes: `${request('POST / HTTP/1.1', 'Content-Length: 10')}hello` },
  {
    name: 'chunks',
    bytes: `${request('POST / HTTP/1.1', 'Transfer-Encoding: chunked')}5\r\nhello\r\n`,
  },
]) {
  wireTest(
    ['5 between body reads', '1.14'],
    `silence in a body of ${name} is answered 408`,
    async (t) => {
      const { proxy, upstream } = await startProbe(t, {
        settings: { client: { bodyMs: SHORT_MS } },
      });
      const client = await connectClient(t, proxy.httpPort);
      const begun = performance.now();
      client.write(bytes);
      const answer = await client.readAnswer();
      assert.equal(answer.status, 408);
      assert.deepEqual(answer.fields.get('connection'), ['close']);
      assert.equal(await assertEndsInTime(client, begun, SHORT_MS), '');
      await assertServesOn(t, proxy);
      assert.equal(upstream.completed().length, 1);
      assert.equal(proxy.limits.get('request-body-timeout'), 1);
    },
  );
}

wireTest(['5 between body reads'], 'a slow body that goes on is not cut', async (t) => {
  const { proxy, upstream } = await startProbe(t, {
    settings: { client: { bodyMs: SHORT_MS * 2 } },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('POST / HTTP/1.1', 'Content-Length: 12'));
  drip(t, client, 'a', 50);
  assert.equal((await client.readAnswer()).status, 200);
  assert.equal(upstream.completed()[0]?.body, 'a'.repeat(12));
});

wireTest(['5 idle kept connection'], 'an idle kept connection is closed', async (t) => {
  const { proxy } = await startProbe(t, { settings: { client: { keepAliveMs: SHORT_MS } } });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('GET / HTTP/1.1'));
  assert.equal((await client.readAnswer()).status, 200);
  const begun = performance.now();
  assert.equal(await assertEndsInTime(client, begun, SHORT_MS), '');
  assert.equal(client.ended, 'end');
  assert.equal(proxy.limits.get('idle-timeout'), 1);
});

/** Routes of `app.test` with short timeouts towards the endpoint, and no second attempt. */
const hasty = {
  virtualHosts: [
    {
      name: 'app.test',
      routes: [
        {
          timeouts: { connectMs: SHORT_MS, sendMs: SHORT_MS, readMs: SHORT_MS },
          retry: { attempts: 1 },
          maxBodyBytes: 'none' as const,
        },
      ],
    },
  ],
};

wireTest(['5 upstream connect'], 'an endpoint that does not accept: 504', async (t) => {
  // A handshake that is never answered stands for a connection that never is.
  const silent = await startRawUpstream(t, (socket) => socket.resume());
  const proxy = await startProxy(t, { upstreams: [silent.endpoint], protocol: 'https', ...hasty });
  const client = await connectClient(t, proxy.httpPort);
  const begun = performance.now();
  client.write(request('GET / HTTP/1.1', 'Connection: close'));
  assert.equal((await client.readAnswer()).status, 504);
  assert.equal(await assertEndsInTime(client, begun, SHORT_MS), '');
  assert.equal(proxy.limits.get('upstream-connect-timeout'), 1);
});

wireTest(['5 upstream send'], 'an endpoint that takes no byte: 504', async (t) => {
  const deaf = await startRawUpstream(t, (socket) => socket.pause());
  const proxy = await startProxy(t, { upstreams: [deaf.endpoint], ...hasty });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('POST / HTTP/1.1', 'Content-Length: 100000000'));
  client.write(Buffer.alloc(30_000_000));
  const answer = await client.readAnswer();
  assert.equal(answer.status, 504);
  assert.equal(proxy.limits.get('upstream-send-timeout'), 1);
});

wireTest(
  ['5 upstream read'],
  'an endpoint that does not answer: 504, and its connection is over',
  async (t) => {
    const closed = Promise.withResolvers<undefined>();
    const { proxy } = await startProbe(t, {
      ...hasty,
      recording: {
        answer: (_request, socket) => {
          socket.on('close', () => {
            closed.resolve(undefined);
          });
          return undefined;
        },
      },
    });
    const client = await connectClient(t, proxy.httpPort);
    const begun = performance.now();
    client.write(request('GET / HTTP/1.1', 'Connection: close'));
    assert.equal((await client.readAnswer()).status, 504);
    assert.equal(await assertEndsInTime(client, begun, SHORT_MS), '');
    await closed.promise;
    assert.equal(proxy.limits.get('upstream-read-timeout'), 1);
  },
);

for (const { name, head } of [
  { name: 'a length', head: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello' },
  { name: 'chunks', head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n' },
  { name: 'neither', head: 'HTTP/1.1 200 OK\r\n\r\nhello' },
]) {
  wireTest(
    ['5 upstream read', '7.2'],
    `an answer of ${name} that stops is cut, not ended`,
    async (t) => {
      const { proxy } = await startProbe(t, { ...hasty, recording: { answer: () => head } });
      const client = await connectClient(t, proxy.httpPort);
      const begun = performance.now();
      client.write(request('GET / HTTP/1.1'));
      const text = await assertEndsInTime(client, begun, SHORT_MS);
      assert.ok(text.includes('hello'));
      assert.ok(!text.endsWith('0\r\n\r\n'), 'the answer was ended');
    },
  );
}

wireTest(['5 slow reader'], 'a client that reads nothing is reset', async (t) => {
  const upstreamClosed = Promise.withResolvers<undefined>();
  const { proxy } = await startProbe(t, {
    settings: { client: { sendMs: SHORT_MS } },
    recording: {
      answer: (_request, socket) => {
        socket.on('close', () => {
          upstreamClosed.resolve(undefined);
        });
        return ok('x'.repeat(50_000_000));
      },
    },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.socket.pause();
  client.write(request('GET / HTTP/1.1'));
  await upstreamClosed.promise;
  assert.equal(proxy.limits.get('slow-client'), 1);
  client.socket.resume();
  const received = await client.readToEnd();
  assert.ok(received.length < 50_000_000);
});

wireTest(['5 tunnel idle', '6.3'], 'an idle tunnel is closed on both sides', async (t) => {
  const closed = Promise.withResolvers<undefined>();
  const probe: Probe = await startProbe(t, {
    ...hasty,
    recording: {
      answer: (_request, socket) => {
        socket.on('close', () => {
          closed.resolve(undefined);
        });
        return 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
      },
    },
  });
  const client = await connectClient(t, probe.proxy.httpPort);
  client.write(request('GET / HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket'));
  assert.equal((await client.readAnswer()).status, 101);
  const begun = performance.now();
  await assertEndsInTime(client, begun, SHORT_MS);
  await closed.promise;
  assert.equal(probe.proxy.limits.get('tunnel-idle-timeout'), 1);
});
