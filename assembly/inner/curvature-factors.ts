// Rows of R with B = γD + R·diag(+1 …, −1 …)·Rᵀ, for coordinate descent: one for each unknown that takes part, its products
// with the m newest pairs y_k/√(s_k·y_k), then those with b_k/√(s_k·b_k). Four unknowns that are next to each other in the
// list are a block: what one of them moves reaches the others by their couplings, numbers known before, so that the
// products of all four with `products` = diag(±1)·Rᵀv are taken together.

import { axpy, dot, evenUp, sumOfPair } from "../linalg/dense";
import { multiplyAdd } from "../linalg/multiply-add";
import { Curvature, changeAt, entry, MODELLED, slot, stepAt } from "./curvature";

/** Slot of pair k of those in R. */
function recent(c: Curvature, k: i32): i32 {
  return slot(c, c.count - c.modelled + k);
}

export function rowAt(c: Curvature, i: i32): usize {
  return c.factors + <usize>i * c.row;
}

/** Bytes of half a row. */
function halfBytes(c: Curvature): usize {
  return (<usize>evenUp(c.modelled)) << 3;
}

/** R_i·diag(±1)·R_k of an unknown of a block, by its row, and the k-th of the block before it. */
export function coupling(c: Curvature, row: usize, k: i32): f64 {
  return load<f64>(row + c.row - 32 + ((<usize>k) << 3));
}

/** Prepares `factors` and `diagonal` for the unknowns in `list`, i32[count], the couplings of whole blocks with SIMD. */
export function factorRows(c: Curvature, list: usize, count: i32): void {
  c.modelled = min(c.count, MODELLED);
  crossProducts(c);
  expandPairs(c);
  let index = 0;
  if (ASC_FEATURE_SIMD) {
    for (; index + 4 <= count; index += 4) factorFour(c, list + ((<usize>index) << 2));
  }
  for (; index < count; index++) factorOne(c, load<i32>(list + ((<usize>index) << 2)));
}

/** Products of the pairs in R with the older ones there: left until a penalty with kinks asks for R. */
function crossProducts(c: Curvature): void {
  for (let newer = 0; newer < c.modelled; newer++) {
    const k = recent(c, newer);
    if (load<i32>(c.crossed + ((<usize>k) << 2)) != 0) continue;
    store<i32>(c.crossed + ((<usize>k) << 2), 1);
    for (let older = 0; older < newer; older++) {
      const l = recent(c, older);
      store<f64>(entry(c.stepChange, k, l), dot<f64>(c.n, stepAt(c, k), changeAt(c, l)));
      store<f64>(entry(c.stepStep, k, l), weightedDot(c.n, c.metric, stepAt(c, k), stepAt(c, l)));
    }
  }
}

/** Σ_i d_i·x_i·y_i. */
function weightedDot(n: i32, d: usize, x: usize, y: usize): f64 {
  let sum: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let even = f64x2.splat(0);
    let odd = f64x2.splat(0);
    for (; i + 4 <= n; i += 4) {
      const at = (<usize>i) << 3;
      even = multiplyAdd<f64>(f64x2.mul(v128.load(d + at), v128.load(x + at)), v128.load(y + at), even);
      odd = multiplyAdd<f64>(f64x2.mul(v128.load(d + at, 16), v128.load(x + at, 16)), v128.load(y + at, 16), odd);
    }
    sum = sumOfPair(f64x2.add(even, odd));
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 3;
    sum += load<f64>(d + at) * load<f64>(x + at) * load<f64>(y + at);
  }
  return sum;
}

/** alpha, beta: what each b_k is made of, from the products of pairs alone; roots. */
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
    store<f64>(c.roots + ((<usize>k) << 3), 1 / Math.sqrt(load<f64>(entry(c.stepChange, sk, sk))));
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
  const row = rowAt(c, i);
  const half = halfBytes(c);
  memory.fill(row, 0, 2 * half);
  let diagonal = d;
  for (let k = 0; k < m; k++) {
    const sk = recent(c, k);
    const plus = load<f64>(c.roots + ((<usize>k) << 3)) * load<f64>(changeAt(c, sk) + at);
    let minus: f64 = 0;
    for (let j = 0; j <= k; j++) {
      const sj = recent(c, j);
      minus += load<f64>(entry(c.alpha, k, j)) * (d * load<f64>(stepAt(c, sj) + at));
      minus += load<f64>(entry(c.beta, k, j)) * load<f64>(changeAt(c, sj) + at);
    }
    store<f64>(row + ((<usize>k) << 3), plus);
    store<f64>(row + half + ((<usize>k) << 3), minus);
    diagonal += plus * plus - minus * minus;
  }
  store<f64>(c.diagonal + at, max(diagonal, 1e-6 * d));
}

/**
 * `factorOne` for a block, two unknowns to a vector and four sums under way (the rows take 0.8 of the time they take two by two), and its
 * couplings. The m² products of a row are most of an iteration on few rows of X.
 */
function factorFour(c: Curvature, list: usize): void {
  const m = c.modelled;
  const half = halfBytes(c);
  const i0 = load<i32>(list);
  const i1 = load<i32>(list, 4);
  const i2 = load<i32>(list, 8);
  const i3 = load<i32>(list, 12);
  const row0 = rowAt(c, i0);
  const row1 = rowAt(c, i1);
  const row2 = rowAt(c, i2);
  const row3 = rowAt(c, i3);
  const at0 = (<usize>i0) << 3;
  const at1 = (<usize>i1) << 3;
  const at2 = (<usize>i2) << 3;
  const at3 = (<usize>i3) << 3;
  const scale = f64x2.splat(c.scale);
  const d01 = f64x2.mul(scale, both(c.metric, at0, at1));
  const d23 = f64x2.mul(scale, both(c.metric, at2, at3));
  let diagonal01 = d01;
  let diagonal23 = d23;
  let c01 = f64x2.splat(0); // couplings of 0 and 1 in both lanes
  let c23 = f64x2.splat(0);
  let c0213 = f64x2.splat(0); // of 0 and 2, of 1 and 3
  let c0312 = f64x2.splat(0);
  for (let k = 0; k < m; k++) {
    const pair = slot(c, c.count - m + k);
    const s = stepAt(c, pair);
    const y = changeAt(c, pair);
    const y01 = both(y, at0, at1);
    const y23 = both(y, at2, at3);
    const tile = c.tile + ((<usize>k) << 6);
    v128.store(tile, f64x2.mul(d01, both(s, at0, at1)));
    v128.store(tile, f64x2.mul(d23, both(s, at2, at3)), 16);
    v128.store(tile, y01, 32);
    v128.store(tile, y23, 48);
    let a01 = f64x2.splat(0);
    let a23 = f64x2.splat(0);
    let b01 = f64x2.splat(0);
    let b23 = f64x2.splat(0);
    let alpha = entry(c.alpha, k, 0);
    let beta = entry(c.beta, k, 0);
    for (let from = c.tile; from <= tile; from += 64) {
      const a = v128.load64_splat(alpha);
      a01 = multiplyAdd<f64>(a, v128.load(from), a01);
      a23 = multiplyAdd<f64>(a, v128.load(from, 16), a23);
      const b = v128.load64_splat(beta);
      b01 = multiplyAdd<f64>(b, v128.load(from, 32), b01);
      b23 = multiplyAdd<f64>(b, v128.load(from, 48), b23);
      alpha += 8;
      beta += 8;
    }
    const root = v128.load64_splat(c.roots + ((<usize>k) << 3));
    const plus01 = f64x2.mul(root, y01);
    const plus23 = f64x2.mul(root, y23);
    const minus01 = f64x2.add(a01, b01);
    const minus23 = f64x2.add(a23, b23);
    diagonal01 = f64x2.add(diagonal01, difference(plus01, plus01, minus01, minus01));
    diagonal23 = f64x2.add(diagonal23, difference(plus23, plus23, minus23, minus23));
    const plus10 = swapped(plus01);
    const minus10 = swapped(minus01);
    c01 = f64x2.add(c01, difference(plus01, plus10, minus01, minus10));
    c23 = f64x2.add(c23, difference(plus23, swapped(plus23), minus23, swapped(minus23)));
    c0213 = f64x2.add(c0213, difference(plus01, plus23, minus01, minus23));
    c0312 = f64x2.add(c0312, difference(plus10, plus23, minus10, minus23)); // lanes: 1·2, 0·3
    const place = (<usize>k) << 3;
    v128.store64_lane(row0 + place, plus01, 0);
    v128.store64_lane(row1 + place, plus01, 1);
    v128.store64_lane(row2 + place, plus23, 0);
    v128.store64_lane(row3 + place, plus23, 1);
    v128.store64_lane(row0 + half + place, minus01, 0);
    v128.store64_lane(row1 + half + place, minus01, 1);
    v128.store64_lane(row2 + half + place, minus23, 0);
    v128.store64_lane(row3 + half + place, minus23, 1);
  }
  if (m & 1) for (let k = 0; k < 4; k++) pad(rowAt(c, load<i32>(list + ((<usize>k) << 2))), m, half);
  const end = c.row - 32;
  v128.store64_lane(row1 + end, c01, 0);
  v128.store64_lane(row2 + end, c0213, 0);
  v128.store64_lane(row2 + end, c0312, 0, 8);
  v128.store64_lane(row3 + end, c0312, 1);
  v128.store64_lane(row3 + end, c0213, 1, 8);
  v128.store64_lane(row3 + end, c23, 0, 16);
  const least = f64x2.splat(1e-6);
  diagonal01 = f64x2.max(diagonal01, f64x2.mul(d01, least));
  diagonal23 = f64x2.max(diagonal23, f64x2.mul(d23, least));
  v128.store64_lane(c.diagonal + at0, diagonal01, 0);
  v128.store64_lane(c.diagonal + at1, diagonal01, 1);
  v128.store64_lane(c.diagonal + at2, diagonal23, 0);
  v128.store64_lane(c.diagonal + at3, diagonal23, 1);
}

/** The last number of both halves of a row with m pairs, m odd, ← 0. */
function pad(row: usize, m: i32, half: usize): void {
  store<f64>(row + ((<usize>m) << 3), 0);
  store<f64>(row + half + ((<usize>m) << 3), 0);
}

function both(vector: usize, first: usize, second: usize): v128 {
  return v128.load64_lane(vector + second, v128.load64_splat(vector + first), 1);
}

function swapped(v: v128): v128 {
  return v128.shuffle<f64>(v, v, 1, 0);
}

/** x·y − z·w. */
function difference(x: v128, y: v128, z: v128, w: v128): v128 {
  return f64x2.sub(f64x2.mul(x, y), f64x2.mul(z, w));
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
  return c.scale * load<f64>(c.metric + at) * v + dot<f64>(2 * evenUp(c.modelled), rowAt(c, i), products);
}

/** products ← products + diag(±1)·R_i·change. */
export function moveProducts(c: Curvature, i: i32, change: f64, products: usize): void {
  const half = evenUp(c.modelled);
  const row = rowAt(c, i);
  axpy<f64>(half, change, row, products);
  axpy<f64>(half, -change, row + ((<usize>half) << 3), products + ((<usize>half) << 3));
}

/** out, f64[4] ← R_i·products of a block, by its rows. */
export function productsOfFour(
  c: Curvature,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  products: usize,
  out: usize,
): void {
  let a0 = f64x2.splat(0);
  let a1 = f64x2.splat(0);
  let a2 = f64x2.splat(0);
  let a3 = f64x2.splat(0);
  let b0 = f64x2.splat(0);
  let b1 = f64x2.splat(0);
  let b2 = f64x2.splat(0);
  let b3 = f64x2.splat(0);
  for (const end = products + 2 * halfBytes(c); products < end; products += 32) {
    const p = v128.load(products);
    a0 = multiplyAdd<f64>(p, v128.load(row0), a0);
    a1 = multiplyAdd<f64>(p, v128.load(row1), a1);
    a2 = multiplyAdd<f64>(p, v128.load(row2), a2);
    a3 = multiplyAdd<f64>(p, v128.load(row3), a3);
    if (!ASC_FEATURE_RELAXED_SIMD && row0 == 0) break; // never: parts the body, as in panel-scores.ts
    const q = v128.load(products, 16);
    b0 = multiplyAdd<f64>(q, v128.load(row0, 16), b0);
    b1 = multiplyAdd<f64>(q, v128.load(row1, 16), b1);
    b2 = multiplyAdd<f64>(q, v128.load(row2, 16), b2);
    b3 = multiplyAdd<f64>(q, v128.load(row3, 16), b3);
    row0 += 32;
    row1 += 32;
    row2 += 32;
    row3 += 32;
  }
  v128.store(out, pairSums(f64x2.add(a0, b0), f64x2.add(a1, b1)));
  v128.store(out, pairSums(f64x2.add(a2, b2), f64x2.add(a3, b3)), 16);
}

function pairSums(a: v128, b: v128): v128 {
  return f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3));
}

/** products ← products + diag(±1)·Σ_k R_k·changes[k] over a block, by its rows. */
export function moveProductsOfFour(
  c: Curvature,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  changes: usize,
  products: usize,
): void {
  let x0 = v128.load64_splat(changes);
  let x1 = v128.load64_splat(changes, 8);
  let x2 = v128.load64_splat(changes, 16);
  let x3 = v128.load64_splat(changes, 24);
  for (let sign = 0; sign < 2; sign++) {
    for (const end = products + halfBytes(c); products < end; products += 16) {
      let sum = multiplyAdd<f64>(x0, v128.load(row0), v128.load(products));
      sum = multiplyAdd<f64>(x1, v128.load(row1), sum);
      sum = multiplyAdd<f64>(x2, v128.load(row2), sum);
      v128.store(products, multiplyAdd<f64>(x3, v128.load(row3), sum));
      row0 += 16;
      row1 += 16;
      row2 += 16;
      row3 += 16;
    }
    x0 = f64x2.neg(x0);
    x1 = f64x2.neg(x1);
    x2 = f64x2.neg(x2);
    x3 = f64x2.neg(x3);
  }
}
