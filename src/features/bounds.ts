import { checkNames, type OptionNames } from "../option-names.ts";
import type { Feature } from "./feature.ts";
import { checkInterval, LEAST, ROOM, SHARE_BOUNDS } from "./weight.ts";

/** Bounds of a feature's weight λ_j. */
export interface WeightBounds {
  /**
   * Smallest weight. @default 1e-6 for penalties, 1e-3 for shares; a tenth of `max` where that alone is given and is no larger.
   * Where neither bound of a penalty is given, both are brought to the units of the data by powers of ten (`inUnits`): by the
   * standard deviation of dense columns of one unit, its square for ½‖W‖²; and beside squared loss, all but ½‖W‖², by the standard
   * deviation of the targets
   */
  readonly min?: number;
  /** Largest weight. @default 1; for penalties ten times `min`, where that alone is given and 1 or more */
  readonly max?: number;
}

export const BOUND_NAMES: OptionNames<WeightBounds> = { min: true, max: true };

/** The default bounds of a penalty's weight, for losses that are means over rows of features of order 1. */
const PENALTY_BOUNDS = { min: LEAST, max: 1 } as const;

/** Bounds of a penalty's weight. @throws BOUNDS */
export function penaltyBounds(name: string, bounds: WeightBounds): Required<WeightBounds> & Pick<Feature, "relative"> {
  const checked = checkBounds(name, bounds, PENALTY_BOUNDS, Number.POSITIVE_INFINITY);
  return bounds.min === undefined && bounds.max === undefined ? { ...checked, relative: true } : checked;
}

/**
 * Bounds of a weight, by default where they were not given.
 *
 * @param most what no default of `max` exceeds: 1 for shares
 * @throws BOUNDS, OPTION
 */
export function checkBounds(
  name: string,
  bounds: WeightBounds,
  defaults: Required<WeightBounds>,
  most: number = SHARE_BOUNDS.max,
): Required<WeightBounds> {
  checkNames(bounds, BOUND_NAMES);
  const { min: low = 0, max: high = Number.POSITIVE_INFINITY } = bounds;
  const min = bounds.min ?? (high > defaults.min ? defaults.min : high / ROOM);
  const max = bounds.max ?? (low < defaults.max ? defaults.max : Math.min(ROOM * low, most));
  checkInterval(name, min, max);
  return { min, max };
}
