/** An element of DER (ITU-T X.690 §8.1, §10.1), as far as it is used here: short tags, lengths of up to four bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

export const DER_INTEGER = 0x02;
export const DER_OCTET_STRING = 0x04;
export const DER_OID = 0x06;
export const DER_ENUMERATED = 0x0a;
export const DER_TIME = 0x18;
export const DER_SEQUENCE = 0x30;

const MAX_LENGTH_BYTES = 4;

/** The elements that follow one another in `bytes`; undefined where they are no DER to the end. */
export function derElements(bytes: Buffer): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    if (element === undefined) return undefined;
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

function elementAt(bytes: Buffer, start: number): DerElement | undefined {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || lengthBytes > MAX_LENGTH_BYTES) return undefined;
  const contentAt = start + 2 + lengthBytes;
  if (contentAt > bytes.length) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(start + 2, lengthBytes);
  const end = contentAt + length;
  if (end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(contentAt, end), whole: bytes.subarray(start, end) };
}
