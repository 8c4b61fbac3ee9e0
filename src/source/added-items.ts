/**
 * Those of `now` that `before` does not have, by identity. Two lists that are nearly the same at nearly every place, as those
 * of thousands of Ingresses before and after one change, cost a look at each place and no more.
 */
export function addedItems<T>(before: readonly T[], now: readonly T[]): readonly T[] {
  const elsewhere = now.filter((item, index) => item !== before[index]);
  if (elsewhere.length === 0) return elsewhere;
  const known = new Set(before.filter((item, index) => item !== now[index]));
  return elsewhere.filter((item) => !known.has(item));
}
