// penalty(W) = l1·‖W‖₁ + l2·½‖W‖² + Σ_b h_b·Σ max(0, |w| − t_b): separable, convex, even, piecewise linear-quadratic.
// Everything a solver needs of it is a walk along the knots, one weight at a time; the group norm, which is not separable,
// joins in penalty.ts.

import { sumOfPair } from "../linalg/dense";
import { multiplyAdd } from "../linalg/multiply-add";
import { Objective } from "../objective";

/** The λ-weighted penalty of n weights, the group norm apart. */
export function separableValue(o: Objective, n: i32, w: usize): f64 {
  let absolute: f64 = 0;
  let squares: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let a = f64x2.splat(0);
    let q = f64x2.splat(0);
    for (; i + 2 <= n; i += 2) {
      const x = f64x2.abs(v128.load(w + ((<usize>i) << 3)));
      a = f64x2.add(a, x);
      q = multiplyAdd<f64>(x, x, q);
    }
    absolute = sumOfPair(a);
    squares = sumOfPair(q);
  }
  for (; i < n; i++) {
    const x = Math.abs(load<f64>(w + ((<usize>i) << 3)));
    absolute += x;
    squares += x * x;
  }
  let value = o.l1 * absolute + 0.5 * o.l2 * squares;
  for (let b = 0; b < o.knotCount; b++) {
    const weight = load<f64>(o.knotWeights + ((<usize>b) << 3));
    if (weight > 0) value += weight * hingeSum(n, w, load<f64>(o.knots + ((<usize>b) << 3)));
  }
  return value;
}

/** penalty(to) − penalty(from), the group norm apart, summed weight by weight so that small changes keep their digits. */
export function separableChange(o: Objective, n: i32, from: usize, to: usize): f64 {
  let change: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const l1 = f64x2.splat(o.l1);
    const half = f64x2.splat(0.5 * o.l2);
    let sum = f64x2.splat(0);
    for (; o.knotCount == 0 && i + 2 <= n; i += 2) {
      const x = f64x2.abs(v128.load(from + ((<usize>i) << 3)));
      const z = f64x2.abs(v128.load(to + ((<usize>i) << 3)));
      sum = multiplyAdd<f64>(f64x2.sub(z, x), multiplyAdd<f64>(half, f64x2.add(z, x), l1), sum);
    }
    change = sumOfPair(sum);
  }
  for (; i < n; i++) {
    const x = Math.abs(load<f64>(from + ((<usize>i) << 3)));
    const z = Math.abs(load<f64>(to + ((<usize>i) << 3)));
    if (x == z) continue;
    change += (z - x) * (o.l1 + 0.5 * o.l2 * (z + x));
    for (let b = 0; b < o.knotCount; b++) {
      const knot = load<f64>(o.knots + ((<usize>b) << 3));
      if (x <= knot && z <= knot) break;
      change += load<f64>(o.knotWeights + ((<usize>b) << 3)) * (max(z, knot) - max(x, knot));
    }
  }
  return change;
}

/** Σ max(0, |w| − knot) of n weights. */
export function hingeSum(n: i32, w: usize, knot: f64): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) sum += max(0, Math.abs(load<f64>(w + ((<usize>i) << 3))) - knot);
  return sum;
}

/** Not differentiable at some point: a solver needs the prox. */
export function kinked(o: Objective): bool {
  if (o.l1 > 0 || o.groupNorm > 0) return true;
  for (let b = 0; b < o.knotCount; b++) if (load<f64>(o.knotWeights + ((<usize>b) << 3)) > 0) return true;
  return false;
}

/** Whether the penalty of a weight has a kink at w, the group norm apart. */
export function isKink(o: Objective, w: f64): bool {
  const x = Math.abs(w);
  if (x == 0 && o.l1 > 0) return true;
  for (let b = 0; b < o.knotCount; b++) {
    if (x == load<f64>(o.knots + ((<usize>b) << 3)) && load<f64>(o.knotWeights + ((<usize>b) << 3)) > 0) return true;
  }
  return false;
}

/** The first kink on the way of a weight from one value to another, the group norm apart; where there is none, `to`. */
export function firstKink(o: Objective, from: f64, to: f64): f64 {
  let first = to;
  if (o.l1 > 0 && from * to < 0) first = 0;
  for (let b = 0; b < o.knotCount; b++) {
    if (!(load<f64>(o.knotWeights + ((<usize>b) << 3)) > 0)) continue;
    const knot = load<f64>(o.knots + ((<usize>b) << 3));
    if ((from < knot && knot < first) || (first < knot && knot < from)) first = knot;
    if ((from < -knot && -knot < first) || (first < -knot && -knot < from)) first = -knot;
  }
  return first;
}

/**
 * argmin_x ½·a·x² − force·x + penalty(x) + ½·ridge·x² for a > 0, the group norm apart, exactly: the first segment or knot
 * where the slope turns positive. With force = a·v it is the prox of the penalty at v.
 */
export function prox(o: Objective, a: f64, force: f64, ridge: f64): f64 {
  if (o.knotCount == 0) return proxOfNorms(o.l1, a + o.l2 + ridge, force);
  const pull = Math.abs(force);
  let slope = o.l1; // of the kinks passed so far
  if (!(pull > slope)) return pull == pull ? 0 : force;
  const curvature = a + o.l2 + ridge;
  for (let b = 0; b < o.knotCount; b++) {
    const knot = load<f64>(o.knots + ((<usize>b) << 3));
    if ((pull - slope) / curvature <= knot) return withSign((pull - slope) / curvature, force);
    slope += load<f64>(o.knotWeights + ((<usize>b) << 3));
    if ((pull - slope) / curvature <= knot) return withSign(knot, force);
  }
  return withSign((pull - slope) / curvature, force);
}

/** The same without knots; curvature: a and the ridges. NaN stays NaN. */
function proxOfNorms(l1: f64, curvature: f64, force: f64): f64 {
  const pull = Math.abs(force) - l1;
  return pull <= 0 ? 0 : copysign<f64>(pull / curvature, force);
}

/**
 * The conjugate of the penalty of a weight, max_w pull·w − penalty(w), the group norm apart: without a ridge Infinity where
 * the pull is more than all kinks hold.
 */
export function conjugate(o: Objective, pull: f64): f64 {
  let rest = Math.abs(pull) - o.l1; // beyond the kinks passed so far
  let sum: f64 = 0;
  let from: f64 = 0;
  for (let b = 0; b < o.knotCount && rest > 0; b++) {
    const knot = load<f64>(o.knots + ((<usize>b) << 3));
    // On this piece the slope of pull·w − penalty(w) falls from rest − l2·from on.
    if (rest <= o.l2 * knot) break;
    sum += (knot - from) * (rest - 0.5 * o.l2 * (knot + from));
    from = knot;
    rest -= load<f64>(o.knotWeights + ((<usize>b) << 3));
  }
  const slope = rest - o.l2 * from;
  if (!(slope > 0)) return sum;
  return o.l2 > 0 ? sum + (0.5 * slope * slope) / o.l2 : Infinity;
}

/** The element of g + ∂penalty(w) nearest to zero, the group norm apart. */
export function nearestSubgradient(o: Objective, w: f64, g: f64): f64 {
  return o.knotCount > 0 ? nearestAmongKnots(o, w, g) : nearestOfNorms(o.l1, o.l2, w, g);
}

/** The same without knots, small enough to disappear in a loop. */
export function nearestOfNorms(l1: f64, l2: f64, w: f64, g: f64): f64 {
  return w != 0 ? g + copysign<f64>(l2 * Math.abs(w) + l1, w) : g - max(min(g, l1), -l1);
}

function nearestAmongKnots(o: Objective, w: f64, g: f64): f64 {
  const x = Math.abs(w);
  let left = o.l2 * x; // one-sided derivatives of the penalty at x > 0
  let right = left;
  if (x > 0) {
    left += o.l1;
    right += o.l1;
  } else {
    left -= o.l1;
    right += o.l1;
  }
  for (let b = 0; b < o.knotCount; b++) {
    const knot = load<f64>(o.knots + ((<usize>b) << 3));
    const weight = load<f64>(o.knotWeights + ((<usize>b) << 3));
    if (x >= knot) right += weight;
    if (x > knot) left += weight;
    else if (x == 0 && knot == 0) left -= weight;
  }
  const outward = w < 0 ? -g : g;
  const low = outward + left;
  const high = outward + right;
  const nearest = low > 0 ? low : high < 0 ? high : 0;
  return w < 0 ? -nearest : nearest;
}

/** `nearestOfNorms` of two weights. */
function nearestPair(l1: v128, l2: v128, w: v128, g: v128): v128 {
  const sign = f64x2.splat(-0.0);
  const pull = multiplyAdd<f64>(l2, f64x2.abs(w), l1);
  const beside = f64x2.add(g, v128.or(pull, v128.and(w, sign)));
  const within = f64x2.max(f64x2.min(g, l1), f64x2.neg(l1));
  return v128.bitselect(beside, f64x2.sub(g, within), f64x2.ne(w, f64x2.splat(0)));
}

/** Σ of the squares of `nearestSubgradient` over n weights. */
export function subgradientSquares(o: Objective, n: i32, w: usize, g: usize): f64 {
  let sum: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const l1 = f64x2.splat(o.l1);
    const l2 = f64x2.splat(o.l2);
    let squares = f64x2.splat(0);
    for (; o.knotCount == 0 && i + 2 <= n; i += 2) {
      const at = (<usize>i) << 3;
      const r = nearestPair(l1, l2, v128.load(w + at), v128.load(g + at));
      squares = multiplyAdd<f64>(r, r, squares);
    }
    sum = sumOfPair(squares);
  }
  for (; o.knotCount == 0 && i < n; i++) {
    const at = (<usize>i) << 3;
    const r = nearestOfNorms(o.l1, o.l2, load<f64>(w + at), load<f64>(g + at));
    sum += r * r;
  }
  for (; i < n; i++) {
    const r = nearestSubgradient(o, load<f64>(w + ((<usize>i) << 3)), load<f64>(g + ((<usize>i) << 3)));
    sum += r * r;
  }
  return sum;
}

function withSign(x: f64, sign: f64): f64 {
  return sign < 0 && x > 0 ? -x : x;
}
