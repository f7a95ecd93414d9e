// B⁻¹ of curvature.ts with a ridge, by two loops over its pairs (Nocedal 1980).

import { axpy, dot, sumOfPair } from "../linalg/dense";
import { multiplyAdd } from "../linalg/multiply-add";
import { Curvature, changeAt, entry, fillInterceptMetric, slot, stepAt } from "./curvature";

/**
 * q ← (B + l2·I_W)⁻¹·q, by two loops over the pairs with y + l2·s_W for y; I_W: the first `weights` unknowns. Where the
 * pairs do not fit the cache, reading them is the work: a change of q and the product that asks for it next are one sweep.
 */
export function applyInverse(c: Curvature, l2: f64, weights: i32, q: usize, alpha: usize): void {
  const n = c.n;
  const last = c.count - 1;
  let product: f64 = last < 0 ? 0 : dot<f64>(n, stepAt(c, slot(c, last)), q);
  for (let age = last; age >= 0; age--) {
    const k = slot(c, age);
    const a = product / bendAt(c, k, l2);
    store<f64>(alpha + ((<usize>age) << 3), a);
    const next = age > 0 ? stepAt(c, slot(c, age - 1)) : 0;
    product = moveBack(n, weights, -a, l2, changeAt(c, k), stepAt(c, k), q, next);
  }
  fillInterceptMetric(c);
  divideByDiagonal(c, l2, weights, q);
  let move: f64 = 0;
  for (let age = 0; age <= last; age++) {
    const k = slot(c, age);
    const before = stepAt(c, slot(c, max(age - 1, 0)));
    const b = moveAhead(n, weights, move, before, q, l2, changeAt(c, k), stepAt(c, k));
    move = load<f64>(alpha + ((<usize>age) << 3)) - b / bendAt(c, k, l2);
  }
  if (last >= 0) axpy<f64>(n, move, stepAt(c, slot(c, last)), q);
}

/** q ← (γD + l2·I_W)⁻¹·q. */
function divideByDiagonal(c: Curvature, l2: f64, weights: i32, q: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const scale = f64x2.splat(c.scale);
    const ridge = f64x2.splat(l2);
    for (; i + 2 <= weights; i += 2) {
      const at = (<usize>i) << 3;
      const diagonal = multiplyAdd<f64>(scale, v128.load(c.metric + at), ridge);
      v128.store(q + at, f64x2.div(v128.load(q + at), diagonal));
    }
  }
  for (; i < c.n; i++) {
    const at = (<usize>i) << 3;
    store<f64>(q + at, load<f64>(q + at) / (c.scale * load<f64>(c.metric + at) + (i < weights ? l2 : 0)));
  }
}

/** s·(y + l2·s_W). */
function bendAt(c: Curvature, k: i32, l2: f64): f64 {
  return load<f64>(entry(c.stepChange, k, k)) + l2 * load<f64>(c.stepSquares + ((<usize>k) << 3));
}

/** q ← q + a·(y + l2·s_W), then next·q; `next` may be 0. */
function moveBack(n: i32, weights: i32, a: f64, l2: f64, y: usize, s: usize, q: usize, next: usize): f64 {
  const other = next == 0 ? q : next; // a product that nobody reads
  let sum: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const av = f64x2.splat(a);
    const lv = f64x2.splat(l2);
    let even = f64x2.splat(0);
    let odd = f64x2.splat(0);
    for (; i + 4 <= weights; i += 4) {
      const at = (<usize>i) << 3;
      const u = multiplyAdd<f64>(lv, v128.load(s + at), v128.load(y + at));
      const p = multiplyAdd<f64>(av, u, v128.load(q + at));
      v128.store(q + at, p);
      even = multiplyAdd<f64>(v128.load(other + at), p, even);
      const v = multiplyAdd<f64>(lv, v128.load(s + at, 16), v128.load(y + at, 16));
      const r = multiplyAdd<f64>(av, v, v128.load(q + at, 16));
      v128.store(q + at, r, 16);
      odd = multiplyAdd<f64>(v128.load(other + at, 16), r, odd);
    }
    sum = sumOfPair(f64x2.add(even, odd));
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 3;
    const u = load<f64>(y + at) + (i < weights ? l2 * load<f64>(s + at) : 0);
    const p = load<f64>(q + at) + a * u;
    store<f64>(q + at, p);
    sum += load<f64>(other + at) * p;
  }
  return sum;
}

/** q ← q + a·before, then (y + l2·s_W)·q. */
function moveAhead(n: i32, weights: i32, a: f64, before: usize, q: usize, l2: f64, y: usize, s: usize): f64 {
  let sum: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const av = f64x2.splat(a);
    const lv = f64x2.splat(l2);
    let even = f64x2.splat(0);
    let odd = f64x2.splat(0);
    for (; i + 4 <= weights; i += 4) {
      const at = (<usize>i) << 3;
      const p = multiplyAdd<f64>(av, v128.load(before + at), v128.load(q + at));
      v128.store(q + at, p);
      even = multiplyAdd<f64>(multiplyAdd<f64>(lv, v128.load(s + at), v128.load(y + at)), p, even);
      const r = multiplyAdd<f64>(av, v128.load(before + at, 16), v128.load(q + at, 16));
      v128.store(q + at, r, 16);
      odd = multiplyAdd<f64>(multiplyAdd<f64>(lv, v128.load(s + at, 16), v128.load(y + at, 16)), r, odd);
    }
    sum = sumOfPair(f64x2.add(even, odd));
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 3;
    const p = load<f64>(q + at) + a * load<f64>(before + at);
    store<f64>(q + at, p);
    sum += (load<f64>(y + at) + (i < weights ? l2 * load<f64>(s + at) : 0)) * p;
  }
  return sum;
}
