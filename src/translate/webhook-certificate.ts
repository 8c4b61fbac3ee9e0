import { generateKeyPair, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import forge from 'node-forge';

const DAY_MS = 86_400_000;
const VALIDITY_MS = 365 * DAY_MS;

/** A server certificate and the authority that vouches for it and for nothing else: its key is thrown away. */
export interface IssuedCertificate {
  /** PEM, each of one certificate. */
  readonly authority: string;
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/**
 * For the names and IP addresses by which the API server calls an admission webhook: RSA 2048, a year from a day before
 * `nowMs`. It takes randomness, so translation itself must not call it.
 */
export async function issueWebhookCertificate(
  names: readonly string[],
  nowMs: number,
): Promise<IssuedCertificate> {
  const [authorityKeys, keys] = await Promise.all([generateKeys(), generateKeys()]);
  // Two authorities that are trusted at once must not be taken for each other.
  const subject = subjectOf(`ts-nginx admission CA ${randomBytes(4).toString('hex')}`);
  const signingKey = forge.pki.privateKeyFromPem(authorityKeys.privateKey);

  const authority = draft(authorityKeys.publicKey, nowMs);
  authority.setSubject(subject);
  authority.setIssuer(subject);
  authority.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  authority.sign(signingKey, forge.md.sha256.create());

  const certificate = draft(keys.publicKey, nowMs);
  certificate.setSubject(subjectOf('ts-nginx admission'));
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: names.map(altName) },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: authority.generateSubjectKeyIdentifier().getBytes(),
    },
  ]);
  certificate.sign(signingKey, forge.md.sha256.create());
  return { authority: pem(authority), certificate: pem(certificate), key: keys.privateKey };
}

function generateKeys(): Promise<{ readonly publicKey: string; readonly privateKey: string }> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function draft(publicKey: string, nowMs: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = serialNumber();
  // The API server's clock may be behind.
  certificate.validity.notBefore = new Date(nowMs - DAY_MS);
  certificate.validity.notAfter = new Date(nowMs - DAY_MS + VALIDITY_MS);
  return certificate;
}

function subjectOf(commonName: string): forge.pki.CertificateField[] {
  return [
    { name: 'organizationName', value: 'ts-nginx' },
    { name: 'commonName', value: commonName },
  ];
}

function altName(name: string): object {
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name };
}

function pem(certificate: forge.pki.Certificate): string {
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

/** 127 random bits, positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
