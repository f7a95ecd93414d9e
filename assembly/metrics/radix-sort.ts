// Numbers in ascending order, digit by digit from the lowest, each a stable sort by counting.

/** Bits of a digit, and digits of a key. */
const BITS: i32 = 8;
const DIGITS: i32 = 8;
const BUCKETS: i32 = 1 << BITS;

/** Bytes of `counts`: a histogram per digit. */
export const RADIX_BYTES: usize = (<usize>(DIGITS * BUCKETS)) << 2;

/** Time to go through all counts, in steps of an insertion sort. */
export const RADIX_STEPS: f64 = 4 * DIGITS * BUCKETS;

/**
 * to ← the values f64[n], none of them NaN, in ascending order. Weights f64[n] go along, unless there are
 * none (0). What was in `from` is lost.
 */
export function radixSort(n: i32, from: usize, fromWeights: usize, to: usize, toWeights: usize, counts: usize): void {
  const bytes = (<usize>n) << 3;
  memory.fill(counts, 0, RADIX_BYTES);
  for (let i: usize = 0; i < bytes; i += 8) {
    const key = keyOf(load<f64>(from + i));
    store<u64>(from + i, key);
    for (let d = 0; d < DIGITS; d++) {
      const count = counterOf(counts, key, d);
      store<i32>(count, load<i32>(count) + 1);
    }
  }
  let keys = from;
  let weights = fromWeights;
  let sorted = to;
  let sortedWeights = toWeights;
  for (let d = 0; d < DIGITS; d++) {
    if (load<i32>(counterOf(counts, load<u64>(keys), d)) == n) continue; // all have the same
    countsToStarts(counts + ((<usize>(d * BUCKETS)) << 2));
    for (let i: usize = 0; i < bytes; i += 8) {
      const key = load<u64>(keys + i);
      const counter = counterOf(counts, key, d);
      const at = load<i32>(counter);
      store<i32>(counter, at + 1);
      store<u64>(sorted + ((<usize>at) << 3), key);
      if (weights != 0) store<f64>(sortedWeights + ((<usize>at) << 3), load<f64>(weights + i));
    }
    const emptied = keys;
    const emptiedWeights = weights;
    keys = sorted;
    weights = sortedWeights;
    sorted = emptied;
    sortedWeights = emptiedWeights;
  }
  for (let i: usize = 0; i < bytes; i += 8) store<f64>(to + i, valueOf(load<u64>(keys + i)));
  if (weights != toWeights) memory.copy(toWeights, weights, bytes);
}

/** An integer that is ordered as the numbers are, −0 before 0. */
function keyOf(value: f64): u64 {
  const bits = reinterpret<u64>(value);
  return bits >> 63 ? ~bits : bits | 0x8000000000000000;
}

/** The number of a key. */
function valueOf(key: u64): f64 {
  return reinterpret<f64>(key >> 63 ? key & 0x7fffffffffffffff : ~key);
}

/** The counter of a key's digit d. */
function counterOf(counts: usize, key: u64, d: i32): usize {
  const digit = <i32>((key >> <u64>(d * BITS)) & <u64>(BUCKETS - 1));
  return counts + ((<usize>(d * BUCKETS + digit)) << 2);
}

/** How many keys have each value of a digit → where the first of these goes. */
function countsToStarts(counts: usize): void {
  let before = 0;
  for (let b = 0; b < BUCKETS; b++) {
    const counter = counts + ((<usize>b) << 2);
    const count = load<i32>(counter);
    store<i32>(counter, before);
    before += count;
  }
}
