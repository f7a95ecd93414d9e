// Products of a panel (a few rows of X, row-major, any alignment) with W and with the slopes of the loss, in register
// tiles of explicit v128. Lanes run over columns of X, so the number of classes needs no padding.
//
//   panelScores     4 rows × 2 classes: 8 sums, 4 loads of X, 2 of W                = 14 live vectors
//                   2 rows × 5 classes: 10 sums, 2 loads of X, 1 of W               = 13
//   panelGradient   4 vectors of columns × 2 classes: 8 sums, 4 loads, 2 splats     = 14
//                   2 vectors of columns × 5 classes: 10 sums, 2 loads, 1 splat     = 13
//
// TurboFan (Node 20) issues all loads of a loop's body first, so that five classes need 17 and spill (44 → 37 GF/s of 45).
// Engines with relaxed SIMD keep the order written, and a fused product needs more sums under way than two in a row:
// forward 55 → 62, backward 52 → 58 GF/s of 65.

/** Classes that go five at a time, so that the others go in pairs. */
export function inFives(outputs: i32): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD || outputs < 5) return 0;
  const fives = outputs / 5;
  return 5 * (fives - ((outputs - fives) & 1));
}
