import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { Certificate } from '../../../src/model/config.ts';
import { Sensitive } from '../../../src/model/sensitive.ts';

/** A certificate for these names that signs itself; made anew on each call. */
export function selfSignedCertificate(id: string, names: readonly string[]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 60_000);
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000);
  const subject = [{ name: 'commonName', value: names[0] ?? 'nobody' }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  const chain = forge.pki.certificateToPem(certificate);
  return {
    id,
    chain,
    key: new Sensitive(privateKey),
    fingerprint: createHash('sha256').update(new X509Certificate(chain).raw).digest('hex'),
    notAfter: certificate.validity.notAfter.toISOString(),
  };
}
