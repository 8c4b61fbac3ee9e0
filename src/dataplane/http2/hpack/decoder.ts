import { DynamicTable, fieldBytes } from './dynamic-table.ts';
import { decodeHuffman } from './huffman.ts';
import { BAD_INTEGER, readInteger, type BlockCursor } from './integer.ts';
import { STATIC_FIELD_COUNT, STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

export type DecodeResult = 'ok' | 'list-too-large' | 'compression-error';

/** @param isSensitive the peer wants the field never to be indexed, by us neither (RFC 7541 §7.1.3). */
export type OnField = (name: string, value: string, isSensitive: boolean) => void;

const EMPTY = Buffer.alloc(0);
const NOBODY: OnField = () => undefined;
/** Of the block that is being decoded: one at a time, whole. */
const cursor: BlockCursor = { bytes: EMPTY, at: 0, end: 0 };

/** Decodes the header blocks of one direction of a connection, in the order in which they came (RFC 7541). */
export class HpackDecoder {
  readonly #maxTableBytes: number;
  readonly #table: DynamicTable;
  #listBytes = 0;
  #maxListBytes = 0;
  #onField = NOBODY;

  /** @param maxTableBytes the SETTINGS_HEADER_TABLE_SIZE that we advertised, which does not change. */
  constructor(maxTableBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#table = new DynamicTable(maxTableBytes);
  }

  /** What the dynamic table counts now (RFC 7541 §4.1). */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /**
   * Decodes one whole header block, `block[start, end)`. Never throws. Fields are given as latin1 text, in order, until they
   * count more than `maxListBytes` (RFC 9113 §6.5.2: name, value and 32 each): no more is given then, the table stays in step.
   * After `compression-error` the connection can't go on (RFC 9113 §4.3).
   */
  decode(
    block: Buffer,
    start: number,
    end: number,
    maxListBytes: number,
    onField: OnField,
  ): DecodeResult {
    cursor.bytes = block;
    cursor.at = start;
    cursor.end = end;
    this.#listBytes = 0;
    this.#maxListBytes = maxListBytes;
    this.#onField = onField;
    const isValid = this.#readTableSizes() && this.#readFields();
    cursor.bytes = EMPTY; // neither the block nor who asked is kept
    this.#onField = NOBODY;
    if (!isValid) return 'compression-error';
    return this.#listBytes > maxListBytes ? 'list-too-large' : 'ok';
  }

  /** Changes of the table's size, which stand before the first field only (RFC 7541 §4.2, §6.3). */
  #readTableSizes(): boolean {
    while (cursor.at < cursor.end && ((cursor.bytes[cursor.at] ?? 0) & 0xe0) === 0x20) {
      const bytes = readInteger(cursor, 5);
      if (bytes === BAD_INTEGER || bytes > this.#maxTableBytes) return false;
      this.#table.resize(bytes);
    }
    return true;
  }

  #readFields(): boolean {
    while (cursor.at < cursor.end) {
      const first = cursor.bytes[cursor.at] ?? 0;
      if (!(first >= 0x80 ? this.#readIndexed() : this.#readLiteral(first))) return false;
    }
    return true;
  }

  /** RFC 7541 §6.1. */
  #readIndexed(): boolean {
    const index = readInteger(cursor, 7);
    if (!this.#isIndex(index)) return false;
    if (index <= STATIC_FIELD_COUNT) {
      this.#give(STATIC_NAMES[index] ?? '', STATIC_VALUES[index] ?? '', false);
    } else {
      const entry = index - STATIC_FIELD_COUNT - 1;
      this.#give(this.#table.name(entry), this.#table.value(entry), false);
    }
    return true;
  }

  /** RFC 7541 §6.2: 01 to be indexed, 0000 not, 0001 never; 001 would be a size, which is too late now. */
  #readLiteral(first: number): boolean {
    const isIndexed = first >= 0x40;
    if (!isIndexed && first >= 0x20) return false;
    const index = readInteger(cursor, isIndexed ? 6 : 4);
    const name = this.#readName(index);
    const value = name === undefined ? undefined : this.#readText();
    if (name === undefined || value === undefined) return false;
    if (isIndexed) this.#table.insert(name, value);
    this.#give(name, value, !isIndexed && first >= 0x10);
    return true;
  }

  #readName(index: number): string | undefined {
    if (index === 0) return this.#readText();
    if (!this.#isIndex(index)) return undefined;
    if (index <= STATIC_FIELD_COUNT) return STATIC_NAMES[index];
    return this.#table.name(index - STATIC_FIELD_COUNT - 1);
  }

  /** RFC 7541 §2.3.3. */
  #isIndex(index: number): boolean {
    return index > 0 && index <= STATIC_FIELD_COUNT + this.#table.count;
  }

  /** A string literal (RFC 7541 §5.2). */
  #readText(): string | undefined {
    const isHuffman = (cursor.bytes[cursor.at] ?? 0) >= 0x80;
    const length = readInteger(cursor, 7);
    const start = cursor.at;
    if (length === BAD_INTEGER || length > cursor.end - start) return undefined;
    cursor.at = start + length;
    if (isHuffman) return decodeHuffman(cursor.bytes, start, cursor.at);
    return cursor.bytes.toString('latin1', start, cursor.at);
  }

  #give(name: string, value: string, isSensitive: boolean): void {
    this.#listBytes += fieldBytes(name, value);
    if (this.#listBytes <= this.#maxListBytes) this.#onField(name, value, isSensitive);
  }
}
