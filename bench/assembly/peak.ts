// The multiply-add peak of one core through SIMD128: twelve independent chains in registers, no memory. Compiled on its
// own by bench/kernels.ts, without and with relaxed SIMD; the measures that the kernels' speed is divided by.

function multiplyAdd<T>(x: v128, y: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(x, y, sum);
  return v128.add<T>(sum, v128.mul<T>(x, y));
}

/**
 * `steps` × 12 multiply-adds of vectors of T. The factor and the term come from memory: V8 builds a literal or a splat
 * again in every round, which costs a quarter of Node 20's peak. The result only keeps the loop alive.
 */
function peak<T>(steps: i32, by: f64, plus: f64): f64 {
  const constants = memory.data(32, 16);
  v128.store(constants, v128.splat<T>(<T>by));
  v128.store(constants, v128.splat<T>(<T>plus), 16);
  const factor = v128.load(constants);
  const term = v128.load(constants, 16);
  let a = v128.splat<T>(1);
  let b = v128.splat<T>(2);
  let c = v128.splat<T>(3);
  let d = v128.splat<T>(4);
  let e = v128.splat<T>(5);
  let f = v128.splat<T>(6);
  let g = v128.splat<T>(7);
  let h = v128.splat<T>(8);
  let p = v128.splat<T>(8);
  let q = v128.splat<T>(9);
  let r = v128.splat<T>(10);
  let s = v128.splat<T>(11);
  for (let i = 0; i < steps; i++) {
    a = multiplyAdd<T>(a, factor, term);
    b = multiplyAdd<T>(b, factor, term);
    c = multiplyAdd<T>(c, factor, term);
    d = multiplyAdd<T>(d, factor, term);
    e = multiplyAdd<T>(e, factor, term);
    f = multiplyAdd<T>(f, factor, term);
    g = multiplyAdd<T>(g, factor, term);
    h = multiplyAdd<T>(h, factor, term);
    p = multiplyAdd<T>(p, factor, term);
    q = multiplyAdd<T>(q, factor, term);
    r = multiplyAdd<T>(r, factor, term);
    s = multiplyAdd<T>(s, factor, term);
  }
  const sum = v128.add<T>(
    v128.add<T>(v128.add<T>(v128.add<T>(a, b), v128.add<T>(c, d)), v128.add<T>(v128.add<T>(e, f), v128.add<T>(g, h))),
    v128.add<T>(v128.add<T>(p, q), v128.add<T>(r, s)),
  );
  return <f64>v128.extract_lane<T>(sum, 0);
}

export function peakF32(steps: i32, by: f64, plus: f64): f64 {
  return peak<f32>(steps, by, plus);
}

export function peakF64(steps: i32, by: f64, plus: f64): f64 {
  return peak<f64>(steps, by, plus);
}

/** Sum of `bytes` bytes of f32, a multiple of 64: how fast memory is read. */
export function read(pointer: usize, bytes: usize): f64 {
  let a = v128.splat<f32>(0);
  let b = v128.splat<f32>(1);
  let c = v128.splat<f32>(2);
  let d = v128.splat<f32>(3);
  for (const end = pointer + bytes; pointer < end; pointer += 64) {
    a = f32x4.add(a, v128.load(pointer));
    b = f32x4.add(b, v128.load(pointer, 16));
    c = f32x4.add(c, v128.load(pointer, 32));
    d = f32x4.add(d, v128.load(pointer, 48));
  }
  return <f64>f32x4.extract_lane(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), 0);
}
