// Errors of class scores against labels: lower is better. Scores are [output][row] in f64, labels are class indices in
// f64, weights (0: all 1) are per row. A softmax model has one output per class; a logistic model one output, whose
// sign decides between class 0 and class 1. A NaN among the scores makes the error NaN: the model failed.

import { exp } from "../linalg/elementwise";

/** Rows whose classes are found together: columns of scores are read as they lie. */
const TOGETHER: i32 = 64;

/** Of them: i32[TOGETHER]. */
const DECIDED = memory.data(64 << 2);

/** The class that row i is given; of equal scores the first; −1 when a score is NaN. Rows must come one after the other. */
function decide(n: i32, outputs: i32, scores: usize, i: i32): i32 {
  if (placeOf(i) == 0) decideTogether(n, outputs, scores, i);
  return load<i32>(DECIDED + (placeOf(i) << 2));
}

function placeOf(i: i32): usize {
  return <usize>(i & (TOGETHER - 1));
}

function decideTogether(n: i32, outputs: i32, scores: usize, first: i32): void {
  const end = min(first + TOGETHER, n);
  let i = first;
  if (ASC_FEATURE_SIMD) for (; i + 2 <= end; i += 2) decideTwo(n, outputs, scores, i);
  for (; i < end; i++) decideOne(n, outputs, scores, i);
}

function decideTwo(n: i32, outputs: i32, scores: usize, i: i32): void {
  let at = scores + ((<usize>i) << 3);
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
  best = v128.or(best, absent); // all bits: −1
  v128.store64_lane(DECIDED + (placeOf(i) << 2), v128.shuffle<i32>(best, best, 0, 2, 0, 2), 0);
}

function decideOne(n: i32, outputs: i32, scores: usize, i: i32): void {
  let largest = load<f64>(scores + ((<usize>i) << 3));
  let best = outputs == 1 && largest > 0 ? 1 : 0;
  let absent = largest != largest;
  for (let c = 1; c < outputs; c++) {
    const s = load<f64>(scores + ((<usize>c * <usize>n + <usize>i) << 3));
    absent = absent || s != s;
    if (s > largest) {
      largest = s;
      best = c;
    }
  }
  store<i32>(DECIDED + (placeOf(i) << 2), absent ? -1 : best);
}

function weightOf(weights: usize, i: i32): f64 {
  return weights == 0 ? 1 : load<f64>(weights + ((<usize>i) << 3));
}

/** Share of the weight that is given a wrong class. */
export function errorRate(n: i32, outputs: i32, scores: usize, labels: usize, weights: usize): f64 {
  let wrong: f64 = 0;
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const w = weightOf(weights, i);
    total += w;
    const given = decide(n, outputs, scores, i);
    if (given < 0) return NaN;
    if (<f64>given != load<f64>(labels + ((<usize>i) << 3))) wrong += w;
  }
  return wrong / total;
}

/**
 * counts [3][classes] ← per class: weight of its rows, of its rows given the class, of all rows given the class. What
 * balanced error and macro-F1 are made of. Returns whether all scores are numbers.
 */
function classCounts(
  n: i32,
  outputs: i32,
  scores: usize,
  labels: usize,
  weights: usize,
  classes: i32,
  counts: usize,
): bool {
  memory.fill(counts, 0, (<usize>classes * 3) << 3);
  for (let i = 0; i < n; i++) {
    const w = weightOf(weights, i);
    const label = <i32>load<f64>(labels + ((<usize>i) << 3));
    const given = decide(n, outputs, scores, i);
    if (given < 0) return false;
    const own = counts + ((<usize>label) << 3);
    store<f64>(own, load<f64>(own) + w);
    if (given == label) {
      const hit = counts + ((<usize>(classes + label)) << 3);
      store<f64>(hit, load<f64>(hit) + w);
    }
    const all = counts + ((<usize>(2 * classes + given)) << 3);
    store<f64>(all, load<f64>(all) + w);
  }
  return true;
}

/** Mean over the classes present of 1 − recall. */
export function balancedError(
  n: i32,
  outputs: i32,
  scores: usize,
  labels: usize,
  weights: usize,
  classes: i32,
  counts: usize,
): f64 {
  if (!classCounts(n, outputs, scores, labels, weights, classes, counts)) return NaN;
  return meanOverClasses(classes, counts, false);
}

/** 1 − mean over the classes present of F1. */
export function macroF1Error(
  n: i32,
  outputs: i32,
  scores: usize,
  labels: usize,
  weights: usize,
  classes: i32,
  counts: usize,
): f64 {
  if (!classCounts(n, outputs, scores, labels, weights, classes, counts)) return NaN;
  return 1 - meanOverClasses(classes, counts, true);
}

/** Mean over the classes present of F1 = 2·hits / (rows of the class + rows given the class), or of 1 − recall. */
function meanOverClasses(classes: i32, counts: usize, f1: bool): f64 {
  let sum: f64 = 0;
  let present = 0;
  for (let c = 0; c < classes; c++) {
    const own = load<f64>(counts + ((<usize>c) << 3));
    if (!(own > 0)) continue;
    const hits = load<f64>(counts + ((<usize>(classes + c)) << 3));
    sum += f1 ? (2 * hits) / (own + load<f64>(counts + ((<usize>(2 * classes + c)) << 3))) : 1 - hits / own;
    present++;
  }
  return sum / <f64>present;
}

/** Largest error rate of any group with rows. */
export function worstGroupError(
  n: i32,
  outputs: i32,
  scores: usize,
  labels: usize,
  weights: usize,
  groups: usize,
  groupCount: i32,
  counts: usize,
): f64 {
  memory.fill(counts, 0, (<usize>groupCount * 2) << 3);
  for (let i = 0; i < n; i++) {
    const w = weightOf(weights, i);
    const total = counts + ((<usize>load<i32>(groups + ((<usize>i) << 2))) << 3);
    store<f64>(total, load<f64>(total) + w);
    const given = decide(n, outputs, scores, i);
    if (given < 0) return NaN;
    if (<f64>given != load<f64>(labels + ((<usize>i) << 3))) {
      const wrong = total + ((<usize>groupCount) << 3);
      store<f64>(wrong, load<f64>(wrong) + w);
    }
  }
  let worst: f64 = 0;
  for (let g = 0; g < groupCount; g++) {
    const total = load<f64>(counts + ((<usize>g) << 3));
    if (total > 0) worst = max(worst, load<f64>(counts + ((<usize>(groupCount + g)) << 3)) / total);
  }
  return worst;
}

/**
 * Mean cost of the decisions, costs f64[classes][classes] by true, then given class. The decision is the largest score, or
 * with `likelihoods` (scratch, f64[classes]; otherwise 0) the least expected cost under the model's probabilities; of
 * equals the first.
 */
export function meanCost(
  n: i32,
  outputs: i32,
  scores: usize,
  labels: usize,
  weights: usize,
  classes: i32,
  costs: usize,
  likelihoods: usize,
): f64 {
  let sum: f64 = 0;
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    let given = decide(n, outputs, scores, i);
    if (given < 0) return NaN;
    if (likelihoods != 0) given = cheapest(n, outputs, scores, i, given, classes, costs, likelihoods);
    const w = weightOf(weights, i);
    const label = <i32>load<f64>(labels + ((<usize>i) << 3));
    sum += w * load<f64>(costs + ((<usize>(label * classes + given)) << 3));
    total += w;
  }
  return sum / total;
}

/** argmin_k Σ_c p_c·cost(c, k); p up to a factor, 1 for the most likely class. */
function cheapest(
  n: i32,
  outputs: i32,
  scores: usize,
  i: i32,
  likeliest: i32,
  classes: i32,
  costs: usize,
  likelihoods: usize,
): i32 {
  const row = scores + ((<usize>i) << 3);
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
