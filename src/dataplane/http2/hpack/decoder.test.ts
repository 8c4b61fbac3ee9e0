import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder, type DecodeResult } from './decoder.ts';

const AMPLE = 1_000_000;

interface Decoded {
  readonly result: DecodeResult;
  readonly fields: readonly string[];
}

function decode(decoder: HpackDecoder, hex: string, maxListBytes = AMPLE): Decoded {
  const fields: string[] = [];
  // Octets around the block must not be looked at.
  const block = Buffer.from(`be${hex}be`, 'hex');
  const result = decoder.decode(block, 1, block.length - 1, maxListBytes, (name, value) => {
    fields.push(`${name}: ${value}`);
  });
  return { result, fields };
}

function hexOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

for (const { name, hex } of [
  { name: 'index 0', hex: '80' },
  { name: 'an index into an empty table', hex: 'be' },
  { name: 'an index that is far off', hex: 'ffffffff7f' },
  { name: 'an index that does not end', hex: 'ffff' },
  { name: 'a name from an empty table', hex: '7e0161' },
  { name: 'a literal without name', hex: '40' },
  { name: 'a literal without value', hex: '400161' },
  { name: 'a name that ends beyond the block', hex: '40026101' },
  { name: 'a value that ends beyond the block', hex: '4001610262' },
  { name: 'a length without end', hex: '4001617fffffffffff7f' },
  { name: 'Huffman code with a wrong padding', hex: '4001618100' },
  { name: 'Huffman code with EOS', hex: '40016184ffffffff' },
  { name: 'a table size over what was advertised', hex: '3fe21f' },
  { name: 'a table size behind a field', hex: '823fe11f' },
  { name: 'a table size that does not end', hex: '3fff' },
]) {
  test(`HPACK decoder: ${name} is an error`, () => {
    assert.equal(decode(new HpackDecoder(4096), hex).result, 'compression-error');
  });
}

for (const { name, hex, fields } of [
  { name: 'an empty block', hex: '', fields: [] },
  { name: 'an empty name and value', hex: '400000', fields: [': '] },
  { name: 'an empty value in Huffman code', hex: '40016180', fields: ['a: '] },
  { name: 'octets as latin1', hex: '000161' + '03ff0080', fields: ['a: \xff\0\x80'] },
  { name: 'the last static field', hex: 'bd', fields: ['www-authenticate: '] },
  { name: 'table sizes up to the limit', hex: '203fe11f82', fields: [':method: GET'] },
]) {
  test(`HPACK decoder: ${name}`, () => {
    assert.deepEqual(decode(new HpackDecoder(4096), hex), { result: 'ok', fields });
  });
}

test('HPACK decoder: the newest entry has the lowest index, the oldest goes first', () => {
  const decoder = new HpackDecoder(3 * 34);
  const literals = ['a1', 'b2', 'c3'].map(
    (pair) => `4001${hexOf(pair[0] ?? '')}01${hexOf(pair[1] ?? '')}`,
  );
  assert.deepEqual(decode(decoder, `${literals.join('')}c0bfbe`).fields.slice(3), [
    'a: 1',
    'b: 2',
    'c: 3',
  ]);
  assert.deepEqual(decode(decoder, `4001640134c0bfbe`).fields.slice(1), ['b: 2', 'c: 3', 'd: 4']);
  assert.equal(decode(decoder, 'c1').result, 'compression-error');
});

test('HPACK decoder: an entry may take its name from the one that it pushes out', () => {
  const decoder = new HpackDecoder(40);
  assert.deepEqual(decode(decoder, '4001610131' + '7e0132' + 'be').fields, [
    'a: 1',
    'a: 2',
    'a: 2',
  ]);
});

test('HPACK decoder: an entry larger than the table empties it, which is no error', () => {
  const decoder = new HpackDecoder(40);
  const large = `4001620a${hexOf('0123456789')}`;
  assert.deepEqual(decode(decoder, `4001610131${large}`).result, 'ok');
  assert.equal(decoder.tableBytes, 0);
  assert.equal(decode(decoder, 'be').result, 'compression-error');
});

test('HPACK decoder: a smaller table evicts, and grows again empty', () => {
  const decoder = new HpackDecoder(4096);
  assert.equal(decode(decoder, '4001610131').result, 'ok');
  assert.equal(decode(decoder, '203fe11f').result, 'ok');
  assert.equal(decoder.tableBytes, 0);
  assert.equal(decode(decoder, '4001610131be').result, 'ok');
});

test('HPACK decoder: the ring keeps its order over many entries', () => {
  const decoder = new HpackDecoder(4096);
  const expected: string[] = [];
  for (let turn = 0; turn < 1_000; turn++) {
    const value = String(turn).padStart(4, '0');
    assert.equal(decode(decoder, `40016104${hexOf(value)}`).result, 'ok');
    expected.unshift(`a: ${value}`);
    expected.length = Math.min(expected.length, Math.floor(4096 / 37));
    if (turn % 7 !== 0) continue;
    const all = expected.map((_, entry) =>
      entry < 65 ? (0xbe + entry).toString(16) : `ff${(entry - 65).toString(16).padStart(2, '0')}`,
    );
    assert.deepEqual(decode(decoder, all.join('')).fields, expected);
  }
});

test('HPACK decoder: fields over the limit are not given, the table stays in step', () => {
  const decoder = new HpackDecoder(4096);
  const first = decode(decoder, '4001610131' + '4001620132' + '4001630133', 34 * 2);
  assert.deepEqual(first, { result: 'list-too-large', fields: ['a: 1', 'b: 2'] });
  assert.deepEqual(decode(decoder, 'be', 34), { result: 'ok', fields: ['c: 3'] });
});

test('HPACK decoder: a bomb of references is cut at the limit', () => {
  const decoder = new HpackDecoder(4096);
  const bomb = `4001617fa11e${hexOf('x'.repeat(4_000))}${'be'.repeat(60_000)}`;
  const begun = performance.now();
  const { result, fields } = decode(decoder, bomb, 32_768);
  assert.equal(result, 'list-too-large');
  assert.equal(fields.length, 8);
  assert.ok(performance.now() - begun < 500);
});

test('HPACK decoder: says what must never be indexed', () => {
  const given: boolean[] = [];
  const block = Buffer.from('0001610131' + '1001610131' + '4001610131' + 'be', 'hex');
  new HpackDecoder(4096).decode(block, 0, block.length, AMPLE, (_, __, isSensitive) => {
    given.push(isSensitive);
  });
  assert.deepEqual(given, [false, true, false, false]);
});

/** Pieces of blocks, valid and not: what random octets alone would seldom reach. */
const piece = fc.constantFrom(
  ...[
    '82',
    'be',
    'bf',
    'ff00',
    '40',
    '4001610131',
    '0001610131',
    '1001610131',
    '7e0131',
    '20',
    '3fe11f',
  ],
  ...[
    '418cf1e3c2e5f23a6ba0ab90f4ff',
    '5886a8eb10649cbf',
    'ffffffff7f',
    '80',
    '3f',
    '7f',
    '84ffffffff',
  ],
);
const block = fc
  .array(
    fc.oneof(
      piece,
      fc.uint8Array({ maxLength: 4 }).map((some) => Buffer.from(some).toString('hex')),
    ),
    {
      maxLength: 12,
    },
  )
  .map((pieces) => pieces.join(''));

test('HPACK decoder: no octets make it throw, or its table outgrow its bounds', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 4 }), (blocks) => {
      const decoder = new HpackDecoder(200);
      for (const hex of blocks) {
        const { result, fields } = decode(decoder, hex, 300);
        const listBytes = fields.reduce((sum, field) => sum + field.length - 2 + 32, 0);
        assert.ok(listBytes <= 300);
        assert.ok(decoder.tableBytes <= 200);
        if (result === 'compression-error') break;
      }
    }),
    { numRuns: 10_000 },
  );
});
