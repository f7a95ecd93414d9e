// −log p_label, p = softmax(z), and its gradient: weight·(p − label), for the uniform cross-entropy weight·(p − 1/C).

import { expPair, expQuad, logPair } from "../linalg/elementwise";
import { Objective } from "../objective";
import { addLosses, at, loadPair, ownPair, ownWeight, storeSlopes, uniformPair, uniformWeight } from "./block";

export function softmax<T>(o: Objective, first: i32, count: i32, z: usize): void {
  if (!ASC_FEATURE_SIMD) {
    for (let i = 0; i < count; i++) row<T>(o, first, i, z);
  } else if (sizeof<T>() == 8) {
    for (let i = 0; i < count; i += 2) pair(o, first, i, count - 1, z);
  } else {
    for (let i = 0; i < count; i += 4) quad(o, first, i, count - 1, z);
  }
}

/** Rows i and i + 1 of a block, in f64; the block ends with row `last`. */
function pair(o: Objective, first: i32, i: i32, last: i32, z: usize): void {
  const C = o.outputs;
  const e = o.exponentials;
  let largest = v128.load(at<f64>(z, 0, i));
  for (let c = 1; c < C; c++) largest = f64x2.pmax(largest, v128.load(at<f64>(z, c, i)));
  const deepest = f64x2.splat(-700); // e⁻⁷⁰⁰ is 0 beside 1, and not subnormal
  let total = f64x2.splat(0);
  for (let c = 0; c < C; c++) {
    const power = expPair(f64x2.pmax(f64x2.sub(v128.load(at<f64>(z, c, i)), largest), deepest));
    v128.store(at<f64>(e, c, i), power);
    total = f64x2.add(total, power);
  }
  const second = min(i + 1, last);
  const factor = addPair<f64>(o, first, i, second, z, largest, total);
  const floor = floorOf(o, first, i, second);
  for (let c = 0; c < C; c++) {
    storeSlopes<f64>(at<f64>(z, c, i), f64x2.sub(f64x2.mul(factor, v128.load(at<f64>(e, c, i))), floor));
  }
  subtractLabels<f64>(o, first, i, second, z, factor);
}

/**
 * Rows i … i + 3 of a block, in f32; lanes past row `last` compute what nobody reads. f64 is what cancels: the sum of the
 * exponentials, of which the largest is 1, its logarithm, and the slopes of the labels.
 */
function quad(o: Objective, first: i32, i: i32, last: i32, z: usize): void {
  const C = o.outputs;
  const e = o.exponentials;
  let largest = v128.load(at<f32>(z, 0, i));
  for (let c = 1; c < C; c++) largest = f32x4.pmax(largest, v128.load(at<f32>(z, c, i)));
  let total = f64x2.splat(0);
  let highTotal = f64x2.splat(0);
  for (let c = 0; c < C; c++) {
    const power = expQuad(f32x4.sub(v128.load(at<f32>(z, c, i)), largest));
    v128.store(at<f32>(e, c, i), power);
    total = f64x2.add(total, f64x2.promote_low_f32x4(power));
    highTotal = f64x2.add(highTotal, promoteHigh(power));
  }
  const second = min(i + 1, last);
  const third = min(i + 2, last);
  const fourth = min(i + 3, last);
  const factor = addPair<f32>(o, first, i, second, z, f64x2.promote_low_f32x4(largest), total);
  let highFactor = factor;
  if (third > second) highFactor = addPair<f32>(o, first, third, fourth, z, promoteHigh(largest), highTotal);
  const factors = demote(factor, highFactor);
  const floors = demote(floorOf(o, first, i, second), floorOf(o, first, third, fourth));
  for (let c = 0; c < C; c++) {
    storeSlopes<f32>(at<f32>(z, c, i), f32x4.sub(f32x4.mul(factors, v128.load(at<f32>(e, c, i))), floors));
  }
  subtractLabels<f32>(o, first, i, second, z, factor);
  if (third > second) subtractLabels<f32>(o, first, third, fourth, z, highFactor);
}

function promoteHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
}

function demote(low: v128, high: v128): v128 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/**
 * Adds the losses of rows i and `second` (one row where they are the same), whose exponentials over the largest score sum
 * to `total`. Returns what a slope is of an exponential: the row's weights over `total`.
 */
function addPair<T>(o: Objective, first: i32, i: i32, second: i32, z: usize, largest: v128, total: v128): v128 {
  const row0 = <usize>(first + i);
  const row1 = <usize>(first + second);
  const logTotal = logPair(total); // over the largest score: large scores cost a loss no digits
  const score0 = <f64>load<T>(at<T>(z, labelOf(o, row0), i));
  const scores = f64x2.replace_lane(f64x2.splat(score0), 1, <f64>load<T>(at<T>(z, labelOf(o, row1), second)));
  const loss = f64x2.add(logTotal, f64x2.sub(largest, scores));
  let uniformLoss = loss;
  if (o.uniformWeights != 0) {
    let mean = loadPair<T>(at<T>(z, 0, i));
    for (let c = 1; c < o.outputs; c++) mean = f64x2.add(mean, loadPair<T>(at<T>(z, c, i)));
    uniformLoss = f64x2.add(logTotal, f64x2.sub(largest, f64x2.mul(mean, f64x2.splat(1 / <f64>o.outputs))));
  }
  addLosses(o, row0, f64x2.extract_lane(loss, 0), f64x2.extract_lane(uniformLoss, 0));
  if (row1 > row0) addLosses(o, row1, f64x2.extract_lane(loss, 1), f64x2.extract_lane(uniformLoss, 1));
  return f64x2.div(f64x2.add(ownPair(o, row0, row1), uniformPair(o, row0, row1)), total);
}

/** What the uniform cross-entropy takes from the slopes of each class. */
function floorOf(o: Objective, first: i32, i: i32, second: i32): v128 {
  return f64x2.mul(uniformPair(o, <usize>(first + i), <usize>(first + second)), f64x2.splat(1 / <f64>o.outputs));
}

/** The slopes of the labels: from the exponentials, because those stored are rounded to T already. */
function subtractLabels<T>(o: Objective, first: i32, i: i32, second: i32, z: usize, factor: v128): void {
  subtractLabel<T>(o, first, i, z, f64x2.extract_lane(factor, 0));
  if (second > i) subtractLabel<T>(o, first, second, z, f64x2.extract_lane(factor, 1));
}

function subtractLabel<T>(o: Objective, first: i32, i: i32, z: usize, factor: f64): void {
  const row = <usize>(first + i);
  const label = labelOf(o, row);
  const power = <f64>load<T>(at<T>(o.exponentials, label, i));
  const weight = ownWeight(o, row) + uniformWeight(o, row) / <f64>o.outputs;
  store<T>(at<T>(z, label, i), <T>(factor * power - weight));
}

function labelOf(o: Objective, row: usize): i32 {
  return <i32>load<f64>(o.targets + (row << 3));
}

function row<T>(o: Objective, first: i32, i: i32, z: usize): void {
  const C = o.outputs;
  const e = o.exponentials;
  const row = <usize>(first + i);
  const label = labelOf(o, row);
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
