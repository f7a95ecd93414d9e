// Elementary functions: compiled in, because those of the host differ by 1 ulp between engines.

export function exp(x: f64): f64 {
  return NativeMath.exp(x);
}

export function log(x: f64): f64 {
  return NativeMath.log(x);
}

/**
 * y ← eˣ for n doubles (y may be x), within 1 ulp for normal results (test/linalg/elementwise.test.ts).
 *
 * x = k·ln 2 + r with |r| ≤ ½ ln 2, k·ln2High exact because ln2High has 33 bits; eʳ by its Taylor series to r¹³, whose
 * remainder is 0.02 ulp; 2ᵏ in two factors, so that results may be subnormal. An element's bits do not depend on n.
 */
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

function expPair(given: v128): v128 {
  // Outside [−746, 710] the result is 0 or ∞ all the same, and k stays in range. NaN passes through.
  const x = f64x2.min(f64x2.max(given, f64x2.splat(-746)), f64x2.splat(710));
  const k = f64x2.nearest(f64x2.mul(x, f64x2.splat(1.4426950408889634)));
  const high = f64x2.sub(x, f64x2.mul(k, f64x2.splat(6.9314718036912381649e-1)));
  const r = f64x2.sub(high, f64x2.mul(k, f64x2.splat(1.90821492927058770002e-10)));
  let q = f64x2.splat(1.0 / 6227020800.0);
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 479001600.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 39916800.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 3628800.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 362880.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 40320.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 5040.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 720.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 120.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 24.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 6.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(0.5));
  const e = f64x2.add(f64x2.splat(1), f64x2.add(r, f64x2.mul(f64x2.mul(r, r), q)));
  const whole = i32x4.trunc_sat_f64x2_s_zero(k);
  const half = i32x4.shr_s(whole, 1);
  return f64x2.mul(f64x2.mul(e, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

/** 2ᵏ of the two low lanes, |k| ≤ 1022. */
function powerOfTwo(k: v128): v128 {
  return i64x2.shl(i64x2.extend_low_i32x4_s(i32x4.add(k, i32x4.splat(1023))), 52);
}
