import { type Box, checkBox, HALF_UNIT, minimumOver } from "./box.ts";

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
  // As λ ≥ 0, what rounding may have added to a difference is taken from it: an unbounded weight makes nothing of it then.
  const difference = new Float64Array(k);
  for (let j = 0; j < k; j++) {
    let size = 0;
    for (const [n, i] of models.entries()) {
      const apart = weights[n]! * (phi[incumbent * k + j]! - phi[i * k + j]!);
      difference[j]! += apart;
      size += Math.abs(apart);
    }
    difference[j]! -= HALF_UNIT * (models.length + 4) * size;
  }
  return minimumOver(F, difference);
}
