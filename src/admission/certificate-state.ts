import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { IssuedCertificate } from '../translate/webhook-certificate.ts';

/** PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/** All that replicas have to agree on. */
export interface CertificateState {
  /** PEM of each authority that shall be trusted. */
  readonly authorities: readonly string[];
  readonly serving: CertificatePair | undefined;
  /** What takes its place once its authority has been trusted for a while. */
  readonly next: CertificatePair | undefined;
  /** When the last step was taken; Unix time, milliseconds. */
  readonly changedAtMs: number;
}

/** What has to be done to it now. */
export type Step =
  /** There is nothing that can be served: a new one, at once. */
  | 'replace'
  /** It grows old: its successor is made, and its authority trusted. */
  | 'prepare'
  /** The successor is served. */
  | 'promote'
  /** Authorities that vouch for nothing any more are no longer trusted. */
  | 'forget';

export const NO_CERTIFICATE: CertificateState = {
  authorities: [],
  serving: undefined,
  next: undefined,
  changedAtMs: 0,
};

export interface StepContext {
  readonly nowMs: number;
  /** By which the API server calls; undefined: not known, so none is missed. */
  readonly names: readonly string[] | undefined;
  /** Authorities that the API server trusts now; undefined: nobody can tell. */
  readonly trusted: readonly string[] | undefined;
  /** How long after a step all replicas and all API servers know of it. */
  readonly overlapMs: number;
}

/** Undefined: nothing, for now. */
export function nextStep(state: CertificateState, context: StepContext): Step | undefined {
  const { authorities, serving, next, changedAtMs } = state;
  const { nowMs, overlapMs } = context;
  const current = usable(serving, authorities, context);
  if (current === undefined) return 'replace';
  // A clock that was ahead must not stop everything.
  const sinceMs = Math.abs(nowMs - changedAtMs);
  if (sinceMs < overlapMs) return undefined;
  const successor = usable(next, authorities, context);
  if (successor !== undefined) return isTrusted(successor, context) ? 'promote' : undefined;
  if (isOld(current, nowMs)) return 'prepare';
  const vouching = authorities.filter((authority) => vouchesFor(authority, current));
  return next !== undefined || vouching.length < authorities.length ? 'forget' : undefined;
}

/** `issued`: for the steps that need a new one. */
export function takeStep(
  state: CertificateState,
  step: Step,
  { nowMs, issued }: { readonly nowMs: number; readonly issued: IssuedCertificate | undefined },
): CertificateState {
  const pair = issued && { certificate: issued.certificate, key: issued.key };
  const trusted =
    issued === undefined ? state.authorities : [issued.authority, ...valid(state, nowMs)];
  const changed = { ...state, authorities: trusted, changedAtMs: nowMs };
  switch (step) {
    case 'replace':
      return { ...changed, serving: pair, next: undefined };
    case 'prepare':
      return { ...changed, next: pair };
    case 'promote':
      return { ...changed, serving: state.next, next: undefined };
    case 'forget': {
      const authorities = state.authorities.filter((each) => vouchesFor(each, state.serving));
      return { ...changed, authorities, next: undefined };
    }
  }
}

/** The pair, where it can be served. */
function usable(
  pair: CertificatePair | undefined,
  authorities: readonly string[],
  { nowMs, names }: StepContext,
): CertificatePair | undefined {
  const certificate = parse(pair?.certificate);
  if (pair === undefined || certificate === undefined) return undefined;
  const isFor = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  const isSound =
    certificate.validToDate.getTime() > nowMs &&
    hasKey(certificate, pair.key) &&
    authorities.some((authority) => vouchesFor(authority, pair)) &&
    (names ?? []).every(isFor);
  return isSound ? pair : undefined;
}

function isTrusted(pair: CertificatePair, { trusted }: StepContext): boolean {
  return trusted?.some((authority) => vouchesFor(authority, pair)) ?? true;
}

/** After two thirds of its life. */
function isOld(pair: CertificatePair, nowMs: number): boolean {
  const certificate = parse(pair.certificate);
  if (certificate === undefined) return true;
  const from = certificate.validFromDate.getTime();
  const life = certificate.validToDate.getTime() - from;
  return nowMs >= from + (life * 2) / 3;
}

function valid({ authorities }: CertificateState, nowMs: number): readonly string[] {
  return authorities.filter((pem) => (parse(pem)?.validToDate.getTime() ?? 0) > nowMs);
}

function vouchesFor(authority: string, pair: CertificatePair | undefined): boolean {
  const issuer = parse(authority);
  const certificate = parse(pair?.certificate);
  return (
    issuer !== undefined &&
    certificate?.checkIssued(issuer) === true &&
    certificate.verify(issuer.publicKey)
  );
}

function hasKey(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** The first certificate of a PEM text. */
function parse(pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Each certificate of a PEM text by itself. */
export function splitPem(text: string): readonly string[] {
  return text.match(PEM_CERTIFICATE) ?? [];
}
