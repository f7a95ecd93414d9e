import type { FeatureSpace } from "../features/space.ts";
import type { Random } from "../random.ts";
import type { VirtualModels } from "../reduced/virtual-models.ts";
import { exp, log } from "../wasm/transcendental.ts";

/** Weight of the penalty that rules a start, as a multiple of the middle of its range. */
const RULE = 10;

/**
 * Weights of the other penalties, in the same way. Norms as far apart as at 0.01 leave e flat in the lesser one: nothing tells
 * that more of it would be better. Breast cancer, 80 splits, with sparse starts at 0.01, and with dense ones too at 0.01 and
 * 0.3: 61, 67 and 68 hits of what 4000 passes and more find, in 247, 297 and 276 passes. The many knots of a learned penalty add
 * up: at 0.3, those of MNIST took 274 passes, not 172, for the same errors.
 */
const LEAST = { norms: 0.3, learned: 0.01 };

/**
 * The λ to begin with: losses of groups alike, other weights at the middle of their ranges, penalties shared out; then λ is scaled
 * until shares sum to 1, so that beside n groups penalties are an nth of that. Then those of other kinds of models, basins of
 * their own, each ruled by one penalty: sparse ones, where columns outnumber rows, a penalty is learned or `all` basins are looked
 * for; small and dense ones, in the first and last of these cases; and ones whose weights are bounded by the last hinge of a
 * learned penalty.
 *
 * With few rows to judge by there are basins everywhere: sparse starts hit 169 of 200 small studies of wine, iris, breast
 * cancer, diabetes and pooled digits, not 161, for 1.2 to 1.5 times the passes and test errors as before (±1 %). So without
 * exploration they are left out. With it, iris, 1000 passes: 3.3 → 1.9 % above the least e ever seen, wine 4.5 → 1.1 %.
 */
export function startsOf(space: FeatureSpace, rows: number, columns: number, all = false): Float64Array[] {
  const { lower, upper, data, features } = space;
  const penalties = data.reduce((count, a) => count + (a ? 0 : 1), 0);
  const middle = lower.map((low, j) => (features[j]!.kind === "group-loss" ? upper[j]! : Math.sqrt(low * upper[j]!)));
  const start = middle.map((value, j) => (data[j] ? value : value / Math.max(penalties, 1)));
  // ‖W‖₁ is the first knot of a learned penalty.
  const kinds = features.map((feature) => (feature.kind === "hinge" && feature.knot === 0 ? "l1" : feature.kind));
  const bound = kinds.lastIndexOf("hinge");
  const learned = bound >= 0;
  const basins = kinds.includes("l1") && kinds.includes("l2") && (columns > rows || learned || all);
  const sparse = basins ? [kinds.indexOf("l1")] : [];
  const rulers = [...sparse, ...(learned ? [bound] : sparse.map(() => kinds.indexOf("l2")))];
  const least = learned ? LEAST.learned : LEAST.norms;
  const ruled = (ruler: number) => middle.map((value, j) => (data[j] ? value : (j === ruler ? RULE : least) * value));
  return [start, ...rulers.map(ruled)].map((lambda) => space.normalize(lambda));
}

/** How many times nearer than drawn a weight may be moved to, in log λ. */
const SCALES = 20;

/** What draws λ in F. */
type Drawing = Pick<VirtualModels, "free" | "box" | "chance" | "lambda" | "space">;

/** A λ by chance in F, but for half of the weights, which stay: basins differ in few of them. */
export function startAnywhere(models: Drawing, lambda: Float64Array, random: Random): Float64Array {
  const drawn = models.chance(models.box(lambda, Number.POSITIVE_INFINITY), random);
  return models.space.normalize(drawn.map((w, j) => (random.uniform() < 0.5 ? w : lambda[j]!)));
}

/**
 * A λ beside another one, a search from which may end in another basin: some of the weights, one at least, moved towards a λ by
 * chance in F. How many, and how far, is uniform in the logarithm.
 */
export function startBeside(models: Drawing, lambda: Float64Array, random: Random): Float64Array {
  const { free } = models;
  const share = exp(-random.uniform() * log(free.length));
  const spread = exp(-random.uniform() * log(SCALES));
  const one = free[random.below(free.length)]!;
  const drawn = models.chance(models.box(lambda, Number.POSITIVE_INFINITY), random);
  const moves = lambda.map((_, j) => (j === one || random.uniform() < share ? spread : 0));
  return models.lambda(lambda.map((w, j) => log(w) + moves[j]! * (log(drawn[j]!) - log(w))));
}
