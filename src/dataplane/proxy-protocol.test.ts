import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseProxyHeader } from './proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const IPV4 = Buffer.from(`${SIGNATURE}2111000cc0000201c0000202303901bb`, 'hex');

const line = (text: string): ReturnType<typeof parseProxyHeader> =>
  parseProxyHeader(Buffer.from(text, 'latin1'));
const binary = (hex: string): ReturnType<typeof parseProxyHeader> =>
  parseProxyHeader(Buffer.from(`${SIGNATURE}${hex}`, 'hex'));

test('version 1 names the client and the port it came to', () => {
  assert.deepEqual(line('PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\nGET'), {
    byteLength: 42,
    client: { address: '192.0.2.1', destinationPort: 443 },
  });
  assert.deepEqual(line('PROXY TCP6 2001:DB8:0::1 2001:db8::2 1 80\r\n'), {
    byteLength: 43,
    client: { address: '2001:db8::1', destinationPort: 80 },
  });
  assert.deepEqual(line('PROXY TCP6 ::ffff:192.0.2.9 ::1 1 80\r\n'), {
    byteLength: 38,
    client: { address: '192.0.2.9', destinationPort: 80 },
  });
  assert.deepEqual(line('PROXY UNKNOWN\r\n'), { byteLength: 15, client: undefined });
  assert.deepEqual(line('PROXY UNKNOWN ffff::1 ::1 1 2\r\n'), {
    byteLength: 31,
    client: undefined,
  });
});

test('version 2 names the client and the port it came to', () => {
  assert.deepEqual(parseProxyHeader(IPV4), {
    byteLength: 28,
    client: { address: '192.0.2.1', destinationPort: 443 },
  });
  const six = `21210024${'20010db8000000000000000000000001'.repeat(2)}30390050`;
  assert.deepEqual(binary(six), {
    byteLength: 52,
    client: { address: '2001:db8::1', destinationPort: 80 },
  });
  // With a type-length-value after the addresses.
  assert.deepEqual(binary('21110010c0000201c0000202303901bb04000100'), {
    byteLength: 32,
    client: { address: '192.0.2.1', destinationPort: 443 },
  });
  assert.deepEqual(binary('20000000'), { byteLength: 16, client: undefined });
  assert.deepEqual(binary('21000000'), { byteLength: 16, client: undefined });
});

test('what is no header is refused at its first wrong byte', () => {
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n',
    'PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n',
    'proxy tcp4 192.0.2.1 192.0.2.2 1 2\r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}`,
    '\r\n\r\nX',
  ]) {
    assert.equal(line(text), 'malformed', text);
  }
  // Another version, another command, addresses that do not fit, more than anybody says.
  for (const hex of ['11110000', '22110000', '2111000b0000000000000000000000', '2111ffff']) {
    assert.equal(binary(hex), 'malformed', hex);
  }
});

test('every beginning of a header is incomplete', () => {
  const whole = [IPV4, Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\n')];
  for (const header of whole) {
    for (let length = 0; length < header.length; length++) {
      assert.equal(parseProxyHeader(header.subarray(0, length)), undefined, `${length}`);
    }
  }
});

test('no bytes make the parser throw', () => {
  const tail = fc.uint8Array({ maxLength: 80 });
  const start = fc.constantFrom(Buffer.alloc(0), IPV4.subarray(0, 13), Buffer.from('PROXY TCP4 '));
  fc.assert(
    fc.property(start, tail, (begin, rest) => {
      const header = parseProxyHeader(Buffer.concat([begin, rest]));
      if (typeof header === 'object') assert.ok(header.byteLength <= begin.length + rest.length);
    }),
    { numRuns: 10_000 },
  );
});
