/** What uploads use up of the windows is given back: all of it, whatever becomes of them, and not by the crumb. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import { startProxy, type RunningProxy } from '../blackbox/harness/start-proxy.ts';
import { startRawUpstream, startUpstream } from '../blackbox/harness/upstream.ts';
import {
  connectHttp2,
  data,
  frame,
  get,
  request,
  resetStream,
  type Fields,
  type FrameClient,
} from './frame-client.ts';

const STREAM_WINDOW = 131_072;
const CONNECTION_WINDOW = 1_048_576;
/** More than the connection's window, in uploads that are less than half a stream's. */
const UPLOADS = 30;
const UPLOAD_BYTES = 60_000;
const CONNECT: Fields = [
  [':protocol', 'websocket'],
  ...request('CONNECT', '/', ['sec-websocket-version', '13']),
];
const ROUTE = { maxBodyBytes: 'none' as const };

/** A client that sends no more than the windows let, which fails where they stay closed for 5 s. */
class Uploader {
  readonly client: FrameClient;
  #sent = 0;

  constructor(client: FrameClient) {
    this.client = client;
  }

  async upload(streamId: number, bytes: number, frameBytes = 15_000): Promise<void> {
    const { client } = this;
    const piece = data(streamId, 'x'.repeat(frameBytes));
    for (let left = bytes; left > 0;) {
      const room = (): number =>
        Math.min(
          STREAM_WINDOW + client.granted(streamId) - (bytes - left),
          65_535 + client.granted(0) - this.#sent,
        );
      await client.until(() => room() >= frameBytes);
      const frames = Math.floor(Math.min(room(), left) / frameBytes);
      client.send(Buffer.alloc(frames * piece.length, piece));
      left -= frames * frameBytes;
      this.#sent += frames * frameBytes;
    }
  }
}

async function start(t: TestContext, proxy: RunningProxy): Promise<Uploader> {
  const client = await connectHttp2(t, proxy.httpPort);
  await client.until(() => client.granted(0) > 0);
  assert.equal(client.settings.get(SettingId.InitialWindowSize), STREAM_WINDOW);
  assert.equal(65_535 + client.granted(0), CONNECTION_WINDOW);
  return new Uploader(client);
}

/** Who reads none of what is sent to it, or nobody. */
async function startFor(t: TestContext, host: string): Promise<Uploader> {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.pause();
  });
  const virtualHosts = [{ name: host, routes: [ROUTE] }];
  return start(t, await startProxy(t, { upstreams: [upstream.endpoint], virtualHosts }));
}

for (const frameBytes of [1, 100, 16_000]) {
  test(`frames of ${frameBytes} bytes are given back by half windows`, async (t) => {
    const upstream = await startUpstream(t, (incoming, response) => {
      incoming.resume().on('end', () => response.end('taken'));
    });
    const proxy = await startProxy(t, {
      upstreams: [upstream.endpoint],
      virtualHosts: [{ name: 'app.test', routes: [ROUTE] }],
    });
    const uploader = await start(t, proxy);
    const { client } = uploader;
    const before = client.counts.get(FrameType.WindowUpdate) ?? 0;
    client.request(1, request('POST', '/'), false);
    const bytes = frameBytes * Math.ceil(1_600_000 / frameBytes);
    await uploader.upload(1, bytes, frameBytes);
    client.send(data(1, '', true));
    assert.equal((await client.answer(1)).status, 200);
    const updates = (client.counts.get(FrameType.WindowUpdate) ?? 0) - before;
    const ofStream = Math.floor(bytes / (STREAM_WINDOW / 2));
    const ofConnection = Math.floor(bytes / (CONNECTION_WINDOW / 2));
    assert.ok(updates > 0 && updates <= ofStream + ofConnection, `${updates} updates`);
    assert.ok(bytes - client.granted(1) < STREAM_WINDOW);
  });
}

test('what a client sent on streams that it reset is given back', async (t) => {
  const uploader = await startFor(t, 'app.test');
  for (let id = 1; id < UPLOADS * 2; id += 2) {
    uploader.client.request(id, request('POST', '/'), false);
    await uploader.upload(id, UPLOAD_BYTES);
    uploader.client.send(resetStream(id));
  }
});

test('what was held for streams that ended is given back', async (t) => {
  const uploader = await startFor(t, 'app.test');
  for (let id = 1; id < UPLOADS * 2; id += 2) {
    // Until a tunnel is there, nothing of it is taken.
    uploader.client.request(id, CONNECT, false);
    await uploader.upload(id, UPLOAD_BYTES);
    uploader.client.send(resetStream(id));
  }
});

test('what comes for streams that were answered is given back', async (t) => {
  const uploader = await startFor(t, 'other.test');
  for (let id = 1; id < UPLOADS * 2; id += 2) {
    uploader.client.request(id, request('POST', '/'), false);
    assert.equal((await uploader.client.answer(id)).status, 404);
    await uploader.upload(id, UPLOAD_BYTES);
  }
});

test('a PING for each DATA of an upload is no flood', async (t) => {
  const upstream = await startUpstream(t, (incoming, response) => {
    incoming.resume().on('end', () => response.end('taken'));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const { client } = await start(t, proxy);
  client.request(1, request('POST', '/'), false);
  const pair = Buffer.concat([data(1, 'x'), frame(FrameType.Ping, 0, 0, '12345678')]);
  client.send(Buffer.alloc(2_000 * pair.length, pair), data(1, '', true));
  assert.equal((await client.answer(1)).status, 200);
  client.request(3, get('/'));
  assert.equal((await client.answer(3)).status, 200);
  assert.equal(proxy.limits.size, 0);
});
