import type { Change, ChangeJournal } from '../translate/snapshot.ts';

/** More at once are not worth a look at each. */
const MOST_CHANGES = 256;

/** Remembers the last changes, and the objects that were replaced by them. */
export class Journal implements ChangeJournal {
  #changes: Change[] = [];
  /** Of the state before the first of them. */
  #first = 0;

  get revision(): number {
    return this.#first + this.#changes.length;
  }

  add(change: Change): void {
    if (this.#changes.length === MOST_CHANGES) {
      this.#first += MOST_CHANGES;
      this.#changes = [];
    }
    this.#changes.push(change);
  }

  since(revision: number): readonly Change[] | undefined {
    return revision < this.#first ? undefined : this.#changes.slice(revision - this.#first);
  }
}
