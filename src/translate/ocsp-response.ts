import { createHash, type X509Certificate } from 'node:crypto';
import type { OcspResponse } from '../model/config.ts';
import {
  DER_ENUMERATED,
  DER_OCTET_STRING,
  DER_SEQUENCE,
  DER_TIME,
  derElements,
  type DerElement,
} from './der.ts';

/** `problem`: why it is not sent along, half a sentence. */
export type OcspResult = OcspResponse | { readonly problem: string };

const EXPLICIT_0 = 0xa0;
const STATUS_GOOD = 0x80;
const STATUS_REVOKED = 0xa1;
const DIGESTS: Readonly<Record<string, string>> = {
  '2b0e03021a': 'sha1',
  '608648016503040201': 'sha256',
};
const ARMOUR = /-----(BEGIN|END) OCSP RESPONSE-----/g;
const UNREADABLE = { problem: 'it does not parse' } as const;

/**
 * What a Secret holds: DER, or its Base64 with or without PEM's armour. It is to be a good one for this certificate; the
 * issuer's signature on it is for clients to check. Source: RFC 6960 §4.2.1.
 */
export function parseOcspResponse(bytes: Buffer, leaf: X509Certificate): OcspResult {
  const der = bytes[0] === DER_SEQUENCE ? bytes : fromBase64(bytes.toString('latin1'));
  const [status, explicit] = children(derElements(der)?.[0]);
  if (status?.tag !== DER_ENUMERATED) return UNREADABLE;
  if (status.content[0] !== 0) return { problem: 'it says that the responder had no answer' };
  const answers = singleResponses(explicit);
  if (answers === undefined) return UNREADABLE;
  const own = answers.find(({ id }) => isFor(id, leaf));
  if (own === undefined) return { problem: 'it is for another certificate' };
  if (own.status === STATUS_REVOKED) {
    return { problem: 'it says that the certificate is revoked: have another one issued' };
  }
  if (own.status !== STATUS_GOOD) {
    return { problem: 'it says that its issuer does not know the certificate' };
  }
  if (own.notAfter === undefined) return { problem: 'it does not say until when it holds' };
  return { response: der.toString('base64'), notAfter: own.notAfter };
}

interface SingleResponse {
  readonly id: DerElement;
  readonly status: number;
  readonly notAfter: string | undefined;
}

/** Down through OCSPResponse, ResponseBytes, BasicOCSPResponse, ResponseData. */
function singleResponses(explicit: DerElement | undefined): readonly SingleResponse[] | undefined {
  const [, octets] = children(children(explicit)[0]);
  if (octets?.tag !== DER_OCTET_STRING) return undefined;
  const [data] = children(derElements(octets.content)?.[0]);
  // The responder's name and a version have tags of their own; the list comes after the time of production.
  const parts = children(data);
  const list = parts[parts.findIndex(({ tag }) => tag === DER_TIME) + 1];
  if (list?.tag !== DER_SEQUENCE) return undefined;
  return children(list).flatMap((each) => {
    const [id, status, , ...rest] = children(each);
    if (id === undefined || status === undefined) return [];
    const next = rest.find(({ tag }) => tag === EXPLICIT_0);
    return [{ id, status: status.tag, notAfter: timeOf(children(next)[0]) }];
  });
}

function isFor(id: DerElement, leaf: X509Certificate): boolean {
  const [algorithm, nameHash, , serial] = children(id);
  const [, ownSerial, , issuer] = certificateParts(leaf);
  if (nameHash === undefined || serial === undefined) return false;
  if (ownSerial === undefined || issuer === undefined) return false;
  const digest = DIGESTS[children(algorithm)[0]?.content.toString('hex') ?? ''];
  if (digest === undefined) return false;
  const isSameIssuer = createHash(digest).update(issuer.whole).digest().equals(nameHash.content);
  return isSameIssuer && serial.content.equals(ownSerial.content);
}

/** Version, serial number, algorithm, issuer, … of a certificate, which is one of version 3 where it names hosts. */
function certificateParts({ raw }: X509Certificate): readonly DerElement[] {
  return children(children(derElements(raw)?.[0])[0]);
}

function children(element: DerElement | undefined): readonly DerElement[] {
  return (element && derElements(element.content)) ?? [];
}

function timeOf(element: DerElement | undefined): string | undefined {
  const text = element?.tag === DER_TIME ? element.content.toString('latin1') : '';
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second)).toISOString();
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll(ARMOUR, ''), 'base64');
}
