// Errors of an order: area under the ROC curve.

/**
 * 1 − AUC of one output's scores for `positive` against all other labels: the weighted share of (positive, negative)
 * pairs in the wrong order, ties half. `order` is scratch, i32[2n]. Without a pair it is ½; NaN when a score is.
 */
export function aucError(n: i32, scores: usize, labels: usize, positive: f64, weights: usize, order: usize): f64 {
  for (let i = 0; i < n; i++) {
    const score = load<f64>(scores + ((<usize>i) << 3));
    if (score != score) return NaN;
    store<i32>(order + ((<usize>i) << 2), i);
  }
  sortByScore(n, scores, order);
  let below: f64 = 0; // weight of negatives with a smaller score
  let positives: f64 = 0;
  let negatives: f64 = 0;
  let right: f64 = 0;
  let i = 0;
  while (i < n) {
    const score = scoreAt(scores, order, i);
    let tiedPositives: f64 = 0;
    let tiedNegatives: f64 = 0;
    while (i < n && scoreAt(scores, order, i) == score) {
      const row = load<i32>(order + ((<usize>i) << 2));
      const w = weights == 0 ? 1 : load<f64>(weights + ((<usize>row) << 3));
      if (load<f64>(labels + ((<usize>row) << 3)) == positive) tiedPositives += w;
      else tiedNegatives += w;
      i++;
    }
    right += tiedPositives * (below + 0.5 * tiedNegatives);
    below += tiedNegatives;
    positives += tiedPositives;
    negatives += tiedNegatives;
  }
  const pairs = positives * negatives;
  return pairs > 0 ? 1 - right / pairs : 0.5;
}

function scoreAt(scores: usize, order: usize, i: i32): f64 {
  return load<f64>(scores + ((<usize>load<i32>(order + ((<usize>i) << 2))) << 3));
}

/** Merge sort of the indices in `order` by ascending score, with its second half as the other buffer. */
function sortByScore(n: i32, scores: usize, order: usize): void {
  let from = order;
  let to = order + ((<usize>n) << 2);
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = min(start + width, n);
      const end = min(start + 2 * width, n);
      let a = start;
      let b = middle;
      for (let at = start; at < end; at++) {
        const left = a < middle && (b >= end || scoreAt(scores, from, a) <= scoreAt(scores, from, b));
        store<i32>(to + ((<usize>at) << 2), load<i32>(from + ((<usize>(left ? a : b)) << 2)));
        if (left) a++;
        else b++;
      }
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != order) memory.copy(order, from, (<usize>n) << 2);
}
