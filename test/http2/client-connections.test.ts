/** How connections to HTTP/2 endpoints are shared and given up, and that no request is lost on the way. */
import assert from 'node:assert/strict';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { ErrorCode, FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import { connectClient } from '../blackbox/harness/raw-client.ts';
import type { RunningProxy } from '../blackbox/harness/start-proxy.ts';
import {
  GET,
  POST,
  startGrpcProxy,
  ask,
  serveToEnd,
  startHttp2,
  dataOf,
  connected,
} from './grpc-proxy.ts';
import { startRawEndpoint } from './raw-endpoint.ts';

test('requests at once share a connection, those that came while it was being made too', async (t) => {
  const held: (() => void)[] = [];
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    held.push(() => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
    if (held.length === 20) for (const answer of held) answer();
  });
  const { endpoint, sessions } = await startHttp2(t, server);
  const proxy = await startGrpcProxy(t, [endpoint]);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(t, proxy)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(sessions(), 1);
});

test('no more streams than an endpoint allows are opened on a connection', async (t) => {
  let running = 0;
  const counts: number[] = [];
  const answers: (() => void)[] = [];
  const server = createServer({ settings: { maxConcurrentStreams: 2 } });
  server.on('session', (session) => {
    let streams = 0;
    session.on('stream', (stream: ServerHttp2Stream) => {
      streams += 1;
      running += 1;
      counts.push(streams);
      stream.on('close', () => {
        streams -= 1;
      });
      answers.push(() => {
        stream.respond({ ':status': 200 }, { endStream: true });
      });
      if (running === 7) for (const answer of answers) answer();
    });
  });
  const { endpoint, sessions } = await startHttp2(t, server);
  const proxy = await startGrpcProxy(t, [endpoint]);
  const statuses = await Promise.all(Array.from({ length: 7 }, () => ask(t, proxy)));
  assert.deepEqual(new Set(statuses.map(({ status }) => status)), new Set([200]));
  assert.equal(Math.max(...counts), 2);
  assert.equal(sessions(), 4);
  assert.ok(proxy.records.every(({ attempts }) => attempts.length === 1));
});

test('128 streams are a connection, whatever an endpoint allows: their clients may not read', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    for (;;) {
      const { streamId } = await peer.next(FrameType.Headers);
      peer.head(streamId, [[':status', '200']]);
      if (peers[0] !== peer) peer.data(streamId, 'ok', 'end');
    }
  });
  const proxy = await startGrpcProxy(t, [endpoint]);
  for (let count = 0; count < 128; count++) {
    const client = await connectClient(t, proxy.httpPort);
    client.write(GET);
    await client.waitFor('\r\n\r\n');
  }
  assert.equal(peers.length, 1);
  assert.equal((await ask(t, proxy)).body, 'ok');
  assert.equal(peers.length, 2);
});

for (const when of ['before', 'after'] as const) {
  test(`an endpoint that allows no further stream ${when} its answer ends: the connection is given up`, async (t) => {
    const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
      const { streamId } = await peer.next(FrameType.Headers);
      if (when === 'before') peer.settings([SettingId.MaxConcurrentStreams, 0]);
      peer.head(streamId, [[':status', '200']], 'end');
      if (when === 'after') peer.settings([SettingId.MaxConcurrentStreams, 0]);
    });
    const proxy = await startGrpcProxy(t, [endpoint]);
    assert.equal((await ask(t, proxy)).status, 200);
    await peers[0]?.closed();
    assert.equal((await ask(t, proxy)).status, 200);
    await peers[1]?.closed();
  });
}

test('of those that wait for a connection, those that it has no stream for go to others', async (t) => {
  const ready = Promise.withResolvers<undefined>();
  const { endpoint, peers } = await startRawEndpoint(
    t,
    async (peer) => {
      await ready.promise;
      peer.settings([SettingId.MaxConcurrentStreams, 2]);
      await serveToEnd(peer);
    },
    { greets: false },
  );
  const proxy = await startGrpcProxy(t, [endpoint]);
  const started = countStarted(proxy, 5);
  const answers = Promise.all(Array.from({ length: 5 }, () => ask(t, proxy)));
  await started;
  ready.resolve(undefined);
  assert.deepEqual(new Set((await answers).map(({ status }) => status)), new Set([200]));
  assert.ok(proxy.records.every(({ attempts }) => attempts.length === 1));
  assert.ok(peers.length > 1);
});

/** Resolves when so many exchanges have begun. */
async function countStarted(proxy: RunningProxy, wanted: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { stats } = proxy;
  const inner = stats.exchangeStarted.bind(stats);
  let count = 0;
  stats.exchangeStarted = () => {
    inner();
    count += 1;
    if (count === wanted) resolve(undefined);
  };
  await promise;
}

test('an endpoint that allows no stream is a 502', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(
    t,
    (peer) => {
      peer.settings([SettingId.MaxConcurrentStreams, 0]);
    },
    { greets: false },
  );
  const proxy = await startGrpcProxy(t, [endpoint], { route: { retry: { attempts: 1 } } });
  assert.equal((await ask(t, proxy, POST)).status, 502);
  assert.equal(proxy.records[0]?.failure, 'endpoint allows no stream');
  assert.equal(peers.length, 1);
});

test('GOAWAY: what the endpoint did not process is sent again, what it did is answered', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer, index) => {
    if (index > 0) await serveToEnd(peer);
  });
  const proxy = await startGrpcProxy(t, [endpoint]);
  const first = ask(t, proxy);
  const peer = await connected(peers);
  await peer.next(FrameType.Headers, 1);
  const second = ask(t, proxy, POST);
  await peer.next(FrameType.Data, 3);
  peer.goaway(1, ErrorCode.NoError);
  const repeated = await second;
  assert.deepEqual([repeated.status, repeated.body], [200, '1']);
  assert.equal(Buffer.concat(dataOf(peers[1])).toString(), 'body');
  peer.head(1, [[':status', '200']]);
  peer.data(1, 'first', 'end');
  assert.equal((await first).body, 'first');
  await peer.closed();
  assert.equal(peers.length, 2);
});

test('a refused stream is sent again on another connection, whatever its method', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer, index) => {
    if (index > 0) {
      await serveToEnd(peer);
      return;
    }
    const { streamId } = await peer.next(FrameType.Data);
    peer.reset(streamId, ErrorCode.RefusedStream);
  });
  const proxy = await startGrpcProxy(t, [endpoint]);
  assert.equal((await ask(t, proxy, POST)).body, '1');
  assert.equal(peers.length, 2);
  assert.equal(Buffer.concat(dataOf(peers[1])).toString(), 'body');
});

for (const [request, wantStatus, wantStreams] of [
  [GET, 200, 2],
  [POST, 502, 1],
] as const) {
  test(`a stream that is reset: ${request.slice(0, 4)} is answered ${wantStatus}`, async (t) => {
    const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
      const { streamId } = await peer.next(FrameType.Headers);
      peer.reset(streamId, ErrorCode.InternalError);
      await serveToEnd(peer);
    });
    const proxy = await startGrpcProxy(t, [endpoint]);
    assert.equal((await ask(t, proxy, request)).status, wantStatus);
    assert.equal(proxy.records[0]?.attempts.length, wantStreams);
    assert.equal(peers.length, 1);
  });
}

test('a request that a dead kept connection lost is sent again on a new one', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer, index) => {
    await peer.next(FrameType.Headers, 1);
    peer.head(1, [[':status', '200']], 'end');
    if (index > 0) return;
    await peer.next(FrameType.Headers, 3);
    peer.socket.destroy();
  });
  const proxy = await startGrpcProxy(t, [endpoint], { route: { retry: { attempts: 1 } } });
  assert.equal((await ask(t, proxy)).status, 200);
  assert.equal((await ask(t, proxy)).status, 200);
  assert.equal(peers.length, 2);
});

test('a client that goes away has its stream cancelled, and no other', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, () => undefined);
  const proxy = await startGrpcProxy(t, [endpoint]);
  const client = await connectClient(t, proxy.httpPort);
  client.write(GET);
  const peer = await connected(peers);
  await peer.next(FrameType.Headers, 1);
  const other = ask(t, proxy);
  await peer.next(FrameType.Headers, 3);
  client.socket.resetAndDestroy();
  const reset = await peer.next(FrameType.RstStream);
  assert.deepEqual([reset.streamId, reset.payload.readUInt32BE(0)], [1, ErrorCode.Cancel]);
  peer.head(3, [[':status', '200']], 'end');
  assert.equal((await other).status, 200);
  assert.equal((await proxy.nextRecord()).status, 499);
});

test('an answer before the whole request came ends the stream, and not the connection', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    await peer.next(FrameType.Headers, 1);
    peer.head(1, [[':status', '403']], 'end');
    await peer.next(FrameType.RstStream, 1);
    await serveToEnd(peer);
  });
  const proxy = await startGrpcProxy(t, [endpoint]);
  const upload = 'POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100\r\n\r\n';
  assert.equal((await ask(t, proxy, upload)).status, 403);
  assert.equal((await ask(t, proxy)).body, '3');
  assert.equal(peers.length, 1);
});
