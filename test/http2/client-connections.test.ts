/** How connections to HTTP/2 endpoints are shared, given up and replaced, and that no request is lost on the way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { ErrorCode, Flag, FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import type { Endpoint } from '../../src/model/config.ts';
import { connectClient, type RawAnswer } from '../blackbox/harness/raw-client.ts';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import {
  startProxy,
  type ProxyOptions,
  type RouteOptions,
  type RunningProxy,
} from '../blackbox/harness/start-proxy.ts';
import { startRawUpstream } from '../blackbox/harness/upstream.ts';
import { startRawEndpoint, type RawPeer } from './raw-endpoint.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n';
const POST = 'POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\n\r\nbody';

function startGrpcProxy(
  t: test.TestContext,
  upstreams: readonly Endpoint[],
  { route = {}, ...options }: ProxyOptions & { readonly route?: RouteOptions } = {},
): Promise<RunningProxy> {
  const virtualHosts = [{ name: 'app.test', routes: [route] }];
  return startProxy(t, { upstreams, protocol: 'grpc', virtualHosts, ...options });
}

async function ask(t: test.TestContext, proxy: RunningProxy, request = GET): Promise<RawAnswer> {
  const client = await connectClient(t, proxy.httpPort);
  client.write(request);
  return client.readAnswer();
}

/** Answers every stream with its id. */
async function serve(peer: RawPeer): Promise<void> {
  for (;;) {
    const { streamId } = await peer.next(FrameType.Headers);
    peer.head(streamId, [[':status', '200']]);
    peer.data(streamId, String(streamId), 'end');
  }
}

/** `serve` until the connection ends. */
async function serveToEnd(peer: RawPeer): Promise<void> {
  await serve(peer).catch(() => undefined);
}

async function startHttp2(
  t: test.TestContext,
  server: Http2Server,
): Promise<{ readonly endpoint: Endpoint; readonly sessions: () => number }> {
  let sessions = 0;
  server.on('session', () => {
    sessions += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: { address: '127.0.0.1', port }, sessions: () => sessions };
}

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

/** The first connection of the proxy's. */
async function connected(peers: readonly RawPeer[]): Promise<RawPeer> {
  for (;;) {
    const [peer] = peers;
    if (peer !== undefined) return peer;
    await new Promise(setImmediate);
  }
}

function dataOf(peer: RawPeer | undefined): Buffer[] {
  const frames = peer?.frames ?? [];
  return frames.filter(({ type }) => type === FrameType.Data).map(({ payload }) => payload);
}

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

test('silence after the request is a 504, and cancels the stream alone', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    await peer.next(FrameType.Headers, 1);
    const pulse = setInterval(() => {
      peer.send(FrameType.Ping, Flag.None, 0, Buffer.alloc(8));
    }, 20);
    await peer.next(FrameType.RstStream, 1).finally(() => {
      clearInterval(pulse);
    });
    await serveToEnd(peer);
  });
  const route = { timeouts: { readMs: 150 }, retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  assert.equal((await ask(t, proxy)).status, 504);
  assert.equal(proxy.limits.get('upstream-read-timeout'), 1);
  assert.equal((await ask(t, proxy)).body, '3');
  assert.equal(peers.length, 1);
});

test('a connection on which nothing came at all meanwhile takes no more streams', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer, index) => {
    if (index > 0) await serveToEnd(peer);
  });
  const route = { timeouts: { readMs: 150 }, retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  assert.equal((await ask(t, proxy)).status, 504);
  assert.equal((await ask(t, proxy)).body, '1');
  assert.equal(peers.length, 2);
});

test('an endpoint that opens no window for a body is a 504', async (t) => {
  const { endpoint } = await startRawEndpoint(
    t,
    async (peer) => {
      peer.settings([SettingId.InitialWindowSize, 0]);
      const reset = await peer.next(FrameType.RstStream);
      assert.equal(reset.payload.readUInt32BE(0), ErrorCode.Cancel);
      assert.equal(dataOf(peer).length, 0);
    },
    { greets: false },
  );
  const route = { timeouts: { sendMs: 100 }, retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  assert.equal((await ask(t, proxy, POST)).status, 504);
  assert.equal(proxy.limits.get('upstream-send-timeout'), 1);
});

test('an endpoint that never says its SETTINGS is a 504, and has seen nothing of the request', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, () => undefined, { greets: false });
  const route = { timeouts: { connectMs: 100 }, retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  assert.equal((await ask(t, proxy, POST)).status, 504);
  assert.equal(proxy.limits.get('upstream-connect-timeout'), 1);
  assert.ok(peers[0]?.frames.every(({ type }) => type !== FrameType.Headers));
});

test('an endpoint that speaks HTTP/1.1 is a 502, and has seen nothing of the request', async (t) => {
  let received = '';
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    });
  });
  const route = { retry: { attempts: 1 } };
  const proxy = await startGrpcProxy(t, [upstream.endpoint], { route });
  assert.equal((await ask(t, proxy, POST)).status, 502);
  assert.equal(proxy.records[0]?.failure, 'endpoint does not speak HTTP/2');
  assert.ok(!received.includes('app.test'));
});

test('GRPCS: HTTP/2 over TLS, chosen by ALPN', async (t) => {
  const { chain, key } = selfSignedCertificate('a', ['a.test']);
  const server = createSecureServer({ cert: chain, key: key.reveal() });
  server.on('stream', (stream: ServerHttp2Stream, head) => {
    stream.respond({ ':status': 200 });
    stream.end(`${head[':scheme'] ?? ''} ${head[':authority'] ?? ''}`);
  });
  const { endpoint } = await startHttp2(t, server);
  const proxy = await startProxy(t, { upstreams: [endpoint], protocol: 'grpcs' });
  assert.equal((await ask(t, proxy)).body, 'https app.test');
});

for (const ALPNProtocols of [undefined, ['http/1.1']]) {
  const offered = ALPNProtocols === undefined ? 'chooses nothing' : 'offers HTTP/1.1 alone';
  test(`GRPCS: an endpoint that ${offered} is a 502`, async (t) => {
    const { chain, key } = selfSignedCertificate('a', ['a.test']);
    const sent: Buffer[] = [];
    const server = createTlsServer(
      { cert: chain, key: key.reveal(), ...(ALPNProtocols && { ALPNProtocols }) },
      (socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (chunk: Buffer) => sent.push(chunk));
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const upstreams = [{ address: '127.0.0.1', port }];
    const proxy = await startProxy(t, { upstreams, protocol: 'grpcs' });
    assert.equal((await ask(t, proxy, POST)).status, 502);
    assert.deepEqual(sent, []);
  });
}

test('as many resets as streams, and as many PINGs as DATA frames, are no flood', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    for (;;) {
      const { streamId } = await peer.next(FrameType.Data);
      peer.send(FrameType.Ping, Flag.None, 0, Buffer.alloc(8));
      peer.head(streamId, [[':status', '200']]);
      peer.head(streamId, [['grpc-status', '0']], 'end');
      await peer.next(FrameType.Ping);
      const next = await peer.next(FrameType.Data);
      peer.send(FrameType.Ping, Flag.None, 0, Buffer.alloc(8));
      peer.reset(next.streamId, ErrorCode.InternalError);
    }
  });
  const settings = { client: { requestsPerConnection: 10_000 } };
  const proxy = await startGrpcProxy(t, [endpoint], { settings });
  const client = await connectClient(t, proxy.httpPort);
  for (let count = 0; count < 2_400; count++) {
    client.write(POST);
    assert.equal((await client.readAnswer()).status, count % 2 === 0 ? 200 : 502);
  }
  assert.equal(peers.length, 1);
  peers[0]?.socket.destroy();
});

const FLOODS: readonly (readonly [name: string, limit: string, frame: (peer: RawPeer) => void])[] =
  [
    [
      'PING',
      'http2-pings',
      (peer) => {
        peer.send(FrameType.Ping, Flag.None, 0, Buffer.alloc(8));
      },
    ],
    [
      'SETTINGS',
      'http2-settings',
      (peer) => {
        peer.settings();
      },
    ],
    [
      'empty DATA',
      'http2-empty-frames',
      (peer) => {
        peer.data(1, '');
      },
    ],
    [
      'unknown frames',
      'http2-ignored-frames',
      (peer) => {
        peer.send(0xbe, Flag.None, 0);
      },
    ],
  ];

for (const [name, limit, frame] of FLOODS) {
  test(`a flood of ${name} ends the connection, and nothing else`, async (t) => {
    const { endpoint, peers } = await startRawEndpoint(t, async (peer, index) => {
      if (index > 0) {
        await serveToEnd(peer);
        return;
      }
      await peer.next(FrameType.Headers);
      peer.head(1, [[':status', '200']]);
      for (let count = 0; count < 5_000 && !peer.socket.destroyed; count++) frame(peer);
    });
    const proxy = await startGrpcProxy(t, [endpoint], { route: { retry: { attempts: 1 } } });
    const client = await connectClient(t, proxy.httpPort);
    client.write(GET);
    await client.readToEnd();
    assert.equal(proxy.limits.get(limit), 1);
    const goaway = await peers[0]?.next(FrameType.Goaway);
    assert.equal(goaway?.payload.readUInt32BE(4), ErrorCode.EnhanceYourCalm);
    assert.equal((await ask(t, proxy)).status, 200);
  });
}

for (const [name, frame] of [
  ['DATA on stream 0', [FrameType.Data, Flag.None, 0, 'x']],
  ['a head on a stream that we did not open', [FrameType.Headers, Flag.EndHeaders, 2, '']],
  ['DATA on a stream that we did not open', [FrameType.Data, Flag.None, 99, 'x']],
  ['PUSH_PROMISE', [FrameType.PushPromise, Flag.EndHeaders, 1, '\0\0\0\x02']],
  ['a header block that is none', [FrameType.Headers, Flag.EndHeaders, 1, '\xff\xff\xff\xff\xff']],
  ['a WINDOW_UPDATE of 0', [FrameType.WindowUpdate, Flag.None, 0, '\0\0\0\0']],
  ['SETTINGS of five octets', [FrameType.Settings, Flag.None, 0, '\0\0\0\0\0']],
  ['CONTINUATION of nothing', [FrameType.Continuation, Flag.EndHeaders, 1, '']],
] as const) {
  test(`an endpoint that sends ${name} is a 502; the next request gets a new connection`, async (t) => {
    const { endpoint, peers } = await startRawEndpoint(t, async (peer, index) => {
      if (index > 0) {
        await serveToEnd(peer);
        return;
      }
      await peer.next(FrameType.Headers);
      peer.send(frame[0], frame[1], frame[2], Buffer.from(frame[3], 'latin1'));
    });
    const proxy = await startGrpcProxy(t, [endpoint]);
    assert.equal((await ask(t, proxy)).status, 502);
    assert.equal(proxy.records[0]?.attempts.length, 1);
    await peers[0]?.closed();
    assert.equal((await ask(t, proxy)).status, 200);
    assert.equal(peers.length, 2);
  });
}

test('upstream-keepalive-requests: a connection that had so many streams is replaced', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, serveToEnd);
  const settings = { upstream: { requestsPerConnection: 2 } };
  const proxy = await startGrpcProxy(t, [endpoint], { settings });
  const bodies: string[] = [];
  for (let count = 0; count < 5; count++) bodies.push((await ask(t, proxy)).body);
  assert.deepEqual(bodies, ['1', '3', '1', '3', '1']);
  const goaway = await peers[0]?.next(FrameType.Goaway).catch(() => undefined);
  assert.ok(goaway === undefined || goaway.payload.readUInt32BE(4) === ErrorCode.NoError);
  await peers[0]?.closed();
});

test('upstream-keepalive-connections off: a connection closes after its last stream', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, serveToEnd);
  const settings = { upstream: { idleConnections: 'off' as const } };
  const proxy = await startGrpcProxy(t, [endpoint], { settings });
  await ask(t, proxy);
  await peers[0]?.closed();
});

test('upstream-keepalive-connections: of more idle ones the oldest closes', async (t) => {
  const first = await startRawEndpoint(t, serveToEnd);
  const second = await startRawEndpoint(t, serveToEnd);
  const settings = { upstream: { idleConnections: 1 } };
  const proxy = await startGrpcProxy(t, [first.endpoint, second.endpoint], { settings });
  await ask(t, proxy);
  const oldest = first.peers.length === 1 ? first : second;
  await ask(t, proxy);
  await oldest.peers[0]?.closed();
  const newest = oldest === first ? second : first;
  assert.equal(newest.peers[0]?.socket.closed, false);
});

test('upstream-keepalive-timeout: an idle connection closes', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, serveToEnd);
  const settings = { upstream: { idleMs: 100 } };
  const proxy = await startGrpcProxy(t, [endpoint], { settings });
  await ask(t, proxy);
  await peers[0]?.closed();
});

test('an endpoint that is removed loses its connections, and what runs there goes on', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, () => undefined);
  const proxy = await startGrpcProxy(t, [endpoint]);
  const answer = ask(t, proxy);
  const peer = await connected(peers);
  await peer.next(FrameType.Headers, 1);
  proxy.apply({ upstreams: [], protocol: 'grpc' });
  await peer.next(FrameType.Goaway);
  peer.head(1, [[':status', '200']], 'end');
  assert.equal((await answer).status, 200);
  await peer.closed();
});

test('an endpoint is not read further while a client does not read', async (t) => {
  const total = 64 * 1024 * 1024;
  let taken = 0;
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-length': total });
    const piece = Buffer.alloc(65_536, 'x');
    const more = (): void => {
      while (taken < total) {
        taken += piece.length;
        if (!stream.write(piece)) {
          stream.once('drain', more);
          return;
        }
      }
      stream.end();
    };
    more();
  });
  const { endpoint } = await startHttp2(t, server);
  const proxy = await startGrpcProxy(t, [endpoint]);
  const client = await connectClient(t, proxy.httpPort);
  client.socket.removeAllListeners('data');
  client.socket.pause();
  client.write(GET);
  await stable(() => taken);
  assert.ok(taken < total / 4, `the endpoint could send ${taken} bytes`);
  let received = 0;
  client.socket.on('data', (chunk: string) => {
    received += chunk.length;
  });
  client.socket.resume();
  while (received < total) await once(client.socket, 'data');
});

test('a client is not read further while an endpoint opens no window', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, () => undefined);
  const route = { maxBodyBytes: 'none' as const };
  const proxy = await startGrpcProxy(t, [endpoint], { route });
  const client = await connectClient(t, proxy.httpPort);
  const total = 64 * 1024 * 1024;
  client.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${total}\r\n\r\n`);
  client.write(Buffer.alloc(total));
  await stable(() => client.socket.bytesWritten - client.socket.writableLength);
  assert.ok(client.socket.writableLength > total / 2, 'most of the body was taken');
  assert.equal(Buffer.concat(dataOf(peers[0])).length, 65_535);
});

/** Waits until a number has not changed for a few looks. */
async function stable(look: () => number): Promise<void> {
  let before = -1;
  for (let quiet = 0; quiet < 10;) {
    const now = look();
    quiet = now === before && now > 0 ? quiet + 1 : 0;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
