import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, Flag, FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { assertServesOn, startProbe } from '../blackbox/wire/probe.ts';
import {
  connectHttp2,
  data,
  frame,
  get,
  headerBlock,
  request,
  resetStream,
  settings,
  u32,
  windowUpdate,
  type FrameClient,
} from './frame-client.ts';

interface Flood {
  readonly name: string;
  readonly limit: string;
  /** More of these than anybody has a reason to send. */
  readonly run: (client: FrameClient) => void;
}

function repeat(times: number, bytes: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: times }, (_, index) => bytes(index)));
}

const BLOCK = headerBlock(get('/'));
const HALF_BLOCK = frame(FrameType.Headers, Flag.EndStream, 1, BLOCK);

/** security.md 8.4: each ends the session with ENHANCE_YOUR_CALM, is counted, and leaves others alone. */
const FLOODS: readonly Flood[] = [
  {
    name: 'rapid reset (CVE-2023-44487)',
    limit: 'http2-resets',
    run: (client) => {
      client.send(
        repeat(1_100, (index) => {
          const id = index * 2 + 1;
          return Buffer.concat([frame(FrameType.Headers, 5, id, BLOCK), resetStream(id)]);
        }),
      );
    },
  },
  {
    name: 'made you reset (CVE-2025-8671), by a window update of nothing',
    limit: 'http2-resets',
    run: (client) => {
      client.send(
        repeat(1_100, (index) => {
          const id = index * 2 + 1;
          return Buffer.concat([frame(FrameType.Headers, 5, id, BLOCK), windowUpdate(id, 0)]);
        }),
      );
    },
  },
  {
    name: 'made you reset, by malformed requests',
    limit: 'http2-resets',
    run: (client) => {
      const bad = headerBlock(get('/', ['X', 'y']));
      client.send(repeat(1_100, (index) => frame(FrameType.Headers, 5, index * 2 + 1, bad)));
    },
  },
  {
    name: 'made you reset, by streams beyond the limit',
    limit: 'http2-resets',
    run: (client) => {
      const post = headerBlock(request('POST', '/'));
      client.send(repeat(1_300, (index) => frame(FrameType.Headers, 4, index * 2 + 1, post)));
    },
  },
  {
    name: 'resets and made resets together',
    limit: 'http2-resets',
    run: (client) => {
      client.send(
        repeat(1_100, (index) => {
          const id = index * 2 + 1;
          const cut = index % 2 === 0 ? resetStream(id) : windowUpdate(id, 0);
          return Buffer.concat([frame(FrameType.Headers, 5, id, BLOCK), cut]);
        }),
      );
    },
  },
  {
    name: 'CONTINUATION that goes on (CVE-2024-27316)',
    limit: 'http2-continuations',
    run: (client) => {
      client.send(
        HALF_BLOCK,
        repeat(70, () => frame(FrameType.Continuation, 0, 1, '\x10\x01x\x01y')),
      );
    },
  },
  {
    name: 'CONTINUATION that is large',
    limit: 'http2-continuations',
    run: (client) => {
      const large = frame(FrameType.Continuation, 0, 1, 'a'.repeat(16_384));
      client.send(
        HALF_BLOCK,
        repeat(5, () => large),
      );
    },
  },
  {
    name: 'SETTINGS (CVE-2019-9515)',
    limit: 'http2-settings',
    run: (client) => {
      client.send(repeat(200, () => settings([SettingId.EnablePush, 0])));
    },
  },
  {
    name: 'acknowledgements of SETTINGS',
    limit: 'http2-settings',
    run: (client) => {
      client.send(repeat(200, () => frame(FrameType.Settings, Flag.Ack, 0)));
    },
  },
  {
    name: 'PING (CVE-2019-9512)',
    limit: 'http2-pings',
    run: (client) => {
      client.send(repeat(1_200, () => frame(FrameType.Ping, 0, 0, '12345678')));
    },
  },
  {
    name: 'empty DATA (CVE-2019-9518)',
    limit: 'http2-empty-frames',
    run: (client) => {
      client.request(1, request('POST', '/'), false);
      client.send(repeat(200, () => data(1, '')));
    },
  },
  {
    name: 'DATA of padding alone',
    limit: 'http2-empty-frames',
    run: (client) => {
      client.request(1, request('POST', '/'), false);
      client.send(repeat(200, () => frame(FrameType.Data, Flag.Padded, 1, '\x04abcd')));
    },
  },
  {
    name: 'PRIORITY (CVE-2019-9513)',
    limit: 'http2-ignored-frames',
    run: (client) => {
      client.send(
        repeat(1_200, (index) => frame(FrameType.Priority, 0, 2 * index + 1, `${u32(0)}a`)),
      );
    },
  },
  {
    name: 'frames of unknown types',
    limit: 'http2-ignored-frames',
    run: (client) => {
      client.send(repeat(1_200, () => frame(0xbe, 0, 0, 'abc')));
    },
  },
  {
    name: 'WINDOW_UPDATE for nothing',
    limit: 'http2-window-updates',
    run: (client) => {
      client.send(repeat(2_200, () => windowUpdate(0, 1)));
    },
  },
];

const CUT = Buffer.concat([
  frame(FrameType.Headers, Flag.EndHeaders, 1, headerBlock(request('POST', '/'))),
  windowUpdate(1, 0),
]);

/** On a stream that we reset: what was on its way is passed over, but only that. */
const LATE: readonly Flood[] = [
  {
    name: 'ends of a stream that was reset',
    limit: 'http2-resets',
    run: (client) => {
      client.send(
        CUT,
        repeat(2_300, () => data(1, '', true)),
      );
    },
  },
  {
    name: 'HEADERS on a stream that was reset',
    limit: 'http2-ignored-frames',
    run: (client) => {
      client.send(
        CUT,
        repeat(1_200, () => frame(FrameType.Headers, Flag.EndHeaders, 1, BLOCK)),
      );
    },
  },
];

for (const { name, limit, run } of [...FLOODS, ...LATE]) {
  test(`flood: ${name}`, async (t) => {
    const { proxy } = await startProbe(t, {
      settings: { client: { requestsPerConnection: 100_000 } },
    });
    const client = await connectHttp2(t, proxy.httpPort);
    run(client);
    assert.equal((await client.ended()).code, ErrorCode.EnhanceYourCalm);
    assert.equal(proxy.limits.get(limit), 1);
    await assertServesOn(t, proxy);
  });
}

test('the ends of streams that were reset are passed over, however many', async (t) => {
  const { proxy } = await startProbe(t, {
    settings: { client: { requestsPerConnection: 100_000 } },
    virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 1 }] }],
  });
  const client = await connectHttp2(t, proxy.httpPort);
  client.send(windowUpdate(0, 1_000_000));
  for (let id = 1; id < 3_001; id += 2) {
    client.request(id, request('POST', '/', ['content-length', '2']), false);
    await client.answer(id);
    client.send(data(id, 'xx', true));
  }
  client.request(3_001, get('/'));
  assert.equal((await client.answer(3_001)).status, 200);
});

interface Reader {
  readonly name: string;
  readonly windowBytes: number;
  readonly bodyBytes: number;
  /** One WINDOW_UPDATE of the stream and one of the connection for so much. */
  readonly readBytes: number;
}

const READERS: readonly Reader[] = [
  { name: '4 KiB reads', windowBytes: 1_000_000, bodyBytes: 50_000_000, readBytes: 4_096 },
  { name: '1 KiB reads', windowBytes: 65_535, bodyBytes: 10_000_000, readBytes: 1_024 },
  { name: 'a window of 1,000 bytes', windowBytes: 1_000, bodyBytes: 800_000, readBytes: 1_000 },
  { name: 'reads of 1 byte', windowBytes: 65_535, bodyBytes: 50_000, readBytes: 1 },
];

/** Says for each so many bytes of stream 1 that it read them. Ends with the stream, or the connection. */
async function readBy(client: FrameClient, { bodyBytes, readBytes }: Reader): Promise<void> {
  let returned = 0;
  const stream = client.stream(1);
  const isOver = (): boolean => stream.body.length === bodyBytes || client.goaways.length > 0;
  while (!isOver()) {
    await client.until(() => stream.body.length - returned >= readBytes || isOver());
    const reads = Math.floor((stream.body.length - returned) / readBytes);
    returned += reads * readBytes;
    const updates = Buffer.concat([windowUpdate(1, readBytes), windowUpdate(0, readBytes)]);
    client.send(Buffer.alloc(reads * updates.length, updates));
  }
}

for (const reader of READERS) {
  const isFlood = reader.readBytes === 1;
  test(`WINDOW_UPDATE for each of ${reader.name}: ${isFlood ? 'a' : 'no'} flood`, async (t) => {
    const upstream = await startUpstream(t, (_, response) => {
      response.end(Buffer.alloc(reader.bodyBytes, 'x'));
    });
    const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
    const client = await connectHttp2(t, proxy.httpPort, {
      settings: [[SettingId.InitialWindowSize, reader.windowBytes]],
    });
    client.request(1, get('/'));
    await readBy(client, reader);
    if (isFlood) await client.ended();
    assert.equal(proxy.limits.get('http2-window-updates'), isFlood ? 1 : undefined);
  });
}

test('what is read long after it came is given back without a flood', async (t) => {
  const bodyBytes = 16_000_000;
  const upstream = await startUpstream(t, (_, response) => {
    response.end(Buffer.alloc(bodyBytes, 'x'));
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectHttp2(t, proxy.httpPort, {
    settings: [[SettingId.InitialWindowSize, bodyBytes]],
  });
  client.send(windowUpdate(0, bodyBytes));
  client.request(1, get('/'));
  await client.answer(1);
  client.send(
    repeat(bodyBytes / 4_000, () =>
      Buffer.concat([windowUpdate(1, 4_000), windowUpdate(0, 4_000)]),
    ),
  );
  client.request(3, request('HEAD', '/'));
  assert.equal((await client.answer(3)).status, 200);
  assert.equal(proxy.limits.size, 0);
});

test('a peer that takes its time may do all of that', async (t) => {
  const { proxy } = await startProbe(t);
  const client = await connectHttp2(t, proxy.httpPort);
  client.send(
    repeat(900, () => frame(FrameType.Ping, 0, 0, '12345678')),
    repeat(90, () => settings([SettingId.EnablePush, 0])),
    repeat(900, (index) => frame(FrameType.Priority, 0, 2 * index + 1, `${u32(0)}a`)),
    repeat(1_900, () => windowUpdate(0, 1)),
  );
  client.request(1, get('/'));
  assert.equal((await client.answer(1)).status, 200);
});

test('heads that nobody reads are not kept without end', async (t) => {
  const big = 'x'.repeat(12_000);
  const { proxy } = await startProbe(t, {
    settings: { client: { requestsPerConnection: 1_000_000 } },
    recording: { answer: () => `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Big: ${big}\r\n\r\n` },
  });
  const client = await connectHttp2(t, proxy.httpPort);
  client.socket.pause();
  // The kernel takes some megabytes of it.
  for (let batch = 0; batch < 50 && !proxy.limits.has('http2-unread-answers'); batch++) {
    for (let index = 0; index < 50; index++) {
      client.request((batch * 50 + index) * 2 + 1, request('HEAD', '/'));
    }
    for (let index = 0; index < 50; index++) await proxy.nextRecord();
  }
  assert.equal(proxy.limits.get('http2-unread-answers'), 1);
  await assertServesOn(t, proxy, 'clean.test');
});

test('a header block that decodes to much more than it is long is not kept', async (t) => {
  const { proxy } = await startProbe(t);
  const client = await connectHttp2(t, proxy.httpPort);
  // One large entry into the table, then a thousand references to it.
  const entry = `\x40\x03big\x7f\x81\x1e${'a'.repeat(4_000)}`;
  const bomb = entry + '\xbe'.repeat(12_000);
  const before = process.memoryUsage().rss;
  client.send(frame(FrameType.Headers, 5, 1, headerBlock(get('/')) + bomb));
  assert.equal((await client.answer(1)).status, 400);
  assert.ok(process.memoryUsage().rss - before < 32 * 1024 * 1024);
  assert.equal(proxy.limits.get('http2-header-list'), 1);
  await client.ended();
  await assertServesOn(t, proxy);
});
