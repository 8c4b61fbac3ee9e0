import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocalAddress, isOwnEndpoint, parseAddress } from './endpoint-address.ts';

for (const [text, want] of [
  ['10.0.0.1', '10.0.0.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::ffff:0a00:0001', '10.0.0.1'],
  ['10.1', undefined],
  ['0x7f000001', undefined],
  ['2130706433', undefined],
  ['fe80::1%eth0', undefined],
  ['[::1]', undefined],
  ['example.com', undefined],
  ['', undefined],
] as const) {
  test(`${JSON.stringify(text)} as an address is ${want ?? 'none'}`, () => {
    assert.equal(parseAddress(text), want);
  });
}

for (const [address, want] of [
  ['10.0.0.1', false],
  ['192.0.2.1', false],
  ['100.64.0.1', false],
  ['2001:db8::1', false],
  ['fd00::1', false],
  ['127.0.0.1', true],
  ['127.255.255.254', true],
  ['169.254.169.254', true],
  ['0.0.0.0', true],
  ['0.0.0.1', true],
  ['224.0.0.1', true],
  ['255.255.255.255', true],
  ['::1', true],
  ['::', true],
  ['fe80::1', true],
  ['ff02::1', true],
  ['fd00:ec2::254', true],
] as const) {
  test(`${address} is ${want ? '' : 'not '}local`, () => {
    assert.equal(isLocalAddress(address), want);
  });
}

test('an IPv4 address in IPv6 clothes is no way around', () => {
  for (const text of ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:169.254.169.254']) {
    assert.equal(isLocalAddress(parseAddress(text) ?? ''), true);
  }
});

const own = { ownAddresses: new Set(['10.0.0.9', '2001:db8::9']), ownPorts: new Set([80, 10254]) };

for (const [address, port, want] of [
  ['10.0.0.9', 80, true],
  ['10.0.0.9', 10254, true],
  ['10.0.0.9', 8080, false],
  ['10.0.0.8', 80, false],
  ['2001:db8::9', 80, true],
  ['127.0.0.1', 80, true],
  ['127.8.8.8', 80, true],
  ['::1', 80, true],
  ['0.0.0.0', 80, true],
  ['::', 80, true],
  ['127.0.0.1', 8080, false],
] as const) {
  test(`${address} port ${port} is ${want ? '' : 'not '}our own`, () => {
    assert.equal(isOwnEndpoint({ address, port }, own), want);
  });
}
