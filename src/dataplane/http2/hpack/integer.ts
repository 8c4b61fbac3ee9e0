import type { ByteWriter } from '../byte-writer.ts';

/** A place in a header block: the parts of a field are read one behind the other. */
export interface BlockCursor {
  bytes: Buffer;
  at: number;
  end: number;
}

/** What is not an integer, or one beyond `LARGEST`. */
export const BAD_INTEGER = -1;
/** No length, index or size in a header block has a use for more than 28 bits; RFC 7541 §5.1 asks for a bound. */
const LARGEST_SHIFT = 21;

/**
 * Reads an integer whose first octet has `prefixBits` of it (RFC 7541 §5.1) and moves the cursor behind it.
 * At most four octets may follow the first, leading zeros included. `BAD_INTEGER` where there is no such integer.
 */
export function readInteger(cursor: BlockCursor, prefixBits: number): number {
  if (cursor.at >= cursor.end) return BAD_INTEGER;
  const prefixMask = (1 << prefixBits) - 1;
  const prefix = (cursor.bytes[cursor.at++] ?? 0) & prefixMask;
  return prefix < prefixMask ? prefix : readContinuation(cursor, prefix);
}

function readContinuation(cursor: BlockCursor, prefix: number): number {
  let value = prefix;
  for (let shift = 0; shift <= LARGEST_SHIFT && cursor.at < cursor.end; shift += 7) {
    const octet = cursor.bytes[cursor.at++] ?? 0;
    value += (octet & 0x7f) << shift;
    if (octet < 0x80) return value;
  }
  return BAD_INTEGER;
}

/** Writes `value` (RFC 7541 §5.1). @param pattern the bits of the first octet before the prefix, in place. */
export function writeInteger(
  out: ByteWriter,
  pattern: number,
  prefixBits: number,
  value: number,
): void {
  const prefixMask = (1 << prefixBits) - 1;
  if (value < prefixMask) {
    out.u8(pattern | value);
    return;
  }
  out.u8(pattern | prefixMask);
  let rest = value - prefixMask;
  while (rest >= 0x80) {
    out.u8((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.u8(rest);
}
