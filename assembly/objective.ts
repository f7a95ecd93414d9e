// ℓ_λ(θ) = Σ_g λ_g·(mean loss over the rows of group g) + λ_u·(uniform cross-entropy) + penalty(W): one record that
// every kernel and solver reads. A row group is whatever shares a λ: all rows (plain log loss), a class (class
// weights), a domain (group weights). TypeScript owns the memory; nothing here allocates.
//
//   θ (f64)    | W: outputs × columns, row by row | intercepts: outputs |       penalties see W only

import { gradientOfDense } from "./losses/dense";
import { gradientOfSparse } from "./losses/sparse";

export const SOFTMAX: i32 = 0;
export const LOGISTIC: i32 = 1;
export const SQUARED: i32 = 2;

/** Layout shared with src/models/objective.ts through the `objective*` exports only. */
@unmanaged
export class Objective {
  model: i32; // SOFTMAX, LOGISTIC or SQUARED
  width: i32; // bytes of a value of X: 4 (f32) or 8 (f64); the arithmetic has the same width
  rows: i32;
  columns: i32;
  outputs: i32; // classes for SOFTMAX, otherwise 1
  groups: i32;
  values: usize; // X, row by row; only the nonzeros when `columnIndices` is set
  columnIndices: usize; // i32 per nonzero, ascending within a row (CSR), or 0 for dense
  rowStarts: usize; // i32[rows + 1] (CSR)
  targets: usize; // f64 per row: class index, 0 or 1, or a real number
  rowWeights: usize; // f64 per row: sample weight over the total of its group, so that a group's loss is a mean
  rowGroups: usize; // i32 per row, or 0 when there is one group
  groupWeights: usize; // λ of the data features: f64[groups + 1], uniform cross-entropy last
  groupLosses: usize; // their values at the last θ evaluated: f64[groups + 1]
  scratch: usize; // scratchBytes(…) bytes
  // penalty(W) = l1·‖W‖₁ + l2·½‖W‖² + Σ_b knotWeights[b]·Σ max(0, |w| − knots[b])
  l1: f64;
  l2: f64;
  knots: usize; // f64[knotCount], ascending
  knotWeights: usize;
  knotCount: i32;
  passes: f64; // forward + backward over all rows counts 1, forward alone ½
}

export function objectiveBytes(): usize {
  return offsetof<Objective>();
}
