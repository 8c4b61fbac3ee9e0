import { randomBytes } from 'node:crypto';
import { buildCertificate } from './build-certificate.ts';

const DAY_MS = 86_400_000;

/** A server certificate and the authority that vouches for it and for nothing else: its key is thrown away. */
export interface IssuedCertificate {
  /** PEM, each of one certificate. */
  readonly authority: string;
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/**
 * For the names and IP addresses by which the API server calls an admission webhook, for a year from a day before `nowMs`. It
 * takes randomness, so translation itself must not call it.
 */
export async function issueWebhookCertificate(
  names: readonly string[],
  nowMs: number,
): Promise<IssuedCertificate> {
  // The API server's clock may be behind.
  const notBeforeMs = nowMs - DAY_MS;
  const validity = { notBeforeMs, notAfterMs: notBeforeMs + 365 * DAY_MS };
  const issuer = await buildCertificate({
    // Two authorities that are trusted at once must not be taken for each other.
    commonName: `ts-nginx admission CA ${randomBytes(4).toString('hex')}`,
    names: [],
    use: 'authority',
    ...validity,
  });
  const { certificate, key } = await buildCertificate({
    commonName: 'ts-nginx admission',
    names,
    use: 'server',
    issuer,
    ...validity,
  });
  return { authority: issuer.certificate, certificate, key };
}
