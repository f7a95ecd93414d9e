// Sums and sums of squares about a center.

/** Adds Σ (vᵢ − center) and Σ (vᵢ − center)² over `count` rows of k numbers to `sums` and `squares`. */
export function l1FitMoments(rows: usize, count: i32, k: i32, center: usize, sums: usize, squares: usize): void {
  const bytes = (<usize>k) << 3;
  const even = (<usize>(k & ~1)) << 3;
  const end = rows + <usize>count * bytes;
  for (let row = rows; row < end; row += bytes) {
    let j: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; j < even; j += 16) {
        const d = f64x2.sub(v128.load(row + j), v128.load(center + j));
        v128.store(sums + j, f64x2.add(v128.load(sums + j), d));
        v128.store(squares + j, f64x2.add(v128.load(squares + j), f64x2.mul(d, d)));
      }
    }
    for (; j < bytes; j += 8) {
      const d = load<f64>(row + j) - load<f64>(center + j);
      store<f64>(sums + j, load<f64>(sums + j) + d);
      store<f64>(squares + j, load<f64>(squares + j) + d * d);
    }
  }
}
