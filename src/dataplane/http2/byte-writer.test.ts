import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.ts';

test('byte writer: numbers are written with their first octet first', () => {
  const out = new ByteWriter();
  out.u8(0x01);
  out.u16(0x0203);
  out.u24(0x040506);
  out.u32(0x87654321);
  assert.equal(out.take().toString('hex'), '01020304050687654321');
});

test('byte writer: octets that stand already are replaced', () => {
  const out = new ByteWriter();
  out.u24(0);
  out.latin1('abc');
  out.patchU24(0, 0x010203);
  out.patchU8(3, 0x7a);
  assert.equal(out.take().toString('latin1'), '\x01\x02\x03zbc');
});

test('byte writer: what is not written can not be replaced', () => {
  const out = new ByteWriter();
  assert.throws(() => {
    out.patchU8(0, 1);
  }, RangeError);
  out.u8(1);
  assert.throws(() => {
    out.patchU24(0, 1);
  }, RangeError);
});

test('byte writer: what was taken stays as it is', () => {
  const out = new ByteWriter();
  out.latin1('first');
  const first = out.take();
  assert.equal(out.length, 0);
  out.latin1('other');
  assert.equal(out.take().toString(), 'other');
  assert.equal(first.toString(), 'first');
  assert.equal(out.take().length, 0);
});

test('byte writer: any sequence of writes reads as one', () => {
  const octets = fc.uint8Array({ maxLength: 2_000 }).map((some) => Buffer.from(some));
  const write = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), octets }),
    fc.record({ kind: fc.constant('bytes' as const), octets }),
    fc.record({ kind: fc.constant('reserved' as const), octets }),
  );
  fc.assert(
    fc.property(fc.array(write, { maxLength: 20 }), (writes) => {
      const out = new ByteWriter();
      for (const { kind, octets } of writes) {
        if (kind === 'text') out.latin1(octets.toString('latin1'));
        else if (kind === 'bytes') out.bytes(octets, 0, octets.length);
        else {
          octets.copy(out.reserve(octets.length), out.length);
          out.advance(octets.length);
        }
      }
      assert.ok(out.take().equals(Buffer.concat(writes.map(({ octets }) => octets))));
    }),
    { numRuns: 1_000 },
  );
});
