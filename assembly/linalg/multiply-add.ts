/**
 * x·y + sum in each lane. The relaxed build leaves the rounding of the product to the machine (fused where it has an
 * instruction for it); the others round it, with the same bits everywhere.
 */
export function multiplyAdd<T>(x: v128, y: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(x, y, sum);
  return v128.add<T>(sum, v128.mul<T>(x, y));
}

/** 1 in the relaxed build, otherwise 0. */
export function relaxedSimd(): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? 1 : 0;
}
