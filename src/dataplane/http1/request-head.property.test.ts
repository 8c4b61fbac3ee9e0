import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNKED } from '../fields.ts';
import { Refusal } from './refusal.ts';
import { type HeadLimits, parseRequestHead, type RequestHead } from './request-head.ts';

const limits: HeadLimits = {
  requestLineBytes: 8_192,
  fieldLineBytes: 8_192,
  headBytes: 32_768,
  maxFields: 100,
  allowUnderscores: false,
  keptNames: new Set<string>(),
};

function parse(text: string, own = limits): RequestHead | Refusal | undefined {
  return parseRequestHead(Buffer.from(text, 'latin1'), 0, own);
}

function fieldsOf(head: RequestHead): string[] {
  return head.fields.names.map((name, index) => `${name}: ${head.fields.values[index] ?? ''}`);
}

/** Pieces of heads, valid and not: what random bytes alone would never reach. */
const piece = fc.constantFrom(
  'GET / HTTP/1.1\r\n',
  'POST /a?b HTTP/1.1\r\n',
  'GET http://b/x HTTP/1.1\r\n',
  'OPTIONS * HTTP/1.0\r\n',
  'Host: a.example\r\n',
  'Host: [::1]:80\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: +5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Connection: close, x-a\r\n',
  'X-A: 1\r\n',
  'X_B: 2\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: websocket\r\n',
  'A: b',
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  'HTTP/1.1',
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some).toString('latin1')),
  fc
    .array(fc.oneof({ weight: 8, arbitrary: piece }, fc.string({ maxLength: 4 })), {
      maxLength: 14,
    })
    .map((parts) => parts.join('')),
  fc
    .array(piece, { maxLength: 8 })
    .map((parts) => `GET / HTTP/1.1\r\nHost: a\r\n${parts.join('')}\r\n\r\n`),
);
const small: HeadLimits = {
  ...limits,
  requestLineBytes: 64,
  fieldLineBytes: 48,
  headBytes: 200,
  maxFields: 6,
};

test('no bytes make the parser throw', () => {
  fc.assert(
    fc.property(bytes, (text) => {
      parse(text);
      parse(text, small);
    }),
    { numRuns: 10_000 },
  );
});

test('byte by byte gives the same answer as all at once', () => {
  fc.assert(
    fc.property(bytes, (text) => {
      const buffer = Buffer.from(text, 'latin1');
      const whole = parseRequestHead(buffer, 0, small);
      let grown: RequestHead | Refusal | undefined;
      for (let length = 1; length <= buffer.length && grown === undefined; length++) {
        grown = parseRequestHead(buffer.subarray(0, length), 0, small);
      }
      if (whole instanceof Refusal || grown instanceof Refusal) {
        assert.ok(whole instanceof Refusal && grown instanceof Refusal);
      } else {
        assert.deepEqual(grown, whole);
      }
    }),
    { numRuns: 10_000 },
  );
});

test('what is accepted, written again from its parts, is the same head', () => {
  let acceptedCount = 0;
  fc.assert(
    fc.property(bytes, (text) => {
      const head = parse(text);
      if (head === undefined || head instanceof Refusal) return;
      acceptedCount++;
      const again = parse(written(head));
      assert.ok(again !== undefined && !(again instanceof Refusal));
      assert.deepEqual({ ...again, byteLength: 0 }, { ...head, byteLength: 0 });
    }),
    { numRuns: 10_000 },
  );
  assert.ok(acceptedCount > 100, `only ${acceptedCount} heads were accepted`);
});

function written(head: RequestHead): string {
  const lines = [`${head.method} ${head.target} ${head.protocol}`];
  if (head.authority !== '') lines.push(`Host: ${head.authority}`);
  lines.push(...fieldsOf(head));
  if (head.body === CHUNKED) lines.push('Transfer-Encoding: chunked');
  if (head.body >= 0) lines.push(`Content-Length: ${head.body}`);
  if (head.expectContinue) lines.push('Expect: 100-continue');
  if (head.acceptsTrailers) lines.push('TE: trailers');
  if (head.upgrade) lines.push('Upgrade: websocket', 'Connection: upgrade');
  lines.push(`Connection: ${head.keepAlive ? 'keep-alive' : 'close'}`);
  return [...lines, '', ''].join('\r\n');
}
