import { createSecureContext } from 'node:tls';
import type { Finding } from '../model/finding.ts';
import { decodeData } from './certificate.ts';
import { DER_INTEGER, derElements } from './der.ts';
import { finding } from './finding.ts';
import type { ObjectKey, Secret } from './snapshot.ts';

/** What the ConfigMap key `ssl-dh-param` comes to. */
export interface DhParameters {
  /** PEM; undefined: none, so that no DHE cipher is offered. */
  readonly pem: string | undefined;
  readonly findings: readonly Finding[];
}

const PEM =
  /-----BEGIN (?:X9\.42 )?DH PARAMETERS-----([A-Za-z0-9+/=\s]+)-----END (?:X9\.42 )?DH PARAMETERS-----/;
const LEAST_BITS = 2_048;

/** `key`: the Secret's name; `configMap`: who names it. */
export function resolveDhParameters(
  key: ObjectKey,
  secret: Secret | undefined,
  configMap: string,
): DhParameters {
  const [pem, body] =
    secret === undefined ? [] : (PEM.exec(decodeData(secret, 'dhparam.pem')) ?? []);
  const problem = secret === undefined ? 'does not exist' : problemOf(pem, body);
  if (problem === undefined) return { pem, findings: [] };
  const code = secret === undefined ? 'secret-missing' : 'configmap-key-invalid';
  const message = `The Secret ${key} ${problem}: no DHE cipher is offered. Store parameters of 2048 bits and more as its dhparam.pem.`;
  return {
    pem: undefined,
    findings: [finding(code, `ConfigMap ${configMap}`, 'data[ssl-dh-param]', message)],
  };
}

function problemOf(pem: string | undefined, body = ''): string | undefined {
  if (pem === undefined) return 'has no DH parameters in its dhparam.pem';
  const [sequence] = derElements(Buffer.from(body, 'base64')) ?? [];
  const [prime] = (sequence && derElements(sequence.content)) ?? [];
  if (prime?.tag !== DER_INTEGER || !isTaken(pem)) {
    return 'holds DH parameters that OpenSSL refuses';
  }
  const bits = BigInt(`0x${prime.content.toString('hex')}`).toString(2).length;
  return bits >= LEAST_BITS
    ? undefined
    : `holds DH parameters of ${bits} bits, and ${LEAST_BITS} are the least`;
}

function isTaken(dhparam: string): boolean {
  try {
    createSecureContext({ dhparam });
    return true;
  } catch {
    return false;
  }
}
