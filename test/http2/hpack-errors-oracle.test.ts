/** What our decoder takes for an error nghttp2 does too, and the reverse: header blocks that somebody tampered with. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../src/dataplane/http2/byte-writer.ts';
import {
  ErrorCode,
  Flag,
  FrameType,
  writeFrameHeader,
  writePing,
} from '../../src/dataplane/http2/frames.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../src/dataplane/http2/hpack/encoder.ts';
import { fieldList } from './field-lists.ts';
import { connectFramePeer, type FieldLines } from './frame-peer.ts';

const RUNS = 2_000;
/** :method: GET, :scheme: http, :path: /, :authority: a */
const REQUEST = Buffer.from('828684' + '410161', 'hex');

function encode(fields: FieldLines): Buffer {
  const out = new ByteWriter();
  const encoder = new HpackEncoder();
  for (const [name, value] of fields) encoder.field(out, name, value);
  return out.take();
}

const piece = fc
  .constantFrom(
    ...[
      'be',
      'bf',
      'ff00',
      'ff01',
      '4001610131',
      '0001610131',
      '1001610131',
      '7e0131',
      '7f000131',
      '5e',
    ],
    ...[
      '20',
      '3fe11f',
      '3fe21f',
      '80',
      '400000',
      '4001618107',
      '40016181ff',
      '40016182ffff',
      '400161821fff',
    ],
    ...[
      '40016184ffffffff',
      '0f',
      '0f00',
      '41',
      '4100',
      '4180',
      '0f2f0161',
      '3f',
      '7f',
      'ff',
      'ff8000',
      'bd',
      'fe',
    ],
  )
  .map((hex) => Buffer.from(hex, 'hex'));
const damaged = fc
  .tuple(fieldList, fc.nat(), fc.nat(255), fc.boolean())
  .map(([fields, at, octet, isCut]) => {
    const block = encode(fields);
    const position = at % (block.length + 1);
    if (isCut) return block.subarray(0, position);
    if (position < block.length) block[position] = octet;
    return block;
  });
const random = fc.uint8Array({ maxLength: 8 }).map((octets) => Buffer.from(octets));
const tail = fc
  .array(fc.oneof({ weight: 3, arbitrary: piece }, { weight: 2, arbitrary: damaged }, random), {
    maxLength: 5,
  })
  .map((pieces) => Buffer.concat(pieces));

function isErrorForUs(block: Buffer): boolean {
  const decoder = new HpackDecoder(4096);
  return decoder.decode(block, 0, block.length, 65_536, () => undefined) === 'compression-error';
}

/** On a connection of its own: whether the server ends it for its compression. */
async function isErrorForNghttp2(port: number, block: Buffer): Promise<boolean> {
  const peer = connectFramePeer(port);
  const heard = Promise.withResolvers<boolean>();
  peer.onHeard = ({ type, flags, payload }) => {
    if (type === FrameType.Goaway)
      heard.resolve(payload.readUInt32BE(4) === ErrorCode.CompressionError);
    if (type === FrameType.Ping && (flags & Flag.Ack) !== 0) heard.resolve(false);
  };
  peer.socket.on('close', () => {
    heard.reject(new Error('closed without a word'));
  });
  writeFrameHeader(peer.out, block.length, FrameType.Headers, Flag.EndHeaders | Flag.EndStream, 1);
  peer.out.bytes(block, 0, block.length);
  writePing(peer.out, Flag.None, Buffer.alloc(8));
  peer.flush();
  try {
    return await heard.promise;
  } finally {
    peer.socket.destroy();
  }
}

test('HPACK: nghttp2 and we agree what is an error', async (t) => {
  const server = createServer({ settings: { headerTableSize: 4096 } });
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined);
    stream.respond({}, { endStream: true });
  });
  server.on('sessionError', () => undefined);
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let errors = 0;
  const property = fc.asyncProperty(tail, async (tail) => {
    const block = Buffer.concat([REQUEST, tail]);
    const isError = isErrorForUs(block);
    if (isError) errors += 1;
    assert.equal(await isErrorForNghttp2(port, block), isError, block.toString('hex'));
  });
  await fc.assert(property, { numRuns: RUNS });
  t.diagnostic(`${errors} of ${RUNS} blocks were errors`);
  assert.ok(errors > RUNS / 10 && errors < RUNS * 0.9);
});
