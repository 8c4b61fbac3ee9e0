import { fieldBytes } from './dynamic-table.ts';

interface Entry {
  readonly name: string;
  readonly value: string;
  /** How many were inserted before it since the connection began. */
  readonly serial: number;
  /** Neighbours of the same name. */
  older: Entry | undefined;
  newer: Entry | undefined;
}

/** How many entries of a name are compared with a value, newest first. */
const MOST_COMPARED = 8;
/** How many names' last values are remembered. */
const MOST_LAST_VALUES = 32;

/** The encoder's dynamic table (RFC 7541 §2.3.2, §4), which is searched by name and value. Entry 0 is the newest. */
export class EncoderTable {
  #maxBytes: number;
  #bytes = 0;
  /** Oldest first, from `#oldest` on; what lies before it is gone. */
  #entries: Entry[] = [];
  #oldest = 0;
  #inserted = 0;
  /** The newest entry of each name. */
  readonly #newest = new Map<string, Entry>();
  readonly #lastValues = new Map<string, string>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  find(name: string, value: string): number | undefined {
    let entry = this.#newest.get(name);
    for (let turn = 0; entry !== undefined && turn < MOST_COMPARED; turn++) {
      if (entry.value === value) return this.#inserted - 1 - entry.serial;
      entry = entry.older;
    }
    return undefined;
  }

  findName(name: string): number | undefined {
    const entry = this.#newest.get(name);
    return entry === undefined ? undefined : this.#inserted - 1 - entry.serial;
  }

  /** Evicts until the entry fits (RFC 7541 §4.4). */
  insert(name: string, value: string): void {
    const bytes = fieldBytes(name, value);
    this.#evictTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return;
    const older = this.#newest.get(name);
    const entry: Entry = { name, value, serial: this.#inserted++, older, newer: undefined };
    if (older !== undefined) older.newer = entry;
    this.#newest.set(name, entry);
    this.#entries.push(entry);
    this.#bytes += bytes;
  }

  /** RFC 7541 §4.3. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  /** Whether this is the value that was asked about last for the name. */
  isRepeated(name: string, value: string): boolean {
    const last = this.#lastValues.get(name);
    if (last === value) return true;
    if (last !== undefined || this.#lastValues.size < MOST_LAST_VALUES) {
      this.#lastValues.set(name, value);
    }
    return false;
  }

  #evictTo(bytes: number): void {
    for (;;) {
      const entry = this.#entries[this.#oldest];
      if (entry === undefined || this.#bytes <= bytes) break;
      this.#oldest++;
      this.#bytes -= fieldBytes(entry.name, entry.value);
      if (entry.newer === undefined) this.#newest.delete(entry.name);
      else entry.newer.older = undefined;
    }
    if (this.#oldest * 2 > this.#entries.length) this.#compact();
  }

  #compact(): void {
    this.#entries = this.#entries.slice(this.#oldest);
    this.#oldest = 0;
  }
}
