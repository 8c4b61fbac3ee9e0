import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_TAIL, ChunkedDecoder, chunkHead, LAST_CHUNK } from './chunked.ts';
import { Refusal } from './refusal.ts';

/** Any bytes, one character each. */
function anyBytes(maxLength: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: 1, maxLength })
    .map((bytes) => Buffer.from(bytes).toString('latin1'));
}

interface Decoded {
  readonly body: string;
  readonly consumed: number;
  readonly finished: boolean;
  readonly trailers: string[];
}

/** Decodes `text` in pieces of these sizes, the last one again and again. */
function decode(text: string, sizes: readonly number[] = [text.length || 1]): Decoded | Refusal {
  const decoder = new ChunkedDecoder();
  const buffer = Buffer.from(text, 'latin1');
  let body = '';
  let position = 0;
  for (let turn = 0; position < buffer.length && !decoder.finished; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? 1;
    const piece = buffer.subarray(position, position + size);
    const end = decoder.decode(piece, 0, (chunk, from, to) => {
      body += chunk.toString('latin1', from, to);
    });
    if (end instanceof Refusal) return end;
    position += end;
  }
  const { names, values } = decoder.trailers;
  const trailers = names.map((name, index) => `${name}: ${values[index] ?? ''}`);
  return { body, consumed: position, finished: decoder.finished, trailers };
}

for (const { name, text, body, rest = 0, trailers = [] } of [
  { name: 'no chunk', text: '0\r\n\r\n', body: '' },
  { name: 'one chunk', text: '5\r\nhello\r\n0\r\n\r\n', body: 'hello' },
  {
    name: 'hex digits of either case',
    text: `aB\r\n${'x'.repeat(0xab)}\r\n0\r\n\r\n`,
    body: 'x'.repeat(0xab),
  },
  { name: 'leading zeros', text: '005\r\nhello\r\n000\r\n\r\n', body: 'hello' },
  {
    name: 'data that looks like framing',
    text: '7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n',
    body: '0\r\n\r\n\r\n',
  },
  { name: 'extensions', text: '5;a;b=c;d="e\\";\xe4"\r\nhello\r\n0;x\r\n\r\n', body: 'hello' },
  {
    name: 'trailers',
    text: '0\r\nX-Sum: 1\r\nx-b:2\r\n\r\n',
    body: '',
    trailers: ['X-Sum: 1', 'x-b: 2'],
  },
  {
    name: 'trailers that may not come late',
    text:
      '0\r\nContent-Length: 9\r\nHost: x\r\nTransfer-Encoding: x\r\nAuthorization: x\r\nCookie: x\r\nX-Forwarded-For: x\r\n' +
      'X_A: x\r\nConnection: x\r\nset-cookie: x\r\nSSL-Client-Verify: x\r\nGrpc-Status: 0\r\n\r\n',
    body: '',
    trailers: ['Grpc-Status: 0'],
  },
  { name: 'what follows is left', text: '1\r\na\r\n0\r\n\r\nGET /', body: 'a', rest: 5 },
]) {
  test(`decodes: ${name}`, () => {
    const expected = { body, consumed: text.length - rest, finished: true, trailers };
    assert.deepEqual(decode(text), expected);
    assert.deepEqual(decode(text, [1]), expected);
  });
}

for (const { name, text } of [
  { name: 'an empty size', text: '\r\n' },
  { name: 'a size that is no hex', text: 'g\r\n' },
  { name: '0x', text: '0x5\r\nhello\r\n0\r\n\r\n' },
  { name: 'a sign', text: '+5\r\n' },
  { name: 'a negative size', text: '-5\r\n' },
  { name: 'a space before', text: ' 5\r\nhello\r\n' },
  { name: 'a space after', text: '5 \r\nhello\r\n' },
  { name: 'an underscore', text: '1_0\r\n' },
  { name: 'a size above 2^53', text: '20000000000000\r\n' },
  { name: 'a size that overflows 64 bits', text: '10000000000000005\r\nhello\r\n0\r\n\r\n' },
  { name: 'a bare LF after the size', text: '5\nhello\r\n0\r\n\r\n' },
  { name: 'a bare CR after the size', text: '5\rhello' },
  { name: 'data longer than its size', text: '4\r\nhello\r\n0\r\n\r\n' },
  { name: 'data shorter than its size', text: '6\r\nhello\r\n0\r\n\r\n' },
  { name: 'a bare LF after the data', text: '5\r\nhello\n0\r\n\r\n' },
  { name: 'a bare CR after the data', text: '5\r\nhello\r0\r\n\r\n' },
  { name: 'nothing after the data', text: '5\r\nhello0\r\n\r\n' },
  { name: 'an empty extension', text: '5;\r\nhello\r\n' },
  { name: 'an extension with a bare LF', text: '5;a\nb\r\nhello\r\n' },
  { name: 'an extension with a bare CR', text: '5;a\rb\r\nhello\r\n' },
  { name: 'an extension with NUL', text: '5;a=\0\r\nhello\r\n' },
  { name: 'an extension that is not closed', text: '5;a="b\r\nhello\r\n' },
  { name: 'a comma instead of an extension', text: '5,5\r\nhello\r\n' },
  { name: 'extensions of 16 KiB', text: `5;a=${'b'.repeat(16_400)}\r\nhello\r\n` },
  { name: 'extensions of 16 KiB, each small', text: `1;a=${'b'.repeat(96)}\r\nx\r\n`.repeat(170) },
  { name: 'a trailer without colon', text: '0\r\nabc\r\n\r\n' },
  { name: 'a trailer with NUL', text: '0\r\nA: \0\r\n\r\n' },
  { name: 'a trailer with a bare LF', text: '0\r\nA: b\n\r\n' },
  { name: 'a folded trailer', text: '0\r\nA: b\r\n c\r\n\r\n' },
  { name: 'a bare LF at the end', text: '0\r\n\n' },
  { name: 'trailers of 16 KiB', text: `0\r\n${`A: ${'b'.repeat(1_000)}\r\n`.repeat(17)}\r\n` },
  { name: 'too many trailers', text: `0\r\n${'A: b\r\n'.repeat(101)}\r\n` },
]) {
  test(`refused: ${name}`, () => {
    assert.ok(decode(text) instanceof Refusal, 'at once');
    assert.ok(decode(text, [1]) instanceof Refusal, 'byte by byte');
  });
}

for (const { name, text } of [
  { name: 'a size that is no hex', text: 'G' },
  { name: 'data longer than its size', text: '1\r\nab' },
  { name: 'a size without end', text: '0'.repeat(17) },
  { name: 'an extension without end', text: `1;${'a'.repeat(17_000)}` },
  { name: 'a trailer without end', text: `0\r\n${'a'.repeat(17_000)}` },
]) {
  test(`refused before the line ends: ${name}`, () => {
    assert.ok(decode(text) instanceof Refusal);
  });
}

test('a body that was cut is not finished', () => {
  const text = '5\r\nhello\r\n0\r\nA: b\r\n\r\n';
  for (let length = 0; length < text.length; length++) {
    const decoded = decode(text.slice(0, length));
    assert.ok(!(decoded instanceof Refusal));
    assert.equal(decoded.finished, false);
  }
});

test('data is handed on as a range of the piece that came, not copied', () => {
  const piece = Buffer.from('5\r\nhello\r\n', 'latin1');
  const seen: unknown[] = [];
  new ChunkedDecoder().decode(piece, 0, (chunk, start, end) => {
    seen.push(chunk === piece, start, end);
  });
  assert.deepEqual(seen, [true, 3, 8]);
});

test('what is encoded is decoded to the same, however it is cut', () => {
  const parts = fc.array(anyBytes(40), {
    maxLength: 6,
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(parts, sizes, (bodies, cuts) => {
      const text = bodies.map((body) => chunkHead(body.length) + body + CHUNK_TAIL).join('');
      const decoded = decode(text + LAST_CHUNK, cuts);
      assert.ok(!(decoded instanceof Refusal));
      assert.equal(decoded.body, bodies.join(''));
      assert.equal(decoded.finished, true);
    }),
  );
});

test('no bytes make the decoder throw, and every cut gives the same answer', () => {
  const piece = fc.constantFrom(
    '5\r\nhello\r\n',
    '0\r\n',
    'A: b\r\n',
    '\r\n',
    '\r',
    '\n',
    '5',
    ';a=b',
    '"',
    ' ',
    '\0',
  );
  const bytes = fc.oneof(
    anyBytes(30),
    fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(bytes, sizes, (text, cuts) => {
      const whole = decode(text);
      const cut = decode(text, cuts);
      if (whole instanceof Refusal || cut instanceof Refusal) {
        assert.ok(whole instanceof Refusal && cut instanceof Refusal);
      } else {
        assert.deepEqual(cut, whole);
      }
    }),
    { numRuns: 10_000 },
  );
});
