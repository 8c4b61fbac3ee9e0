import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { Certificate } from '../../src/model/config.ts';
import { Sensitive } from '../../src/model/sensitive.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
});
let lastSerial = 0;

/** A self-signed certificate for these names, each of a serial number of its own, all of one key. */
export function sampleCertificate(id: string, names: readonly string[]): Certificate {
  const certificate = forge.pki.createCertificate();
  const subject = [{ name: 'commonName', value: id }];
  certificate.serialNumber = (++lastSerial).toString(16).padStart(4, '0');
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.validity.notBefore = new Date(Date.now() - 60_000);
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  const altNames = names.map((value) => ({ type: 2, value }));
  certificate.setExtensions([{ name: 'subjectAltName', altNames }]);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());

  const chain = forge.pki.certificateToPem(certificate);
  const { raw, validTo } = new X509Certificate(chain);
  const fingerprint = createHash('sha256').update(raw).digest('hex');
  return { id, chain, key: new Sensitive(privateKey), fingerprint, notAfter: validTo };
}
