import type { Polyhedron } from "../features/polyhedron.ts";

/** Weights of a λ, at most: the fit's basis is dense, (k + 2)² numbers. */
export const MOST_WEIGHTS = 1000;

/** F in numbers: lower ≤ λ ≤ upper and, where `data` is given, data·λ = total. A `Polyhedron` is one. */
export type Box = Pick<Polyhedron, "lower" | "upper"> & {
  readonly data?: Float64Array;
  /** @default 1 */
  readonly total?: number;
};

/** A λ of F with the least d·λ: a fractional knapsack, cheapest d/data first. */
function minimizerOver(F: Box, d: ArrayLike<number>): Float64Array {
  const { lower, upper, data } = F;
  const lambda = Float64Array.from(lower);
  const shared: number[] = [];
  let rest = F.total ?? 1;
  for (const [j, low] of lower.entries()) {
    if (data && data[j]! > 0) {
      shared.push(j);
      rest -= data[j]! * low;
    } else if (d[j]! < 0) {
      lambda[j] = upper[j]!;
    }
  }
  shared.sort((a, b) => d[a]! / data![a]! - d[b]! / data![b]! || a - b);
  for (const j of shared) {
    const take = Math.min(Math.max(rest / data![j]!, 0), upper[j]! - lower[j]!);
    lambda[j]! += take;
    rest -= take * data![j]!;
  }
  return lambda;
}

/** The least d·λ over F; −Infinity where an unbounded weight lowers it. */
export function minimumOver(F: Box, d: ArrayLike<number>): number {
  const lambda = minimizerOver(F, d);
  let value = 0;
  for (const [j, weight] of lambda.entries()) if (weight !== 0 && d[j] !== 0) value += weight * d[j]!;
  return value;
}
