import assert from 'node:assert/strict';
import { BlockList, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressList } from './address-list.ts';

for (const { cidrs, inside, outside } of [
  { cidrs: [], inside: [], outside: ['10.0.0.1', '::1', ''] },
  {
    cidrs: ['10.0.0.0/8', '192.0.2.7'],
    inside: ['10.0.0.0', '10.255.255.255', '192.0.2.7', '::ffff:10.1.2.3', '::ffff:a01:203'],
    outside: ['9.255.255.255', '11.0.0.0', '192.0.2.8', '2001:db8::1'],
  },
  {
    cidrs: ['10.0.0.77/8'],
    inside: ['10.0.0.0', '10.0.0.77'],
    outside: ['11.0.0.77'],
  },
  {
    cidrs: ['0.0.0.0/0'],
    inside: ['0.0.0.0', '255.255.255.255', '::ffff:1.2.3.4'],
    outside: ['::1', '2001:db8::1'],
  },
  {
    cidrs: ['::/0'],
    inside: ['::1', '2001:db8::1', 'fe80::1%eth0'],
    outside: ['1.2.3.4', '::ffff:1.2.3.4'],
  },
  {
    cidrs: ['2001:db8::/32', '2001:db8:1::/48', 'fd00::1'],
    inside: ['2001:db8::1', '2001:DB8:ffff::', '2001:db8:0:0:0:0:0:1', 'fd00::1'],
    outside: ['2001:db9::', 'fd00::2', '32.1.13.184'],
  },
  {
    cidrs: ['::ffff:192.0.2.0/120', '::ffff:10.0.0.1'],
    inside: ['192.0.2.200', '10.0.0.1', '::ffff:192.0.2.1'],
    outside: ['192.0.3.0', '10.0.0.2'],
  },
  {
    cidrs: ['0.0.0.0/0', '::/0'],
    inside: ['1.2.3.4', '::1'],
    outside: [
      ...['', 'x', '1.2.3', '1.2.3.4.5', '1.2.3.', '.1.2.3', '1..2.3', '256.1.1.1', '01.2.3.4'],
      ...['1.2.3.4 ', '1.2.3.4:80', '[::1]', '::g', '::ffff:1.2.3.256', '0x1.2.3.4', '16909060'],
    ],
  },
]) {
  test(`[${cidrs.join(', ')}]`, () => {
    const list = new AddressList(cidrs);
    for (const address of inside) assert.ok(list.matches(address), `${address} is inside`);
    for (const address of outside) assert.ok(!list.matches(address), `${address} is outside`);
  });
}

for (const cidr of ['', 'x', '10.0.0.0/33', '::/129', '10.0.0.0/', 'example.com']) {
  test(`${JSON.stringify(cidr)} is refused`, () => {
    assert.throws(() => new AddressList([cidr]));
  });
}

test('it agrees with net.BlockList', () => {
  const octet = fc.constantFrom(0, 1, 2, 127, 128, 255);
  const v4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
  const group = fc.constantFrom('0', '1', '8000', 'ffff');
  const v6 = fc
    .array(group, { minLength: 7, maxLength: 7 })
    .map((groups) => `2001:${groups.join(':')}`);
  // Shorter IPv6 blocks hold the mapped addresses, which are IPv4 to us.
  const cidr = fc.oneof(fc.tuple(v4, fc.nat(32)), fc.tuple(v6, fc.integer({ min: 16, max: 128 })));
  const property = fc.property(
    fc.array(cidr, { maxLength: 8 }),
    fc.array(fc.oneof(v4, v6), { minLength: 1, maxLength: 20 }),
    (cidrs, addresses) => {
      const list = new AddressList(cidrs.map(([address, length]) => `${address}/${length}`));
      const oracle = new BlockList();
      for (const [address, length] of cidrs) oracle.addSubnet(address, length, familyOf(address));
      for (const address of addresses) {
        assert.equal(list.matches(address), oracle.check(address, familyOf(address)), address);
      }
    },
  );
  fc.assert(property, { numRuns: 10_000 });
});

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
