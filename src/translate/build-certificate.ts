import { createHash, generateKeyPair, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import forge from 'node-forge';

export interface CertificateSpec {
  readonly commonName: string;
  /** DNS names and IP addresses; none for an authority. */
  readonly names: readonly string[];
  /** Unix time, milliseconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** `server`: a TLS server. `authority`: signs such certificates and nothing else. */
  readonly use: 'server' | 'authority';
  /** Undefined: it signs itself. */
  readonly issuer?: BuiltCertificate;
}

export interface BuiltCertificate {
  readonly commonName: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** SHA-256 of its DER, hexadecimal. */
  readonly fingerprint: string;
}

/**
 * A certificate of RSA 2048 and SHA-256. Takes randomness, so translation itself must not call it. The keys are OpenSSL's;
 * node-forge only builds and signs the certificate around them.
 */
export async function buildCertificate(spec: CertificateSpec): Promise<BuiltCertificate> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const { commonName, issuer } = spec;
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = serialNumber();
  certificate.validity.notBefore = new Date(spec.notBeforeMs);
  certificate.validity.notAfter = new Date(spec.notAfterMs);
  certificate.setSubject(nameOf(commonName));
  certificate.setIssuer(nameOf(issuer?.commonName ?? commonName));
  certificate.setExtensions(extensionsOf(spec));
  const signingKey = forge.pki.privateKeyFromPem(issuer?.key ?? privateKey);
  certificate.sign(signingKey, forge.md.sha256.create());
  const der = forge.asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes();
  return {
    commonName,
    certificate: forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n'),
    key: privateKey,
    fingerprint: createHash('sha256').update(der, 'latin1').digest('hex'),
  };
}

function nameOf(commonName: string): forge.pki.CertificateField[] {
  return [
    { name: 'organizationName', value: 'ts-nginx' },
    { name: 'commonName', value: commonName },
  ];
}

function extensionsOf({ use, names }: CertificateSpec): object[] {
  if (use === 'authority') {
    return [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, keyCertSign: true },
      { name: 'subjectKeyIdentifier' },
    ];
  }
  return [
    { name: 'basicConstraints', cA: false },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: names.map(altName) },
  ];
}

function altName(name: string): object {
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name };
}

/** 127 random bits, positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
