import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sslCiphers, sslPreferServerCiphers } from './ssl-ciphers.ts';

const draft = { aliases: [], filters: [] };

for (const { text, isTaken } of [
  { text: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384', isTaken: true },
  { text: 'HIGH:!aNULL:!MD5', isTaken: true },
  { text: 'HIGH@STRENGTH', isTaken: true },
  { text: 'ROT13', isTaken: false },
  { text: 'HIGH; ssl_verify_client off', isTaken: false },
  { text: 'HIGH@SECLEVEL=9', isTaken: false },
]) {
  test(`ssl-ciphers: ${text} is ${isTaken ? 'taken' : 'refused'}`, () => {
    const value = sslCiphers.annotations['ssl-ciphers']?.value.parse(text);
    assert.equal(value, isTaken ? text : undefined);
  });
}

test('ciphers and their order are set each by itself', () => {
  const withCiphers = sslCiphers.applyToVirtualHost?.(draft, { 'ssl-ciphers': 'HIGH' });
  assert.deepEqual(withCiphers, { ...draft, tls: { ciphers: 'HIGH' } });
  const withBoth = sslPreferServerCiphers.applyToVirtualHost?.(withCiphers ?? draft, {
    'ssl-prefer-server-ciphers': false,
  });
  assert.deepEqual(withBoth?.tls, { ciphers: 'HIGH', cipherOrder: 'client' });
});

test('what is not set changes nothing', () => {
  const nothing = { 'ssl-ciphers': undefined, 'ssl-prefer-server-ciphers': undefined };
  assert.equal(sslCiphers.applyToVirtualHost?.(draft, nothing), draft);
  assert.equal(sslPreferServerCiphers.applyToVirtualHost?.(draft, nothing), draft);
});
