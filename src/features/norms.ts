import { LearnLossError } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import { BOUND_NAMES, penaltyBounds, type WeightBounds } from "./bounds.ts";
import type { Feature } from "./feature.ts";

/** ‖W‖₁ = Σ|w| (intercepts excluded): sparse models. `WeightBounds` says what its weight is by default. @throws BOUNDS, OPTION */
export function l1(bounds: WeightBounds = {}): Feature {
  return { kind: "l1", ...penaltyBounds("l1", bounds) };
}

/** ½‖W‖² (intercepts excluded): ridge, weight decay. `WeightBounds` says what its weight is by default. @throws BOUNDS, OPTION */
export function l2(bounds: WeightBounds = {}): Feature {
  return { kind: "l2", ...penaltyBounds("l2", bounds) };
}

/** Options of `groupNorm`. */
export interface GroupNormOptions extends WeightBounds {
  /** The group of every column, numbered from 0 without gaps. @default each column its own */
  readonly groups?: ArrayLike<number>;
}

/**
 * Σ_g √|g|·‖W_g‖₂ over groups of columns (intercepts excluded), W_g the weights of group g for all classes and |g| its
 * columns (group lasso; Yuan and Lin 2006): whole groups of columns are in the model or out of it. By default each column
 * is a group: Σ_j ‖W_j‖₂. With `l1` beside it, the sparse-group lasso. `WeightBounds` says what its weight is by default.
 *
 * @throws BOUNDS, OPTION for groups that are not numbered from 0 without gaps
 */
export function groupNorm(options: GroupNormOptions = {}): Feature {
  checkNames(options, { groups: true, ...BOUND_NAMES });
  const bounds = penaltyBounds("groupNorm", options);
  if (!options.groups) return { kind: "group-norm", ...bounds };
  const columnGroups = Array.from(options.groups);
  const seen = new Set(columnGroups);
  const wrong = columnGroups.find((g) => !Number.isInteger(g) || g < 0 || g >= seen.size);
  if (wrong !== undefined || columnGroups.length === 0) {
    throw new LearnLossError(
      "OPTION",
      `The groups have ${seen.size} different numbers, one of them ${wrong}: number the groups of columns from 0 without gaps.`,
    );
  }
  return { kind: "group-norm", columnGroups, ...bounds };
}
