import type { ByteWriter } from '../byte-writer.ts';
import { createHuffmanCode } from './huffman-code.ts';
import { ACCEPTS, createHuffmanMachine, FAILED, TWO_OCTETS, ONE_OCTET } from './huffman-machine.ts';

const { codes, bits } = createHuffmanCode();
const { steps, ends } = createHuffmanMachine(codes, bits);
/** More bits than this are written in two goes: with seven left over from the last, they must fit 31. */
const WIDEST_WRITE_BITS = 24;
/** The shortest code has five bits. */
const MOST_OCTETS_PER_BYTE = 8 / 5;

let scratch = Buffer.allocUnsafeSlow(8192);

/**
 * The text that `block[start, end)` is the Huffman code of, or undefined: EOS in it, or at its end something else than
 * fewer than eight ones (RFC 7541 §5.2).
 */
export function decodeHuffman(block: Buffer, start: number, end: number): string | undefined {
  const most = Math.ceil((end - start) * MOST_OCTETS_PER_BYTE);
  const out = most > scratch.length ? (scratch = Buffer.allocUnsafeSlow(most)) : scratch;
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const step = steps[(state << 8) | (block[at] ?? 0)] ?? FAILED;
    if ((step & ONE_OCTET) !== 0) out[length++] = step >>> 8;
    if ((step & TWO_OCTETS) !== 0) out[length++] = step >>> 16;
    state = step & 0xff;
    if (step >= FAILED) return undefined;
  }
  return ends[state] === ACCEPTS ? out.toString('latin1', 0, length) : undefined;
}

/** How many octets `writeHuffman` would write of `text`. */
export function huffmanBytes(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum += bits[text.charCodeAt(at) & 0xff] ?? 0;
  return (sum + 7) >>> 3;
}

/** Writes the code of `text`, one octet a character, filled up with ones (RFC 7541 §5.2). */
export function writeHuffman(out: ByteWriter, text: string): void {
  let pending = 0;
  let pendingBits = 0;
  for (let at = 0; at < text.length; at++) {
    const octet = text.charCodeAt(at) & 0xff;
    const code = codes[octet] ?? 0;
    let width = bits[octet] ?? 0;
    if (width > WIDEST_WRITE_BITS) {
      width -= 8;
      pending = (pending << 8) | ((code >>> width) & 0xff);
      out.u8(pending >>> pendingBits);
      pending &= 0x7f;
    }
    pending = (pending << width) | (code & ((1 << width) - 1));
    pendingBits += width;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      out.u8(pending >>> pendingBits);
    }
    pending &= 0xff;
  }
  if (pendingBits > 0) out.u8((pending << (8 - pendingBits)) | (0xff >>> pendingBits));
}
