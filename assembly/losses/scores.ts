// Scores of all rows, X·W and the intercepts: the forward half of a pass.

import { packWeights, panelScores } from "../linalg/panel-scores";
import { BLOCK, Objective, panelOf } from "../objective";
import { at, weighs, widen } from "./block";
import { classesOf, forward, weightsOf } from "./gradient";

/** Scores of all rows, [output][row] in f64: out has outputs × rows values. Counts ½ pass. */
export function objectiveScores(pointer: usize, theta: usize, out: usize): void {
  const o = changetype<Objective>(pointer);
  if (o.width == 4 && !o.fine) scores<f32>(o, o.outputs, true, theta, out);
  else scores<f64>(o, o.outputs, true, theta, out);
  o.passes += 0.5;
}

/**
 * Scores relative to those of the reference class, which dense softmax has (`classesOf`); 0 in blocks of rows that all have
 * λ = 0, which are passed over and not counted.
 */
export function relativeScores(o: Objective, theta: usize, out: usize): void {
  const fast = o.width == 4 && !o.fine;
  const rows = fast ? scores<f32>(o, classesOf(o), false, theta, out) : scores<f64>(o, classesOf(o), false, theta, out);
  o.passes += 0.5 * (<f64>rows / <f64>o.rows);
}

/**
 * Scores of all rows, [output][row] in f64, from those kept when the gradient at this θ was taken. Softmax costs the share of
 * its reference class, which they are less. Returns 0, and nothing else, when they were of another θ or of some rows.
 */
export function objectiveKeptScores(pointer: usize, theta: usize, out: usize): i32 {
  const o = changetype<Objective>(pointer);
  if (o.keptAt != theta || theta == 0) return 0;
  if (o.width == 4) recover<f32>(o, theta, out);
  else recover<f64>(o, theta, out);
  return 1;
}

function recover<T>(o: Objective, theta: usize, out: usize): void {
  const classes = classesOf(o);
  const n = <usize>o.rows;
  const reference = out + ((<usize>classes * n) << 3);
  if (classes < o.outputs) {
    const z = o.scratch;
    const intercept = load<f64>(theta + ((<usize>(o.weightCount + classes)) << 3));
    packWeights<T>(o.columns, 1, theta + ((<usize>(classes * o.columns)) << 3), 0, o.packed);
    for (let first = 0; first < o.rows; first += BLOCK) {
      const count = min(BLOCK, o.rows - first);
      panelScores<T>(count, o.columns, 1, panelOf<T>(o, first, count), o.packed, z);
      const to = reference + ((<usize>first) << 3);
      for (let i = 0; i < count; i++) store<f64>(to + ((<usize>i) << 3), intercept + <f64>load<T>(at<T>(z, 0, i)));
    }
    o.passes += 0.5 / <f64>o.outputs;
  }
  for (let c = 0; c < classes; c++) {
    const from = o.kept + <usize>c * n * sizeof<T>();
    const to = out + ((<usize>c * n) << 3);
    for (let i: usize = 0; i < n; i++) {
      const base = classes < o.outputs ? load<f64>(reference + (i << 3)) : 0;
      store<f64>(to + (i << 3), base + <f64>load<T>(from + i * sizeof<T>()));
    }
  }
}

/** Scores of `classes`, in all blocks or in those that weigh anything, 0 elsewhere. Returns how many rows were scored. */
function scores<T>(o: Objective, classes: i32, all: bool, theta: usize, out: usize): i32 {
  let rows = 0;
  const z = o.scratch;
  const weights = weightsOf<T>(o, theta, classes);
  for (let first = 0; first < o.rows; first += BLOCK) {
    const count = min(BLOCK, o.rows - first);
    const seen = all || weighs(o, first, count);
    if (seen) {
      forward<T>(o, classes, first, count, panelOf<T>(o, first, count), weights, theta, z);
      rows += count;
    }
    for (let c = 0; c < o.outputs; c++) {
      const to = out + ((<usize>c * <usize>o.rows + <usize>first) << 3);
      if (seen) widen<T>(count, at<T>(z, c, 0), to);
      else memory.fill(to, 0, (<usize>count) << 3);
    }
  }
  return rows;
}
