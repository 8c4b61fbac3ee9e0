import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createDefaultCertificate } from './default-certificate.ts';

test('the default certificate is self-signed, says what it is, and holds for a year', async () => {
  const nowMs = Date.parse('2026-05-01T12:00:00.250Z');
  const { chain, key, fingerprint, id, notAfter } = await createDefaultCertificate(nowMs);
  const parsed = new X509Certificate(chain);
  const details = parsed.publicKey.asymmetricKeyDetails;
  assert.equal(id, 'default');
  assert.equal(parsed.subjectAltName, 'DNS:ingress.local');
  assert.match(parsed.subject, /CN=ts-nginx generated default certificate/);
  assert.equal(parsed.validToDate.toISOString(), '2027-05-01T12:00:00.000Z');
  assert.equal(parsed.validToDate.toISOString(), notAfter);
  assert.ok(parsed.validFromDate.getTime() < nowMs);
  assert.equal(parsed.fingerprint256.replaceAll(':', '').toLowerCase(), fingerprint);
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key.reveal())));
  assert.ok(parsed.verify(parsed.publicKey));
  assert.equal(details?.modulusLength, 2048);
});

test('two default certificates are never the same', async () => {
  const [one, other] = await Promise.all([
    createDefaultCertificate(0),
    createDefaultCertificate(0),
  ]);
  assert.notEqual(one.fingerprint, other.fingerprint);
  assert.notEqual(
    new X509Certificate(one.chain).serialNumber,
    new X509Certificate(other.chain).serialNumber,
  );
});
