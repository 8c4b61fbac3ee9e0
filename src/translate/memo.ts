interface Entry<T> {
  readonly inputs: readonly unknown[];
  readonly result: T;
}

/**
 * What came of each key's inputs last time. The same inputs, by identity, give the same result object again; nobody outside
 * can tell whether it was made anew. Keys that a pass did not ask for are forgotten at its end.
 */
export class Memo<T> {
  #last = new Map<string, Entry<T>>();
  #current = new Map<string, Entry<T>>();
  readonly #reuse: (last: T, made: T) => T;

  /** `reuse` may give back (parts of) the last result where the one made now says the same. */
  constructor(reuse: (last: T, made: T) => T = (_last, made) => made) {
    this.#reuse = reuse;
  }

  get(key: string, inputs: readonly unknown[], make: () => T): T {
    const last = this.#current.get(key) ?? this.#last.get(key);
    if (last !== undefined && isSameList(last.inputs, inputs)) {
      this.#current.set(key, last);
      return last.result;
    }
    const made = make();
    const result = last === undefined ? made : this.#reuse(last.result, made);
    this.#current.set(key, { inputs, result });
    return result;
  }

  endPass(): void {
    this.#last = this.#current;
    this.#current = new Map();
  }
}

export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
