import { checkBounds, type WeightBounds } from "./bounds.ts";
import type { Feature } from "./feature.ts";
import { SHARE_BOUNDS } from "./weight.ts";

/**
 * Cross-entropy against the uniform distribution. Its weight s and those of the data losses sum to 1: with one log
 * loss this is label smoothing, (1 − s)·log loss + s·uniform. In [1e-3, 1] by default. @throws BOUNDS
 */
export function labelSmoothing(bounds: WeightBounds = {}): Feature {
  return { kind: "uniform-loss", ...checkBounds("label smoothing", bounds, SHARE_BOUNDS) };
}
