import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Certificate } from '../model/config.ts';
import { Sensitive } from '../model/sensitive.ts';
import { objectOf, textOf } from './loose.ts';
import type { Secret } from './snapshot.ts';

export interface ParsedCertificate {
  readonly certificate: Certificate;
  readonly notAfterMs: number;
  /** Whether it is for this host; `*.example.com` asks for a certificate of that very wildcard. Subject names don't count. */
  readonly covers: (host: string) => boolean;
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
    for (const pem of chain.slice(1)) new X509Certificate(pem);
    const problem = strengthProblem(leaf) ?? keyProblem(leaf, key);
    return problem === undefined ? describe(secret, leaf, chain, key) : { problem };
  } catch {
    // OpenSSL's message may quote what it could not read.
    return { problem: 'its tls.crt does not parse' };
  }
}

/** OpenSSL does not take less, and finding that out in a worker would be late. */
function strengthProblem({ publicKey }: X509Certificate): string | undefined {
  const bits = publicKey.asymmetricKeyDetails?.modulusLength;
  return bits === undefined || bits >= 2_048
    ? undefined
    : `its RSA key has ${bits} bits, and 2048 are the least`;
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
  };
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
export function decodeData({ data }: Secret, name: string): string {
  const given = objectOf(data);
  const text = given !== undefined && Object.hasOwn(given, name) ? textOf(given[name]) : undefined;
  return Buffer.from(text ?? '', 'base64').toString('latin1');
}

/** Whether two results say the same, be they of one Secret or of its copy. */
export function isSameCertificate(a: CertificateResult, b: CertificateResult): boolean {
  if ('problem' in a || 'problem' in b)
    return 'problem' in a && 'problem' in b && a.problem === b.problem;
  const { certificate: one } = a;
  const { certificate: other } = b;
  return (
    one.id === other.id && one.chain === other.chain && one.key.reveal() === other.key.reveal()
  );
}
