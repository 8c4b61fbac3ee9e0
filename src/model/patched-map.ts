/** More are put together with the map that they change: looking up each is a little dearer than in a plain map. */
const MOST_CHANGES = 128;

/**
 * A map that has most of its values in common with the one that it was made from, which stays as it is: one of 20,000 with a
 * few values changed costs as much as these few. The keys, and their order, are those of `base`.
 */
export class PatchedMap<T> implements ReadonlyMap<string, T> {
  readonly base: ReadonlyMap<string, T>;
  readonly changes: ReadonlyMap<string, T>;

  constructor(base: ReadonlyMap<string, T>, changes: ReadonlyMap<string, T>) {
    this.base = base;
    this.changes = changes;
  }

  get size(): number {
    return this.base.size;
  }

  get(key: string): T | undefined {
    return this.changes.get(key) ?? this.base.get(key);
  }

  has(key: string): boolean {
    return this.base.has(key);
  }

  keys(): MapIterator<string> {
    return this.base.keys();
  }

  *entries(): MapIterator<[string, T]> {
    for (const [key, value] of this.base) yield [key, this.changes.get(key) ?? value];
  }

  *values(): MapIterator<T> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, T]> {
    return this.entries();
  }

  forEach(callback: (value: T, key: string, map: ReadonlyMap<string, T>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }
}

/** The map with other values for some of its keys; the very map where there are none. */
export function patchMap<T>(
  map: ReadonlyMap<string, T>,
  changes: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  if (changes.size === 0) return map;
  const [base, earlier] = partsOf(map);
  const all = new Map([...earlier, ...changes]);
  const patched = new PatchedMap(base, all);
  return all.size > MOST_CHANGES ? new Map(patched) : patched;
}

/** Where two maps may differ; undefined: anywhere. */
export function patchedKeys<T>(
  one: ReadonlyMap<string, T>,
  other: ReadonlyMap<string, T>,
): ReadonlySet<string> | undefined {
  const [base, changes] = partsOf(one);
  const [otherBase, otherChanges] = partsOf(other);
  return base === otherBase ? new Set([...changes.keys(), ...otherChanges.keys()]) : undefined;
}

/** Of any map: what it was made from, and what is other in it. */
function partsOf<T>(
  map: ReadonlyMap<string, T>,
): readonly [ReadonlyMap<string, T>, ReadonlyMap<string, T>] {
  return isPatched(map) ? [map.base, map.changes] : [map, new Map()];
}

function isPatched<T>(map: ReadonlyMap<string, T>): map is PatchedMap<T> {
  return map instanceof PatchedMap;
}
