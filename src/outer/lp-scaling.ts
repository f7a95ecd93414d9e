import type { SparseColumn } from "./lp-matrix.ts";

/** Powers of two, so that scaling rounds nothing. */
export interface LpScaling {
  readonly row: Float64Array;
  readonly column: Float64Array;
  readonly cost: number;
}

/** Geometric equilibration: √(least·largest) of every row and column near 1; then the costs as a whole. */
export function equilibrate(columns: readonly SparseColumn[], m: number, cost: readonly number[]): LpScaling {
  const row = new Float64Array(m).fill(1);
  const column = new Float64Array(columns.length).fill(1);
  for (let pass = 0; pass < 4; pass++) {
    const least = new Float64Array(m).fill(Number.POSITIVE_INFINITY);
    const largest = new Float64Array(m);
    for (const [j, { rows, values }] of columns.entries()) {
      for (const [e, i] of rows.entries()) {
        const size = Math.abs(values[e]!) * column[j]!;
        if (size < least[i]!) least[i] = size;
        if (size > largest[i]!) largest[i] = size;
      }
    }
    for (let i = 0; i < m; i++) if (largest[i]! > 0) row[i] = powerOfTwo(1 / Math.sqrt(least[i]! * largest[i]!));
    for (const [j, { rows, values }] of columns.entries()) {
      let low = Number.POSITIVE_INFINITY;
      let high = 0;
      for (const [e, i] of rows.entries()) {
        const size = Math.abs(values[e]!) * row[i]!;
        low = Math.min(low, size);
        high = Math.max(high, size);
      }
      if (high > 0) column[j] = powerOfTwo(1 / Math.sqrt(low * high));
    }
  }
  let most = 0;
  for (const [j, c] of cost.entries()) most = Math.max(most, Math.abs(c) * column[j]!);
  return { row, column, cost: most > 0 ? powerOfTwo(1 / most) : 1 };
}

/** The nearest from below, by halving and doubling: exact everywhere. */
function powerOfTwo(value: number): number {
  let power = 1;
  while (power > value && power > 2 ** -500) power /= 2;
  while (power * 2 <= value && power < 2 ** 500) power *= 2;
  return power;
}
