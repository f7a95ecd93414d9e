// The classes that rows are given by their scores, [output][row] in f64: i32 per row, −1 where a score is NaN. A softmax
// model has one output per class; a logistic model one output, whose sign decides between class 0 and class 1.

import { exp } from "../linalg/elementwise";

/** decisions[i] ← the class of the largest score; of equals the first. */
export function decide(n: i32, outputs: i32, scores: usize, decisions: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 2 <= n; i += 2) {
      const two = decideTwo(n, outputs, scores + ((<usize>i) << 3));
      v128.store64_lane(decisions + ((<usize>i) << 2), v128.shuffle<i32>(two, two, 0, 2, 0, 2), 0);
    }
  }
  for (; i < n; i++) store<i32>(decisions + ((<usize>i) << 2), decideOne(n, outputs, scores + ((<usize>i) << 3)));
}

function decideTwo(n: i32, outputs: i32, rows: usize): v128 {
  let at = rows;
  let largest = v128.load(at);
  let absent = f64x2.ne(largest, largest);
  let best = i64x2.splat(0);
  if (outputs == 1) best = v128.and(f64x2.gt(largest, f64x2.splat(0)), i64x2.splat(1));
  for (let c = 1; c < outputs; c++) {
    at += (<usize>n) << 3;
    const s = v128.load(at);
    const larger = f64x2.gt(s, largest);
    absent = v128.or(absent, f64x2.ne(s, s));
    largest = v128.bitselect(s, largest, larger);
    best = v128.bitselect(i64x2.splat(c), best, larger);
  }
  return v128.or(best, absent); // all bits: −1
}

/** The decision for one row, whose first score is at `row`, the others n doubles apart. */
export function decideOne(n: i32, outputs: i32, row: usize): i32 {
  let largest = load<f64>(row);
  let best = outputs == 1 && largest > 0 ? 1 : 0;
  let absent = largest != largest;
  for (let c = 1; c < outputs; c++) {
    const s = load<f64>(row + ((<usize>c * <usize>n) << 3));
    absent = absent || s != s;
    if (s > largest) {
      largest = s;
      best = c;
    }
  }
  return absent ? -1 : best;
}

/**
 * decisions[i] ← the class of the least expected cost under the model's probabilities, costs f64[classes][classes] by true,
 * then given class; of equals the first. `likelihoods` is scratch, f64[classes].
 */
export function decideByCosts(
  n: i32,
  outputs: i32,
  scores: usize,
  classes: i32,
  costs: usize,
  likelihoods: usize,
  decisions: usize,
): void {
  decide(n, outputs, scores, decisions);
  for (let i = 0; i < n; i++) {
    const at = decisions + ((<usize>i) << 2);
    const likeliest = load<i32>(at);
    if (likeliest < 0) continue;
    store<i32>(at, cheapest(n, outputs, scores + ((<usize>i) << 3), likeliest, classes, costs, likelihoods));
  }
}

/** argmin_k Σ_c p_c·cost(c, k); p up to a factor, 1 for the most likely class. */
function cheapest(
  n: i32,
  outputs: i32,
  row: usize,
  likeliest: i32,
  classes: i32,
  costs: usize,
  likelihoods: usize,
): i32 {
  if (outputs == 1) {
    const rare = exp(-Math.abs(load<f64>(row)));
    store<f64>(likelihoods, likeliest == 0 ? 1 : rare);
    store<f64>(likelihoods, likeliest == 0 ? rare : 1, 8);
  } else {
    const largest = load<f64>(row + ((<usize>likeliest * <usize>n) << 3));
    for (let c = 0; c < outputs; c++) {
      const s = load<f64>(row + ((<usize>c * <usize>n) << 3));
      store<f64>(likelihoods + ((<usize>c) << 3), s == largest ? 1 : exp(s - largest));
    }
  }
  let best = 0;
  let least: f64 = Infinity;
  for (let k = 0; k < classes; k++) {
    let expected: f64 = 0;
    for (let c = 0; c < classes; c++) {
      const cost = load<f64>(costs + ((<usize>(c * classes + k)) << 3));
      expected += load<f64>(likelihoods + ((<usize>c) << 3)) * cost;
    }
    if (expected < least) {
      least = expected;
      best = k;
    }
  }
  return best;
}
