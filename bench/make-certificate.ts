import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface MadeCertificate {
  /** PEM. */
  readonly chain: string;
  readonly key: string;
}

export type KeyKind = 'ecdsa' | 'rsa';

const SEQUENCE = 0x30;
const SET = 0x31;
const OIDS = {
  commonName: '550403',
  subjectAltName: '551d11',
  ecdsaWithSha256: '2a8648ce3d040302',
  rsaWithSha256: '2a864886f70d01010b',
} as const;

let rsaPair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined;

/**
 * A certificate that signs itself, put together by hand: ten thousand of them shall take seconds. Each with an ECDSA key of
 * its own; RSA keys take too long to find, so that all have the same one. Source: RFC 5280 §4.1.
 */
export function makeCertificate(host: string, kind: KeyKind): MadeCertificate {
  const pair = kind === 'rsa' ? (rsaPair ??= makeRsaPair()) : makeEcdsaPair();
  const algorithm =
    kind === 'rsa'
      ? der(SEQUENCE, oid(OIDS.rsaWithSha256), der(0x05))
      : der(SEQUENCE, oid(OIDS.ecdsaWithSha256));
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, oid(OIDS.commonName), text(0x0c, host.slice(0, 60)))),
  );
  const names = der(SEQUENCE, text(0x82, host));
  const extension = der(SEQUENCE, oid(OIDS.subjectAltName), der(0x04, names));
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    name,
    der(SEQUENCE, text(0x18, '20200101000000Z'), text(0x18, '20990101000000Z')),
    name,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, extension)),
  );
  const signature = sign('sha256', body, pair.privateKey);
  const whole = der(SEQUENCE, body, algorithm, der(0x03, Buffer.from([0]), signature));
  return {
    chain: pem(whole),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

function makeEcdsaPair(): NonNullable<typeof rsaPair> {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function makeRsaPair(): NonNullable<typeof rsaPair> {
  return generateKeyPairSync('rsa', { modulusLength: 2_048 });
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  // The shortest form, or strict readers refuse it.
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function text(tag: number, value: string): Buffer {
  return der(tag, Buffer.from(value, 'latin1'));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
