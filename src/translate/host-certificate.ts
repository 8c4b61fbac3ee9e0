import type { Certificate } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import type { CertificateResult, ParsedCertificate } from './certificate.ts';
import { finding, quote } from './finding.ts';
import type { HostCore } from './host-core.ts';
import type { ObjectKey } from './snapshot.ts';

/** What is presented for a host that some Ingress gives TLS. */
export interface HostCertificate {
  /** Undefined: the default certificate. */
  readonly own: Certificate | undefined;
  /** A certificate that was made for this host, not one that we generated or that is for others. */
  readonly isGenuine: boolean;
  readonly covers: (host: string) => boolean;
  readonly findings: readonly Finding[];
}

export interface DefaultCertificate {
  readonly certificate: Certificate;
  /** Undefined: it was generated. */
  readonly parsed: ParsedCertificate | undefined;
}

/**
 * The Secret of the entry that lists the host; where none does, any whose certificate covers it. What can't be used leaves
 * the default certificate, and the host with TLS. Source: routing.md §7.2.
 */
export function decideHostCertificate(
  { host, tls }: HostCore,
  certificateOf: (key: ObjectKey) => CertificateResult | undefined,
  byDefault: DefaultCertificate,
): HostCertificate {
  const findings: Finding[] = [];
  const { claim, listed, secrets = [] } = tls ?? {};
  for (const key of secrets) {
    const result = certificateOf(key);
    if (result !== undefined && !('problem' in result)) {
      if (result.covers(host)) return present(result, findings);
      if (listed === undefined) continue;
    }
    if (claim !== undefined) findings.push(explain(host, claim.owner.object, key, result));
  }
  if (claim !== undefined && listed === undefined && secrets.length > 0 && findings.length === 0) {
    const message = `No entry of spec.tls lists the host ${host}, and no certificate there is for it: it is served with the default certificate.`;
    findings.push(finding('certificate-host-mismatch', claim.owner.object, 'spec.tls', message));
  }
  return {
    own: undefined,
    isGenuine: byDefault.parsed?.covers(host) === true,
    covers: (name) => byDefault.parsed?.covers(name) === true,
    findings,
  };
}

function present(
  { certificate, covers }: ParsedCertificate,
  findings: readonly Finding[],
): HostCertificate {
  return { own: certificate, isGenuine: true, covers, findings };
}

function explain(
  host: string,
  object: string,
  key: ObjectKey,
  result: CertificateResult | undefined,
): Finding {
  const consequence = `The host ${host} is served with the default certificate.`;
  if (result === undefined) {
    const message = `The Secret ${key} does not exist. ${consequence}`;
    return finding('secret-missing', object, 'spec.tls', message);
  }
  if ('problem' in result) {
    const message = `The Secret ${key} can't be used: ${result.problem}. ${consequence}`;
    return finding('certificate-invalid', object, 'spec.tls', message);
  }
  const message = `The certificate in the Secret ${key} is not for ${quote(host)}. ${consequence}`;
  return finding('certificate-host-mismatch', object, 'spec.tls', message);
}
