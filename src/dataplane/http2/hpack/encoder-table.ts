import { fieldBytes } from './dynamic-table.ts';

interface Entry {
  readonly name: string;
  readonly value: string;
  /** How many were inserted before it since the connection began. */
  readonly serial: number;
  /** The one that was inserted next. */
  next: Entry | undefined;
  /** Neighbours of the same name. */
  older: Entry | undefined;
  newer: Entry | undefined;
}

/** How many entries of a name are compared with a value, newest first. */
const MOST_COMPARED = 8;
/** How many names' last values are remembered. */
const MOST_LAST_VALUES = 32;
const NO_VALUES: string[] = [];

/** The encoder's dynamic table (RFC 7541 §2.3.2, §4), which is searched by name and value. Entry 0 is the newest. */
export class EncoderTable {
  #maxBytes: number;
  #bytes = 0;
  /** Ends of a chain of all: idle connections keep few, for which an array would have too much room. */
  #oldest: Entry | undefined = undefined;
  #latest: Entry | undefined = undefined;
  #inserted = 0;
  /** The newest entry of each name. */
  readonly #newest = new Map<string, Entry>();
  /** Name, value, name, value…: for the few that there are mostly, a Map would be thrice as large. */
  #lastValues: string[] = NO_VALUES;

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
    const serial = this.#inserted++;
    const entry: Entry = { name, value, serial, next: undefined, older, newer: undefined };
    if (older !== undefined) older.newer = entry;
    this.#newest.set(name, entry);
    if (this.#latest === undefined) this.#oldest = entry;
    else this.#latest.next = entry;
    this.#latest = entry;
    this.#bytes += bytes;
  }

  /** RFC 7541 §4.3. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  /** Whether this is the value that was asked about last for the name. */
  isRepeated(name: string, value: string): boolean {
    const values = this.#lastValues;
    for (let at = 0; at < values.length; at += 2) {
      if (values[at] !== name) continue;
      if (values[at + 1] === value) return true;
      values[at + 1] = value;
      return false;
    }
    // `concat` makes the array no larger than that.
    if (values.length < 2 * MOST_LAST_VALUES) this.#lastValues = values.concat(name, value);
    return false;
  }

  #evictTo(bytes: number): void {
    while (this.#oldest !== undefined && this.#bytes > bytes) {
      const entry = this.#oldest;
      this.#oldest = entry.next;
      this.#bytes -= fieldBytes(entry.name, entry.value);
      if (entry.newer === undefined) this.#newest.delete(entry.name);
      else entry.newer.older = undefined;
    }
    if (this.#oldest === undefined) this.#latest = undefined;
  }
}
