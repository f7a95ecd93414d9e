// A block of scores z, [output][row] with rows BLOCK apart, and what a row of it weighs. With SIMD the link runs over
// rows in pairs of f64 lanes, whatever T the scores are held in; a last row without a partner computes in the pad.

import { BLOCK, Objective } from "../objective";

export function at<T>(z: usize, output: i32, row: i32): usize {
  return z + <usize>(output * BLOCK + row) * sizeof<T>();
}

/** block [output][BLOCK] ← rows first … first + count − 1 of v [output][row]. */
export function takeBlock(o: Objective, v: usize, first: i32, count: i32, block: usize): void {
  for (let c = 0; c < o.outputs; c++) {
    const from = v + ((<usize>c * <usize>o.rows + <usize>first) << 3);
    memory.copy(block + ((<usize>(c * BLOCK)) << 3), from, (<usize>count) << 3);
  }
}

export function loadPair<T>(pointer: usize): v128 {
  if (sizeof<T>() == 8) return v128.load(pointer);
  return f64x2.promote_low_f32x4(v128.load64_zero(pointer));
}

/** to ← `count` values of T, in f64. */
export function widen<T>(count: i32, from: usize, to: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 2 <= count; i += 2) v128.store(to + ((<usize>i) << 3), loadPair<T>(from + <usize>i * sizeof<T>()));
  }
  for (; i < count; i++) store<f64>(to + ((<usize>i) << 3), <f64>load<T>(from + <usize>i * sizeof<T>()));
}

/** to ← `count` values in f64, less those at `base` unless that is 0, in T. */
export function narrow<T>(count: i32, from: usize, base: usize, to: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 2 <= count; i += 2) {
      const place = (<usize>i) << 3;
      let pair = v128.load(from + place);
      if (base != 0) pair = f64x2.sub(pair, v128.load(base + place));
      if (sizeof<T>() == 8) v128.store(to + place, pair);
      else v128.store64_lane(to + (place >> 1), f32x4.demote_f64x2_zero(pair), 0);
    }
  }
  for (; i < count; i++) {
    const place = (<usize>i) << 3;
    store<T>(to + <usize>i * sizeof<T>(), <T>(load<f64>(from + place) - (base != 0 ? load<f64>(base + place) : 0)));
  }
}

/** Stores slopes dℓ/dz, a vector of T. */
export function storeSlopes<T>(pointer: usize, slopes: v128): void {
  v128.store(pointer, kept<T>(slopes));
}

/** Stores the slopes of two rows. */
export function storeSlopePair<T>(pointer: usize, slopes: v128): void {
  if (sizeof<T>() == 8) v128.store(pointer, kept<T>(slopes));
  else v128.store64_lane(pointer, kept<T>(f32x4.demote_f64x2_zero(slopes)), 0);
}

/**
 * Slopes too small to matter become 0: a well-separated row has probabilities of 1e-40, whose products with X are
 * subnormal and a hundred times slower than others on Intel.
 */
function kept<T>(slopes: v128): v128 {
  const least = v128.splat<T>(<T>(sizeof<T>() == 8 ? 1e-290 : 1e-30));
  return v128.and(slopes, v128.ge<T>(v128.abs<T>(slopes), least));
}

export function groupOf(o: Objective, row: usize): i32 {
  return o.rowGroups == 0 ? 0 : load<i32>(o.rowGroups + (row << 2));
}

/** A row's sample weight over the total of its group. */
export function shareOf(o: Objective, row: usize): f64 {
  return load<f64>(o.rowWeights + ((o.even ? <usize>groupOf(o, row) : row) << 3));
}

/** λ of the row's group times the row's share of it: what its loss weighs in the objective. */
export function ownWeight(o: Objective, row: usize): f64 {
  return shareOf(o, row) * load<f64>(o.groupWeights + ((<usize>groupOf(o, row)) << 3));
}

/** λ of the uniform cross-entropy times the row's share; 0 without that feature. */
export function uniformWeight(o: Objective, row: usize): f64 {
  if (o.uniformWeights == 0) return 0;
  return load<f64>(o.uniformWeights + (row << 3)) * load<f64>(o.groupWeights + ((<usize>o.groups) << 3));
}

/** Whether all rows weigh the same, and have no uniform cross-entropy. */
export function areAlike(o: Objective): bool {
  return o.even && o.rowGroups == 0 && o.uniformWeights == 0;
}

export function ownPair(o: Objective, row0: usize, row1: usize): v128 {
  return f64x2.replace_lane(f64x2.splat(ownWeight(o, row0)), 1, ownWeight(o, row1));
}

export function uniformPair(o: Objective, row0: usize, row1: usize): v128 {
  return f64x2.replace_lane(f64x2.splat(uniformWeight(o, row0)), 1, uniformWeight(o, row1));
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
  add(o.groupLosses + ((<usize>groupOf(o, row)) << 3), shareOf(o, row) * loss);
  if (o.uniformWeights == 0) return;
  add(o.groupLosses + ((<usize>o.groups) << 3), load<f64>(o.uniformWeights + (row << 3)) * uniformLoss);
}

export function add(pointer: usize, value: f64): void {
  store<f64>(pointer, load<f64>(pointer) + value);
}
