// How the losses of the row groups change along a direction of θ, all of them in one look at the rows.

import { BLOCK, LOGISTIC, Objective, panelOf, SOFTMAX } from "../objective";
import { add, at, groupOf, shareOf } from "./block";
import { directionOf, forward, weightsOf } from "./gradient";

/** out[g] ← v·∂φ_g/∂θ at θ for every group, then for uniform cross-entropy, in f64: two products with X, one pass. */
export function objectiveDerivatives(pointer: usize, theta: usize, v: usize, out: usize): void {
  const o = changetype<Objective>(pointer);
  memory.fill(out, 0, (<usize>o.groups + 1) << 3);
  const z = o.scratch;
  const moved = o.exponentials;
  const weights = weightsOf<f64>(o, theta, o.outputs);
  const direction = directionOf(o, v);
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    const x = panelOf<f64>(o, first, count);
    forward<f64>(o, o.outputs, first, count, x, weights, theta, z);
    forward<f64>(o, o.outputs, first, count, x, direction, v, moved);
    for (let i = 0; i < count; i++) addRow(o, <usize>(first + i), i, z, moved, out);
  }
  o.passes += 1;
}

/** Adds a row's own loss, Σ_c p_c·v_c − v_label, and its uniform cross-entropy, Σ_c (p_c − 1/C)·v_c. */
function addRow(o: Objective, row: usize, i: i32, z: usize, moved: usize, out: usize): void {
  const target = load<f64>(o.targets + (row << 3));
  const s = load<f64>(at<f64>(z, 0, i));
  const v = load<f64>(at<f64>(moved, 0, i));
  let own: f64;
  let uniform: f64 = 0;
  if (o.model == SOFTMAX) {
    let largest: f64 = s;
    for (let c = 1; c < o.outputs; c++) largest = max(largest, load<f64>(at<f64>(z, c, i)));
    let total: f64 = 0;
    let expected: f64 = 0;
    let even: f64 = 0;
    for (let c = 0; c < o.outputs; c++) {
      const power = NativeMath.exp(load<f64>(at<f64>(z, c, i)) - largest);
      const vc = load<f64>(at<f64>(moved, c, i));
      total += power;
      expected += power * vc;
      even += vc;
    }
    expected /= total;
    own = expected - load<f64>(at<f64>(moved, <i32>target, i));
    uniform = expected - even / <f64>o.outputs;
  } else if (o.model == LOGISTIC) {
    const e = NativeMath.exp(-Math.abs(s));
    const p = (s < 0 ? e : 1) / (1 + e);
    own = (p - target) * v;
    uniform = (p - 0.5) * v;
  } else {
    own = (s - target) * v;
  }
  add(out + ((<usize>groupOf(o, row)) << 3), shareOf(o, row) * own);
  if (o.uniformWeights == 0) return;
  add(out + ((<usize>o.groups) << 3), load<f64>(o.uniformWeights + (row << 3)) * uniform);
}
