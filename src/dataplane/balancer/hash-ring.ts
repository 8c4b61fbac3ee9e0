import { hashText, mix } from './text-hash.ts';

/** Points of each owner on the ring: ingress-nginx's number. With 160 the shares are within about 8 % of even. */
const POINTS = 160;
/** Point and owner share one number of 53 bits while they are sorted: so many owners are told apart. */
const MAX_OWNERS = 2 ** 21;

/**
 * Consistent hashing (ketama): each owner has many points on a circle of 32 bits, and a key belongs to the owner of the first
 * point after its own. Whoever joins takes 1/n of the keys and leaves all others where they are.
 */
export class HashRing {
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;

  /** Owners by name; they are known by their index from here on. */
  constructor(names: readonly string[]) {
    const order = new Float64Array(names.length * POINTS);
    names.forEach((name, owner) => {
      const seed = hashText(name);
      for (let copy = 0; copy < POINTS; copy++) {
        order[owner * POINTS + copy] = mix(seed + Math.imul(copy, 0x9e3779b9)) * MAX_OWNERS + owner;
      }
    });
    order.sort();
    this.#points = Uint32Array.from(order, (each) => Math.floor(each / MAX_OWNERS));
    this.#owners = Uint32Array.from(order, (each) => each % MAX_OWNERS);
  }

  /** The owner of a key; with `isWelcome`, of those the next on the circle. -1 without any. */
  find(key: string, isWelcome?: (owner: number) => boolean): number {
    const count = this.#points.length;
    const start = this.#after(hashText(key));
    if (isWelcome === undefined) return this.#owners[start] ?? -1;
    for (let step = 0; step < count; step++) {
      const owner = this.#owners[(start + step) % count] ?? -1;
      if (isWelcome(owner)) return owner;
    }
    return -1;
  }

  /** Index of the first point that is not before `hash`; the circle closes behind the last one. */
  #after(hash: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle] ?? 0) < hash) low = middle + 1;
      else high = middle;
    }
    return low === this.#points.length ? 0 : low;
  }
}
