// A block of scores z, [output][row] with rows BLOCK apart, and what a row of it weighs. With SIMD the link runs over
// rows in pairs of f64 lanes, whatever T the scores are held in; a last row without a partner computes in the pad.

import { BLOCK, Objective } from "../objective";

export function at<T>(z: usize, output: i32, row: i32): usize {
  return z + <usize>(output * BLOCK + row) * sizeof<T>();
}

export function loadPair<T>(pointer: usize): v128 {
  if (sizeof<T>() == 8) return v128.load(pointer);
  return f64x2.promote_low_f32x4(v128.load64_zero(pointer));
}

/**
 * Slopes dℓ/dz. Those too small to matter become 0: a well-separated row has probabilities of 1e-40, whose products with
 * X are subnormal and a hundred times slower than others on Intel.
 */
export function storeSlopes<T>(pointer: usize, pair: v128): void {
  const least = f64x2.splat(sizeof<T>() == 8 ? 1e-290 : 1e-30);
  const kept = v128.and(pair, f64x2.ge(f64x2.abs(pair), least));
  if (sizeof<T>() == 8) v128.store(pointer, kept);
  else v128.store64_lane(pointer, f32x4.demote_f64x2_zero(kept), 0);
}

export function groupOf(o: Objective, row: usize): i32 {
  return o.rowGroups == 0 ? 0 : load<i32>(o.rowGroups + (row << 2));
}

/** λ of the row's group times the row's share of it: what its loss weighs in the objective. */
export function ownWeight(o: Objective, row: usize): f64 {
  return load<f64>(o.rowWeights + (row << 3)) * load<f64>(o.groupWeights + ((<usize>groupOf(o, row)) << 3));
}

/** λ of the uniform cross-entropy times the row's share; 0 without that feature. */
export function uniformWeight(o: Objective, row: usize): f64 {
  if (o.uniformWeights == 0) return 0;
  return load<f64>(o.uniformWeights + (row << 3)) * load<f64>(o.groupWeights + ((<usize>o.groups) << 3));
}

/** Whether any of some rows weighs anything under λ: where none does, X need not be read, nor made. */
export function weighs(o: Objective, first: i32, count: i32): bool {
  for (let row = first; row < first + count; row++) {
    if (ownWeight(o, row) != 0 || uniformWeight(o, row) != 0) return true;
  }
  return false;
}

/** Adds a row's loss to φ of its group, and its uniform cross-entropy to that φ. */
export function addLosses(o: Objective, row: usize, loss: f64, uniformLoss: f64): void {
  add(o.groupLosses + ((<usize>groupOf(o, row)) << 3), load<f64>(o.rowWeights + (row << 3)) * loss);
  if (o.uniformWeights == 0) return;
  add(o.groupLosses + ((<usize>o.groups) << 3), load<f64>(o.uniformWeights + (row << 3)) * uniformLoss);
}

export function add(pointer: usize, value: f64): void {
  store<f64>(pointer, load<f64>(pointer) + value);
}
