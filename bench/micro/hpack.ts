import { ByteWriter } from '../../src/dataplane/http2/byte-writer.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../src/dataplane/http2/hpack/encoder.ts';
import type { MicroCase } from './harness.ts';

type Fields = readonly (readonly [name: string, value: string])[];

const request: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'site-7.bench.example'],
  [':path', '/api/v1/orders?page=2'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64)'],
  ['accept', 'text/html,application/xhtml+xml'],
  ['accept-language', 'en,de;q=0.5'],
  ['accept-encoding', 'gzip, br'],
  ['cookie', 'session=0123456789abcdef'],
];
const answer: Fields = [
  [':status', '200'],
  ['date', 'Wed, 07 Oct 2026 13:55:36 GMT'],
  ['content-type', 'text/plain'],
  ['content-length', '128'],
  ['cache-control', 'no-store'],
  ['strict-transport-security', 'max-age=31536000; includeSubDomains'],
];
const ids = Array.from({ length: 1_000 }, (_, turn) => turn.toString(16).padStart(32, '0'));

function encode(encoder: HpackEncoder, fields: Fields, id: string, out: ByteWriter): void {
  for (const [name, value] of fields) encoder.field(out, name, value);
  encoder.field(out, 'x-request-id', id);
}

/** Blocks of one connection: the first teaches the table, what follows repeats all but the id. */
function decodeCase(name: string, fields: Fields): MicroCase {
  const encoder = new HpackEncoder();
  const out = new ByteWriter();
  const [first = Buffer.alloc(0), ...blocks] = ids.map((id) => {
    encode(encoder, fields, id, out);
    return out.take();
  });
  const decoder = new HpackDecoder(4096);
  let last = '';
  const onField = (_: string, value: string): void => {
    last = value;
  };
  decoder.decode(first, 0, first.length, 16_384, onField);
  return {
    name,
    run(turn) {
      const block = blocks[turn % blocks.length] ?? first;
      decoder.decode(block, 0, block.length, 16_384, onField);
      return last;
    },
  };
}

function encodeCase(name: string, fields: Fields): MicroCase {
  const encoder = new HpackEncoder();
  const out = new ByteWriter();
  return {
    name,
    run(turn) {
      encode(encoder, fields, ids[turn % ids.length] ?? '', out);
      return turn % 10 === 0 ? out.take() : turn;
    },
  };
}

/** Header blocks on a connection that is in use, each with a request id that is new. */
export const hpackCases: readonly MicroCase[] = [
  decodeCase('HPACK: decode a request of 10 fields', request),
  decodeCase('HPACK: decode an answer of 7 fields', answer),
  encodeCase('HPACK: encode a request of 10 fields', request),
  encodeCase('HPACK: encode an answer of 7 fields', answer),
];
