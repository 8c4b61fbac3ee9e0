import type { Change, ChangeJournal } from '../translate/snapshot.ts';

/** So many are always known; more at once are not worth a look at each. */
const KEPT_CHANGES = 256;

/** Remembers the last changes, and the objects that were replaced by them. */
export class Journal implements ChangeJournal {
  readonly #changes: Change[] = [];
  /** Of the state before the first of them. */
  #first = 0;

  get revision(): number {
    return this.#first + this.#changes.length;
  }

  add(change: Change): void {
    if (this.#changes.length === 2 * KEPT_CHANGES) {
      this.#first += KEPT_CHANGES;
      this.#changes.splice(0, KEPT_CHANGES);
    }
    this.#changes.push(change);
  }

  since(revision: number): readonly Change[] | undefined {
    return revision < this.#first ? undefined : this.#changes.slice(revision - this.#first);
  }
}
