/** DATA of one byte a frame, as far as the windows let: what it costs in memory (security.md §4) and in turns of the event loop. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import { startRawUpstream } from '../blackbox/harness/upstream.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { usedBytes } from '../blackbox/harness/used-bytes.ts';
import { LoopWatch } from '../fuzz/loop-watch.ts';
import {
  connectHttp2,
  data,
  frame,
  get,
  request,
  windowUpdate,
  type Fields,
  type FrameClient,
} from './frame-client.ts';
import { startRawEndpoint } from './raw-endpoint.ts';

const STREAMS = 8;
/** What a stream's window has room for. */
const CRUMBS = 131_000;
const MAX_STREAM_BYTES = 262_144;
/** Compiled code and the like. */
const NOISE_BYTES = 1_048_576;
/** Once all has run already. */
const WARM_NOISE_BYTES = 131_072;
/** Each in a turn of its own, and many in one: less than half of a window, which is given back by halves. */
const WARM_UP_CRUMBS = 5_000;
const LONE_CRUMBS = 15_000;
const JOINT_CRUMBS = 28_000;
const ALL_CRUMBS = WARM_UP_CRUMBS + LONE_CRUMBS + JOINT_CRUMBS;
const CRUMB = data(1, '!');
const CRUMB_OCTET = 0x21;
/** More than the kernel takes for somebody who does not read. */
const MAX_KERNEL_BYTES = 32_000_000;
/** The test itself reads in the same turns. */
const MAX_TURN_MS = 400;

const ROUTES = [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' as const }] }];
const WEBSOCKET: Fields = [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'app.test'],
  ['sec-websocket-version', '13'],
];

function crumbs(streamId: number): Buffer {
  return Buffer.alloc(CRUMBS * 10, data(streamId, 'x'));
}

const streamIds = Array.from({ length: STREAMS }, (_, index) => index * 2 + 1);
/** Made beforehand, so that they are no part of what is measured. */
const CRUMBS_OF = new Map(streamIds.map((id) => [id, crumbs(id)]));

/** All that was sent before has been read. */
async function roundTrip(client: FrameClient): Promise<void> {
  const before = client.counts.get(FrameType.Ping) ?? 0;
  client.send(frame(FrameType.Ping, 0, 0, '12345678'));
  await client.until(() => (client.counts.get(FrameType.Ping) ?? 0) > before);
}

async function costOf(
  t: TestContext,
  client: FrameClient,
  fill: () => Promise<void>,
): Promise<void> {
  const before = await usedBytes();
  await fill();
  const each = ((await usedBytes()) - before - NOISE_BYTES) / STREAMS;
  t.diagnostic(`${Math.round(each)} bytes a stream`);
  assert.ok(each < MAX_STREAM_BYTES, `${each} bytes a stream`);
  assert.deepEqual(client.goaways, []);
}

async function sendCrumbs(client: FrameClient): Promise<void> {
  for (const id of streamIds) {
    client.socket.write(CRUMBS_OF.get(id) ?? '');
    await roundTrip(client);
  }
}

test('crumbs that an HTTP/2 endpoint does not take', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    peer.settings([SettingId.InitialWindowSize, 0]);
    await peer.closed();
  });
  const proxy = await startProxy(t, {
    upstreams: [endpoint],
    protocol: 'grpc',
    virtualHosts: ROUTES,
  });
  const client = await connectHttp2(t, proxy.httpPort);
  for (const id of streamIds) client.request(id, request('POST', '/'), false);
  await roundTrip(client);
  await costOf(t, client, () => sendCrumbs(client));
  for (const peer of peers) peer.socket.destroy();
});

test('crumbs of an endpoint that a client does not take', async (t) => {
  const { endpoint, peers } = await startRawEndpoint(t, async (peer) => {
    peer.settings();
    for (let streams = 0; streams < STREAMS; streams++) {
      const { streamId } = await peer.next(FrameType.Headers);
      peer.head(streamId, [[':status', '200']]);
      peer.socket.write(CRUMBS_OF.get(streamId) ?? '');
    }
    await peer.closed();
  });
  const proxy = await startProxy(t, { upstreams: [endpoint], protocol: 'grpc' });
  const client = await connectHttp2(t, proxy.httpPort, {
    settings: [[SettingId.InitialWindowSize, 0]],
  });
  await costOf(t, client, async () => {
    for (const id of streamIds) {
      client.request(id, get('/'));
      await client.until(() => client.stream(id).status === 200);
    }
    await sleep(300);
  });
  const watch = new LoopWatch();
  t.after(() => {
    watch.stop();
  });
  client.send(windowUpdate(0, 10_000_000), ...streamIds.map((id) => windowUpdate(id, CRUMBS)));
  await client.until(() => streamIds.every((id) => client.stream(id).body.length === CRUMBS));
  const turnMs = watch.takeLongestMs();
  t.diagnostic(`${Math.round(turnMs)} ms in one turn`);
  assert.ok(turnMs < MAX_TURN_MS, `${turnMs} ms in one turn`);
  for (const peer of peers) peer.socket.destroy();
});

test('crumbs ahead of the answer to an extended CONNECT', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', () => undefined);
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint], virtualHosts: ROUTES });
  const client = await connectHttp2(t, proxy.httpPort);
  for (const id of streamIds) client.request(id, WEBSOCKET, false);
  await roundTrip(client);
  await costOf(t, client, () => sendCrumbs(client));
});

test('crumbs of a body that an HTTP/1.1 endpoint does not take', async (t) => {
  let received = 0;
  const accepted = Promise.withResolvers<Socket>();
  const upstream = await startRawUpstream(t, (socket) => {
    socket.pause();
    socket.on('data', (chunk: Buffer) => {
      received += chunk.filter((octet) => octet === CRUMB_OCTET).length;
    });
    accepted.resolve(socket);
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint], virtualHosts: ROUTES });
  const client = await connectHttp2(t, proxy.httpPort);
  client.request(1, request('PUT', '/'), false);
  const filled = await fillKernel(client);
  const granted = client.granted(1);
  await sendOneByOne(client, WARM_UP_CRUMBS);
  const before = await usedBytes();
  await sendOneByOne(client, LONE_CRUMBS);
  client.socket.write(Buffer.alloc(JOINT_CRUMBS * CRUMB.length, CRUMB));
  await roundTrip(client);
  const held = (await usedBytes()) - before - WARM_NOISE_BYTES;
  t.diagnostic(`${filled} bytes filled the kernel, then ${held} were held`);
  assert.ok(held < MAX_STREAM_BYTES, `${held} bytes are held`);
  assert.equal(client.granted(1), granted);
  (await accepted.promise).resume();
  const all = filled + ALL_CRUMBS;
  for (let round = 0; round < 200 && received < all; round++) await sleep(10);
  assert.equal(received, all);
  assert.ok(client.granted(1) > granted);
});

async function sendOneByOne(client: FrameClient, crumbs: number): Promise<void> {
  for (let sent = 0; sent < crumbs; sent++) {
    client.socket.write(CRUMB);
    await nextTurn();
  }
  await roundTrip(client);
}

/** Large DATA on stream 1 until the proxy grants no more for what comes, so that there is still room for crumbs. */
async function fillKernel(client: FrameClient): Promise<number> {
  const windowBytes = client.settings.get(SettingId.InitialWindowSize) ?? 0;
  let quietRounds = 0;
  let sent = 0;
  while (sent < MAX_KERNEL_BYTES) {
    const left = windowBytes + client.granted(1) - sent;
    quietRounds = left > ALL_CRUMBS ? 0 : quietRounds + 1;
    if (quietRounds === 5) return sent;
    const bytes = Math.min(left - ALL_CRUMBS, 16_384);
    if (bytes > 0) client.send(data(1, '!'.repeat(bytes)));
    sent += Math.max(bytes, 0);
    await roundTrip(client);
  }
  return assert.fail(`${sent} bytes were taken`);
}
