// Limited-memory BFGS of the data terms' Hessian in θ′ (Byrd, Nocedal, Schnabel 1994), from pairs s = Δθ′, y = Δ∇f:
//
//   B = γD + Σ_k y_k·y_kᵀ/(s_k·y_k) − Σ_k b_k·b_kᵀ/(s_k·b_k),   b_k = B_{k−1}·s_k,   D = diag(metric)
//
// Intercepts have a scale of their own, κ: γD is κ there. What columns have in common, as pixels do, makes γ up to a hundred
// times the curvature of an intercept, which with γ alone hardly moved (passes to 1e-5 from nothing, l1 = 1e-5, l2 = 1e-3:
// Fashion-MNIST, 2000 rows, 650 → 226; MNIST, 1000 rows, 93 → 63).
//
// The penalties are no part of it, so it stays true when λ of a penalty changes: the first step of the next solve knows
// what the last one learned. Two uses: B⁻¹ by the two-loop recursion when the penalty is smooth (curvature-inverse.ts), and
// rows of R with B = W·(I + R·diag(+1 …, −1 …)·Rᵀ)·W, W² = γD, for coordinate descent when it has kinks (curvature-factors.ts).

import { dot, scal, sumOfPair } from "../linalg/dense";
import { multiplyAdd } from "../linalg/multiply-add";
import { Objective } from "../objective";

/** Pairs kept at most. MNIST, 5000 rows, l2 = 1e-3, to 1e-4: 10 pairs 111 passes, then 23 at 1.1 times λ; 20: 103, 20; 40: 95, 8. */
const PAIRS: i32 = 40;

/** The newest of them make R, whose rows cost their number squared: beyond 20, fewer passes take longer. */
export const MODELLED: i32 = 20;

@unmanaged
export class Curvature {
  n: i32;
  capacity: i32; // pairs at most, ≤ PAIRS
  count: i32;
  oldest: i32; // slot of the oldest pair
  weightCount: i32; // unknowns before the intercepts
  metric: usize; // D: f64[n]
  scale: f64; // γ
  interceptScale: f64; // κ
  steps: usize; // s: f64[capacity][n]
  changes: usize; // y
  learned: i32; // pairs ever
  units: usize; // √D·s_k and y_k/√D of the pairs of R, unknown by unknown, k by `placeOf`: f32[n][places][2]; 0 before kinks
  places: i32;
  stepChange: usize; // s_k·y_l: f64[PAIRS][PAIRS], by slot
  stepStep: usize; // s_k·D·s_l over the weights
  interceptStep: usize; // s_k·s_l over the intercepts
  stepSquares: usize; // ‖s_k‖² over the weights: f64[PAIRS]
  crossed: usize; // whether the products with older pairs of R are known: i32[PAIRS]
  weights: usize; // W: f64[n], of the unknowns that take part
  alpha: usize; // b_l/√(s_l·b_l) = Σ_j alpha[l][j]·γD·s_j + beta[l][j]·y_j, by age: f64[PAIRS][PAIRS]
  beta: usize;
  modelled: i32; // pairs in R
  mixture: usize; // alpha, beta and roots in f32
  factors: usize; // rows of R, see `rowBytes`, of one iteration
  row: usize; // bytes of one
  diagonal: usize; // of B: f64[n]
  roots: usize; // 1/√(s_k·y_k), by age: f64[PAIRS]
  tile: usize; // `units` of four unknowns: f32[MODELLED][8]
}

/** Bytes of a solver's `products`. */
export const PRODUCT_BYTES: usize = (2 * <usize>PAIRS) << 2;

const SQUARE: usize = (<usize>PAIRS * <usize>PAIRS) << 3;

/**
 * Bytes of half a row of R, filled up to whole vectors of f32: its rounding of 1e-7 is small beside what the model misses of the
 * Hessian, which it has to a digit or two. W carries the units of x, so that no number leaves the range of f32.
 */
export function halfBytes(pairs: i32): usize {
  return ((<usize>pairs + 3) & ~3) << 2;
}

/** Places for the pairs of R, rounded up to whole vectors. */
function placesFor(capacity: i32): i32 {
  return <i32>(halfBytes(min(capacity, MODELLED)) >> 2);
}

/** Bytes of a row of R: both halves, and the couplings of its unknown with those before it in a block of four. */
function rowBytes(capacity: i32): usize {
  return 2 * halfBytes(min(capacity, MODELLED)) + 16;
}

/**
 * Curvature pairs to keep: all, unless a pass costs less than they do, as with few rows or few nonzeros per column.
 * Mails on 2^16 columns, 18 nonzeros per column, L2 over columns: 40 pairs take 3 times as long as the pass, 11 two
 * thirds. An eighth of the mails, 4 per column: 3 pairs 84 passes and 57 ms, 5: 62 and 47, 10: 56 and 56.
 */
function pairsFor(o: Objective): i32 {
  const perUnknown = o.valueCount / <f64>o.columns;
  const worth = o.columnIndices != 0 ? max(5, 0.6 * perUnknown) : max(10, 0.1 * perUnknown);
  return <i32>min(<f64>PAIRS, worth);
}

/** On sparse rows the memory of the pairs and of R serves the space of the rows, too. */
function holdsFactors(o: Objective): bool {
  return o.columnIndices != 0;
}

/** Bytes of R; twice that where the space of the rows uses them too (2000 rows of 10 in 500 columns, L2: 64 passes, not 71). */
function factorBytes(o: Objective): usize {
  return <usize>o.thetaCount * rowBytes(pairsFor(o)) * (holdsFactors(o) ? 2 : 1);
}

export function curvatureWorkBytes(o: Objective): usize {
  const vectors = 2 * <usize>pairsFor(o) + 3;
  return ((<usize>o.thetaCount) << 3) * vectors + (holdsFactors(o) ? factorBytes(o) : 0) + 9 * SQUARE;
}

/** Bytes of `units`, to be zeroed; only penalties with kinks need them. */
export function curvatureUnitBytes(o: Objective): usize {
  return ASC_FEATURE_SIMD ? ((<usize>o.thetaCount) << 3) * <usize>placesFor(pairsFor(o)) : 0;
}

/** Bytes of R in scratch, as nobody needs it between two iterations; 0 where it is held. */
export function curvatureScratchBytes(o: Objective): usize {
  return holdsFactors(o) ? 0 : factorBytes(o);
}

export function curvatureInit(c: Curvature, o: Objective, work: usize, scratch: usize): void {
  const n = o.thetaCount;
  const capacity = pairsFor(o);
  const vector = (<usize>n) << 3;
  c.n = n;
  c.weightCount = o.weightCount;
  c.capacity = capacity;
  c.places = placesFor(capacity);
  c.units = 0;
  c.row = rowBytes(capacity);
  c.metric = work;
  c.diagonal = work + vector;
  c.weights = work + 2 * vector;
  c.steps = work + 3 * vector;
  c.changes = c.steps + <usize>capacity * vector;
  const end = c.changes + <usize>capacity * vector;
  c.factors = holdsFactors(o) ? end : scratch;
  c.stepChange = holdsFactors(o) ? end + factorBytes(o) : end;
  c.stepStep = c.stepChange + SQUARE;
  c.interceptStep = c.stepStep + SQUARE;
  c.alpha = c.interceptStep + SQUARE;
  c.beta = c.alpha + SQUARE;
  c.stepSquares = c.beta + SQUARE;
  c.crossed = c.stepSquares + SQUARE;
  c.roots = c.crossed + (PAIRS << 3);
  c.tile = c.crossed + SQUARE;
  c.mixture = c.tile + SQUARE;
  forget(c);
}

export function forget(c: Curvature): void {
  c.count = 0;
  c.oldest = 0;
  c.learned = 0;
}

/**
 * Keeps what was learned for data terms under other weights, `factor` times as large in all. Where the weights of single groups
 * change, too, it is not what would be learned of them, but better than nothing: ten classes whose weights change by up to
 * 1.2, 2, 4.5 and 20 times each, to 1e-5 from the minimizer before, digits in 15, 19, 20 and 22 passes instead of 19, 21, 23
 * and 23, Fashion-MNIST in 36, 46, 50 and 51 instead of 34, 46, 53 and 55. (Not where groups had no weight, or have none: 400
 * random fits, weights of a tenth of the groups 0, took 1.05 times the passes with it.)
 */
export function rescale(c: Curvature, factor: f64): void {
  if (!(factor > 0 && isFinite(factor))) return forget(c);
  c.scale *= factor;
  c.interceptScale *= factor;
  scal<f64>(PAIRS * PAIRS, factor, c.stepChange);
  for (let age = 0; age < c.count; age++) {
    const k = slot(c, age);
    scal<f64>(c.n, factor, changeAt(c, k));
    store<i32>(c.crossed + ((<usize>k) << 2), 0);
  }
}

export function slot(c: Curvature, age: i32): i32 {
  return (c.oldest + age) % c.capacity;
}

/** Where `units` have the pair of an age. */
export function placeOf(c: Curvature, age: i32): i32 {
  return (c.learned - c.count + age) % c.places;
}

export function stepAt(c: Curvature, k: i32): usize {
  return c.steps + ((<usize>k * <usize>c.n) << 3);
}

export function changeAt(c: Curvature, k: i32): usize {
  return c.changes + ((<usize>k * <usize>c.n) << 3);
}

export function entry(matrix: usize, k: i32, l: i32): usize {
  return matrix + ((<usize>(k * PAIRS + l)) << 3);
}

/** γ and κ before anything is learned. */
export function startScales(c: Curvature, bound: f64): void {
  c.scale = bound;
  c.interceptScale = bound;
}

/** D of the intercepts, for the γ and κ of the moment. */
export function fillInterceptMetric(c: Curvature): void {
  for (let i = c.weightCount; i < c.n; i++) {
    store<f64>(c.metric + ((<usize>i) << 3), c.interceptScale / c.scale);
  }
}

/** γ·s_k·D·s_l over all unknowns. */
export function stepProduct(c: Curvature, k: i32, l: i32): f64 {
  return c.scale * load<f64>(entry(c.stepStep, k, l)) + c.interceptScale * load<f64>(entry(c.interceptStep, k, l));
}

/**
 * Learns from a step to `to` and the gradients at both ends; ignored when rounding hides the curvature along it. γ is of the
 * unknowns that moved: with those that a kink holds at zero, the curvature across the step would count as curvature of
 * the step, and the model be too stiff (MNIST, 5000 rows, L1, 1.1 times λ: 24 → 18 passes; breast cancer, degree 2, from
 * nothing at l1 = 1e-2: 90 → 41). Where the weights have less than a tenth of the curvature along the step, γ is taken from all
 * of it; where the intercepts have less than a hundredth, κ stays.
 */
export function remember(c: Curvature, from: usize, to: usize, gradientFrom: usize, gradientTo: usize): void {
  const n = c.weightCount;
  const k = (c.oldest + c.count) % c.capacity; // when full: the oldest, overwritten
  const s = stepAt(c, k);
  const y = changeAt(c, k);
  let bend: f64 = 0;
  let length: f64 = 0;
  let change: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let b = f64x2.splat(0);
    let l = f64x2.splat(0);
    let g = f64x2.splat(0);
    for (; i + 2 <= n; i += 2) {
      const at = (<usize>i) << 3;
      const si = f64x2.sub(v128.load(to + at), v128.load(from + at));
      const yi = f64x2.sub(v128.load(gradientTo + at), v128.load(gradientFrom + at));
      const metric = v128.load(c.metric + at);
      v128.store(s + at, si);
      v128.store(y + at, yi);
      b = multiplyAdd<f64>(si, yi, b);
      l = multiplyAdd<f64>(f64x2.mul(si, si), metric, l);
      const square = f64x2.div(f64x2.mul(yi, yi), metric);
      g = f64x2.add(g, v128.and(square, f64x2.ne(si, f64x2.splat(0))));
    }
    bend = sumOfPair(b);
    length = sumOfPair(l);
    change = sumOfPair(g);
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 3;
    const si = load<f64>(to + at) - load<f64>(from + at);
    const yi = load<f64>(gradientTo + at) - load<f64>(gradientFrom + at);
    const metric = load<f64>(c.metric + at);
    store<f64>(s + at, si);
    store<f64>(y + at, yi);
    bend += si * yi;
    length += si * si * metric;
    if (si != 0) change += (yi * yi) / metric;
  }
  let interceptBend: f64 = 0;
  let interceptLength: f64 = 0;
  let interceptChange: f64 = 0;
  for (; i < c.n; i++) {
    const at = (<usize>i) << 3;
    const si = load<f64>(to + at) - load<f64>(from + at);
    const yi = load<f64>(gradientTo + at) - load<f64>(gradientFrom + at);
    store<f64>(s + at, si);
    store<f64>(y + at, yi);
    interceptBend += si * yi;
    interceptLength += si * si;
    interceptChange += yi * yi;
  }
  const total = bend + interceptBend;
  const known = total > 1e-6 * Math.sqrt((length + interceptLength) * (change + interceptChange)) && change > 0;
  if (c.count == c.capacity) {
    c.oldest = (c.oldest + 1) % c.capacity;
    c.count--;
  }
  if (!known) return;
  c.count++;
  c.learned++;
  c.scale = change / (bend > 0.1 * total ? bend : total);
  if (interceptBend > 0.01 * total) c.interceptScale = interceptChange / interceptBend;
  store<f64>(c.stepSquares + ((<usize>k) << 3), dot<f64>(n, s, s));
  store<f64>(entry(c.stepChange, k, k), total);
  store<f64>(entry(c.stepStep, k, k), length);
  store<f64>(entry(c.interceptStep, k, k), interceptLength);
  store<i32>(c.crossed + ((<usize>k) << 2), 0);
}
