/** How long connections to HTTP/2 endpoints are kept: upstream-keepalive-* of the ConfigMap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, FrameType } from '../../src/dataplane/http2/frames.ts';
import { startGrpcProxy, ask, serveToEnd, connected } from './grpc-proxy.ts';
import { startRawEndpoint } from './raw-endpoint.ts';

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
