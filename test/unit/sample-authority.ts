import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { Certificate } from '../../src/model/config.ts';
import { Sensitive } from '../../src/model/sensitive.ts';

interface Leaf {
  readonly names?: readonly string[];
  /** Unix time, milliseconds; default: in an hour. */
  readonly notAfterMs?: number;
  /** More of its subject than the name, the most general first. */
  readonly subject?: forge.pki.CertificateField[];
  /** It says which key of its issuer it is signed with, as those of real CAs do. */
  readonly namesIssuerKey?: true;
  /** What it may be used for alone. */
  readonly purpose?: 'serverAuth' | 'clientAuth';
}

/** A certificate that vouches for itself, and may not for any other. */
export function selfSignedLeaf(id: string): Certificate {
  const keys = generateKeys();
  const subject = [{ name: 'commonName', value: id }];
  const key = forge.pki.privateKeyFromPem(keys.privateKey);
  const certificate = draft(keys.publicKey, subject, subject);
  certificate.setExtensions([{ name: 'keyUsage', digitalSignature: true }]);
  certificate.sign(key, forge.md.sha256.create());
  return describe(id, forge.pki.certificateToPem(certificate), '', keys.privateKey);
}

/** A certificate authority that signs itself, or one below another. */
export interface Authority {
  /** PEM of it alone. */
  readonly ca: string;
  /** Another authority that this one vouches for. */
  below(name: string): Authority;
  /** A certificate with the chain up to, and without, the root. */
  issue(id: string, leaf?: Leaf): Certificate;
  /** PEM of the list of those that it has revoked, good for an hour. */
  revoke(...certificates: readonly Certificate[]): string;
}

let lastSerial = 0;

export function sampleAuthority(name: string): Authority {
  return createAuthority(name, undefined);
}

interface Issuer {
  readonly subject: forge.pki.CertificateField[];
  readonly key: forge.pki.rsa.PrivateKey;
  readonly keyId: string;
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
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(parent?.key ?? key, forge.md.sha256.create());
  const ca = forge.pki.certificateToPem(certificate);
  const chain = parent === undefined ? '' : ca + parent.chain;
  const keyId = certificate.generateSubjectKeyIdentifier().getBytes();
  const issuer: Issuer = { subject, key, keyId, chain };
  return {
    ca,
    below: (other) => createAuthority(other, issuer),
    issue: (id, leaf = {}) => issue(issuer, id, leaf),
    revoke: (...certificates) => signCrl(issuer, certificates),
  };
}

function issue(issuer: Issuer, id: string, leaf: Leaf): Certificate {
  const { names = [], notAfterMs, subject = [], purpose, namesIssuerKey } = leaf;
  const keys = generateKeys();
  const name = [...subject, { name: 'commonName', value: id }];
  const certificate = draft(keys.publicKey, name, issuer.subject);
  if (notAfterMs !== undefined) {
    certificate.validity.notBefore = new Date(notAfterMs - 60_000);
    certificate.validity.notAfter = new Date(notAfterMs);
  }
  const altNames = names.map((value) => ({ type: 2, value }));
  certificate.setExtensions([
    ...(names.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
    ...(namesIssuerKey === undefined
      ? []
      : [{ name: 'authorityKeyIdentifier', keyIdentifier: issuer.keyId }]),
    ...(purpose === undefined ? [] : [{ name: 'extKeyUsage', [purpose]: true }]),
  ]);
  certificate.sign(issuer.key, forge.md.sha256.create());
  return describe(id, forge.pki.certificateToPem(certificate), issuer.chain, keys.privateKey);
}

function describe(id: string, pem: string, above: string, key: string): Certificate {
  const { fingerprint256, validToDate } = new X509Certificate(pem);
  return {
    id,
    chain: pem + above,
    key: new Sensitive(key),
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
    notAfter: validToDate.toISOString(),
  };
}

/** RFC 5280 §5.1; forge makes none. */
function signCrl({ subject, key }: Issuer, certificates: readonly Certificate[]): string {
  const { asn1, pki, md, pem, util } = forge;
  const { Type } = asn1;
  const sequence = (...items: forge.asn1.Asn1[]): forge.asn1.Asn1 =>
    asn1.create(asn1.Class.UNIVERSAL, Type.SEQUENCE, true, items);
  const leaf = (type: forge.asn1.Type, value: string): forge.asn1.Asn1 =>
    asn1.create(asn1.Class.UNIVERSAL, type, false, value);
  const time = (ms: number): forge.asn1.Asn1 =>
    leaf(Type.UTCTIME, asn1.dateToUtcTime(new Date(ms)));
  const algorithm = (): forge.asn1.Asn1 =>
    sequence(
      leaf(Type.OID, asn1.oidToDer(pki.oids['sha256WithRSAEncryption'] ?? '').getBytes()),
      leaf(Type.NULL, ''),
    );
  const now = Date.now();
  const revoked = certificates.map(({ chain }) => {
    const { serialNumber } = new X509Certificate(chain);
    return sequence(leaf(Type.INTEGER, util.hexToBytes(serialNumber)), time(now));
  });
  const list = sequence(
    leaf(Type.INTEGER, asn1.integerToDer(1).getBytes()),
    algorithm(),
    pki.distinguishedNameToAsn1({ attributes: subject }),
    time(now - 60_000),
    time(now + 3_600_000),
    ...(revoked.length === 0 ? [] : [sequence(...revoked)]),
  );
  const digest = md.sha256.create().update(asn1.toDer(list).getBytes());
  const signature = leaf(Type.BITSTRING, `\0${key.sign(digest)}`);
  const body = asn1.toDer(sequence(list, algorithm(), signature)).getBytes();
  return pem.encode({ type: 'X509 CRL', body });
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
