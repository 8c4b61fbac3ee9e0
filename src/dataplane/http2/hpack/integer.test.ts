import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../byte-writer.ts';
import { BAD_INTEGER, readInteger, writeInteger } from './integer.ts';

const LARGEST = 0x0fff_ffff;

function read(hex: string, prefixBits: number): { value: number; at: number } {
  const bytes = Buffer.from(hex, 'hex');
  const cursor = { bytes, at: 0, end: bytes.length };
  return { value: readInteger(cursor, prefixBits), at: cursor.at };
}

for (const { name, hex, value } of [
  { name: 'nothing', hex: '', value: BAD_INTEGER },
  { name: 'a prefix that is all ones, and no more', hex: '1f', value: BAD_INTEGER },
  { name: 'continued without an end', hex: '1fffff', value: BAD_INTEGER },
  { name: 'a fifth octet after the prefix', hex: '1f8080808000', value: BAD_INTEGER },
  { name: 'far too large', hex: '1fffffffffffffffff7f', value: BAD_INTEGER },
  { name: 'the smallest that is continued', hex: '1f00', value: 31 },
  { name: 'leading zeros', hex: '1f80808000', value: 31 },
  { name: 'the largest', hex: '1fffffff7f', value: 31 + LARGEST },
  { name: 'bits before the prefix are not looked at', hex: 'ea', value: 10 },
]) {
  test(`integer: ${name}`, () => {
    assert.equal(read(hex, 5).value, value);
  });
}

test('integer: what is written is read again, and the cursor stands behind it', () => {
  const size = fc.oneof(fc.nat(LARGEST), fc.nat(300));
  fc.assert(
    fc.property(size, fc.integer({ min: 1, max: 8 }), (value, prefixBits) => {
      const out = new ByteWriter();
      writeInteger(out, 0, prefixBits, value);
      const hex = out.take().toString('hex');
      assert.deepEqual(read(`${hex}ff`, prefixBits), { value, at: hex.length / 2 });
    }),
    { numRuns: 10_000 },
  );
});

test('integer: the octets before the prefix keep their pattern', () => {
  const out = new ByteWriter();
  writeInteger(out, 0x40, 6, 62);
  writeInteger(out, 0x40, 6, 63);
  assert.equal(out.take().toString('hex'), '7e7f00');
});

test('integer: no octets make it throw, or read beyond the end', () => {
  const octets = fc.uint8Array({ maxLength: 12 });
  fc.assert(
    fc.property(octets, fc.integer({ min: 1, max: 8 }), (octets, prefixBits) => {
      const cursor = { bytes: Buffer.from(octets), at: 0, end: octets.length };
      const value = readInteger(cursor, prefixBits);
      assert.ok(value === BAD_INTEGER || (value >= 0 && value <= 255 + LARGEST));
      assert.ok(cursor.at <= cursor.end);
    }),
    { numRuns: 10_000 },
  );
});
