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

/** a · b over `bytes` bytes, a multiple of 16; four sums at a time: one alone waits for itself. */
export function dot(a: usize, b: usize, bytes: usize): f64 {
  if (ASC_FEATURE_SIMD) {
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let i: usize = 0;
    for (; i + 64 <= bytes; i += 64) {
      s0 = f64x2.add(s0, f64x2.mul(v128.load(a + i), v128.load(b + i)));
      s1 = f64x2.add(s1, f64x2.mul(v128.load(a + i, 16), v128.load(b + i, 16)));
      s2 = f64x2.add(s2, f64x2.mul(v128.load(a + i, 32), v128.load(b + i, 32)));
      s3 = f64x2.add(s3, f64x2.mul(v128.load(a + i, 48), v128.load(b + i, 48)));
    }
    for (; i < bytes; i += 16) s0 = f64x2.add(s0, f64x2.mul(v128.load(a + i), v128.load(b + i)));
    const sum = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
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
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let i: usize = 0;
    for (; i + 64 <= bytes; i += 64) {
      const y0 = f64x2.add(v128.load(y + i), f64x2.mul(factor, v128.load(x + i)));
      const y1 = f64x2.add(v128.load(y + i, 16), f64x2.mul(factor, v128.load(x + i, 16)));
      const y2 = f64x2.add(v128.load(y + i, 32), f64x2.mul(factor, v128.load(x + i, 32)));
      const y3 = f64x2.add(v128.load(y + i, 48), f64x2.mul(factor, v128.load(x + i, 48)));
      v128.store(y + i, y0);
      v128.store(y + i, y1, 16);
      v128.store(y + i, y2, 32);
      v128.store(y + i, y3, 48);
      s0 = f64x2.add(s0, f64x2.mul(y0, y0));
      s1 = f64x2.add(s1, f64x2.mul(y1, y1));
      s2 = f64x2.add(s2, f64x2.mul(y2, y2));
      s3 = f64x2.add(s3, f64x2.mul(y3, y3));
    }
    for (; i < bytes; i += 16) {
      const value = f64x2.add(v128.load(y + i), f64x2.mul(factor, v128.load(x + i)));
      v128.store(y + i, value);
      s0 = f64x2.add(s0, f64x2.mul(value, value));
    }
    const sum = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
    return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
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
