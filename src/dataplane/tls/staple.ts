import type { Certificate } from '../../model/config.ts';

/** The OCSP response that is sent with the certificate, DER; null: none, or none that still holds. */
export function stapleOf({ ocsp }: Certificate, nowMs: number): Buffer | null {
  if (ocsp === undefined || Date.parse(ocsp.notAfter) <= nowMs) return null;
  return Buffer.from(ocsp.response, 'base64');
}
