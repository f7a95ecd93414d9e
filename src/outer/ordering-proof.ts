import { type Box, checkBox, minimumOver } from "./box.ts";

/** No λ in F orders the models so: Σ weights·λ·(φ_incumbent − φ_model) ≥ margin > 0 for every λ in F. */
export interface OrderingProof {
  /** Index of the observation. */
  readonly incumbent: number;
  /** Indices of the observations that are mixed. */
  readonly models: readonly number[];
  /** Nonnegative, they sum to 1: this mixture of models has a smaller loss than the incumbent whatever λ is. */
  readonly weights: readonly number[];
  /** Least difference of these losses over F, in units of the loss. */
  readonly margin: number;
}

/**
 * The least of Σ weights·λ·(φ_incumbent − φ_model) over λ in F, less what rounding may have added. Positive: no λ in F
 * prefers the incumbent to all of the models.
 *
 * @throws OPTION, SHAPE, BOUNDS, INFEASIBLE for an F that is none
 */
export function orderingMargin(
  phi: ArrayLike<number>,
  k: number,
  incumbent: number,
  models: readonly number[],
  weights: readonly number[],
  F: Box,
): number {
  checkBox(F, k);
  const difference = new Float64Array(k);
  let rounding = 0;
  for (let j = 0; j < k; j++) {
    const base = phi[incumbent * k + j]!;
    let size = 0;
    for (const [n, i] of models.entries()) {
      const other = phi[i * k + j]!;
      difference[j]! += weights[n]! * (base - other);
      size += weights[n]! * (Math.abs(base) + Math.abs(other));
    }
    rounding += 2e-16 * (models.length + k + 4) * size * Math.min(F.upper[j]!, Number.MAX_VALUE);
  }
  return minimumOver(F, difference) - rounding;
}
