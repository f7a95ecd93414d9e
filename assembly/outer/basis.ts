// The explicit inverse of a p × p basis whose rows are constraint rows: column-contiguous, columns padded to an even
// number of doubles, so that every rank-1 update is p axpys of aligned pairs.
//
//   inverse[q] = column q = the direction in which basic row q moves by 1 and the other basic rows stay

/** Doubles from one column to the next. */
export function columnStride(p: i32): i32 {
  return (p + 1) & ~1;
}

/** inverse ← identity. */
export function resetInverse(inverse: usize, p: i32): void {
  const stride = columnStride(p);
  memory.fill(inverse, 0, (<usize>(p * stride)) << 3);
  for (let q = 0; q < p; q++) store<f64>(inverse + ((<usize>(q * stride + q)) << 3), 1);
}

/** out[q] = row · column q. `row` is padded with zeros to the column stride. */
export function rowTimesInverse(row: usize, inverse: usize, p: i32, out: usize): void {
  const stride = (<usize>columnStride(p)) << 3;
  for (let q = 0; q < p; q++) {
    store<f64>(out + ((<usize>q) << 3), dot(row, inverse + <usize>q * stride, stride));
  }
}

/** a · b over `bytes` bytes, a multiple of 16. */
export function dot(a: usize, b: usize, bytes: usize): f64 {
  if (ASC_FEATURE_SIMD) {
    let sum = f64x2.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) sum = f64x2.add(sum, f64x2.mul(v128.load(a + i), v128.load(b + i)));
    return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  }
  let even: f64 = 0;
  let odd: f64 = 0;
  for (let i: usize = 0; i < bytes; i += 16) {
    even += load<f64>(a + i) * load<f64>(b + i);
    odd += load<f64>(a + i, 8) * load<f64>(b + i, 8);
  }
  return even + odd;
}

/** y ← y + a·x over `bytes` bytes, a multiple of 16. */
export function axpy(a: f64, x: usize, y: usize, bytes: usize): void {
  if (ASC_FEATURE_SIMD) {
    const factor = f64x2.splat(a);
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(y + i, f64x2.add(v128.load(y + i), f64x2.mul(factor, v128.load(x + i))));
    }
  } else {
    for (let i: usize = 0; i < bytes; i += 8) store<f64>(y + i, load<f64>(y + i) + a * load<f64>(x + i));
  }
}

/** axpy that returns ‖y‖²: what the steepest edge needs of each row that a pivot changes, in the same pass. */
export function axpyNorm(a: f64, x: usize, y: usize, bytes: usize): f64 {
  if (ASC_FEATURE_SIMD) {
    const factor = f64x2.splat(a);
    let sums = f64x2.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const value = f64x2.add(v128.load(y + i), f64x2.mul(factor, v128.load(x + i)));
      v128.store(y + i, value);
      sums = f64x2.add(sums, f64x2.mul(value, value));
    }
    return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  }
  axpy(a, x, y, bytes);
  return dot(y, y, bytes);
}

/** x ← a·x over `bytes` bytes, a multiple of 8. */
export function scale(a: f64, x: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 8) store<f64>(x + i, load<f64>(x + i) * a);
}

/**
 * Another row takes slot q of the basis; w = that row times the inverse. Its column is divided by the pivot w[q], and
 * leaves the others by w[l] times.
 */
export function updateInverse(inverse: usize, p: i32, q: i32, w: usize): void {
  const stride = (<usize>columnStride(p)) << 3;
  const pivot = inverse + <usize>q * stride;
  scale(1 / load<f64>(w + ((<usize>q) << 3)), pivot, stride);
  for (let l = 0; l < p; l++) {
    const factor = load<f64>(w + ((<usize>l) << 3));
    if (l != q && factor != 0) {
      axpy(-factor, pivot, inverse + <usize>l * stride, stride);
    }
  }
}
