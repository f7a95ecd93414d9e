// Errors that are losses: the same as the training losses, on validation rows. Layouts as in classification.ts.

import { exp, log } from "../linalg/elementwise";

/** Weighted mean of −log p(label). */
export function logLoss(n: i32, outputs: i32, scores: usize, labels: usize, weights: usize): f64 {
  let sum: f64 = 0;
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const w = weights == 0 ? 1 : load<f64>(weights + ((<usize>i) << 3));
    const label = load<f64>(labels + ((<usize>i) << 3));
    const row = scores + ((<usize>i) << 3);
    let loss: f64;
    if (outputs == 1) {
      const s = load<f64>(row);
      loss = max(s, 0) + log(1 + exp(-Math.abs(s))) - label * s;
    } else {
      let largest: f64 = -Infinity;
      for (let c = 0; c < outputs; c++) largest = max(largest, load<f64>(row + ((<usize>c * <usize>n) << 3)));
      let mass: f64 = 0;
      for (let c = 0; c < outputs; c++) mass += exp(load<f64>(row + ((<usize>c * <usize>n) << 3)) - largest);
      loss = largest + log(mass) - load<f64>(row + ((<usize>(<i32>label) * <usize>n) << 3));
    }
    sum += w * loss;
    total += w;
  }
  return sum / total;
}

/** Weighted mean of (score − target)². */
export function meanSquaredError(n: i32, scores: usize, targets: usize, weights: usize): f64 {
  let sum: f64 = 0;
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const w = weights == 0 ? 1 : load<f64>(weights + ((<usize>i) << 3));
    const difference = load<f64>(scores + ((<usize>i) << 3)) - load<f64>(targets + ((<usize>i) << 3));
    sum += w * difference * difference;
    total += w;
  }
  return sum / total;
}
