import type { FeatureSpace } from "./features/space.ts";

/**
 * The λ to begin with: shares alike, penalties at the middle of their ranges, shared out. Then those of other kinds of
 * models, basins of their own, each ruled by one penalty: sparse ones, where columns outnumber rows or a penalty is
 * learned, and ones whose weights are bounded by the last hinge of a learned penalty.
 */
export function startsOf(space: FeatureSpace, rows: number, columns: number): Float64Array[] {
  const { lower, upper, data, features } = space;
  const penalties = data.reduce((count, a) => count + (a ? 0 : 1), 0);
  const middle = lower.map((low, j) => (features[j]!.kind === "group-loss" ? upper[j]! : Math.sqrt(low * upper[j]!)));
  const start = middle.map((value, j) => (data[j] ? value : value / Math.max(penalties, 1)));
  // ‖W‖₁ is the first knot of a learned penalty.
  const kinds = features.map((feature) => (feature.kind === "hinge" && feature.knot === 0 ? "l1" : feature.kind));
  const bound = kinds.lastIndexOf("hinge");
  const dense = kinds.includes("l2") && (columns > rows || bound >= 0);
  const rulers = [dense ? kinds.indexOf("l1") : -1, bound].filter((j) => j >= 0);
  const ruled = (ruler: number) =>
    middle.map((value, j) => (data[j] ? value : j === ruler ? 10 * value : 0.01 * value));
  return [start, ...rulers.map(ruled)].map((lambda) => space.normalize(lambda));
}
