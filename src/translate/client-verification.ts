import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { ClientVerification } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { authTls, type AuthTlsValues } from './annotations/auth-tls.ts';
import type { AnnotationReading } from './annotations/read-annotations.ts';
import { decodeData, pemCertificates } from './certificate.ts';
import { finding, quote } from './finding.ts';
import type { HostClaim } from './parsed-ingress.ts';
import { textEntriesOf } from './loose.ts';
import { parseSecretReference, type ReferenceContext } from './secret-reference.ts';
import type { ObjectKey, Secret } from './snapshot.ts';
import { boolean } from './value-parsers.ts';

/** What the `auth-tls-*` annotations of an Ingress ask for, as far as it can be said without the Secret. */
export interface ClientVerificationWish {
  readonly object: string;
  readonly prefix: string;
  readonly values: AuthTlsValues;
  /** Undefined: there is none that may be used. */
  readonly secret: ObjectKey | undefined;
  /** The Ingress is not served, and its hosts may be others' as well. */
  readonly isDropped?: true;
}

/** Nobody can be made sure of: the hosts of the Ingress are closed. */
export interface ClientVerificationProblem {
  /** A sentence without its full stop, without a byte of the Secret. */
  readonly problem: string;
  /** Name of the annotation. */
  readonly annotation: string;
  /** There is no `auth-tls-secret` at all: an Ingress that has one decides, be it a younger one. */
  readonly isWithoutSecret: boolean;
}

export type ClientVerificationResult = ClientVerification | ClientVerificationProblem;

/** Undefined: nothing is asked for. */
export function readClientVerificationWish(
  reading: AnnotationReading,
  context: ReferenceContext & { readonly object: string; readonly prefix: string },
): ClientVerificationWish | undefined {
  // Sound: what a feature's own parsers gave is kept under it.
  const values = reading.values.get(authTls) as AuthTlsValues | undefined;
  if (values === undefined || Object.keys(values).length === 0) return undefined;
  const { object, prefix } = context;
  const secret = parseSecretReference(values['auth-tls-secret'] ?? '', context);
  return { object, prefix, values, secret };
}

const NO_VALUES: AuthTlsValues = {
  'auth-tls-secret': undefined,
  'auth-tls-verify-client': undefined,
  'auth-tls-verify-depth': undefined,
  'auth-tls-pass-certificate-to-upstream': undefined,
  'auth-tls-error-page': undefined,
  'auth-tls-match-cn': undefined,
};

/**
 * What is left of it where the Ingress is not served: its hosts were not to be had without a certificate, and other Ingresses'
 * paths there must not open for it. Undefined: nothing was asked for.
 */
export function readDroppedVerification(
  annotations: unknown,
  { object, prefix }: { readonly object: string; readonly prefix: string },
): ClientVerificationWish | undefined {
  const texts = new Map(textEntriesOf(annotations));
  const secret = texts.get(`${prefix}/auth-tls-secret`)?.trim() ?? '';
  // A canary never has a say in its host.
  const isCanary = boolean().parse(texts.get(`${prefix}/canary`)?.trim() ?? '') === true;
  if (secret === '' || isCanary) return undefined;
  const values: AuthTlsValues = { ...NO_VALUES, 'auth-tls-secret': secret };
  return { object, prefix, values, secret: undefined, isDropped: true };
}

/** Undefined: as if nothing was asked for. Slow: to be remembered. */
export function resolveClientVerification(
  { values, secret: key, isDropped }: ClientVerificationWish,
  secret: Secret | undefined,
): ClientVerificationResult | undefined {
  const written = values['auth-tls-secret'];
  if (written === undefined) return withoutSecret(values);
  const fail = (problem: string): ClientVerificationProblem => ({
    problem,
    annotation: 'auth-tls-secret',
    isWithoutSecret: false,
  });
  if (isDropped === true) return fail('The Ingress is not served, nor are its clients verified');
  if (key === undefined) {
    return fail(
      `${quote(written)} is not \`namespace/name\` of a Secret in the Ingress's namespace`,
    );
  }
  if (secret === undefined) return fail(`The Secret ${key} does not exist`);
  const parsed = parseClientSecret(secret);
  if ('problem' in parsed) return fail(`The Secret ${key} can't be used: ${parsed.problem}`);
  const depth = Math.max(values['auth-tls-verify-depth'] ?? 1, 1);
  const errorPage = values['auth-tls-error-page'];
  return {
    fingerprint: digestOf([parsed.ca, parsed.crls, depth]),
    mode: modeOf(values),
    ...parsed,
    depth,
    subjectPattern: values['auth-tls-match-cn'],
    errorPage: errorPage?.startsWith('@') === true ? undefined : errorPage,
    passesCertificate: values['auth-tls-pass-certificate-to-upstream'] ?? false,
  };
}

/** Whoever demands a certificate and names no CA must not find that everybody gets in. */
function withoutSecret(values: AuthTlsValues): ClientVerificationProblem | undefined {
  const { 'auth-tls-verify-client': verify = 'off', 'auth-tls-match-cn': subjects } = values;
  const annotation =
    verify !== 'off'
      ? 'auth-tls-verify-client'
      : subjects !== undefined
        ? 'auth-tls-match-cn'
        : undefined;
  if (annotation === undefined) return undefined;
  const problem = 'There is no auth-tls-secret with CAs to check clients against';
  return { problem, annotation, isWithoutSecret: true };
}

function modeOf(values: AuthTlsValues): ClientVerification['mode'] {
  switch (values['auth-tls-verify-client']) {
    case 'off':
      return 'off';
    case 'optional':
      return 'optional';
    case 'optional_no_ca':
      return 'any';
    case 'on':
    case undefined:
      return 'required';
  }
}

/** What closes hosts, and what has no effect. */
export function reportClientVerification(
  { object, prefix, values }: ClientVerificationWish,
  result: ClientVerificationResult | undefined,
): readonly Finding[] {
  const field = (name: string): string => `metadata.annotations[${prefix}/${name}]`;
  if (result === undefined) {
    const name = Object.entries(values).find(([, value]) => value !== undefined)?.[0];
    const isUsual = name === undefined || values['auth-tls-verify-client'] === 'off';
    if (isUsual) return [];
    const message = 'Without auth-tls-secret it has no effect, in ingress-nginx neither.';
    return [finding('annotation-ignored', object, field(name), message)];
  }
  if (!('problem' in result)) return [];
  const message = `${result.problem}: all paths of its hosts answer 403 until that is corrected, but for hosts that an older Ingress guards.`;
  return [finding('guard-not-honoured', object, field(result.annotation), message)];
}

/** How a host makes sure of its clients. */
export interface HostClients {
  /** `broken`: it can't, so nobody gets in. */
  readonly verification: ClientVerification | 'broken' | undefined;
  /** Ingresses that ask for more than that: what is theirs must not be had for less. `Ingress shop/web` */
  readonly closed: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

const NOBODY_ASKED: HostClients = { verification: undefined, closed: new Set(), findings: [] };

/** The oldest Ingress of the host that names a Secret decides, be that good or not; else the oldest that should name one. */
export function decideHostClients(
  claims: readonly HostClaim[],
  results: ReadonlyMap<string, ClientVerificationResult>,
): HostClients {
  const wishes = claims.flatMap((claim) => {
    const result = results.get(claim.owner.object);
    return result === undefined ? [] : [{ claim, result }];
  });
  const first =
    wishes.find(({ result }) => !('problem' in result && result.isWithoutSecret)) ?? wishes[0];
  if (first === undefined) return NOBODY_ASKED;
  const { result } = first;
  const overruled = wishes.filter((wish) => !isSame(wish.result, result));
  const isClosed = ({ result: wished }: (typeof wishes)[number]): boolean =>
    !('problem' in result) && !('problem' in wished) && !guardsAsWell(result, wished);
  const findings = overruled.map((wish) => {
    const { object } = wish.claim.owner;
    const decided = `The ${first.claim.owner.object}, which goes before, decides about the client certificates of the host ${wish.claim.host}`;
    return isClosed(wish)
      ? finding(
          'guard-not-honoured',
          object,
          'metadata.annotations',
          `${decided}, and lets in whom this Ingress does not: its paths there answer 403 until both ask for the same.`,
        )
      : finding(
          'host-conflict',
          object,
          'metadata.annotations',
          `${decided}: what this Ingress says of them has no effect there.`,
        );
  });
  return {
    verification: 'problem' in result ? 'broken' : result,
    closed: new Set(overruled.filter(isClosed).map(({ claim }) => claim.owner.object)),
    findings,
  };
}

/** From lax to strict. */
const MODES: readonly ClientVerification['mode'][] = ['off', 'any', 'optional', 'required'];

/** Whether whoever gets past the one would get past the other. */
function guardsAsWell(one: ClientVerification, other: ClientVerification): boolean {
  if (other.mode === 'off') return true;
  const isAsStrict = MODES.indexOf(one.mode) >= MODES.indexOf(other.mode);
  const hasSubjects =
    other.subjectPattern === undefined || one.subjectPattern === other.subjectPattern;
  return one.fingerprint === other.fingerprint && isAsStrict && hasSubjects;
}

function isSame(a: ClientVerificationResult, b: ClientVerificationResult): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

type ClientSecret = Pick<ClientVerification, 'ca' | 'crls'>;

const PEM_CRL = /-----BEGIN X509 CRL-----[A-Za-z0-9+/=\s]+-----END X509 CRL-----/g;

/** A worker reads them all at once, in some 0.1 ms each, and every client that is asked is sent all their names. */
const MAX_AUTHORITIES = 100;

/** `problem`: half a sentence without a byte of the Secret. */
function parseClientSecret(secret: Secret): ClientSecret | { readonly problem: string } {
  const caText = decodeData(secret, 'ca.crt');
  if (caText === '') return { problem: 'it has no ca.crt' };
  const authorities = pemCertificates(caText);
  const { length } = authorities;
  if (length > MAX_AUTHORITIES) {
    return { problem: `its ca.crt has ${length} certificates, more than ${MAX_AUTHORITIES}` };
  }
  if (length === 0 || !authorities.every(isCertificate)) {
    return { problem: 'its ca.crt does not parse' };
  }
  const ca = `${authorities.join('\n')}\n`;
  if (!isTaken({ ca })) return { problem: 'OpenSSL does not take its ca.crt' };
  const crlText = decodeData(secret, 'ca.crl');
  const crls = (crlText.match(PEM_CRL) ?? []).map((pem) => `${pem}\n`);
  const isCrlSound = crls.length > 0 && isTaken({ ca, crl: crls });
  // A list that is there and can't be read would let in whom it names.
  return crlText === '' || isCrlSound ? { ca, crls } : { problem: 'its ca.crl does not parse' };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}

/** What a worker will do with it; there it would be late to find out. */
function isTaken(options: { readonly ca: string; readonly crl?: string[] }): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
