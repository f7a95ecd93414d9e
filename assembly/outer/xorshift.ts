// G. Marsaglia, Xorshift RNGs, J. Stat. Softw. 8 (2003): 32 bits of state, never 0.

/** The state after `state`. */
export function xorshift(state: u32): u32 {
  let z = state;
  z ^= z << 13;
  z ^= z >> 17;
  z ^= z << 5;
  return z;
}

/** A state as a number in [0, 1). */
export function unit(state: u32): f64 {
  return <f64>state / 4294967296.0;
}
