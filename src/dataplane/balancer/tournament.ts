/**
 * Finds the least of many numbers that change one at a time: a binary tree whose every node names the better of its two
 * children. The winner is at hand, and a change costs one comparison a level: 10 for 1,000 contestants.
 */
export class Tournament {
  readonly #count: number;
  /** Leaves, a power of two; the tree's node 1 is its root, and node `size + i` is contestant i. */
  readonly #size: number;
  readonly #winners: Int32Array;
  readonly #costs: Float64Array;
  readonly #stamps: Float64Array;

  constructor(count: number) {
    this.#count = count;
    this.#size = 2 ** Math.ceil(Math.log2(Math.max(count, 1)));
    this.#winners = new Int32Array(2 * this.#size);
    for (let index = 0; index < this.#size; index++) this.#winners[this.#size + index] = index;
    this.#costs = new Float64Array(this.#size).fill(Infinity);
    this.#stamps = new Float64Array(this.#size);
    for (let node = this.#size - 1; node >= 1; node--) this.#decide(node);
  }

  /** -1 without contestants. */
  get winner(): number {
    return this.#count === 0 ? -1 : (this.#winners[1] ?? -1);
  }

  stampOf(index: number): number {
    return this.#stamps[index] ?? 0;
  }

  /** Least cost wins; of equals the least stamp; of these the least index. */
  set(index: number, cost: number, stamp: number): void {
    this.#costs[index] = cost;
    this.#stamps[index] = stamp;
    for (let node = (this.#size + index) >> 1; node >= 1; node >>= 1) {
      const before = this.#winners[node];
      this.#decide(node);
      // It neither won here nor wins now: nobody above has heard of it.
      if (before !== index && this.#winners[node] !== index) return;
    }
  }

  /** The best of those that `isWelcome`, one after the other; without any, the winner. */
  bestWhere(isWelcome: (index: number) => boolean): number {
    let best = -1;
    for (let index = 0; index < this.#count; index++) {
      if (isWelcome(index) && (best === -1 || this.#isBetter(index, best))) best = index;
    }
    return best === -1 ? this.winner : best;
  }

  #decide(node: number): void {
    const left = this.#winners[2 * node] ?? 0;
    const right = this.#winners[2 * node + 1] ?? 0;
    this.#winners[node] = this.#isBetter(right, left) ? right : left;
  }

  #isBetter(one: number, other: number): boolean {
    const cost = (this.#costs[one] ?? 0) - (this.#costs[other] ?? 0);
    // NaN, of two that are infinite, is neither: the left one stays.
    if (cost !== 0) return cost < 0;
    return (this.#stamps[one] ?? 0) < (this.#stamps[other] ?? 0);
  }
}
