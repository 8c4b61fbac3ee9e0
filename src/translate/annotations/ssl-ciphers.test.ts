import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

test('ssl-ciphers: sound names are taken in their order', () => {
  const text = 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256';
  const { host, findings } = applyAnnotations({ 'ssl-ciphers': text });
  assert.deepEqual(host.tls, { ciphers: text });
  assert.deepEqual(findings, []);
});

test('ssl-ciphers: of a list that is sound in part, that part is taken', () => {
  const text = 'ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:@SECLEVEL=0';
  const { host, findings } = applyAnnotations({ 'ssl-ciphers': text });
  assert.deepEqual(host.tls, { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
  assert.deepEqual(findings, ['annotation-unsupported ssl-ciphers']);
});

for (const text of [
  'eNULL:@SECLEVEL=0',
  'aNULL@SECLEVEL=0',
  'TLS_AES_128_GCM_SHA256',
  'ROT13',
  'DHE-RSA-AES128-GCM-SHA256',
]) {
  test(`ssl-ciphers: ${text} leaves the host as it is`, () => {
    const { host, standing, findings } = applyAnnotations({ 'ssl-ciphers': text });
    assert.equal(standing, 'served');
    assert.equal(host.tls, undefined);
    assert.deepEqual(findings, ['annotation-invalid ssl-ciphers']);
  });
}

for (const text of ['HIGH; ssl_verify_client off', 'HIGH@SECLEVEL=9']) {
  test(`ssl-ciphers: ${text} drops the Ingress`, () => {
    assert.equal(applyAnnotations({ 'ssl-ciphers': text }).standing, 'left-out');
  });
}

test('ciphers and whose order counts are set each by itself', () => {
  const { host } = applyAnnotations({
    'ssl-ciphers': 'aRSA+ECDHE+CHACHA20',
    'ssl-prefer-server-ciphers': 'false',
  });
  assert.deepEqual(host.tls, { ciphers: 'ECDHE-RSA-CHACHA20-POLY1305', cipherOrder: 'client' });
});

test('ssl-prefer-server-ciphers: a word that is no boolean changes nothing', () => {
  const { host, findings } = applyAnnotations({ 'ssl-prefer-server-ciphers': 'mostly' });
  assert.equal(host.tls, undefined);
  assert.deepEqual(findings, ['annotation-invalid ssl-prefer-server-ciphers']);
});
