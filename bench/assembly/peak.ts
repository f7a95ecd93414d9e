// The multiply-add peak of one core through SIMD128: twelve independent chains in registers, no memory. Compiled on its
// own by bench/kernels.ts; the measure that the kernels' speed is divided by.

/** `steps` × 12 multiply-adds of vectors of T. The result only keeps the loop alive. */
function peak<T>(steps: i32): f64 {
  const factor = v128.splat<T>(<T>0.999);
  const term = v128.splat<T>(<T>0.001);
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
    a = v128.add<T>(v128.mul<T>(a, factor), term);
    b = v128.add<T>(v128.mul<T>(b, factor), term);
    c = v128.add<T>(v128.mul<T>(c, factor), term);
    d = v128.add<T>(v128.mul<T>(d, factor), term);
    e = v128.add<T>(v128.mul<T>(e, factor), term);
    f = v128.add<T>(v128.mul<T>(f, factor), term);
    g = v128.add<T>(v128.mul<T>(g, factor), term);
    h = v128.add<T>(v128.mul<T>(h, factor), term);
    p = v128.add<T>(v128.mul<T>(p, factor), term);
    q = v128.add<T>(v128.mul<T>(q, factor), term);
    r = v128.add<T>(v128.mul<T>(r, factor), term);
    s = v128.add<T>(v128.mul<T>(s, factor), term);
  }
  const sum = v128.add<T>(
    v128.add<T>(v128.add<T>(v128.add<T>(a, b), v128.add<T>(c, d)), v128.add<T>(v128.add<T>(e, f), v128.add<T>(g, h))),
    v128.add<T>(v128.add<T>(p, q), v128.add<T>(r, s)),
  );
  return <f64>v128.extract_lane<T>(sum, 0);
}

export function peakF32(steps: i32): f64 {
  return peak<f32>(steps);
}

export function peakF64(steps: i32): f64 {
  return peak<f64>(steps);
}
