// −log p_label, p = softmax(z), and its gradient: weight·(p − label), for the uniform cross-entropy weight·(p − 1/C).

import { expPair, logPair } from "../linalg/elementwise";
import { Objective } from "../objective";
import { addLosses, at, loadPair, ownWeight, storeSlopes, uniformWeight } from "./block";

export function softmax<T>(o: Objective, first: i32, count: i32, z: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let i = 0; i < count; i += 2) pair<T>(o, first, i, min(i + 1, count - 1), z);
  } else {
    for (let i = 0; i < count; i++) row<T>(o, first, i, z);
  }
}

/** Rows i and i + 1 of the block; `second` is i where the block ends with i. */
function pair<T>(o: Objective, first: i32, i: i32, second: i32, z: usize): void {
  const C = o.outputs;
  const e = o.exponentials;
  let largest = loadPair<T>(at<T>(z, 0, i));
  for (let c = 1; c < C; c++) largest = f64x2.pmax(largest, loadPair<T>(at<T>(z, c, i)));
  let mean = largest; // of the scores, where it is wanted
  if (o.uniformWeights != 0) {
    mean = loadPair<T>(at<T>(z, 0, i));
    for (let c = 1; c < C; c++) mean = f64x2.add(mean, loadPair<T>(at<T>(z, c, i)));
    mean = f64x2.mul(mean, f64x2.splat(1 / <f64>C));
  }
  const deepest = f64x2.splat(-700); // e⁻⁷⁰⁰ is 0 beside 1, and not subnormal
  let total = f64x2.splat(0);
  for (let c = 0; c < C; c++) {
    const power = expPair(f64x2.pmax(f64x2.sub(loadPair<T>(at<T>(z, c, i)), largest), deepest));
    v128.store(at<f64>(e, c, i), power);
    total = f64x2.add(total, power);
  }
  const logTotal = logPair(total); // over the largest score: large scores cost a loss no digits
  const inverse = f64x2.div(f64x2.splat(1), total);

  const row0 = <usize>(first + i);
  const row1 = <usize>(first + second);
  const label0 = <i32>load<f64>(o.targets + (row0 << 3));
  const label1 = <i32>load<f64>(o.targets + (row1 << 3));
  const score0 = <f64>load<T>(at<T>(z, label0, i));
  const scores = f64x2.replace_lane(f64x2.splat(score0), 1, <f64>load<T>(at<T>(z, label1, second)));
  const loss = f64x2.add(logTotal, f64x2.sub(largest, scores));
  const uniformLoss = f64x2.add(logTotal, f64x2.sub(largest, mean));
  addLosses(o, row0, f64x2.extract_lane(loss, 0), f64x2.extract_lane(uniformLoss, 0));
  if (second > i) addLosses(o, row1, f64x2.extract_lane(loss, 1), f64x2.extract_lane(uniformLoss, 1));
  const own = f64x2.replace_lane(f64x2.splat(ownWeight(o, row0)), 1, ownWeight(o, row1));
  const uniform = f64x2.replace_lane(f64x2.splat(uniformWeight(o, row0)), 1, uniformWeight(o, row1));
  const factor = f64x2.mul(f64x2.add(own, uniform), inverse);
  const floor = f64x2.mul(uniform, f64x2.splat(1 / <f64>C));
  for (let c = 0; c < C; c++) {
    storeSlopes<T>(at<T>(z, c, i), f64x2.sub(f64x2.mul(factor, v128.load(at<f64>(e, c, i))), floor));
  }
  // The labels again, from e: what was stored is rounded to T already.
  subtract<T>(
    z,
    e,
    label0,
    i,
    f64x2.extract_lane(factor, 0),
    f64x2.extract_lane(floor, 0) + f64x2.extract_lane(own, 0),
  );
  if (second > i) {
    const at1 = f64x2.extract_lane(floor, 1) + f64x2.extract_lane(own, 1);
    subtract<T>(z, e, label1, second, f64x2.extract_lane(factor, 1), at1);
  }
}

function subtract<T>(z: usize, e: usize, label: i32, i: i32, factor: f64, weight: f64): void {
  store<T>(at<T>(z, label, i), <T>(factor * load<f64>(at<f64>(e, label, i)) - weight));
}

function row<T>(o: Objective, first: i32, i: i32, z: usize): void {
  const C = o.outputs;
  const e = o.exponentials;
  const row = <usize>(first + i);
  const label = <i32>load<f64>(o.targets + (row << 3));
  let largest: f64 = -Infinity;
  let mean: f64 = 0;
  for (let c = 0; c < C; c++) {
    const s = <f64>load<T>(at<T>(z, c, i));
    largest = max(largest, s);
    mean += s;
  }
  mean /= <f64>C;
  let total: f64 = 0;
  for (let c = 0; c < C; c++) {
    const power = NativeMath.exp(<f64>load<T>(at<T>(z, c, i)) - largest);
    store<f64>(at<f64>(e, c, i), power);
    total += power;
  }
  const logTotal = NativeMath.log(total);
  addLosses(o, row, logTotal + (largest - <f64>load<T>(at<T>(z, label, i))), logTotal + (largest - mean));
  const own = ownWeight(o, row);
  const uniform = uniformWeight(o, row);
  for (let c = 0; c < C; c++) {
    const p = load<f64>(at<f64>(e, c, i)) / total;
    store<T>(at<T>(z, c, i), <T>(own * (p - <f64>(c == label)) + uniform * (p - 1 / <f64>C)));
  }
}
