import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../byte-writer.ts';
import { createHuffmanCode } from './huffman-code.ts';
import { decodeHuffman, huffmanBytes, writeHuffman } from './huffman.ts';

const runs = { numRuns: 10_000 };
const latin1 = fc
  .uint8Array({ maxLength: 60 })
  .map((octets) => Buffer.from(octets).toString('latin1'));
const text = fc.oneof(latin1, fc.string({ maxLength: 60 }));

function encode(given: string): Buffer {
  const out = new ByteWriter();
  writeHuffman(out, given);
  return out.take();
}

function decode(bytes: Buffer): string | undefined {
  return decodeHuffman(bytes, 0, bytes.length);
}

/** The same, bit by bit, as RFC 7541 §5.2 puts it. */
function decodeByTheLetter(bytes: Buffer): string | undefined {
  const { codes, bits } = createHuffmanCode();
  const octets = new Map<string, number>();
  codes.forEach((code, octet) =>
    octets.set(code.toString(2).padStart(bits[octet] ?? 0, '0'), octet),
  );
  let result = '';
  let pending = '';
  for (const bit of [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')) {
    pending += bit;
    const octet = octets.get(pending);
    if (octet !== undefined) {
      result += String.fromCharCode(octet);
      pending = '';
    } else if (pending.length >= 30) {
      return undefined;
    }
  }
  return pending.length < 8 && !pending.includes('0') ? result : undefined;
}

test('Huffman: every octet has its code, and all codes but EOS are used up', () => {
  const { codes, bits } = createHuffmanCode();
  const share = bits.reduce((sum, width) => sum + 2 ** -width, 0);
  assert.equal(share, 1 - 2 ** -30);
  assert.deepEqual([codes[48], bits[48]], [0x0, 5]);
  assert.deepEqual([codes[33], bits[33]], [0x3f8, 10]);
  assert.deepEqual([codes[0], bits[0]], [0x1ff8, 13]);
  assert.deepEqual([codes[249], bits[249]], [0xffffffe, 28]);
  assert.deepEqual([codes[22], bits[22]], [0x3ffffffe, 30]);
});

test('Huffman: what is written is read again, in as many octets as was said', () => {
  fc.assert(
    fc.property(text, (given) => {
      const bytes = encode(given);
      assert.equal(bytes.length, huffmanBytes(given));
      assert.equal(decode(bytes), Buffer.from(given, 'latin1').toString('latin1'));
    }),
    runs,
  );
});

test('Huffman: all pairs of octets, written and read', () => {
  for (let first = 0; first < 256; first++) {
    let given = '';
    for (let second = 0; second < 256; second++) given += String.fromCharCode(first, second);
    assert.equal(decode(encode(given)), given);
  }
});

test('Huffman: the machine and the letter of the RFC agree on any octets', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 16 }),
    fc.array(fc.constantFrom(0xff, 0xfe, 0x00, 0x1f, 0xf8), { maxLength: 6 }),
    text.map((given) => [...encode(given)]),
  );
  fc.assert(
    fc.property(octets, (some) => {
      const bytes = Buffer.from(some);
      assert.equal(decode(bytes), decodeByTheLetter(bytes));
    }),
    runs,
  );
});

for (const { name, hex, given } of [
  { name: 'nothing is the empty text', hex: '', given: '' },
  { name: 'seven bits of padding', hex: '0000007f', given: '00000' },
  { name: 'a whole octet of padding', hex: '07ff', given: undefined },
  { name: 'padding with a zero', hex: '00', given: undefined },
  { name: 'three ones of padding', hex: '07', given: '0' },
  { name: 'EOS', hex: 'ffffffff', given: undefined },
  { name: 'EOS behind a letter', hex: '1fffffffff', given: undefined },
  { name: 'half of a long code', hex: 'ffff', given: undefined },
]) {
  test(`Huffman: ${name}`, () => {
    assert.equal(decode(Buffer.from(hex, 'hex')), given);
  });
}

test('Huffman: a text longer than any before', () => {
  const given = '0'.repeat(100_000);
  assert.equal(decode(encode(given)), given);
});
