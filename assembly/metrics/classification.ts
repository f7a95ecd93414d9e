// Errors of class scores against labels: lower is better. Scores are [output][row] in f64, labels are class indices in
// f64, weights (0: all 1) are per row. A softmax model has one output per class; a logistic model one output, whose
// sign decides between class 0 and class 1.

/** The class that row i is given; of equal scores the first. */
function decide(n: i32, outputs: i32, scores: usize, i: i32): i32 {
  if (outputs == 1) return load<f64>(scores + ((<usize>i) << 3)) > 0 ? 1 : 0;
  let best = 0;
  let largest = load<f64>(scores + ((<usize>i) << 3));
  for (let c = 1; c < outputs; c++) {
    const s = load<f64>(scores + ((<usize>c * <usize>n + <usize>i) << 3));
    if (s > largest) {
      largest = s;
      best = c;
    }
  }
  return best;
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
    if (<f64>decide(n, outputs, scores, i) != load<f64>(labels + ((<usize>i) << 3))) wrong += w;
  }
  return wrong / total;
}

/**
 * counts [3][classes] ← per class: weight of its rows, of its rows given the class, of all rows given the class. What
 * balanced error and macro-F1 are made of.
 */
export function classCounts(
  n: i32,
  outputs: i32,
  scores: usize,
  labels: usize,
  weights: usize,
  classes: i32,
  counts: usize,
): void {
  memory.fill(counts, 0, (<usize>classes * 3) << 3);
  for (let i = 0; i < n; i++) {
    const w = weightOf(weights, i);
    const label = <i32>load<f64>(labels + ((<usize>i) << 3));
    const given = decide(n, outputs, scores, i);
    const own = counts + ((<usize>label) << 3);
    store<f64>(own, load<f64>(own) + w);
    if (given == label) {
      const hit = counts + ((<usize>(classes + label)) << 3);
      store<f64>(hit, load<f64>(hit) + w);
    }
    const all = counts + ((<usize>(2 * classes + given)) << 3);
    store<f64>(all, load<f64>(all) + w);
  }
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
  classCounts(n, outputs, scores, labels, weights, classes, counts);
  let sum: f64 = 0;
  let present = 0;
  for (let c = 0; c < classes; c++) {
    const own = load<f64>(counts + ((<usize>c) << 3));
    if (own > 0) {
      present++;
      sum += 1 - load<f64>(counts + ((<usize>(classes + c)) << 3)) / own;
    }
  }
  return sum / <f64>present;
}

/** 1 − mean over the classes present of F1 = 2·hits / (rows of the class + rows given the class). */
export function macroF1Error(
  n: i32,
  outputs: i32,
  scores: usize,
  labels: usize,
  weights: usize,
  classes: i32,
  counts: usize,
): f64 {
  classCounts(n, outputs, scores, labels, weights, classes, counts);
  let sum: f64 = 0;
  let present = 0;
  for (let c = 0; c < classes; c++) {
    const own = load<f64>(counts + ((<usize>c) << 3));
    if (own > 0) {
      present++;
      const given = load<f64>(counts + ((<usize>(2 * classes + c)) << 3));
      sum += (2 * load<f64>(counts + ((<usize>(classes + c)) << 3))) / (own + given);
    }
  }
  return 1 - sum / <f64>present;
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
    if (<f64>decide(n, outputs, scores, i) != load<f64>(labels + ((<usize>i) << 3))) {
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
