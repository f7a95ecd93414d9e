// Rows of R with B = W·(I + R·diag(+1 …, −1 …)·Rᵀ)·W, W = √(γD), for coordinate descent: one for each unknown that takes
// part, its products with the m newest pairs y_k/√(s_k·y_k), then those with b_k/√(s_k·b_k), both over W. Four unknowns
// that are next to each other in the list are a block: what one of them moves reaches the others by their couplings,
// numbers known before, so that the products of all four with `products` = diag(±1)·RᵀWv are taken together.

import { dot, sumOfPair } from "../linalg/dense";
import { multiplyAdd } from "../linalg/multiply-add";
import {
  Curvature,
  changeAt,
  entry,
  fillInterceptMetric,
  halfBytes,
  MODELLED,
  placeOf,
  slot,
  stepAt,
  stepProduct,
} from "./curvature";

/** Slot of pair k of those in R. */
function recent(c: Curvature, k: i32): i32 {
  return slot(c, c.count - c.modelled + k);
}

export function rowAt(c: Curvature, i: i32): usize {
  return c.factors + <usize>i * c.row;
}

/** R_i·diag(±1)·R_k of an unknown of a block, by its row, and the k-th of the block before it. */
export function coupling(c: Curvature, row: usize, k: i32): f64 {
  return <f64>load<f32>(row + c.row - 16 + ((<usize>k) << 2));
}

/** √(γD_i). */
export function weightAt(c: Curvature, i: i32): f64 {
  return load<f64>(c.weights + ((<usize>i) << 3));
}

/** Prepares `factors` and `diagonal` for the unknowns in `list`, i32[count], the couplings of whole blocks with SIMD. */
export function factorRows(c: Curvature, list: usize, count: i32): void {
  c.modelled = min(c.count, MODELLED);
  fillInterceptMetric(c);
  crossProducts(c);
  expandPairs(c);
  let index = 0;
  if (ASC_FEATURE_SIMD) {
    for (; index + 4 <= count; index += 4) factorFour(c, list + ((<usize>index) << 2));
  }
  for (; index < count; index++) factorOne(c, load<i32>(list + ((<usize>index) << 2)));
}

/** Products of each pair in R with the older ones there, and its units in f32: deferred until a penalty with kinks needs R. */
function crossProducts(c: Curvature): void {
  const weights = c.weightCount;
  const intercepts = (<usize>weights) << 3;
  for (let newer = 0; newer < c.modelled; newer++) {
    const k = recent(c, newer);
    const place = placeOf(c, c.count - c.modelled + newer);
    if (ASC_FEATURE_SIMD) narrowUnits(c, k, place, weights, c.n);
    if (load<i32>(c.crossed + ((<usize>k) << 2)) != 0) continue;
    store<i32>(c.crossed + ((<usize>k) << 2), 1);
    if (ASC_FEATURE_SIMD) narrowUnits(c, k, place, 0, weights);
    for (let older = 0; older < newer; older++) {
      const l = recent(c, older);
      store<f64>(entry(c.stepChange, k, l), dot<f64>(c.n, stepAt(c, k), changeAt(c, l)));
      store<f64>(entry(c.stepStep, k, l), weightedDot(weights, c.metric, stepAt(c, k), stepAt(c, l)));
      const product = dot<f64>(c.n - weights, stepAt(c, k) + intercepts, stepAt(c, l) + intercepts);
      store<f64>(entry(c.interceptStep, k, l), product);
    }
  }
}

/**
 * The units of a pair at its place, of unknowns from `first` to before `end`: unknown by unknown, because forty vectors side by
 * side are more than the machine reads ahead of (blocks of rows took twice as long from `steps` and `changes`, MNIST with 1000
 * rows). Those of intercepts are new in every iteration.
 */
function narrowUnits(c: Curvature, k: i32, place: i32, first: i32, end: i32): void {
  const row = (<usize>c.places) << 3;
  const s = stepAt(c, k);
  const y = changeAt(c, k);
  let to = c.units + ((<usize>place) << 3) + <usize>first * row;
  let i = first;
  for (; i + 2 <= end; i += 2) {
    const at = (<usize>i) << 3;
    const unit = f64x2.sqrt(v128.load(c.metric + at));
    const step = f32x4.demote_f64x2_zero(f64x2.mul(unit, v128.load(s + at)));
    const change = f32x4.demote_f64x2_zero(f64x2.div(v128.load(y + at), unit));
    const both = v128.shuffle<f32>(step, change, 0, 4, 1, 5);
    v128.store64_lane(to, both, 0);
    v128.store64_lane(to + row, both, 1);
    to += 2 * row;
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 3;
    const unit = Math.sqrt(load<f64>(c.metric + at));
    store<f32>(to, <f32>(unit * load<f64>(s + at)));
    store<f32>(to, <f32>(load<f64>(y + at) / unit), 4);
    to += row;
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

/** alpha, beta, mixture: what each b_k is made of, from the products of pairs alone; roots. */
function expandPairs(c: Curvature): void {
  const w = Math.sqrt(c.scale);
  memory.fill(c.mixture, 0, mixtureBytes());
  for (let k = c.modelled; k < c.places; k++) {
    store<usize>(tileOf(c, (c.learned + k - c.modelled) % c.places), c.tile + ((<usize>k) << 5));
  }
  for (let k = 0; k < c.modelled; k++) {
    const sk = recent(c, k);
    for (let j = 0; j <= k; j++) {
      store<f64>(entry(c.alpha, k, j), j == k ? 1 : 0);
      store<f64>(entry(c.beta, k, j), 0);
    }
    const first = stepProduct(c, sk, sk);
    let bend = first; // s_k·b_k
    for (let l = 0; l < k; l++) {
      const sl = recent(c, l);
      const own = load<f64>(entry(c.stepChange, sl, sl));
      const plus = load<f64>(entry(c.stepChange, sk, sl)) / own; // (s_k·y_l)/(s_l·y_l)
      let minus: f64 = 0; // s_k·b_l/√(s_l·b_l)
      for (let j = 0; j <= l; j++) {
        const sj = recent(c, j);
        minus += load<f64>(entry(c.alpha, l, j)) * stepProduct(c, sk, sj);
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
    store<usize>(tileOf(c, placeOf(c, c.count - c.modelled + k)), c.tile + ((<usize>k) << 5));
    const norm = 1 / Math.sqrt(max(bend, 1e-10 * first));
    const root = 1 / Math.sqrt(load<f64>(entry(c.stepChange, sk, sk)));
    store<f64>(c.roots + ((<usize>k) << 3), root);
    store<f32>(rootAt(c, k), <f32>(root / w));
    for (let j = 0; j <= k; j++) {
      const a = entry(c.alpha, k, j);
      const b = entry(c.beta, k, j);
      store<f64>(a, load<f64>(a) * norm);
      store<f64>(b, load<f64>(b) * norm);
      store<f32>(mixed(c, k, j), <f32>(w * load<f64>(a)));
      store<f32>(mixed(c, k, j), <f32>(load<f64>(b) / w), 4);
    }
  }
}

/** Bytes of `mixture`, which `factorFour` reads: coefficients, roots and addresses of tiles. Entries of no pair are 0. */
function mixtureBytes(): usize {
  return (<usize>(MODELLED * MODELLED + MODELLED)) << 3; // a root takes half of its 8 bytes, the address of a tile the rest
}

/** alpha[k][j] and beta[k][j] in f32: those of an even k beside those of the next. */
function mixed(c: Curvature, k: i32, j: i32): usize {
  return c.mixture + ((<usize>((k >> 1) * MODELLED + j)) << 4) + ((<usize>(k & 1)) << 3);
}

/** 1/√(s_k·y_k) in f32. */
function rootAt(c: Curvature, k: i32): usize {
  return c.mixture + ((<usize>(MODELLED * MODELLED)) << 3) + ((<usize>k) << 2);
}

function factorOne(c: Curvature, i: i32): void {
  const m = c.modelled;
  const at = (<usize>i) << 3;
  const w = Math.sqrt(c.scale * load<f64>(c.metric + at));
  const row = rowAt(c, i);
  const half = halfBytes(m);
  memory.fill(row, 0, 2 * half);
  let diagonal: f64 = 1;
  for (let k = 0; k < m; k++) {
    const sk = recent(c, k);
    const plus = <f32>((load<f64>(c.roots + ((<usize>k) << 3)) * load<f64>(changeAt(c, sk) + at)) / w);
    let sum: f64 = 0;
    for (let j = 0; j <= k; j++) {
      const sj = recent(c, j);
      sum += load<f64>(entry(c.alpha, k, j)) * (w * load<f64>(stepAt(c, sj) + at));
      sum += load<f64>(entry(c.beta, k, j)) * (load<f64>(changeAt(c, sj) + at) / w);
    }
    const minus = <f32>sum;
    store<f32>(row + ((<usize>k) << 2), plus);
    store<f32>(row + half + ((<usize>k) << 2), minus);
    diagonal += <f64>plus * <f64>plus - <f64>minus * <f64>minus;
  }
  store<f64>(c.weights + at, w);
  store<f64>(c.diagonal + at, max(diagonal, 1e-6) * w * w);
}

/**
 * `factorOne` for a block, an unknown to a lane, and its couplings. The m² products of a row are most of an iteration on few
 * rows of X.
 */
function factorFour(c: Curvature, list: usize): void {
  const m = c.modelled;
  const half = halfBytes(m);
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
  const w01 = f64x2.sqrt(d01);
  const w23 = f64x2.sqrt(d23);
  let diagonal = f32x4.splat(1);
  let next = f32x4.splat(0); // couplings of 0 and 1, 1 and 2, 2 and 3, 3 and 0
  let across = f32x4.splat(0); // of 0 and 2, 1 and 3, twice
  for (let place = 0; place < c.places; place += 2) turnUnits(c, i0, i1, i2, i3, place);
  // Two pairs at a time: four sums are under way, and their numbers lie side by side in a row.
  const filled = <i32>(half >> 2);
  for (let k = 0; k < filled; k += 2) {
    const tile = c.tile + ((<usize>k) << 5);
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let b0 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let mixture = mixed(c, k, 0);
    for (let from = c.tile; from <= tile + 32; from += 32) {
      const step = v128.load(from);
      const change = v128.load(from, 16);
      a0 = multiplyAdd<f32>(v128.load32_splat(mixture), step, a0);
      b0 = multiplyAdd<f32>(v128.load32_splat(mixture, 4), change, b0);
      a1 = multiplyAdd<f32>(v128.load32_splat(mixture, 8), step, a1);
      b1 = multiplyAdd<f32>(v128.load32_splat(mixture, 12), change, b1);
      mixture += 16;
    }
    const plus0 = f32x4.mul(v128.load32_splat(rootAt(c, k)), v128.load(tile, 16));
    const plus1 = f32x4.mul(v128.load32_splat(rootAt(c, k + 1)), v128.load(tile, 48));
    const minus0 = f32x4.add(a0, b0);
    const minus1 = f32x4.add(a1, b1);
    diagonal = f32x4.add(diagonal, difference(plus0, plus0, minus0, minus0));
    diagonal = f32x4.add(diagonal, difference(plus1, plus1, minus1, minus1));
    next = f32x4.add(next, difference(plus0, turned(plus0), minus0, turned(minus0)));
    next = f32x4.add(next, difference(plus1, turned(plus1), minus1, turned(minus1)));
    across = f32x4.add(across, difference(plus0, halved(plus0), minus0, halved(minus0)));
    across = f32x4.add(across, difference(plus1, halved(plus1), minus1, halved(minus1)));
    const place = (<usize>k) << 2;
    const plusLow = v128.shuffle<f32>(plus0, plus1, 0, 4, 1, 5);
    const plusHigh = v128.shuffle<f32>(plus0, plus1, 2, 6, 3, 7);
    v128.store64_lane(row0 + place, plusLow, 0);
    v128.store64_lane(row1 + place, plusLow, 1);
    v128.store64_lane(row2 + place, plusHigh, 0);
    v128.store64_lane(row3 + place, plusHigh, 1);
    const minusLow = v128.shuffle<f32>(minus0, minus1, 0, 4, 1, 5);
    const minusHigh = v128.shuffle<f32>(minus0, minus1, 2, 6, 3, 7);
    v128.store64_lane(row0 + half + place, minusLow, 0);
    v128.store64_lane(row1 + half + place, minusLow, 1);
    v128.store64_lane(row2 + half + place, minusHigh, 0);
    v128.store64_lane(row3 + half + place, minusHigh, 1);
  }
  const end = c.row - 16;
  v128.store32_lane(row1 + end, next, 0);
  v128.store32_lane(row2 + end, across, 0);
  v128.store32_lane(row2 + end, next, 1, 4);
  v128.store32_lane(row3 + end, next, 3);
  v128.store32_lane(row3 + end, across, 1, 4);
  v128.store32_lane(row3 + end, next, 2, 8);
  diagonal = f32x4.max(diagonal, f32x4.splat(1e-6));
  const first = f64x2.mul(d01, f64x2.promote_low_f32x4(diagonal));
  const second = f64x2.mul(d23, f64x2.promote_low_f32x4(halved(diagonal)));
  v128.store64_lane(c.diagonal + at0, first, 0);
  v128.store64_lane(c.diagonal + at1, first, 1);
  v128.store64_lane(c.diagonal + at2, second, 0);
  v128.store64_lane(c.diagonal + at3, second, 1);
  v128.store64_lane(c.weights + at0, w01, 0);
  v128.store64_lane(c.weights + at1, w01, 1);
  v128.store64_lane(c.weights + at2, w23, 0);
  v128.store64_lane(c.weights + at3, w23, 1);
}

function both(vector: usize, first: usize, second: usize): v128 {
  return v128.load64_lane(vector + second, v128.load64_splat(vector + first), 1);
}

/** The units of four unknowns at two places, turned to a lane for each unknown, into the tiles of their pairs. */
function turnUnits(c: Curvature, i0: i32, i1: i32, i2: i32, i3: i32, place: i32): void {
  const from = c.units + ((<usize>place) << 3);
  const row = (<usize>c.places) << 3;
  const x0 = v128.load(from + <usize>i0 * row);
  const x1 = v128.load(from + <usize>i1 * row);
  const x2 = v128.load(from + <usize>i2 * row);
  const x3 = v128.load(from + <usize>i3 * row);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5); // s₀ s₁ y₀ y₁
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  const first = load<usize>(tileOf(c, place));
  const second = load<usize>(tileOf(c, place + 1));
  v128.store(first, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(first, v128.shuffle<f64>(low01, low23, 1, 3), 16);
  v128.store(second, v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(second, v128.shuffle<f64>(high01, high23, 1, 3), 16);
}

/** Which tile the units at a place belong in. */
function tileOf(c: Curvature, place: i32): usize {
  return rootAt(c, MODELLED) + ((<usize>place) << 2);
}

/** Lanes 1 2 3 0. */
function turned(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 1, 2, 3, 0);
}

/** Lanes 2 3 0 1. */
function halved(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 2, 3, 0, 1);
}

/** x·y − z·w. */
function difference(x: v128, y: v128, z: v128, w: v128): v128 {
  return f32x4.sub(f32x4.mul(x, y), f32x4.mul(z, w));
}
