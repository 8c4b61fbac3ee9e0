import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNKED, NO_BODY, UNTIL_CLOSE } from '../fields.ts';
import { ChunkedDecoder } from './chunked.ts';
import { Refusal } from './refusal.ts';
import { parseResponseHead } from './response-head.ts';

/**
 * Node's client (llhttp, strict) as the oracle for answers: what ours takes for a whole answer, the oracle takes for the same
 * one. Ours may refuse more, and is asked to take one thing that llhttp does not: chunked beside a length (security.md 7.1).
 */

interface Answer {
  readonly status: number;
  readonly body: string;
}

const limits = { headBytes: 16_384, maxFields: 100 };

/** The final answer that `bytes` hold, after which the connection ends; undefined: refused, not whole, or more than llhttp takes. */
function ourReading(bytes: Buffer, method: string): { answer: Answer; end: number } | undefined {
  let at = 0;
  for (;;) {
    const head = parseResponseHead(bytes, at, { method, upgrade: false }, limits);
    if (head === undefined || head instanceof Refusal) return undefined;
    const text = bytes.toString('latin1', at, at + head.byteLength);
    if (/transfer-encoding/i.test(text) && /content-length/i.test(text)) return undefined;
    at += head.byteLength;
    if (head.status < 200) continue;
    const body = readBody(bytes, at, head.body);
    return body && { answer: { status: head.status, body: body.text }, end: body.end };
  }
}

function readBody(
  bytes: Buffer,
  from: number,
  framing: number,
): { text: string; end: number } | undefined {
  if (framing === NO_BODY) return { text: '', end: from };
  if (framing === UNTIL_CLOSE) {
    return { text: bytes.toString('latin1', from), end: bytes.length };
  }
  if (framing !== CHUNKED) {
    const end = from + framing;
    return end > bytes.length ? undefined : { text: bytes.toString('latin1', from, end), end };
  }
  const decoder = new ChunkedDecoder();
  let text = '';
  const end = decoder.decode(bytes, from, (chunk, start, stop) => {
    text += chunk.toString('latin1', start, stop);
  });
  return end instanceof Refusal || !decoder.finished ? undefined : { text, end };
}

/** How the oracle reads these bytes as the answer to a request, after which the stream ends. */
function oracleReading(bytes: Buffer, method: string): Promise<Answer | { refused: string }> {
  const { promise, resolve } = Promise.withResolvers<Answer | { refused: string }>();
  const connection = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const request = httpRequest({ method, host: 'a', createConnection: () => connection });
  request.on('error', (error) => {
    resolve({ refused: error.message });
  });
  request.on('response', (response) => {
    let body = '';
    response.setEncoding('latin1');
    response.on('data', (text: string) => (body += text));
    response.on('error', (error) => {
      resolve({ refused: error.message });
    });
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, body });
    });
  });
  request.end();
  connection.push(bytes);
  connection.push(null);
  return promise.finally(() => {
    connection.destroy();
  });
}

const statusLine = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.1 404 ',
      'HTTP/1.0 200 OK',
      'HTTP/1.1 500 gr\xfcn',
    ),
  },
  fc.constantFrom(
    'HTTP/1.1 204 No Content',
    'HTTP/1.1 304 Not Modified',
    'HTTP/1.1 200',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK',
  ),
  fc.constantFrom(
    'HTTP/1.1  200 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 20 OK',
    'HTTP/2.0 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.1 200 a\tb',
    'HTTP/1.1 599 x',
  ),
);
const field = fc.constantFrom(
  'X-A: 1',
  'Set-Cookie: a',
  'X_B: 2',
  'X.C:\t3 ',
  'X-D: \xe4',
  'Connection: close',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
  'Content-Length: 5',
  'Content-Length: 0',
  'content-length: 05',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length : 5',
  'Content-Length: 6',
  'Content-Length:',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding\t: chunked',
  'Trailer: x',
  'X: a\0',
  'X: a\rb',
  'X: a\nb',
  'X: \x7f',
  ' folded',
  'x',
  ': y',
);
const body = fc.constantFrom(
  '',
  'hello',
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  '5\nhello\r\n0\r\n\r\n',
  '5\r\nhello0\r\n\r\n',
);
const lineEnd = fc.oneof(
  { weight: 40, arbitrary: fc.constant('\r\n') },
  fc.constantFrom('\n', '\r', '\r\r\n', ''),
);

const answer = fc
  .record({
    line: statusLine,
    fields: fc.array(field, { maxLength: 4 }),
    ends: fc.array(lineEnd, { minLength: 6, maxLength: 6 }),
    body,
    damage: fc.option(fc.tuple(fc.nat(120), fc.nat(255)), { freq: 2 }),
  })
  .map(({ line, fields, ends, body, damage }) => {
    const text = [line, ...fields, '']
      .map((part, index) => part + (ends[index] ?? '\r\n'))
      .join('');
    const bytes = Buffer.from(text + body, 'latin1');
    if (damage !== null && damage[0] < bytes.length) bytes[damage[0]] = damage[1];
    return bytes;
  });

test('what is taken for a whole answer, Node takes for the same', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(answer, fc.constantFrom('GET', 'HEAD'), async (bytes, method) => {
      const ours = ourReading(bytes, method);
      if (ours === undefined) return;
      compared++;
      assert.deepEqual(await oracleReading(bytes.subarray(0, ours.end), method), ours.answer);
    }),
    { numRuns: 10_000 },
  );
  assert.ok(compared > 300, `only ${compared} answers were compared`);
});
