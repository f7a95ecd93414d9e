// Elementary functions: compiled in, because those of the host differ by 1 ulp between engines.

export function exp(x: f64): f64 {
  return NativeMath.exp(x);
}

export function log(x: f64): f64 {
  return NativeMath.log(x);
}
