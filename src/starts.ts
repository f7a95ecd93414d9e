import type { FeatureSpace } from "./features/space.ts";

/**
 * The λ to begin with: shares alike, penalties at the middle of their ranges, shared out. Where columns outnumber rows,
 * sparse and dense models are basins of their own: then there is a second, whose L1 rules.
 */
export function startsOf(space: FeatureSpace, rows: number, columns: number): Float64Array[] {
  const { lower, upper, data, features } = space;
  const penalties = data.reduce((count, a) => count + (a ? 0 : 1), 0);
  const middle = lower.map((low, j) => (features[j]!.kind === "group-loss" ? upper[j]! : Math.sqrt(low * upper[j]!)));
  const start = middle.map((value, j) => (data[j] ? value : value / Math.max(penalties, 1)));
  // ‖W‖₁ is the first knot of a learned penalty.
  const kinds = features.map((feature) => (feature.kind === "hinge" && feature.knot === 0 ? "l1" : feature.kind));
  if (columns <= rows || !kinds.includes("l1") || !kinds.includes("l2")) return [space.normalize(start)];
  const sparse = middle.map((value, j) => (data[j] ? value : kinds[j] === "l1" ? 10 * value : 0.01 * value));
  return [space.normalize(start), space.normalize(sparse)];
}
