import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { Certificate } from '../../src/model/config.ts';
import { Sensitive } from '../../src/model/sensitive.ts';

interface Leaf {
  readonly names?: readonly string[];
  /** Unix time, milliseconds; default: in an hour. */
  readonly notAfterMs?: number;
}

/** A certificate authority that signs itself, or one below another. */
export interface Authority {
  /** PEM of it alone. */
  readonly ca: string;
  /** Another authority that this one vouches for. */
  below(name: string): Authority;
  /** A certificate with the chain up to, and without, the root. */
  issue(id: string, leaf?: Leaf): Certificate;
}

let lastSerial = 0;

export function sampleAuthority(name: string): Authority {
  return createAuthority(name, undefined);
}

interface Issuer {
  readonly subject: forge.pki.CertificateField[];
  readonly key: forge.pki.rsa.PrivateKey;
  /** PEM of the chain that is sent along. */
  readonly chain: string;
}

function createAuthority(name: string, parent: Issuer | undefined): Authority {
  const keys = generateKeys();
  const subject = [{ name: 'commonName', value: name }];
  const key = forge.pki.privateKeyFromPem(keys.privateKey);
  const certificate = draft(keys.publicKey, subject, parent?.subject ?? subject);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true },
  ]);
  certificate.sign(parent?.key ?? key, forge.md.sha256.create());
  const ca = forge.pki.certificateToPem(certificate);
  const chain = parent === undefined ? '' : ca + parent.chain;
  const issuer: Issuer = { subject, key, chain };
  return {
    ca,
    below: (other) => createAuthority(other, issuer),
    issue: (id, leaf = {}) => issue(issuer, id, leaf),
  };
}

function issue(issuer: Issuer, id: string, { names = [], notAfterMs }: Leaf): Certificate {
  const keys = generateKeys();
  const certificate = draft(keys.publicKey, [{ name: 'commonName', value: id }], issuer.subject);
  if (notAfterMs !== undefined) {
    certificate.validity.notBefore = new Date(notAfterMs - 60_000);
    certificate.validity.notAfter = new Date(notAfterMs);
  }
  const altNames = names.map((value) => ({ type: 2, value }));
  certificate.setExtensions(names.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]);
  certificate.sign(issuer.key, forge.md.sha256.create());
  const pem = forge.pki.certificateToPem(certificate);
  const { fingerprint256, validToDate } = new X509Certificate(pem);
  return {
    id,
    chain: pem + issuer.chain,
    key: new Sensitive(keys.privateKey),
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
    notAfter: validToDate.toISOString(),
  };
}

function draft(
  publicKey: string,
  subject: forge.pki.CertificateField[],
  issuer: forge.pki.CertificateField[],
): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.serialNumber = (++lastSerial).toString(16).padStart(4, '0');
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.validity.notBefore = new Date(Date.now() - 60_000);
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer);
  return certificate;
}

function generateKeys(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
}
