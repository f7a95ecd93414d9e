// The multiply-add peak of one core through SIMD128: independent chains in registers, no memory. Compiled on its own by
// bench/kernels.ts, without and with relaxed SIMD; the measures that the kernels' speed is divided by.

/** Multiplications in a step of `peak`, and additions. */
export function pairs(): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? 12 : 6;
}

/**
 * `steps` × `pairs` multiplications and as many additions of vectors of T. The factor and the term come from memory: V8
 * builds a literal or a splat again in every round, which costs a quarter of Node 20's peak. The result only keeps the
 * loops alive.
 */
function peak<T>(steps: i32, by: f64, plus: f64): f64 {
  const constants = memory.data(32, 16);
  v128.store(constants, v128.splat<T>(<T>by));
  v128.store(constants, v128.splat<T>(<T>plus), 16);
  const factor = v128.load(constants);
  const term = v128.load(constants, 16);
  return ASC_FEATURE_RELAXED_SIMD ? fused<T>(steps, factor, term) : apart<T>(steps, factor, term);
}

/**
 * Products and sums in chains of their own: with a sum behind each product twelve chains do 46 GF/s where these do 48.
 */
function apart<T>(steps: i32, factor: v128, term: v128): f64 {
  let m0 = v128.splat<T>(1);
  let m1 = v128.splat<T>(1);
  let m2 = v128.splat<T>(1);
  let m3 = v128.splat<T>(1);
  let m4 = v128.splat<T>(1);
  let m5 = v128.splat<T>(1);
  let s0 = v128.splat<T>(0);
  let s1 = v128.splat<T>(1);
  let s2 = v128.splat<T>(2);
  let s3 = v128.splat<T>(3);
  let s4 = v128.splat<T>(4);
  let s5 = v128.splat<T>(5);
  for (let i = 0; i < steps; i++) {
    m0 = v128.mul<T>(m0, factor);
    s0 = v128.add<T>(s0, term);
    m1 = v128.mul<T>(m1, factor);
    s1 = v128.add<T>(s1, term);
    m2 = v128.mul<T>(m2, factor);
    s2 = v128.add<T>(s2, term);
    m3 = v128.mul<T>(m3, factor);
    s3 = v128.add<T>(s3, term);
    m4 = v128.mul<T>(m4, factor);
    s4 = v128.add<T>(s4, term);
    m5 = v128.mul<T>(m5, factor);
    s5 = v128.add<T>(s5, term);
  }
  const products = v128.add<T>(v128.add<T>(v128.add<T>(m0, m1), v128.add<T>(m2, m3)), v128.add<T>(m4, m5));
  const sums = v128.add<T>(v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3)), v128.add<T>(s4, s5));
  return <f64>v128.extract_lane<T>(v128.add<T>(products, sums), 0);
}

function fused<T>(steps: i32, factor: v128, term: v128): f64 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 0;
  let s0 = v128.splat<T>(1);
  let s1 = v128.splat<T>(2);
  let s2 = v128.splat<T>(3);
  let s3 = v128.splat<T>(4);
  let s4 = v128.splat<T>(5);
  let s5 = v128.splat<T>(6);
  let s6 = v128.splat<T>(7);
  let s7 = v128.splat<T>(8);
  let s8 = v128.splat<T>(9);
  let s9 = v128.splat<T>(10);
  let s10 = v128.splat<T>(11);
  let s11 = v128.splat<T>(12);
  for (let i = 0; i < steps; i++) {
    s0 = v128.relaxed_madd<T>(s0, factor, term);
    s1 = v128.relaxed_madd<T>(s1, factor, term);
    s2 = v128.relaxed_madd<T>(s2, factor, term);
    s3 = v128.relaxed_madd<T>(s3, factor, term);
    s4 = v128.relaxed_madd<T>(s4, factor, term);
    s5 = v128.relaxed_madd<T>(s5, factor, term);
    s6 = v128.relaxed_madd<T>(s6, factor, term);
    s7 = v128.relaxed_madd<T>(s7, factor, term);
    s8 = v128.relaxed_madd<T>(s8, factor, term);
    s9 = v128.relaxed_madd<T>(s9, factor, term);
    s10 = v128.relaxed_madd<T>(s10, factor, term);
    s11 = v128.relaxed_madd<T>(s11, factor, term);
  }
  const low = v128.add<T>(v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3)), v128.add<T>(s4, s5));
  const high = v128.add<T>(v128.add<T>(v128.add<T>(s6, s7), v128.add<T>(s8, s9)), v128.add<T>(s10, s11));
  return <f64>v128.extract_lane<T>(v128.add<T>(low, high), 0);
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
