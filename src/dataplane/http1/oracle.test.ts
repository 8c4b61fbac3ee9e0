import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, METHODS, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNKED, NO_BODY } from '../fields.ts';
import { ChunkedDecoder } from './chunked.ts';
import { Refusal } from './refusal.ts';
import { parseRequestHead } from './request-head.ts';

/**
 * Node's own parser (llhttp, strict) as the oracle: what ours takes for a whole request, the oracle takes for the same request
 * with the same body; so what the oracle refuses, ours refuses. Ours may refuse more. One exception: methods that Node has no
 * name for, because RFC 9110 9.1 lets any token be one. No sockets: the oracle's server reads from a stream in memory.
 */

interface Message {
  readonly method: string;
  readonly body: string;
  readonly byteLength: number;
}

const limits = {
  requestLineBytes: 8_192,
  fieldLineBytes: 8_192,
  headBytes: 32_768,
  maxFields: 100,
  allowUnderscores: false,
  keptNames: new Set<string>(),
};

/** The request that `bytes` begin with; undefined: refused or not whole. */
function ourReading(bytes: Buffer): Message | undefined {
  const head = parseRequestHead(bytes, 0, limits);
  if (head === undefined || head instanceof Refusal) return undefined;
  const { method, byteLength } = head;
  if (head.body !== CHUNKED) {
    const end = byteLength + (head.body === NO_BODY ? 0 : head.body);
    const body = bytes.toString('latin1', byteLength, end);
    return end > bytes.length ? undefined : { method, body, byteLength: end };
  }
  const decoder = new ChunkedDecoder();
  let body = '';
  const end = decoder.decode(bytes, byteLength, (chunk, from, to) => {
    body += chunk.toString('latin1', from, to);
  });
  if (end instanceof Refusal || !decoder.finished) return undefined;
  return { method, body, byteLength: end };
}

type Reading = { readonly method: string; readonly body: string } | { readonly refused: string };

const awaited = new WeakMap<Duplex, (reading: Reading) => void>();

function createOracle(): Server {
  const server = createServer({ maxHeaderSize: 65_536 });
  const onRequest = (request: IncomingMessage): void => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (text: string) => (body += text));
    request.on('error', (error) => awaited.get(request.socket)?.({ refused: error.message }));
    request.on('end', () => awaited.get(request.socket)?.({ method: request.method ?? '', body }));
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('clientError', (error, socket) => awaited.get(socket)?.({ refused: error.message }));
  return server;
}

/** How the oracle reads these bytes, after which the stream ends. */
async function oracleReading(server: Server, bytes: Buffer): Promise<Reading> {
  const { promise, resolve } = Promise.withResolvers<Reading>();
  const connection = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  awaited.set(connection, resolve);
  connection.on('close', () => {
    resolve({ refused: 'closed' });
  });
  server.emit('connection', connection);
  connection.push(bytes);
  connection.push(null);
  const reading = await promise;
  connection.destroy();
  return reading;
}

const requestLine = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('GET / HTTP/1.1', 'POST /a?b=c HTTP/1.1', 'GET /x HTTP/1.0'),
  },
  fc.constantFrom(
    'POST  / HTTP/1.1',
    'get / HTTP/1.1',
    'GET /\t HTTP/1.1',
    'GET / HTTP/1.1 ',
    'PUT * HTTP/1.1',
    'OPTIONS * HTTP/1.1',
  ),
  fc.constantFrom(
    'GET http://b/ HTTP/1.1',
    'DELETE http://b HTTP/1.1',
    'GET /"<>\\^`{|} HTTP/1.1',
    'GET / HTTP/1.2',
    'M-SEARCH /%zz HTTP/1.1',
  ),
);
const field = fc.constantFrom(
  'Host: a',
  'host: b',
  'X-A: 1',
  'X_A: 2',
  'X.A: 3',
  "!#$%&'*+-.^_`|~: 4",
  'X-B:',
  'X-C:\t1 \t',
  'X-D: \xe4\xff',
  'Cookie: a=b; c=d',
  'X-E: "',
  'Content-Length: 5',
  'Content-Length: 05',
  'Content-Length: 0',
  'Content-Length: 5 ',
  'Content-Length:5',
  'content-length: 6',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length: 0x5',
  'Content-Length : 5',
  'Content_Length: 5',
  'Transfer-Encoding: chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding: chunked ',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity',
  'Transfer-Encoding:',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding : chunked',
  ' Transfer-Encoding: chunked',
  'Transfer-Encoding\t: chunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: x\r\n chunked',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: content-length',
  'Connection: transfer-encoding, host',
  'Expect: 100-continue',
  'Trailer: x',
  'TE: trailers',
  'Proxy-Connection: close',
  'X: a\rb',
  'X: a\nb',
  'X: a\0b',
  'X: a\x7fb',
  'X: a\x01b',
  ': x',
  'x',
  '',
  ' folded',
);
const body = fc.oneof(
  fc.constantFrom(
    '',
    'hello',
    '0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    '5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n',
    '05\r\nhello\r\n00\r\n\r\n',
  ),
  fc.constantFrom(
    '5 \r\nhello\r\n0\r\n\r\n',
    '5\nhello\r\n0\r\n\r\n',
    '5\r\nhello0\r\n\r\n',
    '0x5\r\nhello\r\n0\r\n\r\n',
    '5;\r\nhello\r\n0\r\n\r\n',
    '5;a="\\""\r\nhello\r\n0\r\n\r\n',
    '0\r\nX y\r\n\r\n',
    '0\r\n X: y\r\n\r\n',
    '0\r\nX: y\n\r\n',
    '5;a b\r\nhello\r\n0\r\n\r\n',
    '5;a=b;c="d";e\r\nhello\r\n0\r\n\r\n',
    '5;a=\xe4\r\nhello\r\n0\r\n\r\n',
    '5;a="\xe4"\r\nhello\r\n0\r\n\r\n',
    '5;a=""\r\nhello\r\n0;b\r\n\r\n',
    '5;a="b"c\r\nhello\r\n0\r\n\r\n',
  ),
);
const lineEnd = fc.oneof(
  { weight: 40, arbitrary: fc.constant('\r\n') },
  fc.constantFrom('\n', '\r', '\r\r\n', '\n\r', ''),
);

/** A request that is mostly right, in which then some bytes may be replaced. */
const request = fc
  .record({
    line: requestLine,
    fields: fc.array(field, { maxLength: 5 }),
    ends: fc.array(lineEnd, { minLength: 8, maxLength: 8 }),
    body,
    before: fc.oneof(
      { weight: 9, arbitrary: fc.constant('') },
      fc.constantFrom('\r\n', '\n', ' ', '\0'),
    ),
    damage: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 1 }),
    isDamaged: fc.boolean(),
  })
  .map(({ line, fields, ends, body, before, damage, isDamaged }) => {
    const lines = [line, 'Host: a', ...fields, ''];
    const text = lines.map((text, index) => text + (ends[index] ?? '\r\n')).join('');
    const bytes = Buffer.from(before + text + body, 'latin1');
    for (const [at, byte] of isDamaged ? damage : []) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });

test('what is taken for a whole request, Node takes for the same', async () => {
  const server = createOracle();
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(request, async (bytes) => {
      const ours = ourReading(bytes);
      if (ours === undefined || !METHODS.includes(ours.method)) return;
      compared++;
      const { method, body } = ours;
      const theirs = await oracleReading(server, bytes.subarray(0, ours.byteLength));
      assert.deepEqual(theirs, { method, body });
    }),
    { numRuns: 10_000 },
  );
  assert.ok(compared > 300, `only ${compared} requests were compared`);
});
