// The null model: W = 0 and the intercepts that are then optimal, in closed form. The data gradient there is what
// "relative" refers to in the stopping rule: it knows nothing of the penalties, so it is one yardstick for all λ.

import { dot } from "../linalg/dense";
import { ownWeight, uniformWeight } from "../losses/block";
import { LOGISTIC, Objective, SOFTMAX, SQUARED } from "../objective";
import { totalVariance } from "./metric";

/** theta (θ's layout) ← W = 0, intercepts that minimize the data terms. */
export function nullModel(pointer: usize, theta: usize): void {
  const o = changetype<Objective>(pointer);
  const C = o.outputs;
  memory.fill(theta, 0, (<usize>o.thetaCount) << 3);
  const b = theta + ((<usize>o.weightCount) << 3);
  let total: f64 = 0;
  let least: f64 = Infinity;
  let most: f64 = -Infinity;
  for (let i = 0; i < o.rows; i++) {
    const own = ownWeight(o, i);
    const uniform = uniformWeight(o, i);
    const target = load<f64>(o.targets + ((<usize>i) << 3));
    total += own;
    if (own > 0) {
      least = min(least, target);
      most = max(most, target);
    }
    if (o.model == SOFTMAX) {
      const to = b + ((<usize>(<i32>target)) << 3);
      store<f64>(to, load<f64>(to) + own);
      total += uniform;
      for (let c = 0; c < C; c++) {
        const each = b + ((<usize>c) << 3);
        store<f64>(each, load<f64>(each) + uniform / <f64>C);
      }
    } else {
      store<f64>(b, load<f64>(b) + own * target);
      if (o.model == LOGISTIC) {
        store<f64>(b, load<f64>(b) + 0.5 * uniform);
        total += uniform;
      }
    }
  }
  if (!(total > 0)) total = 1;
  if (o.model == SOFTMAX) {
    let mean: f64 = 0; // scores are defined up to a constant per row: their mean is made zero
    for (let c = 0; c < C; c++) {
      const at = b + ((<usize>c) << 3);
      store<f64>(at, Math.log(max(load<f64>(at) / total, 1e-12)));
      mean += load<f64>(at) / <f64>C;
    }
    for (let c = 0; c < C; c++) {
      const at = b + ((<usize>c) << 3);
      store<f64>(at, load<f64>(at) - mean);
    }
  } else {
    // Of targets that are all the same exactly that: nothing is left to fit. Labels are sums without rounding, unless smoothed.
    const mean = o.model == SQUARED && least == most ? least : load<f64>(b) / total;
    store<f64>(b, o.model == LOGISTIC ? Math.log(max(mean, 1e-12) / max(1 - mean, 1e-12)) : mean);
  }
}

/**
 * ‖G₀‖ of the data gradient at the null model `theta`. Where rounding explains it, as with targets that are all the same or
 * in a balanced design, W = 0 is the minimizer and ‖G₀‖ says nothing: instead what slopes and targets of that size make of a
 * column. Balanced designs of 2 to 7 classes, 60 to 10⁵ rows, shifted by up to 1000 deviations: at most 0.3 of `rounding`.
 */
export function nullScale(o: Objective, moments: usize, theta: usize, gradient: usize, loss: f64, unit: f64): f64 {
  const n = o.weightCount;
  const norm = Math.sqrt(dot<f64>(n, gradient, gradient));
  const total = totalWeight(o);
  const slopes = o.model == SQUARED ? Math.sqrt(2 * loss * total) : total;
  const targets = o.model == SQUARED ? Math.abs(load<f64>(theta + ((<usize>n) << 3))) * total : 0;
  const row = Math.sqrt(totalVariance(o, moments) + dot<f64>(o.columns, moments, moments));
  const rounding = row * ((o.width == 4 ? 5.96e-8 : 1.11e-16) * slopes + 1.11e-16 * targets);
  if (norm > rounding) return norm;
  return slopes + targets > 0 ? (slopes + targets) * unit : unit;
}

/** Σ λ of the data terms. */
export function totalWeight(o: Objective): f64 {
  return totalOf(o, o.groupWeights);
}

/** The same of other λ, f64[groups + 1]. */
export function totalOf(o: Objective, weights: usize): f64 {
  let total: f64 = 0;
  for (let g = 0; g < o.groups; g++) total += load<f64>(weights + ((<usize>g) << 3));
  if (o.uniformWeights != 0) total += load<f64>(weights + ((<usize>o.groups) << 3));
  return total;
}

/** The least weight of a row in the data terms: a total loss below log 2 times it means that every row is right. */
export function leastRowWeight(o: Objective): f64 {
  let least: f64 = Infinity;
  for (let i = 0; i < o.rows; i++) {
    const own = ownWeight(o, i);
    if (own > 0) least = min(least, own);
  }
  return least;
}
