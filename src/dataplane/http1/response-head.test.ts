import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNKED, NO_BODY, UNTIL_CLOSE } from '../fields.ts';
import { Refusal } from './refusal.ts';
import { type AnsweredRequest, parseResponseHead, type ResponseHead } from './response-head.ts';

const limits = { headBytes: 16_384, maxFields: 100 };
const got: AnsweredRequest = { method: 'GET', upgrade: false };
const asked: AnsweredRequest = { method: 'GET', upgrade: true };

function parse(text: string, request = got, own = limits): ResponseHead | Refusal | undefined {
  return parseResponseHead(Buffer.from(text, 'latin1'), 0, request, own);
}

function accepted(text: string, request = got): ResponseHead {
  const head = parse(text, request);
  assert.ok(head !== undefined && !(head instanceof Refusal), `refused: ${JSON.stringify(head)}`);
  return head;
}

function fieldsOf(head: ResponseHead): string[] {
  return head.fields.names.map((name, index) => `${name}: ${head.fields.values[index] ?? ''}`);
}

function ok(...lines: string[]): string {
  return ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');
}

test('a typical head is read whole', () => {
  const text = ok('Set-Cookie: a=1', 'Content-Length: 5', 'set-cookie: b=2', 'X_Y: 3', 'A.B: 4');
  const head = accepted(`${text}hello`);
  assert.equal(head.status, 200);
  assert.equal(head.reason, 'OK');
  assert.deepEqual(fieldsOf(head), ['Set-Cookie: a=1', 'set-cookie: b=2', 'X_Y: 3', 'A.B: 4']);
  assert.equal(head.body, 5);
  assert.equal(head.declaredLength, undefined);
  assert.equal(head.keepAlive, true);
  assert.equal(head.upgrade, false);
  assert.equal(head.byteLength, text.length);
});

for (const { name, text, request, body, declaredLength, keepAlive } of [
  { name: 'length', text: ok('Content-Length: 5'), body: 5, keepAlive: true },
  { name: 'chunked', text: ok('Transfer-Encoding: Chunked'), body: CHUNKED, keepAlive: true },
  { name: 'neither', text: ok(), body: UNTIL_CLOSE, keepAlive: false },
  {
    name: 'both: chunked, once',
    text: ok('Content-Length: 5', 'Transfer-Encoding: chunked'),
    body: CHUNKED,
    keepAlive: false,
  },
  {
    name: 'HEAD',
    text: ok('Content-Length: 5'),
    request: { method: 'HEAD', upgrade: false },
    body: NO_BODY,
    declaredLength: 5,
    keepAlive: true,
  },
  {
    name: 'HEAD, chunked',
    text: ok('Transfer-Encoding: chunked'),
    request: { method: 'HEAD', upgrade: false },
    body: NO_BODY,
    keepAlive: true,
  },
  {
    name: '304',
    text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    body: NO_BODY,
    declaredLength: 5,
    keepAlive: true,
  },
  {
    name: '204 with a length',
    text: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
    body: NO_BODY,
    keepAlive: true,
  },
  { name: '100', text: 'HTTP/1.1 100 Continue\r\n\r\n', body: NO_BODY, keepAlive: true },
  { name: 'close', text: ok('Content-Length: 0', 'Connection: close'), body: 0, keepAlive: false },
  {
    name: '1.0',
    text: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n',
    body: 1,
    keepAlive: false,
  },
  {
    name: '1.0 with keep-alive',
    text: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n',
    body: 1,
    keepAlive: true,
  },
  {
    name: '1.0 chunked',
    text: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n',
    body: CHUNKED,
    keepAlive: false,
  },
]) {
  test(`framing: ${name}`, () => {
    const head = accepted(text, request ?? got);
    assert.deepEqual(
      [head.body, head.declaredLength, head.keepAlive],
      [body, declaredLength, keepAlive],
    );
  });
}

for (const { name, line, reason } of [
  { name: 'no reason', line: 'HTTP/1.1 200 ', reason: '' },
  { name: 'no reason and no space', line: 'HTTP/1.1 200', reason: '' },
  { name: 'words', line: 'HTTP/1.1 200 all is well', reason: 'all is well' },
  { name: 'bytes above 0x7F', line: 'HTTP/1.1 200 gr\xfcn', reason: 'gr\xfcn' },
]) {
  test(`reason: ${name}`, () => {
    assert.equal(accepted(`${line}\r\n\r\n`).reason, reason);
  });
}

for (const { name, text, request } of [
  { name: 'HTTP/0.9', text: '<html>\r\n\r\n' },
  { name: 'HTTP/2.0', text: 'HTTP/2.0 200 OK\r\n\r\n' },
  { name: 'HTTP/1.2', text: 'HTTP/1.2 200 OK\r\n\r\n' },
  { name: 'no version', text: '200 OK\r\n\r\n' },
  { name: 'a code of two digits', text: 'HTTP/1.1 20 OK\r\n\r\n' },
  { name: 'a code of four digits', text: 'HTTP/1.1 2000 OK\r\n\r\n' },
  { name: 'a code below 100', text: 'HTTP/1.1 099 OK\r\n\r\n' },
  { name: 'a code above 599', text: 'HTTP/1.1 600 OK\r\n\r\n' },
  { name: 'a code of letters', text: 'HTTP/1.1 abc OK\r\n\r\n' },
  { name: 'two spaces', text: 'HTTP/1.1  200 OK\r\n\r\n' },
  { name: 'an empty line before', text: `\r\n${ok()}` },
  { name: 'a bare LF', text: 'HTTP/1.1 200 OK\nA: b\r\n\r\n' },
  { name: 'bare LFs alone', text: 'HTTP/1.1 200 OK\n\n' },
  { name: 'a bare LF after a field', text: ok('A: b\nC: d') },
  { name: 'a bare CR in the reason', text: 'HTTP/1.1 200 O\rK\r\n\r\n' },
  { name: 'NUL in the reason', text: 'HTTP/1.1 200 O\0K\r\n\r\n' },
  { name: 'NUL in a value', text: ok('A: b\0c') },
  { name: 'a bare CR in a value', text: ok('A: b\rc') },
  { name: 'a folded line', text: ok('A: b', ' c') },
  { name: 'a space before the colon', text: ok('A : b') },
  { name: 'a line without colon', text: ok('abc') },
  { name: 'a bad length', text: ok('Content-Length: 5x') },
  {
    name: 'a bad length beside chunked',
    text: ok('Content-Length: 5x', 'Transfer-Encoding: chunked'),
  },
  { name: 'differing lengths', text: ok('Content-Length: 5', 'Content-Length: 6') },
  { name: 'a list of lengths', text: ok('Content-Length: 5, 6') },
  { name: 'an unknown coding', text: ok('Transfer-Encoding: gzip') },
  { name: 'a coding before chunked', text: ok('Transfer-Encoding: gzip, chunked') },
  {
    name: '101 unasked',
    text: 'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
  },
  { name: '101 to h2c', text: 'HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n', request: asked },
  { name: '101 without Upgrade', text: 'HTTP/1.1 101 X\r\n\r\n', request: asked },
  { name: 'a head too large', text: ok(`A: ${'b'.repeat(16_400)}`) },
  { name: 'a head too large without end', text: `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(16_400)}` },
  { name: 'too many fields', text: ok(...Array.from({ length: 101 }, () => 'A: b')) },
  { name: 'garbage, with its first bytes', text: 'SSH-2' },
  { name: 'a TLS alert', text: '\x15' },
]) {
  test(`refused with 502: ${name}`, () => {
    const refusal = parse(text, request ?? got);
    assert.ok(refusal instanceof Refusal, 'accepted');
    assert.equal(refusal.status, 502);
  });
}

test('dropped: hop-by-hop fields and what Connection names, not what is protected', () => {
  const head = accepted(
    ok(
      'Connection: X-A, set-cookie, location',
      'X-A: 1',
      'Keep-Alive: x',
      'Upgrade: h2c',
      'Proxy-Connection: x',
      'Set-Cookie: a',
      'Location: /',
      'Trailer: x',
    ),
  );
  assert.deepEqual(fieldsOf(head), ['Set-Cookie: a', 'Location: /']);
});

test('a 101 that was asked for opens the tunnel', () => {
  const head = accepted(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n',
    asked,
  );
  assert.deepEqual([head.upgrade, head.keepAlive, head.body], [true, false, NO_BODY]);
});

test('another answer to the handshake leaves HTTP as it is', () => {
  const head = accepted(
    ok('Content-Length: 0', 'Upgrade: websocket', 'Connection: upgrade'),
    asked,
  );
  assert.deepEqual([head.upgrade, head.keepAlive, head.body], [false, true, 0]);
});

test('an incomplete head is awaited', () => {
  const text = ok('A: b', 'Content-Length: 0');
  for (let length = 0; length < text.length; length++) {
    assert.equal(parse(text.slice(0, length)), undefined, JSON.stringify(text.slice(0, length)));
  }
});

const piece = fc.constantFrom(
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 304\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: x\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close, x-a\r\n',
  'X-A: 1\r\n',
  'Set-Cookie: a\r\n',
  ': ',
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some).toString('latin1')),
  fc.array(piece, { maxLength: 10 }).map((parts) => `${parts.join('')}\r\n\r\n`),
  fc.array(piece, { maxLength: 5 }).map((parts) => `HTTP/1.1 200 OK\r\n${parts.join('')}\r\n`),
);

test('no bytes make the parser throw, and byte by byte gives the same answer as all at once', () => {
  const small = { headBytes: 120, maxFields: 4 };
  fc.assert(
    fc.property(bytes, (text) => {
      const whole = parse(text, got, small);
      let grown: ResponseHead | Refusal | undefined;
      for (let length = 1; length <= text.length && grown === undefined; length++) {
        grown = parse(text.slice(0, length), got, small);
      }
      if (whole instanceof Refusal) assert.ok(grown instanceof Refusal);
      else assert.deepEqual(grown, whole);
    }),
    { numRuns: 10_000 },
  );
});
