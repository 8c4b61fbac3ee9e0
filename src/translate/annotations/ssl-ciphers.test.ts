import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

for (const text of [
  'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
  'HIGH:!aNULL:!MD5',
  'HIGH@STRENGTH',
]) {
  test(`ssl-ciphers: ${text} is taken`, () => {
    const { host, findings } = applyAnnotations({ 'ssl-ciphers': text });
    assert.deepEqual(host.tls, { ciphers: text });
    assert.deepEqual(findings, []);
  });
}

for (const text of ['ROT13', 'HIGH; ssl_verify_client off', 'HIGH@SECLEVEL=9']) {
  test(`ssl-ciphers: ${text} drops the Ingress`, () => {
    assert.equal(applyAnnotations({ 'ssl-ciphers': text }).standing, 'left-out');
  });
}

test('ciphers and whose order counts are set each by itself', () => {
  const { host } = applyAnnotations({
    'ssl-ciphers': 'HIGH',
    'ssl-prefer-server-ciphers': 'false',
  });
  assert.deepEqual(host.tls, { ciphers: 'HIGH', cipherOrder: 'client' });
});

test('ssl-prefer-server-ciphers: a word that is no boolean changes nothing', () => {
  const { host, findings } = applyAnnotations({ 'ssl-prefer-server-ciphers': 'mostly' });
  assert.equal(host.tls, undefined);
  assert.deepEqual(findings, ['annotation-invalid ssl-prefer-server-ciphers']);
});
