// Errors of an order: area under the ROC curve.

import { exp, log, vexp, vlog } from "../linalg/elementwise";
import { emptySortedScores, putScores, sortedScoresBytes, sortScores, weightBelow } from "./sorted-scores";

/** Bytes of the scratch of `aucError`. */
export function aucScratchBytes(n: i32): usize {
  return sortedScoresBytes(n >> 1);
}

/**
 * 1 − AUC of one output's scores: the weighted share of (positive, negative) pairs in the wrong order, ties half. Without a
 * pair it is ½; NaN when a score is.
 *
 * Only the order between positives and negatives counts, so the fewer of them are sorted and the others look for their
 * places. A class of ten in 750 rows takes 1.8 to 4 µs, the more the more it overlaps; sorting all by digits took 13.
 *
 * @param rows i32[n], in an order in which the positives are those from `first` to before `end`
 * @param weights f64[n] in this order, or 0 for weights of 1
 */
export function aucError(
  n: i32,
  scores: usize,
  rows: usize,
  first: i32,
  end: i32,
  weights: usize,
  scratch: usize,
): f64 {
  const positives = end - first;
  const positivesFew = positives <= n - positives;
  const s = emptySortedScores(scratch, n >> 1, weights != 0);
  const middleRows = rows + ((<usize>first) << 2);
  const middleWeights = weights == 0 ? 0 : weights + ((<usize>first) << 3);
  const endRows = rows + ((<usize>end) << 2);
  const endWeights = weights == 0 ? 0 : weights + ((<usize>end) << 3);
  if (positivesFew) {
    putScores(s, positives, middleRows, middleWeights, scores);
  } else {
    putScores(s, first, rows, weights, scores);
    putScores(s, n - end, endRows, endWeights, scores);
  }
  if (!sortScores(s)) return NaN;
  const below = positivesFew
    ? weightBelow(s, first, rows, weights, scores) + weightBelow(s, n - end, endRows, endWeights, scores)
    : weightBelow(s, positives, middleRows, middleWeights, scores);
  if (below != below) return NaN;
  const others = positivesFew
    ? weightOf(first, weights) + weightOf(n - end, endWeights)
    : weightOf(positives, middleWeights);
  const pairs = s.total * others;
  if (!(pairs > 0)) return 0.5;
  return 1 - (positivesFew ? pairs - below : below) / pairs;
}

/** Least argument of exp: its result is still a normal number. */
const DEEPEST: f64 = -700;

/**
 * out [output][row] ← log-odds log p(c) − log(1 − p(c)) of softmax. They order rows as p(c) does, which scores alone do not (what
 * all classes share of them differs from row to row), and tell rows apart whose p(c) is 0 or 1 but for rounding.
 */
export function logOdds(n: i32, outputs: i32, scores: usize, out: usize): void {
  const stride = (<usize>n) << 3;
  for (let at: usize = 0; at < stride; at += 8) {
    const largest = load<f64>(scores + at + <usize>topOf(outputs, scores + at, stride) * stride);
    for (let c = 0; c < outputs; c++) {
      const to = <usize>c * stride + at;
      store<f64>(out + to, max(load<f64>(scores + to) - largest, DEEPEST));
    }
  }
  vexp(n * outputs, out, out);
  for (let at: usize = 0; at < stride; at += 8) {
    const top = topOf(outputs, scores + at, stride);
    let others: f64 = 0; // than the largest, which is 1
    for (let c = 0; c < outputs; c++) if (c != top) others += load<f64>(out + <usize>c * stride + at);
    for (let c = 0; c < outputs; c++) {
      const to = out + <usize>c * stride + at;
      store<f64>(to, c == top ? others : 1 + (others - load<f64>(to)));
    }
  }
  vlog(n * outputs, out, out);
  for (let at: usize = 0; at < stride; at += 8) {
    const top = topOf(outputs, scores + at, stride);
    const largest = load<f64>(scores + <usize>top * stride + at);
    for (let c = 0; c < outputs; c++) {
      const to = <usize>c * stride + at;
      store<f64>(out + to, load<f64>(scores + to) - largest - load<f64>(out + to));
    }
    const own = out + <usize>top * stride + at;
    if (load<f64>(own) > -DEEPEST - 10) store<f64>(own, largest - logSumBut(top, outputs, scores + at, stride));
  }
}

/** The first of the largest scores of a row. */
function topOf(outputs: i32, row: usize, stride: usize): i32 {
  let top = 0;
  for (let c = 1; c < outputs; c++) {
    if (load<f64>(row + <usize>c * stride) > load<f64>(row + <usize>top * stride)) top = c;
  }
  return top;
}

/** log Σ e^s over the classes of a row but one. */
function logSumBut(one: i32, outputs: i32, row: usize, stride: usize): f64 {
  let largest = -Infinity;
  for (let c = 0; c < outputs; c++) if (c != one) largest = max(largest, load<f64>(row + <usize>c * stride));
  let sum: f64 = 0;
  for (let c = 0; c < outputs; c++) if (c != one) sum += exp(load<f64>(row + <usize>c * stride) - largest);
  return largest + log(sum);
}

function weightOf(count: i32, weights: usize): f64 {
  if (weights == 0) return <f64>count;
  let sum: f64 = 0;
  for (let i: usize = 0; i < (<usize>count) << 3; i += 8) sum += load<f64>(weights + i);
  return sum;
}
