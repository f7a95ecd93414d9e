import type { Augmentation } from "./augmentation.ts";
import { isInterval } from "./weight.ts";

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
  /** What classes, and domains where that is known, are called, by number. */
  readonly labels?: readonly string[];
  /** There are groups of transformed rows, too: see `groupUnder`. */
  readonly augmentation?: Augmentation;
}

/** What a loss is mixed of, by names of your choice. */
export type Features = Readonly<Record<string, Feature>>;
