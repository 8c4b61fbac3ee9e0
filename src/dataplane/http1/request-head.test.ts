import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHUNKED, NO_BODY } from '../fields.ts';
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

function parse(text: string, own: Partial<HeadLimits> = {}): RequestHead | Refusal | undefined {
  return parseRequestHead(Buffer.from(text, 'latin1'), 0, { ...limits, ...own });
}

function accepted(text: string, own: Partial<HeadLimits> = {}): RequestHead {
  const head = parse(text, own);
  assert.ok(head !== undefined && !(head instanceof Refusal), `refused: ${JSON.stringify(head)}`);
  return head;
}

function fieldsOf(head: RequestHead): string[] {
  return head.fields.names.map((name, index) => `${name}: ${head.fields.values[index] ?? ''}`);
}

/** A GET of HTTP/1.1 with Host and these lines. */
function get(...lines: string[]): string {
  return ['GET / HTTP/1.1', 'Host: a.example', ...lines, '', ''].join('\r\n');
}

test('a typical head is read whole', () => {
  const text =
    'POST /a/b?c=d HTTP/1.1\r\nHost: Shop.Example.:8080\r\nX-One: 1\r\nAccept:*/*\r\n' +
    'x-one: \t two \t\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\nhello';
  const head = accepted(text);
  assert.equal(head.method, 'POST');
  assert.equal(head.target, '/a/b?c=d');
  assert.equal(head.authority, 'Shop.Example.:8080');
  assert.equal(head.host, 'shop.example');
  assert.equal(head.protocol, 'HTTP/1.1');
  assert.deepEqual(fieldsOf(head), ['X-One: 1', 'Accept: */*', 'x-one: two']);
  assert.equal(head.body, 12);
  assert.equal(head.keepAlive, true);
  assert.equal(head.expectContinue, false);
  assert.equal(head.acceptsTrailers, false);
  assert.equal(head.upgrade, false);
  assert.equal(head.byteLength, text.length - 'hello'.length);
});

test('a head is read from where it starts', () => {
  const buffer = Buffer.from(`xxxx${get('A: 1')}GET /next`, 'latin1');
  const head = parseRequestHead(buffer, 4, limits);
  assert.ok(head !== undefined && !(head instanceof Refusal));
  assert.equal(head.byteLength, get('A: 1').length);
});

for (const { name, text, target, authority, host } of [
  {
    name: 'origin-form',
    text: 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n',
    target: '/x',
    authority: 'a',
    host: 'a',
  },
  {
    name: 'asterisk-form',
    text: 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
    target: '*',
    authority: 'a',
    host: 'a',
  },
  {
    name: 'absolute-form replaces Host',
    text: 'GET http://B.example:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n',
    target: '/x?y',
    authority: 'B.example:81',
    host: 'b.example',
  },
  {
    name: 'absolute-form without path',
    text: 'GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n',
    target: '/',
    authority: 'b',
    host: 'b',
  },
  {
    name: 'absolute-form with query alone',
    text: 'GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n',
    target: '/?q',
    authority: 'b',
    host: 'b',
  },
  {
    name: 'absolute-form of OPTIONS without path',
    text: 'OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n',
    target: '*',
    authority: 'b',
    host: 'b',
  },
  {
    name: 'HTTP/1.0 without Host',
    text: 'GET / HTTP/1.0\r\n\r\n',
    target: '/',
    authority: '',
    host: '',
  },
  {
    name: 'HTTP/1.0 in absolute-form without Host',
    text: 'GET http://b/ HTTP/1.0\r\n\r\n',
    target: '/',
    authority: 'b',
    host: 'b',
  },
  {
    name: 'IPv6',
    text: 'GET / HTTP/1.1\r\nHost: [2001:DB8::1]:8080\r\n\r\n',
    target: '/',
    authority: '[2001:DB8::1]:8080',
    host: '[2001:db8::1]',
  },
  {
    name: 'an underscore in the host',
    text: 'GET / HTTP/1.1\r\nHost: a_b.c\r\n\r\n',
    target: '/',
    authority: 'a_b.c',
    host: 'a_b.c',
  },
  {
    name: 'every visible byte but #',
    text: 'GET /!"$%&\'()*+,-.:;<=>?@[\\]^`{|}~ HTTP/1.1\r\nHost: a\r\n\r\n',
    target: '/!"$%&\'()*+,-.:;<=>?@[\\]^`{|}~',
    authority: 'a',
    host: 'a',
  },
  {
    name: 'two empty lines before',
    text: '\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    target: '/',
    authority: 'a',
    host: 'a',
  },
]) {
  test(`target and authority: ${name}`, () => {
    const head = accepted(text);
    assert.deepEqual([head.target, head.authority, head.host], [target, authority, host]);
    assert.equal(head.byteLength, text.length);
  });
}

for (const { name, lines, kept } of [
  {
    name: 'hop-by-hop fields',
    lines: [
      'Keep-Alive: x',
      'Proxy-Connection: x',
      'TE: trailers',
      'Trailer: x',
      'Upgrade: x',
      'HTTP2-Settings: x',
      'Proxy: x',
      'A: 1',
    ],
    kept: ['A: 1'],
  },
  {
    name: 'hop-by-hop fields in any case',
    lines: ['KEEP-ALIVE: x', 'proxy: x', 'uPgRaDe: x'],
    kept: [],
  },
  {
    name: 'what Connection names',
    lines: ['X-A: 1', 'Connection: x-a , X-B', 'x-b: 2', 'X-C: 3'],
    kept: ['X-C: 3'],
  },
  {
    name: 'what two Connection lines name',
    lines: ['Connection: X-A', 'X-A: 1', 'Connection: X-B', 'X-B: 2'],
    kept: [],
  },
  {
    name: 'nothing that the proxy answers for',
    lines: [
      'Connection: host, x-forwarded-for, X-Real-IP, authorization, cookie, x-request-id, content-type',
      'X-Forwarded-For: 1',
      'X-Real-IP: 2',
      'Authorization: 3',
      'Cookie: 4',
      'X-Request-ID: 5',
      'Content-Type: 6',
    ],
    kept: [
      'X-Forwarded-For: 1',
      'X-Real-IP: 2',
      'Authorization: 3',
      'Cookie: 4',
      'X-Request-ID: 5',
      'Content-Type: 6',
    ],
  },
  {
    name: 'names with an underscore',
    lines: ['X_A: 1', 'X-Forwarded_For: 2', 'X-A: 3'],
    kept: ['X-A: 3'],
  },
  {
    name: 'names that are tokens of odd bytes',
    lines: ["X!#$%&'*+.^`|~: 1", 'X-A: 3'],
    kept: ['X-A: 3'],
  },
  {
    name: 'no names of the prototype chain',
    lines: ['constructor: 1', 'hasOwnProperty: 2', 'toString: 3'],
    kept: ['constructor: 1', 'hasOwnProperty: 2', 'toString: 3'],
  },
  {
    name: 'no repeats',
    lines: ['Cookie: a=1', 'Cookie: b=2', 'Authorization: x', 'Authorization: y'],
    kept: ['Cookie: a=1', 'Cookie: b=2', 'Authorization: x', 'Authorization: y'],
  },
  { name: 'no bytes above 0x7F in values', lines: ['A: \xc3\xa4'], kept: ['A: \xc3\xa4'] },
]) {
  test(`dropped: ${name}`, () => {
    assert.deepEqual(fieldsOf(accepted(get(...lines))), kept);
  });
}

test('names with an underscore are kept where allowed, odd ones not', () => {
  const head = accepted(get('X_A: 1', 'X.A: 2'), { allowUnderscores: true });
  assert.deepEqual(fieldsOf(head), ['X_A: 1']);
});

for (const { name, lines, body } of [
  { name: 'none', lines: [], body: NO_BODY },
  { name: 'a length of zero', lines: ['Content-Length: 0'], body: 0 },
  { name: 'leading zeros', lines: ['Content-Length: 0012'], body: 12 },
  {
    name: 'the longest',
    lines: ['Content-Length: 9007199254740991'],
    body: Number.MAX_SAFE_INTEGER,
  },
  { name: 'chunked', lines: ['Transfer-Encoding: chunked'], body: CHUNKED },
  { name: 'chunked in any case', lines: ['TRANSFER-ENCODING:\tChunKed '], body: CHUNKED },
]) {
  test(`framing: ${name}`, () => {
    assert.equal(accepted(get(...lines)).body, body);
  });
}

for (const { name, text, keepAlive } of [
  { name: '1.1', text: get(), keepAlive: true },
  { name: '1.1 with close', text: get('Connection: close'), keepAlive: false },
  { name: '1.1 with Close among others', text: get('Connection: x, Close'), keepAlive: false },
  {
    name: '1.1 with close on a second line',
    text: get('Connection: keep-alive', 'Connection: close'),
    keepAlive: false,
  },
  { name: '1.0', text: 'GET / HTTP/1.0\r\n\r\n', keepAlive: false },
  {
    name: '1.0 with keep-alive',
    text: 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n',
    keepAlive: true,
  },
  {
    name: '1.0 with both',
    text: 'GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n',
    keepAlive: false,
  },
  {
    name: '1.0 with Proxy-Connection',
    text: 'GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n',
    keepAlive: false,
  },
]) {
  test(`another request on the connection: ${name}`, () => {
    assert.equal(accepted(text).keepAlive, keepAlive);
  });
}

for (const { name, text, expected } of [
  { name: 'with a length', text: get('Expect: 100-Continue', 'Content-Length: 1'), expected: true },
  {
    name: 'with chunks',
    text: get('Expect: 100-continue', 'Transfer-Encoding: chunked'),
    expected: true,
  },
  { name: 'without a body', text: get('Expect: 100-continue'), expected: false },
  {
    name: 'of 1.0',
    text: 'POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n',
    expected: false,
  },
]) {
  test(`a 100 is awaited: ${name}`, () => {
    assert.equal(accepted(text).expectContinue, expected);
  });
}

for (const { te, expected } of [
  { te: 'trailers', expected: true },
  { te: 'gzip;q=0.5, Trailers', expected: true },
  { te: 'gzip', expected: false },
  { te: 'xtrailers', expected: false },
]) {
  test(`trailers are accepted: TE: ${te}`, () => {
    assert.equal(accepted(get(`TE: ${te}`)).acceptsTrailers, expected);
  });
}

for (const { name, text, upgrade } of [
  { name: 'a handshake', text: get('Connection: Upgrade', 'Upgrade: websocket'), upgrade: true },
  {
    name: 'a handshake in other words',
    text: get('Upgrade: WebSocket', 'Connection: keep-alive, upgrade'),
    upgrade: true,
  },
  { name: 'without Connection', text: get('Upgrade: websocket'), upgrade: false },
  { name: 'without Upgrade', text: get('Connection: upgrade'), upgrade: false },
  {
    name: 'h2c',
    text: get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: x'),
    upgrade: false,
  },
  {
    name: 'among others',
    text: get('Connection: Upgrade', 'Upgrade: websocket, h2c'),
    upgrade: false,
  },
  {
    name: 'on two lines',
    text: get('Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: h2c'),
    upgrade: false,
  },
  {
    name: 'with a body',
    text: get('Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 1'),
    upgrade: false,
  },
  {
    name: 'of POST',
    text: get('Connection: Upgrade', 'Upgrade: websocket').replace('GET', 'POST'),
    upgrade: false,
  },
  {
    name: 'of 1.0',
    text: get('Connection: Upgrade', 'Upgrade: websocket').replace('1.1', '1.0'),
    upgrade: false,
  },
]) {
  test(`upgrade: ${name}`, () => {
    const head = accepted(text);
    assert.equal(head.upgrade, upgrade);
    assert.deepEqual(fieldsOf(head), []);
  });
}
