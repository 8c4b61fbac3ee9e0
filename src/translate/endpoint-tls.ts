import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Certificate, UpstreamTls } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { proxySsl, type ProxySslValues, type TlsVersions } from './annotations/proxy-ssl.ts';
import type { AnnotationReading } from './annotations/read-annotations.ts';
import { decodeData, parseCertificate, pemCertificates } from './certificate.ts';
import { finding, quote } from './finding.ts';
import { parseSecretReference, type ReferenceContext } from './secret-reference.ts';
import type { ObjectKey, Secret } from './snapshot.ts';

/** What the `proxy-ssl-*` annotations of an Ingress ask for, as far as it can be said without the Secret. */
export interface EndpointTlsWish {
  readonly object: string;
  readonly prefix: string;
  readonly values: ProxySslValues;
  /** Undefined: there is none that may be used. */
  readonly secret: ObjectKey | undefined;
}

/** TLS towards the endpoints of an Ingress, but for what depends on the Service. */
export interface EndpointTls {
  readonly secret: ObjectKey;
  /** PEM. */
  readonly ca: string | undefined;
  readonly certificate: Certificate | undefined;
  /** SHA-256 of the Secret's part in it. */
  readonly digest: string;
  readonly verifies: boolean;
  readonly depth: number;
  readonly name: string | undefined;
  readonly sendsName: boolean;
  readonly versions: TlsVersions;
  readonly ciphers: string | undefined;
}

/** The paths of the Ingress are closed. */
export interface EndpointTlsProblem {
  /** A sentence without its full stop, without a byte of the Secret. */
  readonly problem: string;
  /** Name of the annotation. */
  readonly annotation: string;
}

export type EndpointTlsResult = EndpointTls | EndpointTlsProblem;

/** Undefined: nothing is asked for. */
export function readEndpointTlsWish(
  reading: AnnotationReading,
  context: ReferenceContext & { readonly object: string; readonly prefix: string },
): EndpointTlsWish | undefined {
  // Sound: what a feature's own parsers gave is kept under it.
  const values = reading.values.get(proxySsl) as ProxySslValues | undefined;
  if (values === undefined || Object.keys(values).length === 0) return undefined;
  const { object, prefix } = context;
  const secret = parseSecretReference(values['proxy-ssl-secret'] ?? '', context);
  return { object, prefix, values, secret };
}

/** Undefined: as if nothing was asked for. Slow: to be remembered. */
export function resolveEndpointTls(
  { values, secret: key }: EndpointTlsWish,
  secret: Secret | undefined,
): EndpointTlsResult | undefined {
  const written = values['proxy-ssl-secret'];
  const verifies = values['proxy-ssl-verify'] === 'on';
  if (written === undefined) {
    const problem = 'There is no proxy-ssl-secret with CAs to check endpoints against';
    return verifies ? { problem, annotation: 'proxy-ssl-verify' } : undefined;
  }
  const fail = (problem: string): EndpointTlsProblem => ({
    problem,
    annotation: 'proxy-ssl-secret',
  });
  if (key === undefined) {
    return fail(
      `${quote(written)} is not \`namespace/name\` of a Secret in the Ingress's namespace`,
    );
  }
  if (secret === undefined) return fail(`The Secret ${key} does not exist`);
  const parsed = parseEndpointSecret(secret);
  if ('problem' in parsed) return fail(`The Secret ${key} can't be used: ${parsed.problem}`);
  if (verifies && parsed.ca === undefined) {
    return fail(`The Secret ${key} has no ca.crt to check endpoints against`);
  }
  const tls: EndpointTls = {
    secret: key,
    ...parsed,
    verifies,
    depth: Math.max(values['proxy-ssl-verify-depth'] ?? 1, 1),
    name: values['proxy-ssl-name'],
    sendsName: values['proxy-ssl-server-name'] === 'on',
    versions: values['proxy-ssl-protocols'] ?? { min: 'TLSv1.2', max: 'TLSv1.3' },
    ciphers: values['proxy-ssl-ciphers'],
  };
  return isUsable(tls) ? tls : fail(`The Secret ${key} can't be used: OpenSSL refuses it`);
}

/** What closes paths, and what has no effect. */
export function reportEndpointTls(
  { object, prefix, values }: EndpointTlsWish,
  result: EndpointTlsResult | undefined,
): readonly Finding[] {
  const field = (name: string): string => `metadata.annotations[${prefix}/${name}]`;
  if (result === undefined) {
    const [name] = Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== 'off')
      .map(([each]) => each);
    if (name === undefined) return [];
    const message = 'Without proxy-ssl-secret it has no effect, in ingress-nginx neither.';
    return [finding('annotation-ignored', object, field(name), message)];
  }
  if (!('problem' in result)) return [];
  const message = `${result.problem}: all paths of the Ingress answer 503 until that is corrected.`;
  return [finding('guard-not-honoured', object, field(result.annotation), message)];
}

type EndpointSecret = Pick<EndpointTls, 'ca' | 'certificate' | 'digest'>;

/** `problem`: half a sentence without a byte of the Secret. */
function parseEndpointSecret(secret: Secret): EndpointSecret | { readonly problem: string } {
  const ca = decodeData(secret, 'ca.crt');
  const authorities = pemCertificates(ca);
  if (ca !== '' && (authorities.length === 0 || !authorities.every(isCertificate))) {
    return { problem: 'its ca.crt does not parse' };
  }
  const hasPair = decodeData(secret, 'tls.crt') !== '' || decodeData(secret, 'tls.key') !== '';
  if (ca === '' && !hasPair) return { problem: 'it has neither ca.crt nor tls.crt and tls.key' };
  const pair = hasPair ? parseCertificate(secret) : undefined;
  if (pair !== undefined && 'problem' in pair) return pair;
  const text = ca === '' ? undefined : `${authorities.join('\n')}\n`;
  const certificate = pair?.certificate;
  const digest = digestOf([text, certificate?.chain, certificate?.key.reveal()]);
  return { ca: text, certificate, digest };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}

/** What a worker will do with it; there it would be late to find out. */
function isUsable({ ca, certificate, versions, ciphers }: EndpointTls): boolean {
  const pair =
    certificate === undefined ? {} : { cert: certificate.chain, key: certificate.key.reveal() };
  try {
    createSecureContext({
      ca: ca ?? [],
      ...pair,
      minVersion: versions.min,
      maxVersion: versions.max,
      ...(ciphers === undefined ? {} : { ciphers }),
    });
    return true;
  } catch {
    return false;
  }
}

/** What tells clusters of one Service port apart in their ids. It stays when the Secret's content changes. */
export function endpointTlsLabel(tls: EndpointTls | undefined): string {
  if (tls === undefined) return '';
  const { secret, verifies, depth, name, sendsName, versions, ciphers } = tls;
  const { min, max } = versions;
  const parts = [
    `tls ${secret}`,
    verifies ? `verify depth ${depth}` : '',
    name === undefined ? '' : `name ${name}`,
    sendsName ? 'sni' : '',
    min === max ? min : '',
    ciphers === undefined ? '' : `ciphers ${ciphers}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** `clusterName`: what a certificate must be for where the Ingress names nothing. */
export function translateEndpointTls(tls: EndpointTls, clusterName: string): UpstreamTls {
  const { ca, certificate, digest, verifies, depth, sendsName, versions, ciphers } = tls;
  const name = tls.name ?? clusterName;
  const serverName = sendsName && isIP(name) === 0 ? name : undefined;
  const verify = verifies && ca !== undefined ? { ca, name, depth } : 'off';
  const { min: minVersion, max: maxVersion } = versions;
  const shape = [digest, verifies, name, depth, serverName, minVersion, maxVersion, ciphers];
  return {
    fingerprint: digestOf(shape),
    verify,
    certificate,
    serverName,
    minVersion,
    maxVersion,
    ciphers,
  };
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
