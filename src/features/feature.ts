import { checkNames, type OptionNames } from "../option-names.ts";
import type { Augmentation } from "./augmentation.ts";
import { checkInterval, isInterval } from "./polyhedron.ts";

/**
 * One feature φ_j of a model, with the bounds of its weight λ_j: what a loss is a nonnegative mix of.
 *
 * - `group-loss`: mean loss over the rows of one group (all rows, a class, a domain, all rows under a transformation)
 * - `uniform-loss`: cross-entropy against the uniform distribution (label smoothing)
 * - `l1`: ‖W‖₁ · `l2`: ½‖W‖² · `hinge`: Σ max(0, |w| − knot); intercepts are not penalized
 * - `group-norm`: Σ_g √|g|·‖W_g‖₂ over groups of columns, one per column when none are given
 */
export type Feature = {
  /** Smallest weight, > 0: λ lives on a log scale. */
  readonly min: number;
  /** Largest weight. `min === max` fixes it. */
  readonly max: number;
  /** The bounds are defaults, for a loss and columns of order 1: `inUnits` fits them to those at hand. */
  readonly relative?: true;
} & FeatureKind;

export type FeatureKind =
  | { readonly kind: "group-loss"; readonly group: number; readonly of: RowGroups }
  | { readonly kind: "uniform-loss" }
  | { readonly kind: "l1" }
  | { readonly kind: "l2" }
  | { readonly kind: "group-norm"; readonly columnGroups?: readonly number[] }
  | { readonly kind: "hinge"; readonly knot: number };

const KINDS: Record<FeatureKind["kind"], true> = {
  "group-loss": true,
  "uniform-loss": true,
  l1: true,
  l2: true,
  "group-norm": true,
  hinge: true,
};

/** Whether something is a feature, made by a factory or read from a stored loss. */
export function isFeature(value: unknown): value is Feature {
  const feature = value as Partial<Feature> | null | undefined;
  if (!feature?.kind || !Object.hasOwn(KINDS, feature.kind)) return false;
  if (feature.kind === "hinge" && !(Number.isFinite(feature.knot) && feature.knot! >= 0)) return false;
  if (feature.kind === "group-loss" && !isGroupOf(feature.group, feature.of)) return false;
  const { columnGroups } = feature as { columnGroups?: unknown };
  if (columnGroups !== undefined && !(Array.isArray(columnGroups) && columnGroups.every(Number.isInteger)))
    return false;
  return isInterval(feature.min, feature.max);
}

/** Whether it is one of the groups, which may be stored without their rows. */
function isGroupOf(group: unknown, of: Partial<RowGroups> | null | undefined): boolean {
  const known = typeof of?.name === "string" && Number.isInteger(of.count) && Number.isInteger(group);
  if (!known || !(Number(group) >= 0 && Number(group) < of.count!)) return false;
  const { map, labels, augmentation } = of as { map?: unknown; labels?: unknown; augmentation?: Augmentation | null };
  if (labels !== undefined && !(Array.isArray(labels) && labels.every((label) => typeof label === "string")))
    return false;
  const stored = Array.isArray(map) && map.length === 0;
  if (!stored && !ArrayBuffer.isView(map)) return false;
  if (augmentation === undefined) return true;
  const { image, seed, transformations, groups } = augmentation ?? ({} as Partial<Augmentation>);
  const whole = typeof image === "object" && image !== null && Number.isInteger(seed) && Array.isArray(transformations);
  return whole && (groups === undefined || typeof groups?.of === "string");
}

/** Assigns every training row to a group; shared by the features of one partition. */
export interface RowGroups {
  readonly name: string;
  readonly count: number;
  /** Group of every row, 0 … count − 1; with an augmentation, of the rows as they are, empty when these are one group. */
  readonly map: Int32Array;
  /** What domains are called, by number, where that is known. */
  readonly labels?: readonly string[];
  /** There are groups of transformed rows, too: see `groupUnder`. */
  readonly augmentation?: Augmentation;
}

/** What a loss is mixed of, by names of your choice. */
export type Features = Readonly<Record<string, Feature>>;

/** Bounds of a feature's weight λ_j. */
export interface WeightBounds {
  /**
   * Smallest weight. @default 1e-6 for penalties, 1e-3 for shares. Where neither bound of a penalty is given, both are times the
   * power of ten, towards 1, of the deviation of dense columns of one unit, its square for ½‖W‖²; and those of first degree (all
   * but ½‖W‖²) are beside squared loss times the power of ten nearest to the targets' standard deviation. A tenth of `max`, where
   * that alone is given and not above the default
   */
  readonly min?: number;
  /** Largest weight. @default 1; for penalties ten times `min`, where that alone is given and 1 or more */
  readonly max?: number;
}

export const BOUND_NAMES: OptionNames<WeightBounds> = { min: true, max: true };

/** The default bounds of a penalty's weight, for losses that are means over rows of features of order 1. */
const PENALTY_BOUNDS = { min: 1e-6, max: 1 } as const;

/** Bounds of a penalty's weight. @throws BOUNDS */
export function penaltyBounds(name: string, bounds: WeightBounds): Required<WeightBounds> & Pick<Feature, "relative"> {
  const checked = checkBounds(name, bounds, PENALTY_BOUNDS, Number.POSITIVE_INFINITY);
  return bounds.min === undefined && bounds.max === undefined ? { ...checked, relative: true } : checked;
}

/** Bounds of a data feature's share when several data features sum to 1. */
export const SHARE_BOUNDS = { min: 1e-3, max: 1 } as const;

/** How many times the lower bound the upper one is, where the default of one would leave no room to the other: as in `atLeast`. */
const ROOM = 10;

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
