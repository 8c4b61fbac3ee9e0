/** Our HPACK against nghttp2's, which node:http2 brings along: what one writes the other reads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  sensitiveHeaders,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { fieldList } from './field-lists.ts';
import {
  connectFramePeer,
  type FieldLines,
  type HeardFrame,
  type FramePeer,
} from './frame-peer.ts';

const AT_ONCE = 50;
/** Nothing is added to what the exchange says. */
const PLAIN = { endStream: true, sendDate: false };
const PSEUDO = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'a.example'],
  [':path', '/'],
] as const;

interface Exchange {
  readonly asked: FieldLines;
  readonly answered: FieldLines;
}

const pseudo = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'PROPFIND'),
  path: fc.oneof(
    fc.constantFrom('/', '/index.html', '/a', '/pkg.Service/Method'),
    fc.webPath().map((path) => `/${path}`),
  ),
  authority: fc.constantFrom('a.example', 'b.example:8080'),
  status: fc.constantFrom('200', '404', '302', '599'),
});
const exchange = fc
  .tuple(pseudo, fieldList, fieldList)
  .map(([{ method, path, authority, status }, asked, answered]): Exchange => ({
    asked: [
      [':method', method],
      [':scheme', 'http'],
      [':authority', authority],
      [':path', path],
      ...asked,
    ],
    answered: [[':status', status], ...answered],
  }));

/** A server of Node's that notes what it was asked and answers the stream's exchange. */
function startServer(
  t: TestContext,
  exchanges: readonly Exchange[],
  tableBytes: number,
): { server: Http2Server; asked: FieldLines[] } {
  const asked: FieldLines[] = [];
  const server = createServer({ settings: { headerTableSize: tableBytes } });
  server.on('stream', (stream: ServerHttp2Stream, _, __, rawHeaders) => {
    const index = ((stream.id ?? 0) - 1) / 2;
    asked[index] = pairs(rawHeaders);
    stream.on('error', () => undefined);
    stream.respond(exchanges[index]?.answered.flat() ?? [], PLAIN);
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  return { server, asked };
}

function pairs(flat: readonly string[]): FieldLines {
  const fields: [string, string][] = [];
  for (let at = 0; at < flat.length; at += 2) fields.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return fields;
}

/** Asks all, a good number at a time, and hands each answer on as it comes. */
async function askAll(
  peer: FramePeer,
  exchanges: readonly Exchange[],
  onAnswer: (index: number, fields: FieldLines) => void,
): Promise<void> {
  let next = 0;
  let left = exchanges.length;
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const ask = (): void => {
    const exchange = exchanges[next];
    if (exchange === undefined) return;
    peer.headers(next++ * 2 + 1, exchange.asked, Flag.EndStream);
  };
  peer.onHeard = ({ type, streamId, fields }) => {
    if (type === FrameType.RstStream || type === FrameType.Goaway)
      reject(new Error(`frame ${type} on ${streamId}`));
    if (fields === undefined) return;
    onAnswer((streamId - 1) / 2, fields);
    ask();
    left -= 1;
    if (left === 0) resolve(undefined);
  };
  peer.socket.on('close', () => {
    reject(new Error(`closed with ${left} exchanges left`));
  });
  for (let begun = 0; begun < AT_ONCE; begun++) ask();
  peer.flush();
  await promise;
}

for (const { runs, ours, theirs } of [
  { runs: 10_000, ours: 4096, theirs: 4096 },
  { runs: 1_000, ours: 256, theirs: 200 },
  { runs: 1_000, ours: 0, theirs: 0 },
  { runs: 1_000, ours: 4096, theirs: 65_536 },
]) {
  test(`HPACK and nghttp2 understand each other: tables of ${ours} and ${theirs} octets`, async (t) => {
    const seed = Math.floor(Math.random() * 0x7fff_ffff);
    t.diagnostic(`seed ${seed}, ${runs} exchanges`);
    const exchanges = fc.sample(exchange, { numRuns: runs, seed });
    const { server, asked } = startServer(t, exchanges, theirs);
    await once(server, 'listening');
    const peer = connectFramePeer((server.address() as AddressInfo).port, ours);
    t.after(() => peer.socket.destroy());
    await askAll(peer, exchanges, (index, fields) => {
      assert.deepEqual(asked[index], exchanges[index]?.asked, `seed ${seed}, exchange ${index}`);
      assert.deepEqual(fields, exchanges[index]?.answered, `seed ${seed}, exchange ${index}`);
    });
  });
}

test('HPACK and nghttp2 understand each other while the table shrinks and grows', async (t) => {
  const seed = Math.floor(Math.random() * 0x7fff_ffff);
  t.diagnostic(`seed ${seed}`);
  const exchanges = fc.sample(exchange, { numRuns: 1_000, seed });
  const { server, asked } = startServer(t, exchanges, 4096);
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session));
  await once(server, 'listening');
  const peer = connectFramePeer((server.address() as AddressInfo).port);
  t.after(() => peer.socket.destroy());
  await askAll(peer, exchanges, (index, fields) => {
    assert.deepEqual(asked[index], exchanges[index]?.asked, `seed ${seed}, exchange ${index}`);
    assert.deepEqual(fields, exchanges[index]?.answered, `seed ${seed}, exchange ${index}`);
    if (index % 20 !== 0) return;
    const sizes = [0, 4096, 100, 1_000, 64];
    sessions[0]?.settings({ headerTableSize: sizes[(index / 20) % sizes.length] ?? 0 });
  });
});

test('HPACK and nghttp2 tell each other what must never be indexed', async (t) => {
  const server = createServer();
  const asked = Promise.withResolvers<string[]>();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    asked.resolve((headers as Record<symbol, string[] | undefined>)[sensitiveHeaders] ?? []);
    stream.respond(
      { 'x-open': 'a', 'x-secret': 'b', [sensitiveHeaders]: ['x-secret'] },
      { endStream: true },
    );
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const peer = connectFramePeer((server.address() as AddressInfo).port);
  t.after(() => peer.socket.destroy());
  const answered = Promise.withResolvers<HeardFrame>();
  peer.onHeard = (frame) => {
    if (frame.type === FrameType.Headers) answered.resolve(frame);
  };
  const fields = [
    ...PSEUDO,
    ['authorization', 'Basic YTpi'],
    ['cookie', 'a=b'],
    ['x-open', 'c'],
  ] as const;
  peer.headers(1, fields, Flag.EndStream);
  peer.flush();
  assert.deepEqual(await asked.promise, ['authorization', 'cookie']);
  const { payload } = await answered.promise;
  const sensitive: string[] = [];
  const decoder = new HpackDecoder(4096);
  decoder.decode(payload, 0, payload.length, 4096, (name, _, isSensitive) => {
    if (isSensitive) sensitive.push(name);
  });
  assert.deepEqual(sensitive, ['x-secret']);
});
