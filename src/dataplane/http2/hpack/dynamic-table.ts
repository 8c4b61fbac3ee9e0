/** What an entry counts beside its name and value (RFC 7541 §4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;
const FIRST_SLOTS = 8;
/** Shared by all tables that are empty still: nothing is written there. */
const NO_SLOTS: string[] = [];

/** What a field counts in a dynamic table, and in SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §6.5.2). */
export function fieldBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}

/** The decoder's dynamic table: first in, first out, bounded in bytes (RFC 7541 §2.3.2, §4). Entry 0 is the newest. */
export class DynamicTable {
  #names = NO_SLOTS;
  #values = NO_SLOTS;
  /** Where the next entry goes; slots are a ring whose length is a power of two, once there are any. */
  #next = 0;
  #count = 0;
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param index below `count`. */
  name(index: number): string {
    return this.#names[this.#slot(index)] ?? '';
  }

  /** @param index below `count`. */
  value(index: number): string {
    return this.#values[this.#slot(index)] ?? '';
  }

  /** Evicts until the entry fits; one that is larger than the table empties it and is not kept (RFC 7541 §4.4). */
  insert(name: string, value: string): void {
    const bytes = fieldBytes(name, value);
    this.#evictTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return;
    if (this.#count === this.#names.length) this.#grow();
    this.#names[this.#next] = name;
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) & (this.#names.length - 1);
    this.#count++;
    this.#bytes += bytes;
  }

  /** RFC 7541 §4.3. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #slot(index: number): number {
    return (this.#next - 1 - index) & (this.#names.length - 1);
  }

  #evictTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const slot = this.#slot(this.#count - 1);
      this.#bytes -= fieldBytes(this.#names[slot] ?? '', this.#values[slot] ?? '');
      this.#names[slot] = '';
      this.#values[slot] = '';
      this.#count--;
    }
  }

  #grow(): void {
    if (this.#count === 0) {
      this.#names = newSlots(FIRST_SLOTS);
      this.#values = newSlots(FIRST_SLOTS);
      return;
    }
    const oldest = this.#slot(this.#count - 1);
    this.#names = unroll(this.#names, oldest);
    this.#values = unroll(this.#values, oldest);
    this.#next = this.#count;
  }
}

function newSlots(count: number): string[] {
  return new Array<string>(count).fill('');
}

/** The full ring from its oldest slot on, and as much room again. */
function unroll(ring: readonly string[], oldest: number): string[] {
  return [...ring.slice(oldest), ...ring.slice(0, oldest), ...newSlots(ring.length)];
}
