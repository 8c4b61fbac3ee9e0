import { hashText, mix } from './text-hash.ts';

/** Points of each owner on the ring: ingress-nginx's number. With 160 the shares are within about 8 % of even. */
const POINTS = 160;
/** Odd, near 2^32 divided by the golden ratio: multiples of it lie far apart. */
const STEP = 0x9e3779b9;

/**
 * Consistent hashing (ketama): each owner has many points on a circle of 32 bits, and a key belongs to the owner of the first
 * point after its own. Whoever joins takes 1/n of the keys and leaves all others where they are.
 */
export class HashRing {
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;

  /** Owners by name; they are known by their index from here on. */
  constructor(names: readonly string[]) {
    const points = new Uint32Array(names.length * POINTS);
    const owners = new Uint32Array(names.length * POINTS);
    names.forEach((name, owner) => {
      const seed = hashText(name);
      for (let copy = 0; copy < POINTS; copy++) {
        points[owner * POINTS + copy] = mix(seed + Math.imul(copy, STEP));
        owners[owner * POINTS + copy] = owner;
      }
    });
    sortPairs(points, owners);
    this.#points = points;
    this.#owners = owners;
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

const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;

/**
 * Sorts `keys`, and `values` along with them, in place. By digits from the last to the first, so it takes time in proportion
 * to their number: a comparing sort of the 160,000 points of 1,000 endpoints would hold up a worker several times as long.
 */
function sortPairs(keys: Uint32Array, values: Uint32Array): void {
  const otherKeys = new Uint32Array(keys.length);
  const otherValues = new Uint32Array(keys.length);
  moveByDigit(0, [keys, values], [otherKeys, otherValues]);
  moveByDigit(DIGIT_BITS, [otherKeys, otherValues], [keys, values]);
  moveByDigit(2 * DIGIT_BITS, [keys, values], [otherKeys, otherValues]);
  keys.set(otherKeys);
  values.set(otherValues);
}

type Pairs = readonly [keys: Uint32Array, values: Uint32Array];

/** Those of equal digits keep their order. */
function moveByDigit(shift: number, [keys, values]: Pairs, [toKeys, toValues]: Pairs): void {
  const next = new Uint32Array(DIGITS);
  for (const key of keys) {
    const digit = (key >>> shift) % DIGITS;
    next[digit] = (next[digit] ?? 0) + 1;
  }
  let start = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = next[digit] ?? 0;
    next[digit] = start;
    start += count;
  }
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? 0;
    const digit = (key >>> shift) % DIGITS;
    const place = next[digit] ?? 0;
    next[digit] = place + 1;
    toKeys[place] = key;
    toValues[place] = values[index] ?? 0;
  }
}
