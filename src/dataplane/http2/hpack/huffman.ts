import type { ByteWriter } from '../byte-writer.ts';
import { createHuffmanCode } from './huffman-code.ts';
import { ACCEPTS, createHuffmanMachine, FAILED, GIVES_OCTET } from './huffman-machine.ts';

const { codes, bits } = createHuffmanCode();
const { steps, ends } = createHuffmanMachine(codes, bits);
/** A code that is longer is written in two goes: with seven bits left over from the last, it must fit 31. */
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
  if (most > scratch.length) scratch = Buffer.allocUnsafeSlow(most);
  const out = scratch;
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = block[at] ?? 0;
    const high = steps[(state << 4) | (byte >>> 4)] ?? FAILED;
    if ((high & GIVES_OCTET) !== 0) out[length++] = high >>> 8;
    const low = steps[((high & 0xff) << 4) | (byte & 0xf)] ?? FAILED;
    if ((low & GIVES_OCTET) !== 0) out[length++] = low >>> 8;
    if (((high | low) & FAILED) !== 0) return undefined;
    state = low & 0xff;
  }
  return ends[state] === ACCEPTS ? out.toString('latin1', 0, length) : undefined;
}

/** How many octets `writeHuffman` writes of `text`. */
export function huffmanBytes(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum += bits[text.charCodeAt(at) & 0xff] ?? 0;
  return (sum + 7) >>> 3;
}

/** Writes the code of `text`, one octet a character, filled up with ones (RFC 7541 §5.2). @param bytes `huffmanBytes(text)` */
export function writeHuffman(out: ByteWriter, text: string, bytes = huffmanBytes(text)): void {
  const into = out.reserve(bytes);
  let position = out.length;
  let pending = 0;
  let pendingBits = 0;
  for (let at = 0; at < text.length; at++) {
    const octet = text.charCodeAt(at) & 0xff;
    const code = codes[octet] ?? 0;
    let width = bits[octet] ?? 0;
    if (width > WIDEST_WRITE_BITS) {
      width -= 8;
      pending = (pending << 8) | (code >>> width);
      into[position++] = pending >>> pendingBits;
    }
    pending = (pending << width) | (code & ((1 << width) - 1));
    pendingBits += width;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      into[position++] = pending >>> pendingBits;
    }
  }
  if (pendingBits > 0) into[position] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits);
  out.advance(bytes);
}
