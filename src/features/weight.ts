import { LearnLossError } from "../errors.ts";

/** The bounds of one weight λ_j, and whether it takes part in the normalization of F. */
export interface Weight {
  /** Shares sum to 1. */
  readonly role: "fixed" | "free" | "share";
  /** > 0. */
  readonly min: number;
  /** That of `min` for a fixed weight. */
  readonly max: number;
}

/** What a lower bound of 0 stands for: λ lives on a log scale. */
export const LEAST = 1e-6;

/** How many times the lower bound the upper one is, where the default of one would leave no room to the other. */
export const ROOM = 10;

/** The default bounds of a share. */
export const SHARE_BOUNDS = { min: 1e-3, max: 1 } as const;

/** A weight that does not change; it sets the scale of the loss. `fixed(1)` for a log loss. @throws BOUNDS */
export function fixed(value: number): Weight {
  return weight("fixed", value, value);
}

/** A weight from `min` (0 stands for 1e-6) to `max`. @default max 10, or ten times `min` where that is more. @throws BOUNDS */
export function atLeast(min: number, max = ROOM * Math.max(1, Number(min))): Weight {
  return between(min, max);
}

/** A weight between two bounds, 0 again for 1e-6. @throws BOUNDS */
export function between(min: number, max: number): Weight {
  return weight("free", min === 0 ? LEAST : min, max);
}

/** One of several weights that sum to 1. @default min 1e-3, max 1. @throws BOUNDS */
export function share(min: number = SHARE_BOUNDS.min, max: number = SHARE_BOUNDS.max): Weight {
  return weight("share", min, max);
}

/** Whether something that was read is a weight as the functions above make them. */
export function isWeight(value: unknown): value is Weight {
  const { role, min, max } = (value ?? {}) as { role?: unknown; min?: unknown; max?: unknown };
  return (role === "fixed" || role === "free" || role === "share") && isInterval(min, max);
}

function weight(role: Weight["role"], min: number, max: number): Weight {
  checkInterval("a weight", min, max);
  return { role, min, max };
}

/** Range of bounds: products of two of them neither overflow nor vanish. */
const SIZES = { least: 1e-150, most: 1e150 } as const;

/** Whether something that was read is an interval of weights. */
export function isInterval(min: unknown, max: unknown): boolean {
  return typeof min === "number" && typeof max === "number" && SIZES.least <= min && min <= max && max <= SIZES.most;
}

/** @throws BOUNDS for what is no interval of weights */
export function checkInterval(name: string, min: number, max: number): void {
  if (min > max)
    throw new LearnLossError("BOUNDS", `The bounds of ${name} are [${min}, ${max}]: the lower is above the upper.`);
  if (!isInterval(min, max)) {
    throw new LearnLossError(
      "BOUNDS",
      `The bounds of ${name} are [${min}, ${max}]: give numbers with 0 < min ≤ max (λ lives on a log scale), from ${SIZES.least} to ${SIZES.most}.`,
    );
  }
}
