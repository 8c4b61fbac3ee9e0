import type { ByteWriter } from '../byte-writer.ts';
import { EncoderTable } from './encoder-table.ts';
import { huffmanBytes, writeHuffman } from './huffman.ts';
import { isIndexedAtOnce, isNeverIndexed } from './indexing-policy.ts';
import { writeInteger } from './integer.ts';
import { STATIC_FIELD_COUNT, STATIC_INDEX } from './static-table.ts';

/** What a peer may have us keep for it, whatever it offers: more does not pay. */
const LARGEST_TABLE_BYTES = 4096;
/** A field that would fill more of the table than this share is not worth what it pushes out. */
const LARGEST_SHARE = 1 / 4;

/** Encodes the header blocks of one direction of a connection, in the order in which they go (RFC 7541). */
export class HpackEncoder {
  readonly #table = new EncoderTable(LARGEST_TABLE_BYTES);
  #maxTableBytes = LARGEST_TABLE_BYTES;
  /** The smallest size since the last block, where the peer must be told of a change (RFC 7541 §4.2). */
  #smallestTableBytes: number | undefined;

  /** @param bytes the peer's SETTINGS_HEADER_TABLE_SIZE; the next block begins with what changes by it. */
  setMaxTableBytes(bytes: number): void {
    const maxBytes = Math.min(bytes, LARGEST_TABLE_BYTES);
    if (maxBytes === this.#maxTableBytes) return;
    this.#maxTableBytes = maxBytes;
    this.#smallestTableBytes = Math.min(maxBytes, this.#smallestTableBytes ?? maxBytes);
    this.#table.resize(maxBytes);
  }

  /**
   * Appends one field; pending changes of the table's size go first.
   * @param name in lower case. Name and value are latin1 text.
   * @param isSensitive it came as one that must never be indexed (RFC 7541 §7.1.3).
   */
  field(out: ByteWriter, name: string, value: string, isSensitive = false): void {
    if (this.#smallestTableBytes !== undefined) this.#writeTableSizes(out);
    const known = STATIC_INDEX.get(name);
    if (isSensitive || isNeverIndexed(name, value)) {
      this.#writeLiteral(out, 0x10, 4, known?.index ?? this.#nameIndex(name), name, value);
      return;
    }
    const staticIndex = known?.values.get(value);
    if (staticIndex !== undefined) {
      out.u8(0x80 | staticIndex);
      return;
    }
    const entry = this.#table.find(name, value);
    if (entry !== undefined) {
      writeInteger(out, 0x80, 7, STATIC_FIELD_COUNT + 1 + entry);
      return;
    }
    const nameIndex = known?.index ?? this.#nameIndex(name);
    if (this.#isWorthIndexing(name, value, nameIndex)) {
      this.#writeLiteral(out, 0x40, 6, nameIndex, name, value);
      this.#table.insert(name, value);
    } else {
      this.#writeLiteral(out, 0x00, 4, nameIndex, name, value);
    }
  }

  /** A name that no table has is indexed with its first value, for the name's sake. */
  #isWorthIndexing(name: string, value: string, nameIndex: number): boolean {
    const bytes = name.length + value.length;
    if (bytes > this.#maxTableBytes * LARGEST_SHARE) return false;
    return nameIndex === 0 || isIndexedAtOnce(name) || this.#table.isRepeated(name, value);
  }

  /** Index of a name of the dynamic table, or 0. */
  #nameIndex(name: string): number {
    const entry = this.#table.findName(name);
    return entry === undefined ? 0 : STATIC_FIELD_COUNT + 1 + entry;
  }

  /** RFC 7541 §6.2. */
  #writeLiteral(
    out: ByteWriter,
    pattern: number,
    prefixBits: number,
    nameIndex: number,
    name: string,
    value: string,
  ): void {
    writeInteger(out, pattern, prefixBits, nameIndex);
    if (nameIndex === 0) writeText(out, name);
    writeText(out, value);
  }

  /** The smallest size first, where it is not the last (RFC 7541 §4.2). */
  #writeTableSizes(out: ByteWriter): void {
    const smallest = this.#smallestTableBytes ?? this.#maxTableBytes;
    if (smallest < this.#maxTableBytes) writeInteger(out, 0x20, 5, smallest);
    writeInteger(out, 0x20, 5, this.#maxTableBytes);
    this.#smallestTableBytes = undefined;
  }
}

/** A string literal (RFC 7541 §5.2), in Huffman code where that is shorter. */
function writeText(out: ByteWriter, text: string): void {
  const bytes = huffmanBytes(text);
  if (bytes < text.length) {
    writeInteger(out, 0x80, 7, bytes);
    writeHuffman(out, text);
  } else {
    writeInteger(out, 0x00, 7, text.length);
    out.latin1(text);
  }
}
