/**
 * How many bits each octet's code has, sixteen to a row (RFC 7541 Appendix B). The code is canonical: shorter codes come first,
 * equally long ones in the order of their octets, so that the lengths say it all. EOS is thirty ones, the code that is left over.
 */
// prettier-ignore
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
const SYMBOLS = CODE_BITS.length;

export interface HuffmanCode {
  /** By octet: its code, in the low bits. */
  readonly codes: Uint32Array;
  /** By octet: how many bits that is, 5 to 30. */
  readonly bits: Uint8Array;
}

/** Counts the codes up from zeros, octet by octet in the order of their lengths. */
export function createHuffmanCode(): HuffmanCode {
  const bits = Uint8Array.from(CODE_BITS);
  const codes = new Uint32Array(SYMBOLS);
  let next = 0;
  for (let length = 1; length <= 30; length++) {
    next *= 2;
    for (let octet = 0; octet < SYMBOLS; octet++) {
      if (bits[octet] === length) codes[octet] = next++;
    }
  }
  return { codes, bits };
}
