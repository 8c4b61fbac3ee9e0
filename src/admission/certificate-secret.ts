import {
  NO_CERTIFICATE,
  splitPem,
  type CertificatePair,
  type CertificateState,
} from './certificate-state.ts';
import { asObject, type JsonObject } from './json-object.ts';

/** `ca`, `cert` and `key` are those of ingress-nginx's Secret, which may be taken over, and mounted by one that goes back. */
const CHANGED_AT = 'ts-nginx.io/changed-at';

/** What can't be read counts as absent, and is replaced. */
export function readCertificateSecret(secret: JsonObject): CertificateState {
  const data = asObject(secret['data']);
  const annotations = asObject(asObject(secret['metadata'])['annotations']);
  const changedAt = annotations[CHANGED_AT];
  const changedAtMs = typeof changedAt === 'string' ? Date.parse(changedAt) : Number.NaN;
  return {
    authorities: splitPem(decode(data['ca'])),
    serving: readPair(data, 'cert', 'key'),
    next: readPair(data, 'next-cert', 'next-key'),
    changedAtMs: Number.isNaN(changedAtMs) ? NO_CERTIFICATE.changedAtMs : changedAtMs,
  };
}

/** The Secret as it shall be. `present`: as it is; its labels, and keys of others, stay. */
export function writeCertificateSecret(
  { authorities, serving, next, changedAtMs }: CertificateState,
  place: { readonly namespace: string; readonly name: string },
  present: JsonObject | undefined,
): JsonObject {
  const metadata = present === undefined ? place : asObject(present['metadata']);
  const annotations = asObject(asObject(metadata)['annotations']);
  const data: Record<string, unknown> = { ...asObject(present?.['data']) };
  for (const name of ['next-cert', 'next-key']) Reflect.deleteProperty(data, name);
  data['ca'] = encode(authorities.map((pem) => `${pem.trim()}\n`).join(''));
  if (serving !== undefined) writePair(data, 'cert', 'key', serving);
  if (next !== undefined) writePair(data, 'next-cert', 'next-key', next);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: present?.['type'] ?? 'Opaque',
    metadata: {
      ...metadata,
      annotations: { ...annotations, [CHANGED_AT]: new Date(changedAtMs).toISOString() },
    },
    data,
  };
}

function readPair(data: JsonObject, cert: string, key: string): CertificatePair | undefined {
  const pair = { certificate: decode(data[cert]), key: decode(data[key]) };
  return pair.certificate === '' || pair.key === '' ? undefined : pair;
}

function writePair(
  data: Record<string, unknown>,
  cert: string,
  key: string,
  pair: CertificatePair,
): void {
  data[cert] = encode(pair.certificate);
  data[key] = encode(pair.key);
}

function decode(value: unknown): string {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '';
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
