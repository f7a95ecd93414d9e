// Elementary functions: compiled in, because those of the host differ by 1 ulp between engines.

import { multiplyAdd } from "./multiply-add";

export function exp(x: f64): f64 {
  return NativeMath.exp(x);
}

export function log(x: f64): f64 {
  return NativeMath.log(x);
}

// Constants lie in memory: a load that splats is one instruction, while V8 builds a vector literal from two immediates
// again in every round of a loop (four instructions; vexp took twice the time).

/** 1/ln 2, and ln 2 in two parts: k·LN2[1] is exact for |k| < 2²⁰. */
const LN2 = memory.data<f64>([1.4426950408889634, 6.9314718036912381649e-1, 1.90821492927058770002e-10]);
/** Adding 1.5·2⁵² rounds to a whole number and leaves it in the low bits; with it 1023, the bias of exponents. */
const WHOLE = memory.data<f64>([6755399441055744, 6755399441056767]);
const LIMITS = memory.data<f64>([-746, 710]);
/** 1/13!, 1/12!, …, 1/2!. */
const EXP = memory.data<f64>([
  1.0 / 6227020800.0,
  1.0 / 479001600.0,
  1.0 / 39916800.0,
  1.0 / 3628800.0,
  1.0 / 362880.0,
  1.0 / 40320.0,
  1.0 / 5040.0,
  1.0 / 720.0,
  1.0 / 120.0,
  1.0 / 24.0,
  1.0 / 6.0,
  0.5,
]);
const ONE = memory.data<f64>([1]);
const HALF = memory.data<f64>([0.5]);
/** 2/21, 2/19, …, 2/3. */
const LOG = memory.data<f64>([
  2.0 / 21.0,
  2.0 / 19.0,
  2.0 / 17.0,
  2.0 / 15.0,
  2.0 / 13.0,
  2.0 / 11.0,
  2.0 / 9.0,
  2.0 / 7.0,
  2.0 / 5.0,
  2.0 / 3.0,
]);

function constant(pointer: usize): v128 {
  return v128.load64_splat(pointer);
}

/** y ← eˣ for n doubles (y may be x). An element's bits do not depend on n. */
export function vexp(n: i32, x: usize, y: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 2 <= n; i += 2) {
      const at = (<usize>i) << 3;
      v128.store(y + at, expPair(v128.load(x + at)));
    }
    if (i < n) {
      const at = (<usize>i) << 3;
      store<f64>(y + at, f64x2.extract_lane(expPair(v128.load64_splat(x + at)), 0));
      i++;
    }
  }
  for (; i < n; i++) store<f64>(y + ((<usize>i) << 3), NativeMath.exp(load<f64>(x + ((<usize>i) << 3))));
}

/** y ← ln x for n positive normal doubles (y may be x). NaN and ∞ give NaN. */
export function vlog(n: i32, x: usize, y: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 2 <= n; i += 2) {
      const at = (<usize>i) << 3;
      v128.store(y + at, logPair(v128.load(x + at)));
    }
    if (i < n) {
      const at = (<usize>i) << 3;
      store<f64>(y + at, f64x2.extract_lane(logPair(v128.load64_splat(x + at)), 0));
      i++;
    }
  }
  for (; i < n; i++) store<f64>(y + ((<usize>i) << 3), NativeMath.log(load<f64>(x + ((<usize>i) << 3))));
}

/**
 * eˣ of both lanes, within 1 ulp for normal results (test/linalg/elementwise.test.ts).
 *
 * x = k·ln 2 + r with |r| ≤ ½ ln 2; eʳ by its Taylor series to r¹³, whose remainder is 0.02 ulp; 2ᵏ in two factors, so
 * that results may be subnormal.
 */
export function expPair(given: v128): v128 {
  // Outside [−746, 710] the result is 0 or ∞ all the same, and k stays in range. NaN passes through.
  const x = f64x2.pmin(f64x2.pmax(given, constant(LIMITS)), constant(LIMITS + 8));
  const k = f64x2.sub(multiplyAdd<f64>(x, constant(LN2), constant(WHOLE)), constant(WHOLE));
  const high = f64x2.sub(x, f64x2.mul(k, constant(LN2 + 8)));
  const r = f64x2.sub(high, f64x2.mul(k, constant(LN2 + 16)));
  let q = constant(EXP);
  q = multiplyAdd<f64>(q, r, constant(EXP + 8));
  q = multiplyAdd<f64>(q, r, constant(EXP + 16));
  q = multiplyAdd<f64>(q, r, constant(EXP + 24));
  q = multiplyAdd<f64>(q, r, constant(EXP + 32));
  q = multiplyAdd<f64>(q, r, constant(EXP + 40));
  q = multiplyAdd<f64>(q, r, constant(EXP + 48));
  q = multiplyAdd<f64>(q, r, constant(EXP + 56));
  q = multiplyAdd<f64>(q, r, constant(EXP + 64));
  q = multiplyAdd<f64>(q, r, constant(EXP + 72));
  q = multiplyAdd<f64>(q, r, constant(EXP + 80));
  q = multiplyAdd<f64>(q, r, constant(EXP + 88));
  const e = f64x2.add(constant(ONE), multiplyAdd<f64>(f64x2.mul(r, r), q, r));
  const half = f64x2.nearest(f64x2.mul(k, constant(HALF)));
  return f64x2.mul(f64x2.mul(e, powerOfTwo(half)), powerOfTwo(f64x2.sub(k, half)));
}

/** 2ᵏ for whole |k| ≤ 1022: k + 1023 in the low bits of a double moves up to its exponent. */
function powerOfTwo(k: v128): v128 {
  return i64x2.shl(f64x2.add(k, constant(WHOLE + 8)), 52);
}

/** 1/ln 2; ln 2 in two parts (k·SINGLE[1] is exact); 1.5·2²³ + 127, what WHOLE is to doubles; where eˣ is normal still. */
const SINGLE = memory.data<f32>([1.44269504, 0.693359375, -2.1219444e-4, 12583039, -87]);
/** q of least relative error of 1 + r + r²·q(r) against eʳ for |r| ≤ ½ ln 2, which is 3.1e-9, highest power first. */
const EXP_SINGLE = memory.data<f32>([1.381432e-3, 8.3688511e-3, 4.1668401e-2, 1.666652e-1, 4.9999993e-1, 1]);

function single(pointer: usize): v128 {
  return v128.load32_splat(pointer);
}

/**
 * eˣ of four f32 lanes, x ≤ 0 (below −87: e⁻⁸⁷), within 1 ulp (test/losses/softmax.test.ts), made as `expPair` is; e⁰ is
 * 1. NaN passes through.
 */
export function expQuad(given: v128): v128 {
  const x = f32x4.pmax(given, single(SINGLE + 16));
  const whole = multiplyAdd<f32>(x, single(SINGLE), single(SINGLE + 12));
  const k = f32x4.sub(whole, single(SINGLE + 12));
  const high = f32x4.sub(x, f32x4.mul(k, single(SINGLE + 4)));
  const r = f32x4.sub(high, f32x4.mul(k, single(SINGLE + 8)));
  let q = single(EXP_SINGLE);
  q = multiplyAdd<f32>(q, r, single(EXP_SINGLE + 4));
  q = multiplyAdd<f32>(q, r, single(EXP_SINGLE + 8));
  q = multiplyAdd<f32>(q, r, single(EXP_SINGLE + 12));
  q = multiplyAdd<f32>(q, r, single(EXP_SINGLE + 16));
  const e = f32x4.add(single(EXP_SINGLE + 20), multiplyAdd<f32>(f32x4.mul(r, r), q, r));
  return f32x4.mul(e, i32x4.shl(whole, 23));
}

/**
 * ln x of both lanes, positive and normal, within 1 ulp (test/linalg/elementwise.test.ts). NaN and ∞ give NaN.
 *
 * x = 2ᵏ·m with √½ ≤ m < √2. With f = m − 1 and s = f/(m + 1), |s| ≤ 0.172: ln m = 2 atanh s = f − ½f² + s·(½f² + R),
 * R = ⅔s² + ⅖s⁴ + …, whose remainder after s²⁰ is 0.01 ulp. The large terms f and k·ln 2 are added last.
 */
export function logPair(x: v128): v128 {
  const above = i64x2.sub(x, i64x2.splat(0x3fe6a09e667f3bcd)); // over the bits of √½: k above, those of m below
  const k = f64x2.convert_low_i32x4_s(i32x4.shr_s(v128.shuffle<i32>(above, above, 1, 3, 1, 3), 20));
  const m = i64x2.sub(x, v128.and(above, i64x2.splat(0xfff0000000000000)));
  const f = f64x2.sub(m, constant(ONE));
  const s = f64x2.div(f, f64x2.add(m, constant(ONE)));
  const z = f64x2.mul(s, s);
  let q = constant(LOG);
  q = multiplyAdd<f64>(q, z, constant(LOG + 8));
  q = multiplyAdd<f64>(q, z, constant(LOG + 16));
  q = multiplyAdd<f64>(q, z, constant(LOG + 24));
  q = multiplyAdd<f64>(q, z, constant(LOG + 32));
  q = multiplyAdd<f64>(q, z, constant(LOG + 40));
  q = multiplyAdd<f64>(q, z, constant(LOG + 48));
  q = multiplyAdd<f64>(q, z, constant(LOG + 56));
  q = multiplyAdd<f64>(q, z, constant(LOG + 64));
  q = multiplyAdd<f64>(q, z, constant(LOG + 72));
  const half = f64x2.mul(f64x2.mul(f, f), constant(HALF));
  const low = f64x2.sub(half, multiplyAdd<f64>(s, multiplyAdd<f64>(q, z, half), f64x2.mul(k, constant(LN2 + 16))));
  const sum = f64x2.sub(f64x2.mul(k, constant(LN2 + 8)), f64x2.sub(low, f));
  return f64x2.add(sum, f64x2.sub(x, x));
}

/**
 * Makes n values of X fit for the kernels, in place: subnormal numbers become 0 (a product with one costs an Intel core
 * 150 cycles; 5000 × 784 × 10 took 1.4 s instead of 5 ms). Returns the index of the first |x| > limit, or −1.
 */
export function conditionValues(n: i32, width: i32, x: usize, limit: f64): i32 {
  return width == 4 ? condition<f32>(n, x, <f32>limit) : condition<f64>(n, x, limit);
}

function condition<T>(n: i32, x: usize, limit: T): i32 {
  const normal: T = sizeof<T>() == 4 ? <T>f32.MIN_NORMAL_VALUE : <T>f64.MIN_NORMAL_VALUE;
  for (let i = 0; i < n; i++) {
    const at = x + <usize>i * sizeof<T>();
    const size = abs<T>(load<T>(at));
    if (size < normal) store<T>(at, 0);
    else if (size > limit) return i;
  }
  return -1;
}
