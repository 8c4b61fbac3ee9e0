import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../byte-writer.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';

type Field = readonly [name: string, value: string, isSensitive?: boolean];

function encode(encoder: HpackEncoder, fields: readonly Field[]): Buffer {
  const out = new ByteWriter();
  for (const [name, value, isSensitive] of fields) encoder.field(out, name, value, isSensitive);
  return out.take();
}

function decode(decoder: HpackDecoder, block: Buffer): Field[] {
  const fields: Field[] = [];
  const result = decoder.decode(block, 0, block.length, 1_000_000, (name, value) => {
    fields.push([name, value]);
  });
  assert.equal(result, 'ok');
  return fields;
}

function hex(encoder: HpackEncoder, name: string, value: string, isSensitive = false): string {
  return encode(encoder, [[name, value, isSensitive]]).toString('hex');
}

test('HPACK encoder: a field of the static table is one octet', () => {
  const encoder = new HpackEncoder();
  assert.equal(hex(encoder, ':method', 'GET'), '82');
  assert.equal(hex(encoder, 'accept-encoding', 'gzip, deflate'), '90');
  assert.equal(hex(encoder, ':status', '500'), '8e');
});

test('HPACK encoder: a field that came before is one octet', () => {
  const encoder = new HpackEncoder();
  hex(encoder, 'server', 'a');
  hex(encoder, 'x-own', 'b');
  assert.equal(hex(encoder, 'server', 'a'), 'bf');
  assert.equal(hex(encoder, 'x-own', 'b'), 'be');
});

for (const { name, value, first } of [
  { name: 'authorization', value: 'Basic YTpi', first: '1f08' },
  { name: 'proxy-authorization', value: 'Basic YTpi', first: '1f22' },
  { name: 'set-cookie', value: 'session=0123456789abcdef', first: '1f28' },
  { name: 'cookie', value: 'id=1234567890123456', first: '1f11' },
]) {
  test(`HPACK encoder: ${name}: ${value} is never indexed`, () => {
    const encoder = new HpackEncoder();
    const once = hex(encoder, name, value);
    assert.ok(once.startsWith(first), once);
    assert.equal(hex(encoder, name, value), once);
  });
}

test('HPACK encoder: a longer cookie is indexed', () => {
  const encoder = new HpackEncoder();
  hex(encoder, 'cookie', 'session=0123456789abcdef');
  assert.equal(hex(encoder, 'cookie', 'session=0123456789abcdef'), 'be');
});

test('HPACK encoder: what came as sensitive goes on as such, known or not', () => {
  const encoder = new HpackEncoder();
  assert.equal(hex(encoder, 'x-key', 'k', true), '1005782d6b6579016b');
  assert.equal(hex(encoder, ':method', 'GET', true), '1203474554');
  hex(encoder, 'x-key', 'other');
  assert.equal(hex(encoder, 'x-key', 'k', true), '1f2f016b');
});

test('HPACK encoder: a path is indexed when it comes twice in a row', () => {
  const encoder = new HpackEncoder();
  assert.equal(hex(encoder, ':path', '/a'), '04022f61');
  assert.equal(hex(encoder, ':path', '/b'), '04022f62');
  assert.ok(hex(encoder, ':path', '/b').startsWith('44'));
  assert.equal(hex(encoder, ':path', '/b'), 'be');
});

test('HPACK encoder: of values that differ each time only the first fills the table', () => {
  const encoder = new HpackEncoder();
  hex(encoder, 'x-request-id', '0000');
  for (let turn = 1; turn < 500; turn++) {
    const value = String(turn).padStart(4, '0');
    assert.ok(hex(encoder, 'x-request-id', value).startsWith('0f2f04'));
  }
  assert.equal(hex(encoder, 'x-request-id', '0000'), 'be');
});

test('HPACK encoder: what would fill a good part of the table is not indexed', () => {
  const encoder = new HpackEncoder();
  const fields: Field[] = [['x-large', 'x'.repeat(2_000)]];
  const block = encode(encoder, fields);
  assert.equal(block[0], 0x00);
  assert.deepEqual(encode(encoder, fields), block);
});

for (const { name, sizes, starts } of [
  { name: 'smaller', sizes: [100], starts: '3f4582' },
  { name: 'nothing at all', sizes: [0], starts: '2082' },
  { name: 'down and up again', sizes: [0, 4096], starts: '203fe11f82' },
  { name: 'down, further down and up', sizes: [200, 50, 100], starts: '3f133f4582' },
  { name: 'larger than we want', sizes: [65_536], starts: '82' },
  { name: 'down and up beyond what we want', sizes: [64, 65_536], starts: '3f213fe11f82' },
]) {
  test(`HPACK encoder: told of a table ${name}, it says so once, before the first field`, () => {
    const encoder = new HpackEncoder();
    for (const bytes of sizes) encoder.setMaxTableBytes(bytes);
    assert.equal(hex(encoder, ':method', 'GET'), starts);
    assert.equal(hex(encoder, ':method', 'GET'), '82');
  });
}

test('HPACK encoder: with a table of nothing no field is indexed', () => {
  const encoder = new HpackEncoder();
  hex(encoder, 'x-own', 'b');
  encoder.setMaxTableBytes(0);
  hex(encoder, ':method', 'GET');
  const block = hex(encoder, 'x-own', 'b');
  assert.ok(block.startsWith('00'), block);
  assert.equal(hex(encoder, 'x-own', 'b'), block);
});

const name = fc.oneof(
  fc.constantFrom(
    ':path',
    ':status',
    'date',
    'cookie',
    'set-cookie',
    'etag',
    'server',
    'x-a',
    'x-b',
    'x-request-id',
  ),
  fc.stringMatching(/^[a-z0-9-]{1,12}$/),
);
const latin1 = fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some).toString('latin1'));
const value = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '200',
    'a',
    'b',
    'session=0123456789abcdef',
    'x'.repeat(300),
    '0'.repeat(1_200),
  ),
  latin1,
);
const field = fc.tuple(name, value, fc.boolean());
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ fields: fc.array(field, { minLength: 1, maxLength: 10 }) }) },
  { weight: 1, arbitrary: fc.record({ tableBytes: fc.constantFrom(0, 40, 100, 500, 4096) }) },
);

test('HPACK: what our encoder writes our decoder reads, over many blocks and table sizes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(4096);
      for (const { fields, tableBytes } of steps as { fields?: Field[]; tableBytes?: number }[]) {
        if (tableBytes !== undefined) encoder.setMaxTableBytes(tableBytes);
        if (fields === undefined) continue;
        const plain = fields.map(([name, value]) => [name, value]);
        assert.deepEqual(decode(decoder, encode(encoder, fields)), plain);
      }
    }),
    { numRuns: 10_000 },
  );
});
