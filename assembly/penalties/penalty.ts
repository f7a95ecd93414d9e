// The whole penalty: the separable one and the group norm.

import { Objective } from "../objective";
import { groupNormChange, groupNormSum, groupProx } from "./group";
import { hingeSum, separableChange, separableValue } from "./separable";

/** The λ-weighted penalty of n weights. */
export function penaltyValue(o: Objective, n: i32, w: usize): f64 {
  const value = separableValue(o, n, w);
  return o.groupNorm > 0 ? value + o.groupNorm * groupNormSum(o, w) : value;
}

/** penalty(to) − penalty(from), to full digits. */
export function penaltyChange(o: Objective, n: i32, from: usize, to: usize): f64 {
  const change = separableChange(o, n, from, to);
  return o.groupNorm > 0 ? change + o.groupNorm * groupNormChange(o, from, to) : change;
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

/** x ← argmin_z Σ_i ½·a_i·(z_i − x_i)² + penalty(z) over all weights. */
export function penaltyProx(pointer: usize, a: usize, x: usize): void {
  const o = changetype<Objective>(pointer);
  for (let g = 0; g < o.normGroups; g++) groupProx(o, g, a, x);
}

/**
 * How far W is from minimizing g·w + penalty(w): (g·W + penalty(W)) − min_w (g·w + penalty(w)) ≥ 0. `nearest` ← the
 * minimizing w. For l2 > 0; on the way a ridge of 1e-12 of it is added in `prox`, which moves the minimum by less than rounding.
 */
export function penaltyGap(pointer: usize, w: usize, g: usize, nearest: usize, work: usize): f64 {
  const o = changetype<Objective>(pointer);
  const n = o.weightCount;
  const ridge = 1e-12 * o.l2;
  for (let i = 0; i < n; i++) {
    const at = (<usize>i) << 3;
    store<f64>(work + at, ridge);
    store<f64>(nearest + at, -load<f64>(g + at) / ridge);
  }
  penaltyProx(pointer, work, nearest);
  let change = penaltyChange(o, n, nearest, w);
  let size = Math.abs(change);
  for (let i = 0; i < n; i++) {
    const at = (<usize>i) << 3;
    const term = load<f64>(g + at) * (load<f64>(w + at) - load<f64>(nearest + at));
    change += term;
    size += Math.abs(term);
  }
  return max(change, 0) + 1e-15 * size; // what rounding may have taken
}
