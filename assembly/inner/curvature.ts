// Limited-memory BFGS of the data terms' Hessian in θ′ (Byrd, Nocedal, Schnabel 1994), from pairs s = Δθ′, y = Δ∇f:
//
//   B = γD + Σ_k y_k·y_kᵀ/(s_k·y_k) − Σ_k b_k·b_kᵀ/(s_k·b_k),   b_k = B_{k−1}·s_k,   D = diag(metric)
//
// The penalties are no part of it, so it stays true when λ of a penalty changes: the first step of the next solve knows
// what the last one learned. Two uses: B⁻¹ by the two-loop recursion when the penalty is smooth, and rows of R with
// B = γD + R·diag(+1 …, −1 …)·Rᵀ for coordinate descent when it has kinks.

import { axpy, dot, sumOfPair } from "../linalg/dense";
import { multiplyAdd } from "../linalg/multiply-add";
import { Objective } from "../objective";

/** Pairs kept at most. MNIST, 5000 rows, l2 = 1e-3, to 1e-4: 10 pairs 111 passes, then 23 at 1.1 times λ; 20: 103, 20; 40: 95, 8. */
export const PAIRS: i32 = 40;

/** The newest of them make R, whose rows cost their number squared: beyond 20, fewer passes take longer. */
export const MODELLED: i32 = 20;

@unmanaged
export class Curvature {
  n: i32;
  capacity: i32; // pairs at most, ≤ PAIRS
  count: i32;
  oldest: i32; // slot of the oldest pair
  metric: usize; // D: f64[n]
  scale: f64; // γ
  steps: usize; // s: f64[capacity][n]
  changes: usize; // y
  stepChange: usize; // s_k·y_l: f64[PAIRS][PAIRS], by slot
  stepStep: usize; // s_k·D·s_l
  stepSquares: usize; // ‖s_k‖² over the weights: f64[PAIRS]
  crossed: usize; // whether the products with older pairs of R are known: i32[PAIRS]
  alpha: usize; // b_l/√(s_l·b_l) = Σ_j alpha[l][j]·γD·s_j + beta[l][j]·y_j, by age: f64[PAIRS][PAIRS]
  beta: usize;
  modelled: i32; // pairs in R
  factors: usize; // rows of R: f64[n][row/8], of one iteration
  row: usize; // bytes of one
  diagonal: usize; // of B: f64[n]
  tile: usize; // γD·s and y of two unknowns: f64[MODELLED][4]
}

/** Of `products`. */
export const PRODUCT_BYTES: usize = (2 * <usize>PAIRS) << 3;

const SQUARE: usize = (<usize>PAIRS * <usize>PAIRS) << 3;

function rowBytes(capacity: i32): usize {
  return (2 * <usize>min(capacity, MODELLED)) << 3;
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

function factorBytes(o: Objective): usize {
  return <usize>o.thetaCount * rowBytes(pairsFor(o));
}

export function curvatureWorkBytes(o: Objective): usize {
  const vectors = 2 * <usize>pairsFor(o) + 2;
  return ((<usize>o.thetaCount) << 3) * vectors + (holdsFactors(o) ? factorBytes(o) : 0) + 7 * SQUARE;
}

/** Of R, which nobody needs between two iterations, where it is not held. */
export function curvatureScratchBytes(o: Objective): usize {
  return holdsFactors(o) ? 0 : factorBytes(o);
}

export function curvatureInit(c: Curvature, o: Objective, work: usize, scratch: usize): void {
  const n = o.thetaCount;
  const capacity = pairsFor(o);
  const vector = (<usize>n) << 3;
  c.n = n;
  c.capacity = capacity;
  c.row = rowBytes(capacity);
  c.metric = work;
  c.diagonal = work + vector;
  c.steps = work + 2 * vector;
  c.changes = c.steps + <usize>capacity * vector;
  const end = c.changes + <usize>capacity * vector;
  c.factors = holdsFactors(o) ? end : scratch;
  c.stepChange = holdsFactors(o) ? end + factorBytes(o) : end;
  c.stepStep = c.stepChange + SQUARE;
  c.alpha = c.stepStep + SQUARE;
  c.beta = c.alpha + SQUARE;
  c.stepSquares = c.beta + SQUARE;
  c.crossed = c.stepSquares + SQUARE;
  c.tile = c.crossed + SQUARE;
  forget(c);
}

export function forget(c: Curvature): void {
  c.count = 0;
  c.oldest = 0;
}

export function slot(c: Curvature, age: i32): i32 {
  return (c.oldest + age) % c.capacity;
}

/** Slot of pair k of those in R. */
function recent(c: Curvature, k: i32): i32 {
  return slot(c, c.count - c.modelled + k);
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

/**
 * Learns from a step to `to` and the gradients at both ends; ignored when rounding hides the curvature along it. γ is of the
 * unknowns that moved: with those that a kink holds at zero, the curvature across the step would count as curvature of
 * the step, and the model be too stiff (MNIST, 5000 rows, L1, 1.1 times λ: 24 → 18 passes; breast cancer, degree 2, from
 * nothing at l1 = 1e-2: 90 → 41).
 */
export function remember(
  c: Curvature,
  from: usize,
  to: usize,
  gradientFrom: usize,
  gradientTo: usize,
  weights: i32,
): void {
  const n = c.n;
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
  const known = bend > 1e-6 * Math.sqrt(length * change) && change > 0;
  if (c.count == c.capacity) {
    c.oldest = (c.oldest + 1) % c.capacity;
    c.count--;
  }
  if (!known) return;
  c.count++;
  c.scale = change / bend;
  store<f64>(c.stepSquares + ((<usize>k) << 3), dot<f64>(weights, s, s));
  store<f64>(entry(c.stepChange, k, k), bend);
  store<f64>(entry(c.stepStep, k, k), length);
  store<i32>(c.crossed + ((<usize>k) << 2), 0);
}

/** Products of the pairs in R with the older ones there: left until a penalty with kinks asks for R. */
function crossProducts(c: Curvature): void {
  const n = c.n;
  for (let newer = 0; newer < c.modelled; newer++) {
    const k = recent(c, newer);
    if (load<i32>(c.crossed + ((<usize>k) << 2)) != 0) continue;
    store<i32>(c.crossed + ((<usize>k) << 2), 1);
    const s = stepAt(c, k);
    for (let older = 0; older < newer; older++) {
      const l = recent(c, older);
      const other = stepAt(c, l);
      store<f64>(entry(c.stepChange, k, l), dot<f64>(n, s, changeAt(c, l)));
      let product: f64 = 0;
      for (let i = 0; i < n; i++) {
        const at = (<usize>i) << 3;
        product += load<f64>(s + at) * load<f64>(other + at) * load<f64>(c.metric + at);
      }
      store<f64>(entry(c.stepStep, k, l), product);
    }
  }
}

/** Prepares `factors` and `diagonal` for the unknowns in `list`, i32[count]. */
export function factorRows(c: Curvature, list: usize, count: i32): void {
  c.modelled = min(c.count, MODELLED);
  crossProducts(c);
  expandPairs(c);
  let index = 0;
  if (ASC_FEATURE_SIMD) {
    for (; index + 1 < count; index += 2) {
      const at = list + ((<usize>index) << 2);
      factorTwo(c, load<i32>(at), load<i32>(at, 4));
    }
  }
  for (; index < count; index++) factorOne(c, load<i32>(list + ((<usize>index) << 2)));
}

/** alpha, beta: what each b_k is made of, from the products of pairs alone. */
function expandPairs(c: Curvature): void {
  const g = c.scale;
  for (let k = 0; k < c.modelled; k++) {
    const sk = recent(c, k);
    for (let j = 0; j <= k; j++) {
      store<f64>(entry(c.alpha, k, j), j == k ? 1 : 0);
      store<f64>(entry(c.beta, k, j), 0);
    }
    const first = g * load<f64>(entry(c.stepStep, sk, sk));
    let bend = first; // s_k·b_k
    for (let l = 0; l < k; l++) {
      const sl = recent(c, l);
      const own = load<f64>(entry(c.stepChange, sl, sl));
      const plus = load<f64>(entry(c.stepChange, sk, sl)) / own; // (s_k·y_l)/(s_l·y_l)
      let minus: f64 = 0; // s_k·b_l/√(s_l·b_l)
      for (let j = 0; j <= l; j++) {
        const sj = recent(c, j);
        minus += load<f64>(entry(c.alpha, l, j)) * g * load<f64>(entry(c.stepStep, sk, sj));
        minus += load<f64>(entry(c.beta, l, j)) * load<f64>(entry(c.stepChange, sk, sj));
      }
      bend += plus * plus * own - minus * minus;
      store<f64>(entry(c.beta, k, l), load<f64>(entry(c.beta, k, l)) + plus);
      for (let j = 0; j <= l; j++) {
        const a = entry(c.alpha, k, j);
        const b = entry(c.beta, k, j);
        store<f64>(a, load<f64>(a) - minus * load<f64>(entry(c.alpha, l, j)));
        store<f64>(b, load<f64>(b) - minus * load<f64>(entry(c.beta, l, j)));
      }
    }
    const norm = 1 / Math.sqrt(max(bend, 1e-10 * first));
    for (let j = 0; j <= k; j++) {
      const a = entry(c.alpha, k, j);
      const b = entry(c.beta, k, j);
      store<f64>(a, load<f64>(a) * norm);
      store<f64>(b, load<f64>(b) * norm);
    }
  }
}

function factorOne(c: Curvature, i: i32): void {
  const m = c.modelled;
  const at = (<usize>i) << 3;
  const d = c.scale * load<f64>(c.metric + at);
  const row = c.factors + <usize>i * c.row;
  let diagonal = d;
  for (let k = 0; k < m; k++) {
    const sk = recent(c, k);
    const plus = load<f64>(changeAt(c, sk) + at) / Math.sqrt(load<f64>(entry(c.stepChange, sk, sk)));
    let minus: f64 = 0;
    for (let j = 0; j <= k; j++) {
      const sj = recent(c, j);
      minus += load<f64>(entry(c.alpha, k, j)) * (d * load<f64>(stepAt(c, sj) + at));
      minus += load<f64>(entry(c.beta, k, j)) * load<f64>(changeAt(c, sj) + at);
    }
    store<f64>(row + ((<usize>k) << 3), plus);
    store<f64>(row + ((<usize>(m + k)) << 3), minus);
    diagonal += plus * plus - minus * minus;
  }
  store<f64>(c.diagonal + at, max(diagonal, 1e-6 * d));
}

/** `factorOne` for two unknowns, a lane each: the m² products of a row are most of an iteration on few rows. */
function factorTwo(c: Curvature, i: i32, j: i32): void {
  const m = c.modelled;
  const ati = (<usize>i) << 3;
  const atj = (<usize>j) << 3;
  const d = both(c.scale * load<f64>(c.metric + ati), c.scale * load<f64>(c.metric + atj));
  const rowi = c.factors + <usize>i * c.row;
  const rowj = c.factors + <usize>j * c.row;
  let diagonal = d;
  for (let k = 0; k < m; k++) {
    const slotk = recent(c, k);
    const s = stepAt(c, slotk);
    const y = changeAt(c, slotk);
    const yk = both(load<f64>(y + ati), load<f64>(y + atj));
    const pair = c.tile + ((<usize>k) << 5);
    v128.store(pair, f64x2.mul(d, both(load<f64>(s + ati), load<f64>(s + atj))));
    v128.store(pair, yk, 16);
    const plus = f64x2.div(yk, f64x2.splat(Math.sqrt(load<f64>(entry(c.stepChange, slotk, slotk)))));
    let minus = f64x2.splat(0);
    let from = c.tile;
    let a = entry(c.alpha, k, 0);
    let b = entry(c.beta, k, 0);
    for (let l = 0; l <= k; l++) {
      minus = f64x2.add(minus, f64x2.mul(v128.load64_splat(a), v128.load(from)));
      minus = f64x2.add(minus, f64x2.mul(v128.load64_splat(b), v128.load(from, 16)));
      from += 32;
      a += 8;
      b += 8;
    }
    diagonal = f64x2.add(diagonal, f64x2.sub(f64x2.mul(plus, plus), f64x2.mul(minus, minus)));
    const plusAt = (<usize>k) << 3;
    const minusAt = (<usize>(m + k)) << 3;
    store<f64>(rowi + plusAt, f64x2.extract_lane(plus, 0));
    store<f64>(rowj + plusAt, f64x2.extract_lane(plus, 1));
    store<f64>(rowi + minusAt, f64x2.extract_lane(minus, 0));
    store<f64>(rowj + minusAt, f64x2.extract_lane(minus, 1));
  }
  const least = f64x2.mul(d, f64x2.splat(1e-6));
  diagonal = f64x2.max(diagonal, least);
  store<f64>(c.diagonal + ati, f64x2.extract_lane(diagonal, 0));
  store<f64>(c.diagonal + atj, f64x2.extract_lane(diagonal, 1));
}

function both(first: f64, second: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(first), 1, second);
}

/** out_i ← a diagonal that B's block of the unknowns in `list`, i32[count], does not exceed: γD + ‖R₊ᵀR₊‖_F·I. */
export function boundBlock(c: Curvature, list: usize, count: i32, out: usize): void {
  let squares: f64 = 0;
  for (let k = 0; k < c.modelled; k++) {
    for (let l = 0; l <= k; l++) {
      let product: f64 = 0;
      for (let index = 0; index < count; index++) {
        const row = c.factors + <usize>load<i32>(list + ((<usize>index) << 2)) * c.row;
        product += load<f64>(row + ((<usize>k) << 3)) * load<f64>(row + ((<usize>l) << 3));
      }
      squares += (l < k ? 2 : 1) * product * product;
    }
  }
  const bound = Math.sqrt(squares);
  for (let index = 0; index < count; index++) {
    const at = (<usize>load<i32>(list + ((<usize>index) << 2))) << 3;
    store<f64>(out + at, c.scale * load<f64>(c.metric + at) + bound);
  }
}

/** (B·v)_i for v known by products = diag(±1)·Rᵀv. */
export function productAt(c: Curvature, i: i32, v: f64, products: usize): f64 {
  const at = (<usize>i) << 3;
  return c.scale * load<f64>(c.metric + at) * v + dot<f64>(2 * c.modelled, c.factors + <usize>i * c.row, products);
}

/** products ← products + diag(±1)·R_i·change. */
export function moveProducts(c: Curvature, i: i32, change: f64, products: usize): void {
  const m = c.modelled;
  const row = c.factors + <usize>i * c.row;
  axpy<f64>(m, change, row, products);
  axpy<f64>(m, -change, row + ((<usize>m) << 3), products + ((<usize>m) << 3));
}
