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
  /** One with a key of another type, for clients that can't verify the first. */
  readonly second: Certificate | undefined;
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
 * The Secrets of the entries that list the host, one for each type of key; where none does, the first whose certificate covers
 * it. What can't be used leaves the default certificate, and the host with TLS. Source: routing.md §7.2.
 */
export function decideHostCertificate(
  { host, tls }: HostCore,
  certificateOf: (key: ObjectKey) => CertificateResult | undefined,
  byDefault: DefaultCertificate,
): HostCertificate {
  const findings: Finding[] = [];
  const { claim, listed, secrets = [] } = tls ?? {};
  const usable: ParsedCertificate[] = [];
  const broken: { readonly key: ObjectKey; readonly result: CertificateResult | undefined }[] = [];
  for (const key of secrets) {
    const result = certificateOf(key);
    if (result !== undefined && !('problem' in result)) {
      if (result.covers(host)) usable.push(result);
      if (listed === undefined) continue;
      if (result.covers(host)) continue;
    }
    broken.push({ key, result });
  }
  const [own, ...others] = usable;
  if (claim !== undefined) {
    const { object } = claim.owner;
    const consequence = consequenceOf(host, own);
    for (const { key, result } of broken) {
      if (own === undefined || listed !== undefined) {
        findings.push(explain({ host, object, key, result, consequence }));
      }
    }
    if (own !== undefined && listed !== undefined)
      findings.push(...reportUnused(object, own, others));
  }
  if (own !== undefined) return present(own, listed === undefined ? [] : others, findings);
  if (claim !== undefined && listed === undefined && secrets.length > 0 && findings.length === 0) {
    const message = `No entry of spec.tls lists the host ${host}, and no certificate there is for it: it is served with the default certificate. List it there, with its Secret.`;
    findings.push(finding('certificate-host-mismatch', claim.owner.object, 'spec.tls', message));
  }
  return {
    own: undefined,
    second: undefined,
    isGenuine: byDefault.parsed?.covers(host) === true,
    covers: (name) => byDefault.parsed?.covers(name) === true,
    findings,
  };
}

function present(
  own: ParsedCertificate,
  others: readonly ParsedCertificate[],
  findings: readonly Finding[],
): HostCertificate {
  const second = others.find(({ keyType }) => keyType !== own.keyType);
  return {
    own: own.certificate,
    second: second?.certificate,
    isGenuine: true,
    covers: (name) => own.covers(name) || second?.covers(name) === true,
    findings,
  };
}

function reportUnused(
  object: string,
  own: ParsedCertificate,
  others: readonly ParsedCertificate[],
): readonly Finding[] {
  const second = others.find(({ keyType }) => keyType !== own.keyType);
  const unused = others.filter((each) => each !== second);
  const findings = unused.map(({ certificate: { id } }) => {
    const message = `Another entry has a certificate with a key of the same type for the host: that in the Secret ${id} is not used.`;
    return finding('certificate-unused', object, 'spec.tls', message);
  });
  if (second === undefined) return findings;
  const stapled = [own, second].filter(({ certificate }) => certificate.ocsp !== undefined);
  return [
    ...findings,
    ...stapled.map(({ certificate: { id } }) => {
      const message = `The OCSP response in the Secret ${id} is not sent along where a host has two certificates: which one a client gets is not known in time.`;
      return finding('ocsp-not-stapled', object, 'spec.tls', message);
    }),
  ];
}

function consequenceOf(host: string, own: ParsedCertificate | undefined): string {
  return own === undefined
    ? `The host ${host} is served with the default certificate.`
    : `The host ${host} is served with that of the Secret ${own.certificate.id} alone.`;
}

interface Unusable {
  readonly host: string;
  readonly object: string;
  readonly key: ObjectKey;
  readonly result: CertificateResult | undefined;
  readonly consequence: string;
}

function explain({ host, object, key, result, consequence }: Unusable): Finding {
  if (result === undefined) {
    const message = `The Secret ${key} does not exist. ${consequence} Create it, or name another.`;
    return finding('secret-missing', object, 'spec.tls', message);
  }
  if ('problem' in result) {
    const message = `The Secret ${key} can't be used: ${result.problem}. ${consequence}`;
    return finding('certificate-invalid', object, 'spec.tls', message);
  }
  const message = `The certificate in the Secret ${key} is not for ${quote(host)}. ${consequence} Have one issued for that name, or name another Secret.`;
  return finding('certificate-host-mismatch', object, 'spec.tls', message);
}
