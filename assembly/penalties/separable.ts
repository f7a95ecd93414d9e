// penalty(W) = l1·‖W‖₁ + l2·½‖W‖² + Σ_b h_b·Σ max(0, |w| − t_b): separable, convex, even, piecewise linear-quadratic.
// Everything a solver needs of it is a walk along the knots, one weight at a time; the group norm, which is not
// separable, joins here where all weights are summed, and in group.ts where a solver needs more.

import { Objective } from "../objective";
import { groupNormChange, groupNormSum } from "./group";

/** The λ-weighted penalty of n weights. */
export function penaltyValue(o: Objective, n: i32, w: usize): f64 {
  let absolute: f64 = 0;
  let squares: f64 = 0;
  for (let i = 0; i < n; i++) {
    const x = Math.abs(load<f64>(w + ((<usize>i) << 3)));
    absolute += x;
    squares += x * x;
  }
  let value = o.l1 * absolute + 0.5 * o.l2 * squares;
  for (let b = 0; b < o.knotCount; b++) {
    const weight = load<f64>(o.knotWeights + ((<usize>b) << 3));
    if (weight > 0) value += weight * hingeSum(n, w, load<f64>(o.knots + ((<usize>b) << 3)));
  }
  if (o.groupNorm > 0) value += o.groupNorm * groupNormSum(o, w);
  return value;
}

/** penalty(to) − penalty(from), summed weight by weight so that small changes keep their digits. */
export function penaltyChange(o: Objective, n: i32, from: usize, to: usize): f64 {
  let change: f64 = 0;
  for (let i = 0; i < n; i++) {
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
  if (o.groupNorm > 0) change += o.groupNorm * groupNormChange(o, from, to);
  return change;
}

/** φ of the penalties at θ, unweighted: ‖W‖₁, ½‖W‖², Σ_g √|g|·‖W_g‖, a hinge sum per knot. out: f64[3 + knotCount]. */
export function penaltyFeatures(pointer: usize, theta: usize, out: usize): void {
  const o = changetype<Objective>(pointer);
  const n = o.weightCount;
  let absolute: f64 = 0;
  let squares: f64 = 0;
  for (let i = 0; i < n; i++) {
    const x = load<f64>(theta + ((<usize>i) << 3));
    absolute += Math.abs(x);
    squares += x * x;
  }
  store<f64>(out, absolute);
  store<f64>(out, 0.5 * squares, 8);
  store<f64>(out, groupNormSum(o, theta), 16);
  for (let b = 0; b < o.knotCount; b++) {
    store<f64>(out + ((<usize>b) << 3), hingeSum(n, theta, load<f64>(o.knots + ((<usize>b) << 3))), 24);
  }
}

function hingeSum(n: i32, w: usize, knot: f64): f64 {
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

/**
 * argmin_x ½·a·(x − v)² + penalty(x) + ½·ridge·x² for a > 0, the group norm apart, exactly: the first segment or knot
 * where the slope turns positive.
 */
export function prox(o: Objective, a: f64, v: f64, ridge: f64): f64 {
  const pull = a * Math.abs(v);
  let slope = o.l1; // of the kinks passed so far
  if (!(pull > slope)) return pull == pull ? 0 : v;
  const curvature = a + o.l2 + ridge;
  for (let b = 0; b < o.knotCount; b++) {
    const knot = load<f64>(o.knots + ((<usize>b) << 3));
    if ((pull - slope) / curvature <= knot) return copysign((pull - slope) / curvature, v);
    slope += load<f64>(o.knotWeights + ((<usize>b) << 3));
    if ((pull - slope) / curvature <= knot) return copysign(knot, v);
  }
  return copysign((pull - slope) / curvature, v);
}

/** The element of g + ∂penalty(w) nearest to zero, the group norm apart. */
export function nearestSubgradient(o: Objective, w: f64, g: f64): f64 {
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

function copysign(x: f64, sign: f64): f64 {
  return sign < 0 && x > 0 ? -x : x;
}
