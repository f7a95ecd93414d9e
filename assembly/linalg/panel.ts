// Products of a panel (PANEL rows of X or fewer, row-major, any alignment) with W and with the slopes of the loss, in
// register tiles of explicit v128. Lanes run over columns of X, so the number of classes needs no padding.
//
//   tile                     sums  live vectors   GF/s forward and backward: Node 20      Node 24 relaxed (f32, in cache)
//   2 of X × 5 classes        10        13                                   41   40       65   64
//   2 of X × 4 classes         8        14                                   44   48       62   60
//   2 of X × 3 classes         6        11                                   47   44       49   54
//   4 of X × 2 classes         8        14                                   44   44       57   57
//   4 of X × 1 class           4         9                                   36   34       35   38
//
// ("of X": rows forward, vectors of columns backward; a Xeon core that does 48, relaxed 66.) TurboFan on Node 20 issues all
// loads of a loop's body first, so that five classes need 17 registers and spill, unless exits that are never taken part the
// body (forward: panel-scores.ts). Engines with relaxed SIMD keep the order written, and a fused product, twice as fast and
// four cycles late, needs more sums under way. A core of six to eight instructions a cycle leaves few to the loop itself:
//
//   Every access is a constant offset from a pointer that moves on; with an index added to each forward tiles did 35.
//   V8 unrolls inner loops, the more the deeper they are nested in their function. So every tile is called in one place,
//   where the compiler inlines it: as functions of their own they cost Node 20 5 % of the gradient.

/** Rows that go through forward, link and backward together: their scores stay in the first-level cache. */
export const PANEL: i32 = 32;

/** Classes of the next tile forward, of `left` classes: 5, 4, 3, 2, or 1 where there is one only. */
export function scoresTile(left: i32): i32 {
  return left == 6 || left == 8 ? 4 : min(left, 5);
}

/** Classes of the next tile backward, by the classes left, up to nine. A table: comparisons cost 1 % of the gradient. */
const BACKWARD = memory.data<u8>([0, 1, 2, 3, 4, 3, 3, 4, 4, 3]);

/**
 * The same backward. Without relaxed SIMD nine classes go as 3, 3, 3: beside the touches of the next panel
 * (panel-gradient.ts) 5000 × 784 × 10 took Node 20 on Zen 5 4.01 ms with tiles of 4, 3 and 2 classes, 3.49 ms so; 5 and 4
 * classes, in parted bodies as forward, took 1.05 of the time.
 */
export function gradientTile(left: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) return scoresTile(left);
  return left > 9 ? 4 : <i32>load<u8>(BACKWARD + left);
}
