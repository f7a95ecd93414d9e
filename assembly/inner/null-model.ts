// The null model: W = 0 and the intercepts that are then optimal, in closed form. The data gradient there is what
// "relative" refers to in the stopping rule: it knows nothing of the penalties, so it is one yardstick for all λ.

import { ownWeight, uniformWeight } from "../losses/block";
import { LOGISTIC, Objective, SOFTMAX } from "../objective";

/** theta (θ's layout) ← W = 0, intercepts that minimize the data terms. */
export function nullModel(pointer: usize, theta: usize): void {
  const o = changetype<Objective>(pointer);
  const C = o.outputs;
  memory.fill(theta, 0, (<usize>o.thetaCount) << 3);
  const b = theta + ((<usize>o.weightCount) << 3);
  let total: f64 = 0;
  for (let i = 0; i < o.rows; i++) {
    const own = ownWeight(o, i);
    const uniform = uniformWeight(o, i);
    const target = load<f64>(o.targets + ((<usize>i) << 3));
    total += own;
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
    const mean = load<f64>(b) / total;
    store<f64>(b, o.model == LOGISTIC ? Math.log(max(mean, 1e-12) / max(1 - mean, 1e-12)) : mean);
  }
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
