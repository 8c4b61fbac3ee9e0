import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Certificate } from '../model/config.ts';
import { Sensitive } from '../model/sensitive.ts';
import { objectOf, textOf } from './loose.ts';
import { parseOcspResponse } from './ocsp-response.ts';
import type { Secret } from './snapshot.ts';

export interface ParsedCertificate {
  readonly certificate: Certificate;
  readonly notAfterMs: number;
  /** Whether it is for this host; `*.example.com` asks for a certificate of that very wildcard. Subject names don't count. */
  readonly covers: (host: string) => boolean;
  /** Of its key: `rsa`, `ec`, `ed25519`, … */
  readonly keyType: string;
  /** It is presented all the same. */
  readonly remarks: readonly CertificateRemark[];
}

export interface CertificateRemark {
  readonly code: 'certificate-weak' | 'ocsp-not-stapled';
  readonly message: string;
}

/** `problem`: what is wrong with the Secret, half a sentence without a byte of it. */
export type CertificateResult = ParsedCertificate | { readonly problem: string };

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** A TLS Secret's certificate chain and key. Slow: to be remembered by the Secret's identity. */
export function parseCertificate(secret: Secret): CertificateResult {
  const chain = pemCertificates(decodeData(secret, 'tls.crt'));
  const [leafPem] = chain;
  if (leafPem === undefined) return { problem: 'its tls.crt holds no PEM certificate' };
  const key = decodeData(secret, 'tls.key');
  if (key === '') return { problem: 'it has no tls.key' };
  try {
    const leaf = new X509Certificate(leafPem);
    const issuers = chain.slice(1).map((pem) => new X509Certificate(pem));
    const problem = strengthProblem(leaf) ?? keyProblem(leaf, key);
    if (problem !== undefined) return { problem };
    const parsed = describe(secret, leaf, chain, key);
    return addOcsp({ ...parsed, remarks: weakness([leaf, ...issuers]) }, secret, leaf);
  } catch {
    // OpenSSL's message may quote what it could not read.
    return { problem: 'its tls.crt does not parse' };
  }
}

/** Where OpenSSL finds groups for their signatures. */
const CURVES = new Set([
  'prime256v1',
  'secp384r1',
  'secp521r1',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
]);

/** What OpenSSL refuses, or can shake no hand with; finding that out in a worker would be late. */
function strengthProblem({ publicKey }: X509Certificate): string | undefined {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails = {} } = publicKey;
  const { modulusLength: bits = 0, namedCurve = '' } = asymmetricKeyDetails;
  if (type === 'rsa' || type === 'rsa-pss') {
    return bits >= 2_048 ? undefined : `its RSA key has ${bits} bits, and 2048 are the least`;
  }
  if (type === 'ec') {
    if (CURVES.has(namedCurve)) return undefined;
    return `its key is of the curve ${namedCurve}, which TLS clients do not take: take prime256v1`;
  }
  if (/^(ed|ml-dsa-)/.test(type)) return undefined;
  return `its key is of the type ${type}, which TLS has no use for: take RSA or ECDSA`;
}

/** Signatures that clients no longer trust. A root signs itself, which nobody checks. */
function weakness(chain: readonly X509Certificate[]): CertificateRemark[] {
  const weak = chain.find(
    ({ signatureAlgorithm, subject, issuer }) =>
      /sha1|md5/i.test(signatureAlgorithm ?? '') && subject !== issuer,
  );
  if (weak === undefined) return [];
  const which = weak === chain[0] ? 'It' : 'A certificate of its chain';
  const message = `${which} is signed with ${weak.signatureAlgorithm ?? ''}, which clients refuse: have it issued anew.`;
  return [{ code: 'certificate-weak', message }];
}

function keyProblem(leaf: X509Certificate, key: string): string | undefined {
  try {
    const isMatch = leaf.checkPrivateKey(createPrivateKey(key));
    return isMatch ? undefined : 'its tls.key belongs to another certificate';
  } catch {
    return 'its tls.key is no usable PEM private key';
  }
}

function describe(
  { metadata }: Secret,
  leaf: X509Certificate,
  chain: readonly string[],
  key: string,
): ParsedCertificate {
  const notAfter = leaf.validToDate;
  return {
    certificate: {
      id: `${metadata.namespace ?? 'default'}/${metadata.name}`,
      chain: `${chain.join('\n')}\n`,
      key: new Sensitive(key),
      fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
      notAfter: notAfter.toISOString(),
    },
    notAfterMs: notAfter.getTime(),
    covers: (host) => covers(leaf, host),
    keyType: leaf.publicKey.asymmetricKeyType ?? '',
    remarks: [],
  };
}

/** Name of the Secret's key; cert-manager and Gloo have it, too. */
const OCSP_KEY = 'tls.ocsp-staple';

function addOcsp(
  parsed: ParsedCertificate,
  secret: Secret,
  leaf: X509Certificate,
): ParsedCertificate {
  const bytes = decodeBytes(secret, OCSP_KEY);
  if (bytes.length === 0) return parsed;
  const ocsp = parseOcspResponse(bytes, leaf);
  if (!('problem' in ocsp)) return { ...parsed, certificate: { ...parsed.certificate, ocsp } };
  const message = `The OCSP response in its ${OCSP_KEY} is not sent along: ${ocsp.problem}.`;
  return { ...parsed, remarks: [...parsed.remarks, { code: 'ocsp-not-stapled', message }] };
}

function covers(leaf: X509Certificate, host: string): boolean {
  const options = { subject: 'never', partialWildcards: false } as const;
  if (!host.startsWith('*.')) return leaf.checkHost(host, options) !== undefined;
  // The name that matched a made-up host of the domain is the wildcard itself, or it is none.
  const matched = leaf.checkHost(`a-host-of-its-own${host.slice(1)}`, options);
  return matched?.toLowerCase() === host;
}

/** Each by itself. */
export function pemCertificates(text: string): readonly string[] {
  return (text.match(PEM_CERTIFICATE) ?? []).map((pem) => pem.trim());
}

/** Empty where the Secret has no such key. */
export function decodeData(secret: Secret, name: string): string {
  return decodeBytes(secret, name).toString('latin1');
}

function decodeBytes({ data }: Secret, name: string): Buffer {
  const given = objectOf(data);
  const text = given !== undefined && Object.hasOwn(given, name) ? textOf(given[name]) : undefined;
  return Buffer.from(text ?? '', 'base64');
}

/** Whether two results say the same, be they of one Secret or of its copy. */
export function isSameCertificate(a: CertificateResult, b: CertificateResult): boolean {
  if ('problem' in a || 'problem' in b)
    return 'problem' in a && 'problem' in b && a.problem === b.problem;
  const { certificate: one } = a;
  const { certificate: other } = b;
  return (
    one.id === other.id &&
    one.chain === other.chain &&
    one.key.reveal() === other.key.reveal() &&
    one.ocsp?.response === other.ocsp?.response &&
    JSON.stringify(a.remarks) === JSON.stringify(b.remarks)
  );
}
