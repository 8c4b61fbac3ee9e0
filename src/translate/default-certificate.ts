import type { Certificate } from '../model/config.ts';
import { Sensitive } from '../model/sensitive.ts';
import { buildCertificate } from './build-certificate.ts';

const DAY_MS = 86_400_000;

/**
 * The certificate for hosts that have no other: RSA 2048, self-signed, 365 days, for `ingress.local`. Made once by who starts
 * the program, since it takes randomness and a clock, which translation must not have. Source: routing.md §7.1.
 */
export async function createDefaultCertificate(nowMs: number): Promise<Certificate> {
  const notAfterMs = nowMs + 365 * DAY_MS;
  const { certificate, key, fingerprint } = await buildCertificate({
    // Nobody shall take it for a real one.
    commonName: 'ts-nginx generated default certificate',
    names: ['ingress.local'],
    // Clients' clocks may be behind.
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs,
    use: 'server',
  });
  return {
    id: 'default',
    chain: certificate,
    key: new Sensitive(key),
    fingerprint,
    notAfter: new Date(Math.floor(notAfterMs / 1_000) * 1_000).toISOString(),
  };
}
