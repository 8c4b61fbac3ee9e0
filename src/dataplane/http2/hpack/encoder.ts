import type { ByteWriter } from '../byte-writer.ts';
import { EncoderTable } from './encoder-table.ts';
import { huffmanBytes, writeHuffman } from './huffman.ts';
import { KNOWN_NAMES, SHORT_COOKIE_CHARACTERS, type KnownName } from './indexing-policy.ts';
import { writeInteger } from './integer.ts';
import { STATIC_FIELD_COUNT } from './static-table.ts';

/** What a peer may have us keep for it, whatever it offers: more does not pay. */
const LARGEST_TABLE_BYTES = 4096;
/** A field that would fill more of the table than this share is not worth what it pushes out. */
const LARGEST_SHARE = 1 / 4;
const FIRST_DYNAMIC_INDEX = STATIC_FIELD_COUNT + 1;

/** The three kinds of literal fields (RFC 7541 §6.2): their first bits, and how many are left for the name's index. */
const INDEXED = { pattern: 0x40, prefixBits: 6 } as const;
const NOT_INDEXED = { pattern: 0x00, prefixBits: 4 } as const;
const NEVER_INDEXED = { pattern: 0x10, prefixBits: 4 } as const;
type LiteralKind = typeof INDEXED | typeof NOT_INDEXED | typeof NEVER_INDEXED;

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
    const known = KNOWN_NAMES.get(name);
    if (isSensitive || (known !== undefined && isSecret(known, name, value))) {
      writeLiteral(out, NEVER_INDEXED, this.#nameIndex(name, known), name, value);
      return;
    }
    const index = known?.values?.get(value) ?? this.#fieldIndex(name, value);
    if (index !== undefined) writeInteger(out, 0x80, 7, index);
    else this.#writeUnindexed(out, name, value, known);
  }

  #writeUnindexed(
    out: ByteWriter,
    name: string,
    value: string,
    known: KnownName | undefined,
  ): void {
    const nameIndex = this.#nameIndex(name, known);
    if (this.#isWorthIndexing(name, value, nameIndex, known)) {
      writeLiteral(out, INDEXED, nameIndex, name, value);
      this.#table.insert(name, value);
    } else {
      writeLiteral(out, NOT_INDEXED, nameIndex, name, value);
    }
  }

  /** A name that no table has is indexed with its first value, for the name's sake. */
  #isWorthIndexing(
    name: string,
    value: string,
    nameIndex: number,
    known: KnownName | undefined,
  ): boolean {
    if (name.length + value.length > this.#maxTableBytes * LARGEST_SHARE) return false;
    if (nameIndex === 0 || known?.indexing === 'at-once') return true;
    return this.#table.isRepeated(name, value);
  }

  /** Index of a field of the dynamic table (RFC 7541 §2.3.3). */
  #fieldIndex(name: string, value: string): number | undefined {
    const entry = this.#table.find(name, value);
    return entry === undefined ? undefined : FIRST_DYNAMIC_INDEX + entry;
  }

  /** Index of a field with this name, 0 where there is none. */
  #nameIndex(name: string, known: KnownName | undefined): number {
    if (known !== undefined) return known.index;
    const entry = this.#table.findName(name);
    return entry === undefined ? 0 : FIRST_DYNAMIC_INDEX + entry;
  }

  /** The smallest size first, where it is not the last (RFC 7541 §4.2). */
  #writeTableSizes(out: ByteWriter): void {
    const smallest = this.#smallestTableBytes ?? this.#maxTableBytes;
    if (smallest < this.#maxTableBytes) writeInteger(out, 0x20, 5, smallest);
    writeInteger(out, 0x20, 5, this.#maxTableBytes);
    this.#smallestTableBytes = undefined;
  }
}

function isSecret(known: KnownName, name: string, value: string): boolean {
  if (known.indexing === 'never') return true;
  return name === 'cookie' && value.length < SHORT_COOKIE_CHARACTERS;
}

/** RFC 7541 §6.2. Huffman code is for what is written once; what is not indexed would pay for it each time. */
function writeLiteral(
  out: ByteWriter,
  kind: LiteralKind,
  nameIndex: number,
  name: string,
  value: string,
): void {
  writeInteger(out, kind.pattern, kind.prefixBits, nameIndex);
  if (nameIndex === 0) writeText(out, name, kind);
  writeText(out, value, kind);
}

/** A string literal (RFC 7541 §5.2). */
function writeText(out: ByteWriter, text: string, kind: LiteralKind): void {
  const bytes = kind === INDEXED ? huffmanBytes(text) : text.length;
  if (bytes < text.length) {
    writeInteger(out, 0x80, 7, bytes);
    writeHuffman(out, text, bytes);
  } else {
    writeInteger(out, 0x00, 7, text.length);
    out.latin1(text);
  }
}
