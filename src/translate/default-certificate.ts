import { createHash, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';
import type { Certificate } from '../model/config.ts';
import { Sensitive } from '../model/sensitive.ts';

const DAY_MS = 86_400_000;

/** Who it says it is: nobody shall take it for a real one. */
const SUBJECT = [
  { name: 'organizationName', value: 'ts-nginx' },
  { name: 'commonName', value: 'ts-nginx generated default certificate' },
];

/**
 * The certificate for hosts that have no other: RSA 2048, self-signed, 365 days, for `ingress.local`. Made once by who starts
 * the program, since it takes randomness and a clock, which translation must not have. Source: routing.md §7.1.
 */
export async function createDefaultCertificate(nowMs: number): Promise<Certificate> {
  // The key is OpenSSL's; node-forge only builds and signs the certificate around it.
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const notAfter = new Date(nowMs + 365 * DAY_MS);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = serialNumber();
  // Clients' clocks may be behind.
  certificate.validity.notBefore = new Date(nowMs - DAY_MS);
  certificate.validity.notAfter = notAfter;
  certificate.setSubject(SUBJECT);
  certificate.setIssuer(SUBJECT);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: [{ type: 2, value: 'ingress.local' }] },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  const der = forge.asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes();
  return {
    id: 'default',
    chain: forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n'),
    key: new Sensitive(privateKey),
    fingerprint: createHash('sha256').update(der, 'latin1').digest('hex'),
    notAfter: new Date(Math.floor(notAfter.getTime() / 1_000) * 1_000).toISOString(),
  };
}

/** 127 random bits, positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
