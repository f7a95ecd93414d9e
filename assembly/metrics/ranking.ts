// Errors of an order: area under the ROC curve.

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

function weightOf(count: i32, weights: usize): f64 {
  if (weights == 0) return <f64>count;
  let sum: f64 = 0;
  for (let i: usize = 0; i < (<usize>count) << 3; i += 8) sum += load<f64>(weights + i);
  return sum;
}
