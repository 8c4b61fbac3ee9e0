/** What rounds have in common, and how far they are apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (position: number) => sorted[Math.floor(position)] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(middle) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}
