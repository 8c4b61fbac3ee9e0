import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { findOwnAddresses } from './own-addresses.ts';

test('the pod tells its addresses one by one or as a list, in any spelling', () => {
  const addresses = findOwnAddresses({}, ['10.0.0.9', '10.0.0.9, 2001:DB8:0::9,nonsense', '']);
  assert.deepEqual([...addresses], ['10.0.0.9', '2001:db8::9']);
});

test('the interfaces of this machine count', () => {
  assert.ok(findOwnAddresses(networkInterfaces(), []).has('127.0.0.1'));
});
