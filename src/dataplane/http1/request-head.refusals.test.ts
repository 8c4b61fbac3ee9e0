import assert from 'node:assert/strict';
import { test } from 'node:test';
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

/** A GET of HTTP/1.1 with Host and these lines. */
function get(...lines: string[]): string {
  return ['GET / HTTP/1.1', 'Host: a.example', ...lines, '', ''].join('\r\n');
}

interface RefusedHead {
  readonly name: string;
  readonly text: string;
  readonly status: number;
  readonly own?: Partial<HeadLimits>;
}

const refusedHeads: readonly RefusedHead[] = [
  { name: 'no target', text: 'GET HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'HTTP/0.9', text: 'GET /\r\n\r\n', status: 400 },
  { name: 'HTTP/2.0', text: 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', status: 505 },
  { name: 'the preface of HTTP/2', text: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 505 },
  { name: 'HTTP/1.2', text: 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', status: 505 },
  { name: 'HTTP/1.1 in lower case', text: 'GET / http/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'HTTP/1.10', text: 'GET / HTTP/1.10\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'HTTP/01.1', text: 'GET / HTTP/01.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'two spaces before the target', text: 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'two spaces after the target', text: 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'a space in the target', text: 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'a TAB in the request line', text: 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  {
    name: 'a control byte in the target',
    text: 'GET /\x0b HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  },
  { name: 'DEL in the target', text: 'GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  {
    name: 'raw UTF-8 in the target',
    text: 'GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  },
  { name: 'a fragment', text: 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'a space after the version', text: 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', status: 400 },
  {
    name: 'a bare LF after the request line',
    text: 'GET / HTTP/1.1\nHost: a\r\n\r\n',
    status: 400,
  },
  { name: 'a bare CR in the request line', text: 'GET / HTTP/1.1\rHost: a\r\n\r\n', status: 400 },
  { name: 'a method that is no token', text: 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'an empty method', text: ' / HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'a relative target', text: 'GET a HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: '* of GET', text: 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'another scheme', text: 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  {
    name: 'absolute-form without authority',
    text: 'GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  },
  {
    name: 'userinfo in absolute-form',
    text: 'GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  },
  {
    name: 'a bad Host beside absolute-form',
    text: 'GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n',
    status: 400,
  },
  { name: 'no Host beside absolute-form', text: 'GET http://a/ HTTP/1.1\r\n\r\n', status: 400 },
  { name: 'CONNECT', text: 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', status: 405 },
  { name: 'no Host in 1.1', text: 'GET / HTTP/1.1\r\n\r\n', status: 400 },
  { name: 'an empty Host', text: 'GET / HTTP/1.1\r\nHost:\r\n\r\n', status: 400 },
  { name: 'two different Hosts', text: get('Host: b'), status: 400 },
  { name: 'two equal Hosts', text: get('Host: a.example'), status: 400 },
  { name: 'two Hosts in 1.0', text: 'GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n', status: 400 },
  ...[
    'a,b',
    'a, b',
    'u@a',
    'a/b',
    'a b',
    'a:b',
    'a:',
    'a:123456',
    'a:99999',
    'a..b',
    '.a',
    '.',
    'a%20b',
    'a\x0bb',
    'a\xe4b',
    '[::1',
    '::1',
    '[::g]',
    '[::1]x',
    'a?b',
    'a#b',
    'a\\b',
    'a'.repeat(254),
    "a'b",
    '<a>',
    'a;b',
  ].map((host) => ({
    name: `Host ${JSON.stringify(host).slice(0, 20)}`,
    text: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    status: 400,
  })),
  { name: 'a space before the colon', text: get('A : 1'), status: 400 },
  { name: 'a TAB in a name', text: get('A\tB: 1'), status: 400 },
  { name: 'an empty name', text: get(': 1'), status: 400 },
  { name: 'a line without colon', text: get('abc'), status: 400 },
  { name: 'a line without colon before one that has it', text: get('abc', 'b: c'), status: 400 },
  {
    name: 'a space before the first field',
    text: 'GET / HTTP/1.1\r\n Host: a\r\n\r\n',
    status: 400,
  },
  { name: 'a folded line', text: get('A: 1', ' 2'), status: 400 },
  { name: 'a line folded with TAB', text: get('A: 1', '\t2'), status: 400 },
  { name: 'a byte outside tchar in a name', text: get('A(: 1'), status: 400 },
  { name: 'a byte above 0x7F in a name', text: get('\xc4: 1'), status: 400 },
  { name: 'NUL in a value', text: get('A: b\0c'), status: 400 },
  { name: 'NUL in the value of a dropped field', text: get('A_B: b\0c'), status: 400 },
  { name: 'a control byte in a value', text: get('A: b\x01c'), status: 400 },
  { name: 'DEL in a value', text: get('A: b\x7fc'), status: 400 },
  { name: 'a bare CR in a value', text: get('A: b\rc'), status: 400 },
  { name: 'a bare CR at the end of a value', text: get('A: b\r'), status: 400 },
  { name: 'a bare LF in a value', text: get('A: b\nc: d'), status: 400 },
  { name: 'bare LF at the end of the head', text: 'GET / HTTP/1.1\r\nHost: a\n\n', status: 400 },
  ...[
    '',
    '+1',
    '-1',
    '0x10',
    '1e3',
    '1 2',
    '1,1',
    '1, 1',
    '1.0',
    '9007199254740992',
    '99999999999999999999',
    'a',
  ].map((length) => ({
    name: `Content-Length "${length}"`,
    text: get(`Content-Length: ${length}`),
    status: 400,
  })),
  {
    name: 'two different lengths',
    text: get('Content-Length: 1', 'Content-Length: 2'),
    status: 400,
  },
  { name: 'two equal lengths', text: get('Content-Length: 1', 'content-length: 1'), status: 400 },
  {
    name: 'both framings',
    text: get('Content-Length: 1', 'Transfer-Encoding: chunked'),
    status: 400,
  },
  {
    name: 'both framings the other way round',
    text: get('Transfer-Encoding: chunked', 'Content-Length: 1'),
    status: 400,
  },
  {
    name: 'both framings, one unknown',
    text: get('Transfer-Encoding: x', 'Content-Length: 1'),
    status: 400,
  },
  {
    name: 'chunked in 1.0',
    text: 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
    status: 400,
  },
  { name: 'chunked twice', text: get('Transfer-Encoding: chunked, chunked'), status: 400 },
  {
    name: 'chunked on two lines',
    text: get('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    status: 400,
  },
  { name: 'an empty coding', text: get('Transfer-Encoding:'), status: 400 },
  { name: 'chunked with an empty element', text: get('Transfer-Encoding: ,chunked'), status: 400 },
  { name: 'a quoted coding', text: get('Transfer-Encoding: "chunked"'), status: 400 },
  { name: 'an unknown coding', text: get('Transfer-Encoding: xchunked'), status: 501 },
  { name: 'identity', text: get('Transfer-Encoding: identity'), status: 501 },
  { name: 'gzip before chunked', text: get('Transfer-Encoding: gzip, chunked'), status: 501 },
  {
    name: 'gzip after chunked',
    text: get('Transfer-Encoding: chunked', 'Transfer-Encoding: gzip'),
    status: 501,
  },
  { name: 'another expectation', text: get('Expect: 200-ok'), status: 417 },
  { name: 'two expectations', text: get('Expect: 100-continue', 'Expect: x'), status: 417 },
  {
    name: 'a request line of one byte too many',
    text: `GET /${'a'.repeat(85)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    status: 414,
    own: { requestLineBytes: 100 },
  },
  {
    name: 'a field line of one byte too many',
    text: get(`A: ${'a'.repeat(96)}`),
    status: 400,
    own: { fieldLineBytes: 100 },
  },
  {
    name: 'a head of one byte too many',
    text: get('A: b'),
    status: 400,
    own: { headBytes: get('A: b').length - 1 },
  },
  { name: 'one field too many', text: get('A: 1', 'A: 2'), status: 400, own: { maxFields: 2 } },
  {
    name: 'one field too many, where they would be dropped',
    text: get('A_: 1', 'A_: 2'),
    status: 400,
    own: { maxFields: 2 },
  },
  { name: 'a third empty line before', text: `\r\n\r\n\r\n${get()}`, status: 400 },
  { name: 'a bare LF before', text: `\n${get()}`, status: 400 },
  { name: 'a TLS hello', text: '\x16\x03\x01\x02\0\x01\0', status: 400 },
];

for (const { name, text, status, own } of refusedHeads) {
  test(`refused with ${status}: ${name}`, () => {
    const refusal = parse(text, own);
    assert.ok(refusal instanceof Refusal, 'accepted');
    assert.equal(refusal.status, status, refusal.reason);
  });
}

for (const { name, text, own } of [
  {
    name: 'a request line of the longest',
    text: `GET /${'a'.repeat(84)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    own: { requestLineBytes: 100 },
  },
  {
    name: 'a field line of the longest',
    text: get(`A: ${'a'.repeat(95)}`),
    own: { fieldLineBytes: 100 },
  },
  { name: 'a head of the longest', text: get('A: b'), own: { headBytes: get('A: b').length } },
  { name: 'as many fields as may be', text: get('A: 1'), own: { maxFields: 2 } },
]) {
  test(`a limit is not off by one: ${name}`, () => {
    const head = parse(text, own);
    assert.ok(head !== undefined && !(head instanceof Refusal));
  });
}

test('too large says so on the page', () => {
  const long = parse(get(`Cookie: ${'a'.repeat(9_000)}`));
  assert.ok(long instanceof Refusal);
  assert.equal(long.pageTitle, 'Request Header Or Cookie Too Large');
});

for (const { name, text, status } of [
  { name: 'garbage in the first byte', text: '\x16', status: 400 },
  { name: 'a bare LF before the head', text: '\n', status: 400 },
  { name: 'a method that is no token', text: 'G@', status: 400 },
  { name: 'NUL in the target', text: 'GET /\0', status: 400 },
  { name: 'a request line without end', text: `GET /${'a'.repeat(8_192)}`, status: 414 },
  { name: 'a bare LF after the request line', text: 'GET / HTTP/1.1\n', status: 400 },
  { name: 'HTTP/0.9', text: 'GET /\r\n', status: 400 },
  { name: 'another version', text: 'GET / HTTP/3.0\r\n', status: 505 },
  { name: 'a bare LF after a field', text: 'GET / HTTP/1.1\r\nHost: a\n', status: 400 },
  { name: 'NUL in a field', text: 'GET / HTTP/1.1\r\nHost: a\0', status: 400 },
  {
    name: 'a field without end',
    text: `GET / HTTP/1.1\r\nHost: ${'a'.repeat(8_192)}`,
    status: 400,
  },
  { name: 'too many fields', text: `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(101)}`, status: 400 },
  {
    name: 'a head without end',
    text: `GET / HTTP/1.1\r\n${`A: ${'b'.repeat(1_000)}\r\n`.repeat(33)}`,
    status: 400,
  },
]) {
  test(`refused before its end has come: ${name}`, () => {
    const refusal = parse(text);
    assert.ok(refusal instanceof Refusal);
    assert.equal(refusal.status, status, refusal.reason);
  });
}
