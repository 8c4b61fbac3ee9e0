/** The examples of RFC 7541 Appendix C, read by our decoder and, where the choices are the same, written by our encoder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../byte-writer.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { readInteger, writeInteger } from './integer.ts';

interface Step {
  readonly hex: string;
  readonly fields: readonly string[];
  readonly tableBytes: number;
}

const firstRequest = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const secondRequest = [...firstRequest, 'cache-control: no-cache'];
const thirdRequest = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
];
const firstAnswer = [
  ':status: 302',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:21 GMT',
  'location: https://www.example.com',
];
const secondAnswer = [':status: 307', ...firstAnswer.slice(1)];
const thirdAnswer = [
  ':status: 200',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:22 GMT',
  'location: https://www.example.com',
  'content-encoding: gzip',
  'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
];

const requestsInHuffmanCode: readonly Step[] = [
  { hex: '828684418cf1e3c2e5f23a6ba0ab90f4ff', fields: firstRequest, tableBytes: 57 },
  { hex: '828684be5886a8eb10649cbf', fields: secondRequest, tableBytes: 110 },
  {
    hex: '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    fields: thirdRequest,
    tableBytes: 164,
  },
];

const sequences: readonly {
  readonly name: string;
  readonly tableBytes: number;
  readonly steps: readonly Step[];
}[] = [
  {
    name: 'C.2.1 literal field with indexing',
    tableBytes: 4096,
    steps: [
      {
        hex: '400a637573746f6d2d6b65790d637573746f6d2d686561646572',
        fields: ['custom-key: custom-header'],
        tableBytes: 55,
      },
    ],
  },
  {
    name: 'C.2.2 literal field without indexing',
    tableBytes: 4096,
    steps: [
      { hex: '040c2f73616d706c652f70617468', fields: [':path: /sample/path'], tableBytes: 0 },
    ],
  },
  {
    name: 'C.2.3 literal field never indexed',
    tableBytes: 4096,
    steps: [
      {
        hex: '100870617373776f726406736563726574',
        fields: ['password: secret (never indexed)'],
        tableBytes: 0,
      },
    ],
  },
  {
    name: 'C.2.4 indexed field',
    tableBytes: 4096,
    steps: [{ hex: '82', fields: [':method: GET'], tableBytes: 0 }],
  },
  {
    name: 'C.3 requests without Huffman code',
    tableBytes: 4096,
    steps: [
      { hex: '828684410f7777772e6578616d706c652e636f6d', fields: firstRequest, tableBytes: 57 },
      { hex: '828684be58086e6f2d6361636865', fields: secondRequest, tableBytes: 110 },
      {
        hex: '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
        fields: thirdRequest,
        tableBytes: 164,
      },
    ],
  },
  {
    name: 'C.4 requests with Huffman code',
    tableBytes: 4096,
    steps: requestsInHuffmanCode,
  },
  {
    name: 'C.5 answers without Huffman code, a table of 256 octets',
    tableBytes: 256,
    steps: [
      {
        hex:
          '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
          '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        fields: firstAnswer,
        tableBytes: 222,
      },
      { hex: '4803333037c1c0bf', fields: secondAnswer, tableBytes: 222 },
      {
        hex:
          '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f' +
          '3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076' +
          '657273696f6e3d31',
        fields: thirdAnswer,
        tableBytes: 215,
      },
    ],
  },
  {
    name: 'C.6 answers with Huffman code, a table of 256 octets',
    tableBytes: 256,
    steps: [
      {
        hex:
          '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f' +
          '0b97c8e9ae82ae43d3',
        fields: firstAnswer,
        tableBytes: 222,
      },
      { hex: '4883640effc1c0bf', fields: secondAnswer, tableBytes: 222 },
      {
        hex:
          '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335df' +
          'dfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        fields: thirdAnswer,
        tableBytes: 215,
      },
    ],
  },
];

function decodeStep(decoder: HpackDecoder, hex: string): string[] {
  const block = Buffer.from(hex, 'hex');
  const fields: string[] = [];
  const result = decoder.decode(block, 0, block.length, 16_384, (name, value, isSensitive) => {
    fields.push(`${name}: ${value}${isSensitive ? ' (never indexed)' : ''}`);
  });
  assert.equal(result, 'ok');
  return fields;
}

for (const { name, tableBytes, steps } of sequences) {
  test(`RFC 7541 ${name}`, () => {
    const decoder = new HpackDecoder(tableBytes);
    for (const step of steps) {
      assert.deepEqual(decodeStep(decoder, step.hex), step.fields);
      assert.equal(decoder.tableBytes, step.tableBytes);
    }
  });
}

test('RFC 7541 C.4, written', () => {
  const encoder = new HpackEncoder();
  const out = new ByteWriter();
  // Our encoder does not index paths at once; all else is the example's choice.
  for (const { hex, fields } of requestsInHuffmanCode) {
    for (const field of fields) {
      const colon = field.indexOf(':', 1);
      encoder.field(out, field.slice(0, colon), field.slice(colon + 2));
    }
    assert.equal(out.take().toString('hex'), hex);
  }
});

for (const { section, prefixBits, value, hex } of [
  { section: 'C.1.1', prefixBits: 5, value: 10, hex: '0a' },
  { section: 'C.1.2', prefixBits: 5, value: 1337, hex: '1f9a0a' },
  { section: 'C.1.3', prefixBits: 8, value: 42, hex: '2a' },
]) {
  test(`RFC 7541 ${section}: ${value} with a prefix of ${prefixBits} bits`, () => {
    const out = new ByteWriter();
    writeInteger(out, 0, prefixBits, value);
    const bytes = out.take();
    assert.equal(bytes.toString('hex'), hex);
    assert.equal(readInteger({ bytes, at: 0, end: bytes.length }, prefixBits), value);
  });
}
