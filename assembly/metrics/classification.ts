// Errors of the classes that rows are given (i32, decisions.ts) against labels: lower is better. Labels are class indices
// in f64, weights (0: all 1) are per row. A row that is given no class makes the error NaN: the model failed.

function givenTo(decisions: usize, i: i32): i32 {
  return load<i32>(decisions + ((<usize>i) << 2));
}

function weightOf(weights: usize, i: i32): f64 {
  return weights == 0 ? 1 : load<f64>(weights + ((<usize>i) << 3));
}

/** Share of the weight that is given a wrong class. */
export function errorRate(n: i32, decisions: usize, labels: usize, weights: usize): f64 {
  let wrong: f64 = 0;
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const w = weightOf(weights, i);
    total += w;
    const given = givenTo(decisions, i);
    if (given < 0) return NaN;
    if (<f64>given != load<f64>(labels + ((<usize>i) << 3))) wrong += w;
  }
  return wrong / total;
}

/**
 * counts [3][classes] ← per class: weight of its rows, of its rows given the class, of all rows given the class. What
 * balanced error and macro-F1 are made of. Returns whether all rows are given one.
 */
function classCounts(n: i32, decisions: usize, labels: usize, weights: usize, classes: i32, counts: usize): bool {
  memory.fill(counts, 0, (<usize>classes * 3) << 3);
  for (let i = 0; i < n; i++) {
    const w = weightOf(weights, i);
    const label = <i32>load<f64>(labels + ((<usize>i) << 3));
    const given = givenTo(decisions, i);
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
  decisions: usize,
  labels: usize,
  weights: usize,
  classes: i32,
  counts: usize,
): f64 {
  if (!classCounts(n, decisions, labels, weights, classes, counts)) return NaN;
  return meanOverClasses(classes, counts, false);
}

/** 1 − mean over the classes present of F1. */
export function macroF1Error(
  n: i32,
  decisions: usize,
  labels: usize,
  weights: usize,
  classes: i32,
  counts: usize,
): f64 {
  if (!classCounts(n, decisions, labels, weights, classes, counts)) return NaN;
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
  decisions: usize,
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
    const given = givenTo(decisions, i);
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

/** Mean cost of the decisions, costs f64[classes][classes] by true, then given class. */
export function meanCost(n: i32, decisions: usize, labels: usize, weights: usize, classes: i32, costs: usize): f64 {
  let sum: f64 = 0;
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const given = givenTo(decisions, i);
    if (given < 0) return NaN;
    const w = weightOf(weights, i);
    const label = <i32>load<f64>(labels + ((<usize>i) << 3));
    sum += w * load<f64>(costs + ((<usize>(label * classes + given)) << 3));
    total += w;
  }
  return sum / total;
}
