/** How far counts are from all being alike. For chance alone it is about their number less one. */
export function chiSquare(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
}

/** Standard normal quantile of 0.001. */
const Z_OF_A_THOUSANDTH = 3.0902;

/**
 * Between these `chiSquare` lies for fair chance, but for one time in 500 (Wilson and Hilferty's approximation). Below, the
 * counts are more alike than chance makes them; above, something is preferred.
 */
export function fairRange(counts: number): { readonly least: number; readonly most: number } {
  const freedom = counts - 1;
  const bound = (z: number): number =>
    freedom * (1 - 2 / (9 * freedom) + z * Math.sqrt(2 / (9 * freedom))) ** 3;
  return { least: bound(-Z_OF_A_THOUSANDTH), most: bound(Z_OF_A_THOUSANDTH) };
}
