// Dense vectors, f32 or f64, explicit v128 (scalar Wasm reaches 2 GF/s, SIMD128 25 to 50). BLAS names and order.
// No alignment is needed of any pointer; lengths are in elements.

import { multiplyAdd } from "./multiply-add";

/** xᵀy. Four accumulators hide the latency of an addition; their sum has a fixed order, so the bits never change. */
export function dot<T>(n: i32, x: usize, y: usize): T {
  let sum: T = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const lanes: i32 = 16 / sizeof<T>();
    let s0 = v128.splat<T>(0);
    let s1 = v128.splat<T>(0);
    let s2 = v128.splat<T>(0);
    let s3 = v128.splat<T>(0);
    for (const blocked = n - (n % (4 * lanes)); i < blocked; i += 4 * lanes) {
      const p = x + <usize>i * sizeof<T>();
      const q = y + <usize>i * sizeof<T>();
      s0 = multiplyAdd<T>(v128.load(p), v128.load(q), s0);
      s1 = multiplyAdd<T>(v128.load(p, 16), v128.load(q, 16), s1);
      s2 = multiplyAdd<T>(v128.load(p, 32), v128.load(q, 32), s2);
      s3 = multiplyAdd<T>(v128.load(p, 48), v128.load(q, 48), s3);
    }
    sum = sumOfLanes<T>(v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3)));
  }
  for (; i < n; i++) {
    const at = <usize>i * sizeof<T>();
    sum = <T>(sum + load<T>(x + at) * load<T>(y + at));
  }
  return sum;
}

/** y ← y + a·x. */
export function axpy<T>(n: i32, a: T, x: usize, y: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const lanes: i32 = 16 / sizeof<T>();
    const av = v128.splat<T>(a);
    for (const blocked = n - (n % lanes); i < blocked; i += lanes) {
      const at = <usize>i * sizeof<T>();
      v128.store(y + at, multiplyAdd<T>(av, v128.load(x + at), v128.load(y + at)));
    }
  }
  for (; i < n; i++) {
    const at = <usize>i * sizeof<T>();
    store<T>(y + at, <T>(load<T>(y + at) + a * load<T>(x + at)));
  }
}

/** out ← x − y; returns out·g. */
export function difference(n: i32, x: usize, y: usize, g: usize, out: usize): f64 {
  let sum: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let sums = f64x2.splat(0);
    for (; i + 2 <= n; i += 2) {
      const at = (<usize>i) << 3;
      const move = f64x2.sub(v128.load(x + at), v128.load(y + at));
      v128.store(out + at, move);
      sums = multiplyAdd<f64>(move, v128.load(g + at), sums);
    }
    sum = sumOfPair(sums);
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 3;
    const move = load<f64>(x + at) - load<f64>(y + at);
    store<f64>(out + at, move);
    sum += move * load<f64>(g + at);
  }
  return sum;
}

/** x ← a·x. */
export function scal<T>(n: i32, a: T, x: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const lanes: i32 = 16 / sizeof<T>();
    const av = v128.splat<T>(a);
    for (const blocked = n - (n % lanes); i < blocked; i += lanes) {
      const at = x + <usize>i * sizeof<T>();
      v128.store(at, v128.mul<T>(av, v128.load(at)));
    }
  }
  for (; i < n; i++) {
    const at = x + <usize>i * sizeof<T>();
    store<T>(at, <T>(a * load<T>(at)));
  }
}

function sumOfLanes<T>(v: v128): T {
  if (sizeof<T>() == 4) {
    return <T>(
      (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3)))
    );
  }
  return <T>(f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1));
}

/** A length that fills vectors of two doubles. */
export function evenUp(length: i32): i32 {
  return (length + 1) & ~1;
}

export function sumOfPair(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** `axpy` for callers outside. */
export function axpyF64(n: i32, a: f64, x: usize, y: usize): void {
  axpy<f64>(n, a, x, y);
}

/** `dot` for callers outside. */
export function dotF64(n: i32, x: usize, y: usize): f64 {
  return dot<f64>(n, x, y);
}
