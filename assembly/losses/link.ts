// The link of a block: scores z in, each row's λ-weighted loss gradient dℓ/dz out (in place), group losses summed.
// Scores are [output][row], BLOCK rows apart.

import { vexp } from "../linalg/elementwise";
import { BLOCK, LOGISTIC, Objective, SOFTMAX } from "../objective";

export function linkBlock<T>(o: Objective, first: i32, count: i32, z: usize): void {
  if (o.model == SOFTMAX) softmax<T>(o, first, count, z);
  else if (o.model == LOGISTIC) logistic<T>(o, first, count, z);
  else squared<T>(o, first, count, z);
}

function softmax<T>(o: Objective, first: i32, count: i32, z: usize): void {
  const C = o.outputs;
  const lambdaUniform = load<f64>(o.groupWeights + ((<usize>o.groups) << 3));
  // e[class][row] ← exp(score − largest score of the row), one exponential per score.
  const e = o.exponentials;
  for (let i = 0; i < count; i++) {
    let largest: f64 = -Infinity;
    for (let c = 0; c < C; c++) largest = max(largest, <f64>load<T>(at<T>(z, c, i)));
    for (let c = 0; c < C; c++) store<f64>(at<f64>(e, c, i), <f64>load<T>(at<T>(z, c, i)) - largest);
  }
  for (let c = 0; c < C; c++) vexp(count, at<f64>(e, c, 0), at<f64>(e, c, 0));
  for (let i = 0; i < count; i++) {
    const row = <usize>(first + i);
    let largest: f64 = -Infinity;
    let mean: f64 = 0;
    let total: f64 = 0;
    for (let c = 0; c < C; c++) {
      const s = <f64>load<T>(at<T>(z, c, i));
      largest = max(largest, s);
      mean += s;
      total += load<f64>(at<f64>(e, c, i));
    }
    mean /= <f64>C;
    const logTotal = largest + Math.log(total);
    const inverse = 1 / total;
    const label = <i32>load<f64>(o.targets + (row << 3));
    const group = o.rowGroups == 0 ? 0 : load<i32>(o.rowGroups + (row << 2));
    const weight = load<f64>(o.rowWeights + (row << 3));
    addLoss(o, group, weight * (logTotal - <f64>load<T>(at<T>(z, label, i))));
    const own = weight * load<f64>(o.groupWeights + ((<usize>group) << 3));
    let uniform: f64 = 0;
    if (o.uniformWeights != 0) {
      const u = load<f64>(o.uniformWeights + (row << 3));
      addLoss(o, o.groups, u * (logTotal - mean));
      uniform = u * lambdaUniform;
    }
    for (let c = 0; c < C; c++) {
      const p = load<f64>(at<f64>(e, c, i)) * inverse;
      let r = (own + uniform) * p - uniform / <f64>C;
      if (c == label) r -= own;
      store<T>(at<T>(z, c, i), <T>r);
    }
  }
}

function logistic<T>(o: Objective, first: i32, count: i32, z: usize): void {
  const lambdaUniform = load<f64>(o.groupWeights + ((<usize>o.groups) << 3));
  for (let i = 0; i < count; i++) {
    const row = <usize>(first + i);
    const s = <f64>load<T>(at<T>(z, 0, i));
    const y = load<f64>(o.targets + (row << 3));
    const e = Math.exp(-Math.abs(s));
    const softplus = max(s, 0) + Math.log1p(e); // log(1 + exp s)
    const p = s >= 0 ? 1 / (1 + e) : e / (1 + e);
    const group = o.rowGroups == 0 ? 0 : load<i32>(o.rowGroups + (row << 2));
    const weight = load<f64>(o.rowWeights + (row << 3));
    addLoss(o, group, weight * (softplus - y * s));
    let r = weight * load<f64>(o.groupWeights + ((<usize>group) << 3)) * (p - y);
    if (o.uniformWeights != 0) {
      const u = load<f64>(o.uniformWeights + (row << 3));
      addLoss(o, o.groups, u * (softplus - 0.5 * s));
      r += u * lambdaUniform * (p - 0.5);
    }
    store<T>(at<T>(z, 0, i), <T>r);
  }
}

function squared<T>(o: Objective, first: i32, count: i32, z: usize): void {
  for (let i = 0; i < count; i++) {
    const row = <usize>(first + i);
    const difference = <f64>load<T>(at<T>(z, 0, i)) - load<f64>(o.targets + (row << 3));
    const group = o.rowGroups == 0 ? 0 : load<i32>(o.rowGroups + (row << 2));
    const weight = load<f64>(o.rowWeights + (row << 3));
    addLoss(o, group, weight * 0.5 * difference * difference);
    store<T>(at<T>(z, 0, i), <T>(weight * load<f64>(o.groupWeights + ((<usize>group) << 3)) * difference));
  }
}

function at<T>(z: usize, output: i32, row: i32): usize {
  return z + <usize>(output * BLOCK + row) * sizeof<T>();
}

function addLoss(o: Objective, group: i32, loss: f64): void {
  const pointer = o.groupLosses + ((<usize>group) << 3);
  store<f64>(pointer, load<f64>(pointer) + loss);
}
