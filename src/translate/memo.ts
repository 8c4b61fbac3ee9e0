interface Entry<T> {
  inputs: readonly unknown[];
  result: T;
  /** The last pass that asked for it. */
  pass: number;
  /** The last trial that asked for it and found its inputs the same. */
  trial: number;
}

/** What one trial made that the memo does not hold. */
interface Trial<T> {
  readonly number: number;
  readonly made: Map<string, { readonly inputs: readonly unknown[]; readonly result: T }>;
}

/**
 * What came of each key's inputs last time. The same inputs, by identity, give the same result object again; nobody outside
 * can tell whether it was made anew. Keys that a pass did not ask for are forgotten at its end.
 */
export class Memo<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #reuse: (last: T, made: T) => T;
  #pass = 0;
  #askedFor = 0;
  #trials = 0;
  #trial: Trial<T> | undefined;

  /** `reuse` may give back (parts of) the last result where the one made now says the same. */
  constructor(reuse: (last: T, made: T) => T = (_last, made) => made) {
    this.#reuse = reuse;
  }

  get(key: string, inputs: readonly unknown[], make: () => T): T {
    if (this.#trial !== undefined) return this.#try(this.#trial, key, inputs, make);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const made = { inputs: kept(inputs), result: make(), pass: this.#pass, trial: 0 };
      this.#entries.set(key, made);
      this.#askedFor++;
      return made.result;
    }
    if (!isSameList(entry.inputs, inputs)) {
      entry.result = this.#reuse(entry.result, make());
      entry.inputs = kept(inputs);
    }
    if (entry.pass !== this.#pass) {
      entry.pass = this.#pass;
      this.#askedFor++;
    }
    return entry.result;
  }

  /** What this pass, or trial, has already asked for. */
  peek(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (this.#trial !== undefined) {
      const { made, number } = this.#trial;
      return made.get(key)?.result ?? (entry?.trial === number ? entry.result : undefined);
    }
    return entry?.pass === this.#pass ? entry.result : undefined;
  }

  /** What is asked for between two passes belongs to the last one. */
  beginPass(): void {
    if (this.#trial !== undefined) return;
    this.#pass++;
    this.#askedFor = 0;
  }

  endPass(): void {
    if (this.#trial !== undefined) return;
    if (this.#askedFor !== this.#entries.size) {
      for (const [key, { pass }] of this.#entries) {
        if (pass !== this.#pass) this.#entries.delete(key);
      }
    }
  }

  /** From now on what is known is used, and nothing is learned or forgotten. */
  beginTrial(): void {
    this.#trials++;
    this.#trial = { number: this.#trials, made: new Map() };
  }

  endTrial(): void {
    this.#trial = undefined;
  }

  #try(trial: Trial<T>, key: string, inputs: readonly unknown[], make: () => T): T {
    const entry = this.#entries.get(key);
    if (entry !== undefined && isSameList(entry.inputs, inputs)) {
      entry.trial = trial.number;
      return entry.result;
    }
    const known = trial.made.get(key);
    if (known !== undefined && isSameList(known.inputs, inputs)) return known.result;
    const result = make();
    trial.made.set(key, { inputs, result });
    return result;
  }
}

/** A copy has no room to grow in, which a list that was put together has plenty of. */
function kept(inputs: readonly unknown[]): readonly unknown[] {
  return inputs.slice();
}

/** Whether two lists have the same members, by identity. */
export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (a[index] !== b[index]) return false;
  }
  return true;
}
