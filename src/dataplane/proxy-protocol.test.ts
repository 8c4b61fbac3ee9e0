import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { parseProxyHeader, type ProxiedClient } from './proxy-protocol.ts';
import { proxyHeader } from './write-proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const IPV4 = Buffer.from(`${SIGNATURE}2111000cc0000201c0000202303901bb`, 'hex');
const IPV4_CLIENT: ProxiedClient = {
  address: '192.0.2.1',
  port: 12345,
  destinationAddress: '192.0.2.2',
  destinationPort: 443,
};

const line = (text: string): ReturnType<typeof parseProxyHeader> =>
  parseProxyHeader(Buffer.from(text, 'latin1'));
const binary = (hex: string): ReturnType<typeof parseProxyHeader> =>
  parseProxyHeader(Buffer.from(`${SIGNATURE}${hex}`, 'hex'));

test('version 1 names the client and the port it came to', () => {
  assert.deepEqual(line('PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\nGET'), {
    byteLength: 42,
    client: IPV4_CLIENT,
  });
  assert.deepEqual(line('PROXY TCP6 2001:DB8:0::1 2001:db8::2 1 80\r\n'), {
    byteLength: 43,
    client: {
      address: '2001:db8::1',
      port: 1,
      destinationAddress: '2001:db8::2',
      destinationPort: 80,
    },
  });
  assert.deepEqual(line('PROXY TCP6 ::ffff:192.0.2.9 ::1 1 80\r\n'), {
    byteLength: 38,
    client: { address: '192.0.2.9', port: 1, destinationAddress: '::1', destinationPort: 80 },
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
    client: IPV4_CLIENT,
  });
  const six = `21210024${'20010db8000000000000000000000001'.repeat(2)}30390050`;
  assert.deepEqual(binary(six), {
    byteLength: 52,
    client: {
      address: '2001:db8::1',
      port: 12345,
      destinationAddress: '2001:db8::1',
      destinationPort: 80,
    },
  });
  // With a type-length-value after the addresses.
  assert.deepEqual(binary('21110010c0000201c0000202303901bb04000100'), {
    byteLength: 32,
    client: IPV4_CLIENT,
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

test('a header that is written is read back, in either version', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const port = fc.integer({ min: 0, max: 65_535 });
  const client = fc.record({ address, port, destinationAddress: address, destinationPort: port });
  fc.assert(
    fc.property(fc.constantFrom('v1', 'v2'), client, (version, wanted) => {
      const bytes = proxyHeader(version, wanted);
      const read = parseProxyHeader(bytes);
      assert.ok(typeof read === 'object');
      assert.equal(read.byteLength, bytes.length);
      assert.deepEqual(plain(read.client), plain(wanted));
    }),
    { numRuns: 2_000 },
  );
});

test('headers are written as the specification shows them', () => {
  const text = proxyHeader('v1', IPV4_CLIENT).toString('latin1');
  assert.equal(text, 'PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\n');
  assert.deepEqual(proxyHeader('v2', IPV4_CLIENT), IPV4);
  const mixed: ProxiedClient = { ...IPV4_CLIENT, address: '2001:db8::1' };
  assert.equal(
    proxyHeader('v1', mixed).toString('latin1'),
    'PROXY TCP6 2001:db8::1 ::ffff:c000:202 12345 443\r\n',
  );
  const gone = { ...IPV4_CLIENT, address: '' };
  assert.equal(proxyHeader('v1', gone).toString('latin1'), 'PROXY UNKNOWN\r\n');
  assert.equal(proxyHeader('v2', gone).toString('hex'), `${SIGNATURE}20000000`);
});

/** Addresses in one spelling. */
function plain(client: ProxiedClient | undefined): unknown {
  if (client === undefined) return undefined;
  const spell = (text: string): string => ipaddr.process(text).toString();
  return {
    ...client,
    address: spell(client.address),
    destinationAddress: spell(client.destinationAddress),
  };
}
