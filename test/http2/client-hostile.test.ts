/** HTTP/2 endpoints that flood or break the protocol (security.md §7, §8.4): the connection ends, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { connectClient } from '../blackbox/harness/raw-client.ts';
import { GET, POST, startGrpcProxy, ask, serveToEnd } from './grpc-proxy.ts';
import { connectHttp2, get, request, resetStream } from './frame-client.ts';
import { startRawEndpoint, type RawPeer } from './raw-endpoint.ts';

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

test('resets after whole answers are no flood, however many (RFC 9113 §8.1)', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    for (;;) {
      const { streamId } = await peer.next(FrameType.Headers);
      peer.head(streamId, [[':status', '403']], 'end');
      peer.reset(streamId, ErrorCode.NoError);
    }
  });
  const settings = { client: { requestsPerConnection: 10_000 } };
  const proxy = await startGrpcProxy(t, [endpoint], { settings });
  const client = await connectClient(t, proxy.httpPort);
  for (let count = 0; count < 1_500; count++) {
    client.write(POST);
    assert.equal((await client.readAnswer()).status, 403);
  }
  assert.equal(peers.length, 1);
  assert.equal(proxy.limits.size, 0);
  peers[0]?.socket.destroy();
});

test('an answer to a stream that was cancelled many streams ago is passed over', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    await peer.next(FrameType.Headers, 1);
    peer.head(1, [[':status', '200']], 'end');
    await peer.next(FrameType.RstStream, 599);
    peer.head(3, [[':status', '200']]);
    peer.data(3, 'late', 'end');
    await serveToEnd(peer);
  });
  const proxy = await startGrpcProxy(t, [endpoint]);
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, get('/'));
  await client.answer(1);
  await proxy.nextRecord();
  for (let id = 3; id < 600; id += 2) {
    client.request(id, request('POST', '/'), false);
    client.send(resetStream(id));
    await proxy.nextRecord();
  }
  client.request(601, get('/'));
  assert.equal((await client.answer(601)).body, '601');
  assert.equal(peers.length, 1);
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
      'RST_STREAM',
      'http2-resets',
      (peer) => {
        peer.reset(1, ErrorCode.NoError);
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
