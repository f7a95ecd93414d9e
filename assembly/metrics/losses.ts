// Errors that are losses: those of training, on validation rows, but less exact near 0. Log losses below 1e-16, of softmax below
// 1e-16 of the largest score, are rounding here; losses/logistic.ts corrects log(1 + e), softmax.ts there subtracts scores first.
// Layouts as in classification.ts.

import { exp, expPair, log, logPair } from "../linalg/elementwise";

/** Losses of two rows: f64[2]. */
const LOSSES = memory.data(16);

/** Least argument of exp: its result is still a normal number, and far less than the largest, which is 1. */
const DEEPEST = memory.data<f64>([-700]);

/** Weighted mean of −log p(label). Rows in pairs of lanes. */
export function logLoss(n: i32, outputs: i32, scores: usize, labels: usize, weights: usize): f64 {
  let sum: f64 = 0;
  let total: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 2 <= n; i += 2) {
      const at = (<usize>i) << 3;
      v128.store(LOSSES, outputs == 1 ? logisticPair(scores, labels, i) : softmaxPair(n, outputs, scores, labels, i));
      const w0 = weights == 0 ? 1 : load<f64>(weights + at);
      const w1 = weights == 0 ? 1 : load<f64>(weights + at, 8);
      sum += w0 * load<f64>(LOSSES);
      sum += w1 * load<f64>(LOSSES, 8);
      total += w0;
      total += w1;
    }
  }
  for (; i < n; i++) {
    const w = weights == 0 ? 1 : load<f64>(weights + ((<usize>i) << 3));
    sum += w * (outputs == 1 ? logistic(scores, labels, i) : softmax(n, outputs, scores, labels, i));
    total += w;
  }
  return sum / total;
}

function logisticPair(scores: usize, labels: usize, i: i32): v128 {
  const at = (<usize>i) << 3;
  const s = v128.load(scores + at);
  const softplus = logPair(f64x2.add(f64x2.splat(1), expPair(f64x2.neg(f64x2.abs(s)))));
  return f64x2.sub(f64x2.add(f64x2.max(s, f64x2.splat(0)), softplus), f64x2.mul(v128.load(labels + at), s));
}

function logistic(scores: usize, labels: usize, i: i32): f64 {
  const at = (<usize>i) << 3;
  const s = load<f64>(scores + at);
  return max(s, 0) + log(1 + exp(-Math.abs(s))) - load<f64>(labels + at) * s;
}

function softmaxPair(n: i32, outputs: i32, scores: usize, labels: usize, i: i32): v128 {
  const stride = (<usize>n) << 3;
  const row = scores + ((<usize>i) << 3);
  let largest = v128.load(row);
  for (let c = 1; c < outputs; c++) largest = f64x2.max(largest, v128.load(row + <usize>c * stride));
  const deepest = v128.load64_splat(DEEPEST);
  let mass = f64x2.splat(0);
  for (let c = 0; c < outputs; c++)
    mass = f64x2.add(mass, expPair(f64x2.pmax(f64x2.sub(v128.load(row + <usize>c * stride), largest), deepest)));
  const own0 = load<f64>(scoreOfLabel(stride, row, labels, i));
  const own1 = load<f64>(scoreOfLabel(stride, row + 8, labels, i + 1));
  return f64x2.sub(f64x2.add(largest, logPair(mass)), f64x2.replace_lane(f64x2.splat(own0), 1, own1));
}

function softmax(n: i32, outputs: i32, scores: usize, labels: usize, i: i32): f64 {
  const stride = (<usize>n) << 3;
  const row = scores + ((<usize>i) << 3);
  let largest: f64 = -Infinity;
  for (let c = 0; c < outputs; c++) largest = max(largest, load<f64>(row + <usize>c * stride));
  let mass: f64 = 0;
  for (let c = 0; c < outputs; c++) mass += exp(load<f64>(row + <usize>c * stride) - largest);
  return largest + log(mass) - load<f64>(scoreOfLabel(stride, row, labels, i));
}

function scoreOfLabel(stride: usize, row: usize, labels: usize, i: i32): usize {
  return row + <usize>load<f64>(labels + ((<usize>i) << 3)) * stride;
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
