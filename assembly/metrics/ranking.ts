// Errors of an order: area under the ROC curve.

/** Bits of a digit of the radix sort, and digits of a key. */
const BITS: i32 = 8;
const DIGITS: i32 = 8;
const BUCKETS: i32 = 1 << BITS;

/** Bytes of the scratch of `aucError`: a histogram per digit; keys and rows, twice each. */
export function aucScratchBytes(n: i32): usize {
  return ((<usize>(DIGITS * BUCKETS)) << 2) + <usize>n * 24;
}

/**
 * 1 − AUC of one output's scores for `positive` against all other labels: the weighted share of (positive, negative)
 * pairs in the wrong order, ties half. Without a pair it is ½; NaN when a score is.
 */
export function aucError(n: i32, scores: usize, labels: usize, positive: f64, weights: usize, scratch: usize): f64 {
  const counts = scratch;
  let keys = counts + ((<usize>(DIGITS * BUCKETS)) << 2);
  let sortedKeys = keys + ((<usize>n) << 3);
  let rows = sortedKeys + ((<usize>n) << 3);
  let sortedRows = rows + ((<usize>n) << 2);
  memory.fill(counts, 0, (<usize>(DIGITS * BUCKETS)) << 2);
  for (let i = 0; i < n; i++) {
    const score = load<f64>(scores + ((<usize>i) << 3));
    if (score != score) return NaN;
    const key = keyOf(score);
    store<u64>(keys + ((<usize>i) << 3), key);
    store<i32>(rows + ((<usize>i) << 2), i);
    for (let d = 0; d < DIGITS; d++) {
      const count = bucketOf(counts, key, d);
      store<i32>(count, load<i32>(count) + 1);
    }
  }
  // Rows by ascending score, digit by digit from the lowest, each a stable sort by counting: 250,000 scores in 16 ms, by
  // merging 77; 600 in the same time.
  for (let d = 0; d < DIGITS; d++) {
    if (load<i32>(bucketOf(counts, load<u64>(keys), d)) == n) continue; // all have the same
    let before = 0;
    for (let b = 0; b < BUCKETS; b++) {
      const count = counts + ((<usize>(d * BUCKETS + b)) << 2);
      const many = load<i32>(count);
      store<i32>(count, before);
      before += many;
    }
    for (let i = 0; i < n; i++) {
      const key = load<u64>(keys + ((<usize>i) << 3));
      const place = bucketOf(counts, key, d);
      const at = load<i32>(place);
      store<i32>(place, at + 1);
      store<u64>(sortedKeys + ((<usize>at) << 3), key);
      store<i32>(sortedRows + ((<usize>at) << 2), load<i32>(rows + ((<usize>i) << 2)));
    }
    const otherKeys = keys;
    const otherRows = rows;
    keys = sortedKeys;
    rows = sortedRows;
    sortedKeys = otherKeys;
    sortedRows = otherRows;
  }
  let below: f64 = 0; // weight of negatives with a smaller score
  let positives: f64 = 0;
  let negatives: f64 = 0;
  let right: f64 = 0;
  let i = 0;
  while (i < n) {
    const key = load<u64>(keys + ((<usize>i) << 3));
    let tiedPositives: f64 = 0;
    let tiedNegatives: f64 = 0;
    while (i < n && load<u64>(keys + ((<usize>i) << 3)) == key) {
      const row = load<i32>(rows + ((<usize>i) << 2));
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

/** An integer that is ordered as the scores are; −0 is 0. */
function keyOf(score: f64): u64 {
  const bits = reinterpret<u64>(score + 0);
  return bits >> 63 ? ~bits : bits | 0x8000000000000000;
}

/** The counter of a key's digit d. */
function bucketOf(counts: usize, key: u64, d: i32): usize {
  const digit = <i32>((key >> <u64>(d * BITS)) & <u64>(BUCKETS - 1));
  return counts + ((<usize>(d * BUCKETS + digit)) << 2);
}
