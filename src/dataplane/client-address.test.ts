import assert from 'node:assert/strict';
import test from 'node:test';
import { AddressList } from './address-list.ts';
import { effectiveAddress, plainAddress } from './client-address.ts';

const PEER = '10.0.0.1';

for (const { name, chain, trusted, want } of [
  { name: 'no chain: the peer', chain: undefined, trusted: ['10.0.0.0/8'], want: PEER },
  { name: 'empty: the peer', chain: '', trusted: ['10.0.0.0/8'], want: PEER },
  { name: 'one entry', chain: '1.2.3.4', trusted: ['10.0.0.0/8'], want: '1.2.3.4' },
  {
    name: 'from the right, the first that is not trusted',
    chain: '6.6.6.6, 1.2.3.4, 10.0.0.7, 10.0.0.8',
    trusted: ['10.0.0.0/8'],
    want: '1.2.3.4',
  },
  {
    name: 'all trusted: the leftmost',
    chain: '10.9.9.9,10.0.0.7',
    trusted: ['10.0.0.0/8'],
    want: '10.9.9.9',
  },
  {
    name: 'garbage ends the search at the last good one',
    chain: '1.2.3.4, unknown, 10.0.0.7',
    trusted: ['10.0.0.0/8'],
    want: '10.0.0.7',
  },
  {
    name: 'entries with ports',
    chain: '[2001:db8::1]:443, 10.0.0.7:1234',
    trusted: ['10.0.0.0/8'],
    want: '2001:db8::1',
  },
  {
    name: 'IPv6 is not within the default list',
    chain: '2001:db8::2, 2001:db8::1',
    trusted: ['0.0.0.0/0'],
    want: '2001:db8::1',
  },
  {
    name: 'an IPv4 address in IPv6 clothes is IPv4',
    chain: '::ffff:1.2.3.4',
    trusted: ['10.0.0.0/8'],
    want: '1.2.3.4',
  },
  { name: 'zones are no addresses', chain: 'fe80::1%eth0', trusted: [], want: PEER },
]) {
  test(`effective address: ${name}`, () => {
    assert.equal(effectiveAddress(chain, PEER, new AddressList(trusted)), want);
  });
}

test('addresses of dual-stack sockets are shown as IPv4', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('2001:db8::1'), '2001:db8::1');
  assert.equal(plainAddress('192.0.2.1'), '192.0.2.1');
});
