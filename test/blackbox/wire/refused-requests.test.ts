/** Requests that no two parsers read alike: each is answered once, and ends its connection. */
import assert from 'node:assert/strict';
import type { SecurityLine } from './security-lines.ts';
import { assertRefused, request, startProbe } from './probe.ts';
import { wireTest } from './wire-test.ts';

interface RefusedCase {
  readonly line: SecurityLine;
  readonly name: string;
  readonly bytes: string;
  readonly status?: number;
}

/** What a request smuggler would hide behind the first request. */
const HIDDEN = 'GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n';

/** A POST with these lines, and `HIDDEN` where a body might be. */
function post(...lines: readonly string[]): string {
  return request('POST /first HTTP/1.1', ...lines) + HIDDEN;
}

const badHosts = [
  '',
  'a, b',
  'a,b',
  'user@app.test',
  'app.test/x',
  'app test',
  'app.test:x',
  'app.test:',
  'app.test\x0b',
  'app..test',
  '[::1',
  'app.test#',
  'a%2eb',
];
const badLengths = [
  '+5',
  '-1',
  '0x5',
  '5e0',
  '5 5',
  '',
  '5,5',
  '5, 6',
  '5.0',
  '9007199254740992',
  '18446744073709551621',
  'five',
];
const badCodings: readonly (readonly [value: string, status: number])[] = [
  ['gzip', 501],
  ['gzip, chunked', 501],
  ['chunked, gzip', 501],
  ['chunked, identity', 501],
  ['xchunked', 501],
  ['chunked, chunked', 400],
  ['"chunked"', 400],
  ['', 400],
  [',chunked', 400],
  ['\x0bchunked', 400],
  ['chunked\x00', 400],
];

const cases: readonly RefusedCase[] = [
  { line: '1.2', name: 'no target', bytes: `GET HTTP/1.1\r\nHost: app.test\r\n\r\n${HIDDEN}` },
  { line: '1.2', name: 'HTTP/0.9', bytes: `GET /\r\n\r\n${HIDDEN}` },
  { line: '1.2', name: 'HTTP/2.0', bytes: request('GET / HTTP/2.0') + HIDDEN, status: 505 },
  {
    line: '1.2',
    name: 'the preface of HTTP/2, which is off',
    bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    status: 505,
  },
  { line: '1.2', name: 'HTTP/1.2', bytes: request('GET / HTTP/1.2') + HIDDEN, status: 505 },
  { line: '1.2', name: 'a version in lower case', bytes: request('GET / http/1.1') + HIDDEN },
  { line: '1.2', name: 'a space in the target', bytes: request('GET /a b HTTP/1.1') + HIDDEN },
  { line: '1.2', name: 'two spaces before the target', bytes: request('GET  / HTTP/1.1') + HIDDEN },
  { line: '1.2', name: 'a TAB between the parts', bytes: request('GET\t/\tHTTP/1.1') + HIDDEN },
  {
    line: '1.2',
    name: 'a control byte in the target',
    bytes: request('GET /\x01 HTTP/1.1') + HIDDEN,
  },
  {
    line: '1.2',
    name: 'a bare CR in the request line',
    bytes: request('GET /\r HTTP/1.1') + HIDDEN,
  },
  {
    line: '1.2',
    name: 'a bare LF after the request line',
    bytes: `GET / HTTP/1.1\nHost: app.test\r\n\r\n${HIDDEN}`,
  },
  { line: '1.2', name: 'a target without slash', bytes: request('GET x HTTP/1.1') + HIDDEN },
  { line: '1.2', name: 'a method that is no token', bytes: request('G(ET / HTTP/1.1') + HIDDEN },
  {
    line: '1.3',
    name: 'CONNECT',
    bytes: `CONNECT app.test:80 HTTP/1.1\r\nHost: app.test:80\r\n\r\n${HIDDEN}`,
    status: 405,
  },
  { line: '1.4', name: 'a fragment', bytes: request('GET /a#b HTTP/1.1') + HIDDEN },
  {
    line: '1.4',
    name: 'a scheme that is not HTTP',
    bytes: request('GET file:///etc/passwd HTTP/1.1') + HIDDEN,
  },
  {
    line: '1.4',
    name: 'absolute-form with userinfo',
    bytes: request('GET http://x@app.test/ HTTP/1.1') + HIDDEN,
  },
  {
    line: '1.4',
    name: 'absolute-form without authority',
    bytes: request('GET http:///x HTTP/1.1') + HIDDEN,
  },
  { line: '1.5', name: 'no Host', bytes: `GET / HTTP/1.1\r\nX: y\r\n\r\n${HIDDEN}` },
  { line: '1.5', name: 'two equal Hosts', bytes: post('Host: app.test') },
  { line: '1.5', name: 'two different Hosts', bytes: post('Host: other.test') },
  { line: '1.5', name: 'a second Host in other case', bytes: post('hOsT: other.test') },
  ...badHosts.map((host): RefusedCase => ({
    line: '1.5',
    name: `Host ${JSON.stringify(host)}`,
    bytes: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n${HIDDEN}`,
  })),
  { line: '1.6', name: 'a space before the colon', bytes: post('X-A : 1') },
  { line: '1.6', name: 'a space before the colon of a length', bytes: post('Content-Length : 44') },
  {
    line: '1.6',
    name: 'a TAB before the colon of a coding',
    bytes: post('Transfer-Encoding\t: chunked'),
  },
  { line: '1.6', name: 'a space in a name', bytes: post('X A: 1') },
  { line: '1.6', name: 'an empty name', bytes: post(': 1') },
  { line: '1.6', name: 'a line without colon', bytes: post('X-A') },
  {
    line: '1.6',
    name: 'a space before the first field',
    bytes: `GET / HTTP/1.1\r\n Host: app.test\r\n\r\n${HIDDEN}`,
  },
  { line: '1.6', name: 'NUL in a name', bytes: post('X\0A: 1') },
  { line: '1.6', name: 'a byte above 0x7F in a name', bytes: post('Content-Length\xa0: 5') },
  { line: '1.6', name: 'a bracket in a name', bytes: post('X[A]: 1') },
  { line: '1.8', name: 'NUL in a value', bytes: post('X-A: b\0c') },
  { line: '1.8', name: 'a bare CR in a value', bytes: post('X-A: b\rContent-Length: 44') },
  { line: '1.8', name: 'a bare LF in a value', bytes: post('X-A: b\nContent-Length: 44') },
  {
    line: '1.8',
    name: 'a bare CR CR LF',
    bytes: `GET / HTTP/1.1\r\nHost: app.test\r\r\n\r\n${HIDDEN}`,
  },
  { line: '1.8', name: 'a folded line', bytes: post('X-A: b', ' c') },
  { line: '1.8', name: 'a folded coding', bytes: post('Transfer-Encoding:', ' chunked') },
  {
    line: '1.8',
    name: 'a head that ends with bare LFs',
    bytes: `GET / HTTP/1.1\r\nHost: app.test\n\n${HIDDEN}`,
  },
  ...badLengths.map((length): RefusedCase => ({
    line: '1.10',
    name: `Content-Length ${JSON.stringify(length)}`,
    bytes: post(`Content-Length: ${length}`),
  })),
  {
    line: '1.10',
    name: 'two lengths that differ',
    bytes: post('Content-Length: 0', 'Content-Length: 44'),
  },
  {
    line: '1.10',
    name: 'two lengths, one bad',
    bytes: post('Content-Length: 44', 'Content-Length: x'),
  },
  ...badCodings.map(([value, status]): RefusedCase => ({
    line: '1.11',
    name: `Transfer-Encoding ${JSON.stringify(value)}`,
    bytes: post(`Transfer-Encoding: ${value}`),
    status,
  })),
  {
    line: '1.11',
    name: 'length before chunked',
    bytes: `${request('POST / HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${HIDDEN}`,
  },
  {
    line: '1.11',
    name: 'chunked before length',
    bytes: `${request('POST / HTTP/1.1', 'Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${HIDDEN}`,
  },
  {
    line: '1.11',
    name: 'chunked on two lines',
    bytes: `${request('POST / HTTP/1.1', 'Transfer-Encoding: chunked', 'transfer-encoding: chunked')}0\r\n\r\n${HIDDEN}`,
  },
  {
    line: '1.11',
    name: 'chunked in HTTP/1.0',
    bytes: `${request('POST / HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked')}0\r\n\r\n${HIDDEN}`,
  },
  {
    line: '1.16',
    name: 'an expectation nobody knows',
    bytes: post('Expect: 200-ok', 'Content-Length: 44'),
    status: 417,
  },
  {
    line: '2.5',
    name: 'a PROXY line nobody asked for',
    bytes: `PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n${HIDDEN}`,
  },
  {
    line: '1.2',
    name: 'a TLS hello on the plaintext port',
    bytes: '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03',
  },
];

for (const { line, name, bytes, status = 400 } of cases) {
  wireTest([line], `refused with ${status}: ${name}`, async (t) => {
    const probe = await startProbe(t, { settings: { client: { http2Streams: 'off' } } });
    const { body } = await assertRefused(t, probe, bytes, [status]);
    assert.ok(!body.includes('smuggled'));
    assert.equal(probe.upstream.requests.length, 1, 'only the clean request went upstream');
  });
}

const badChunks: readonly (readonly [name: string, bytes: string])[] = [
  ['a size that is no hex', 'x\r\nhello\r\n0\r\n\r\n'],
  ['a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['a space after the size', '5 \r\nhello\r\n0\r\n\r\n'],
  ['a space before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['a size of more than 64 bits', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['a size above 2^53', 'ffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ['no size', '\r\nhello\r\n0\r\n\r\n'],
  ['a bare LF after the size', '5\nhello\r\n0\r\n\r\n'],
  ['a bare CR after the size', '5\rhello\r\n0\r\n\r\n'],
  ['a bare LF after the data', '5\r\nhello\n0\r\n\r\n'],
  ['data longer than its size', '5\r\nhello!!\r\n0\r\n\r\n'],
  ['a bare LF in an extension', '5;a\n\r\nhello\r\n0\r\n\r\n'],
  ['a bare CR in an extension', '5;a=\rb\r\nhello\r\n0\r\n\r\n'],
  ['extensions of 16 KiB in all', `1;a=${'b'.repeat(1_000)}\r\nx\r\n`.repeat(20)],
  ['an extension without end', `5;${'a'.repeat(20_000)}`],
  ['a trailer without colon', '5\r\nhello\r\n0\r\nabc\r\n\r\n'],
  ['a trailer with a bare LF', '5\r\nhello\r\n0\r\nA: b\n\r\n'],
  ['trailers of 16 KiB in all', `0\r\n${`A: ${'b'.repeat(1_000)}\r\n`.repeat(20)}\r\n`],
];

for (const [name, chunks] of badChunks) {
  wireTest(['1.12', '1.14'], `a chunked body is refused: ${name}`, async (t) => {
    const probe = await startProbe(t);
    const head = request('POST /chunks HTTP/1.1', 'Transfer-Encoding: chunked');
    await assertRefused(t, probe, head + chunks + HIDDEN, [400]);
  });
}

wireTest(['1.2', '1.8'], 'garbage is refused before its line ends', async (t) => {
  for (const bytes of [
    '\x16\x03',
    'GET /\0',
    'G@T',
    '\n',
    'GET / HTTP/1.1\n',
    'GET / HTTP/1.1\r\nHost: app.test\n',
  ]) {
    const probe = await startProbe(t);
    await assertRefused(t, probe, bytes, [400]);
  }
});
