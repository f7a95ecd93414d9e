// Scores in ascending order, each once, and how much weight is below another score.
//
// Buckets of one width part the range of the scores, a table has the place of each bucket's first score, and a search from
// there, by halves and without a branch, is as long as the fullest bucket demands: one or two steps where scores are spread,
// log₂ of their number where all are in one bucket. Whatever the buckets are, it is exact: they never fall as scores rise.

import { RADIX_BYTES, RADIX_STEPS, radixSort } from "./radix-sort";

const BUCKETS_PER_SCORE: i32 = 4;

/** With no more scores in the fullest bucket insertion takes less time than a sort by digits, however many there are. */
const CROWD: i32 = 16;

/** Scores that are looked up side by side, so that others go on while one waits for memory: by twos, 5 to 30 % slower. */
const TOGETHER: usize = 4;

/** Rows of a block whose scores are looked up together: as many as there is room for in the memory of the radix counts. */
const BLOCK: i32 = <i32>((RADIX_BYTES >> 4) - TOGETHER);

/** 2⁵²: the bits of 2⁵² + x end with the whole number next to x. */
const WHOLE: f64 = 4503599627370496;

@unmanaged
class SortedScores {
  most: i32; // scores that there is room for
  count: i32; // scores: at first those that were put in, then those that differ
  inside: i32; // of a block that is looked up
  weighted: bool; // otherwise every weight is 1
  step: usize; // bytes of a search's first step
  total: f64; // of the weights
  least: f64;
  largest: f64;
  scale: f64; // the bucket of x is (x − least)·scale, from 0 to `last`
  last: f64;

  /** f64[3·most + 1]: the scores, then +∞ as far as a search may look. */
  get values(): usize {
    return changetype<usize>(this) + offsetof<SortedScores>();
  }

  /** f64[most] */
  get weights(): usize {
    return this.values + ((3 * <usize>this.most + 1) << 3);
  }

  /** f64[most + 1][2]: the weight of the scores before this one, and that with half of its own. */
  get below(): usize {
    return this.weights + ((<usize>this.most) << 3);
  }

  /** f64[most]: the scores as they were put in, before `below` takes their room. */
  get put(): usize {
    return this.below;
  }

  /** f64[most] */
  get putWeights(): usize {
    return this.put + ((<usize>this.most) << 3);
  }

  /** i32[buckets + 1]: the place of a bucket's first score, or of the next. */
  get starts(): usize {
    return this.below + ((<usize>this.most + 1) << 4);
  }

  /** Scratch of `radixSort`, before others are looked up. */
  get counts(): usize {
    return this.starts + ((<usize>BUCKETS_PER_SCORE * <usize>this.most + 2) << 2);
  }

  /** f64[BLOCK + TOGETHER]: others that are not outside of the range. */
  get kept(): usize {
    return this.counts;
  }

  /** f64[BLOCK + TOGETHER] */
  get keptWeights(): usize {
    return this.kept + ((<usize>BLOCK + TOGETHER) << 3);
  }
}

/** Bytes of a record with room for so many scores. */
export function sortedScoresBytes(most: i32): usize {
  const doubles = 6 * <usize>most + 3;
  const starts = <usize>BUCKETS_PER_SCORE * <usize>most + 2;
  return offsetof<SortedScores>() + (doubles << 3) + (starts << 2) + RADIX_BYTES;
}

export function emptySortedScores(record: usize, most: i32, weighted: bool): SortedScores {
  const s = changetype<SortedScores>(record);
  s.most = most;
  s.count = 0;
  s.weighted = weighted;
  return s;
}

/** Puts in the scores of rows i32[count], with weights f64[count]. */
export function putScores(s: SortedScores, count: i32, rows: usize, weights: usize, scores: usize): void {
  const to = s.put + ((<usize>s.count) << 3);
  for (let i: usize = 0; i < <usize>count; i++) {
    store<f64>(to + (i << 3), load<f64>(scores + ((<usize>load<u32>(rows + (i << 2))) << 3)));
  }
  if (s.weighted) memory.copy(s.putWeights + ((<usize>s.count) << 3), weights, (<usize>count) << 3);
  s.count += count;
}

/** Sorts what was put in. False if a score is NaN. */
export function sortScores(s: SortedScores): bool {
  if (!setBuckets(s)) return false;
  const all = s.count;
  let fullest = fillBuckets(s, s.put);
  if (s.least < s.largest && <f64>all * <f64>(fullest - CROWD) > RADIX_STEPS) {
    radixSort(all, s.put, s.weighted ? s.putWeights : 0, s.values, s.weighted ? s.weights : 0, s.counts);
  } else {
    scatter(s);
    insertionSort(s);
  }
  mergeTies(s);
  if (s.count < all) fullest = fillBuckets(s, s.values);
  // Steps of 2ᵏ⁻¹ … 2, 1 reach over 2ᵏ − 1 scores.
  let reach: usize = 1;
  while (reach <= <usize>fullest) reach <<= 1;
  s.step = (reach >> 1) << 3;
  const end = s.values + ((<usize>s.count) << 3);
  for (let i: usize = 0; i < reach; i++) store<f64>(end + (i << 3), Infinity);
  return true;
}

/** Scores that are infinite, or too far apart for f64, are in one bucket. False if a score is NaN. */
function setBuckets(s: SortedScores): bool {
  const put = s.put;
  let least: f64 = Infinity;
  let largest: f64 = -Infinity;
  for (let i: usize = 0; i < (<usize>s.count) << 3; i += 8) {
    const x = load<f64>(put + i);
    if (x != x) return false;
    least = x < least ? x : least;
    largest = x > largest ? x : largest;
  }
  const range = largest - least;
  s.least = least;
  s.largest = largest;
  s.last = <f64>(BUCKETS_PER_SCORE * s.count);
  s.scale = range > 0 ? s.last / range : 0;
  return true;
}

/** NaN is in the first bucket, and so is 0 · ∞: the least score where the scale is infinite, or all where it is 0. */
function bucketOf(x: f64, least: f64, scale: f64, last: f64): usize {
  if (ASC_FEATURE_SIMD) {
    const d = f64x2.mul(f64x2.sub(f64x2.splat(x), f64x2.splat(least)), f64x2.splat(scale));
    const inside = f64x2.pmin(f64x2.splat(last), f64x2.pmax(f64x2.splat(0), d));
    return i32x4.extract_lane(f64x2.add(inside, f64x2.splat(WHOLE)), 0);
  }
  const d = (x - least) * scale;
  return <usize>(<u32>reinterpret<u64>((d > 0 ? (last < d ? last : d) : 0) + WHOLE));
}

/** Counts the values into `starts`. Returns how many are in the fullest bucket. */
function fillBuckets(s: SortedScores, values: usize): i32 {
  const starts = s.starts;
  const least = s.least;
  const scale = s.scale;
  const last = s.last;
  const bytes = (<usize>last + 2) << 2;
  memory.fill(starts, 0, bytes);
  for (let i: usize = 0; i < (<usize>s.count) << 3; i += 8) {
    const count = starts + (bucketOf(load<f64>(values + i), least, scale, last) << 2);
    store<i32>(count, load<i32>(count, 4) + 1, 4);
  }
  let before = 0;
  let fullest = 0;
  for (let b: usize = 4; b < bytes; b += 4) {
    const count = load<i32>(starts + b);
    before += count;
    store<i32>(starts + b, before);
    fullest = max(fullest, count);
  }
  return fullest;
}

/** Values ← what was put in, bucket by bucket. */
function scatter(s: SortedScores): void {
  const put = s.put;
  const values = s.values;
  const starts = s.starts;
  const least = s.least;
  const scale = s.scale;
  const last = s.last;
  // From behind, so that the ends of the buckets become their starts, one entry late.
  for (let i: usize = 0; i < (<usize>s.count) << 3; i += 8) {
    const x = load<f64>(put + i);
    const end = starts + (bucketOf(x, least, scale, last) << 2);
    const at = load<i32>(end, 4) - 1;
    store<i32>(end, at, 4);
    store<f64>(values + ((<usize>at) << 3), x);
    if (s.weighted) store<f64>(s.weights + ((<usize>at) << 3), load<f64>(s.putWeights + i));
  }
  memory.copy(starts, starts + 4, (<usize>last + 1) << 2);
}

/** Values that are sorted but within the buckets. */
function insertionSort(s: SortedScores): void {
  const values = s.values;
  const weights = s.weights;
  for (let i: usize = 8; i < (<usize>s.count) << 3; i += 8) {
    const x = load<f64>(values + i);
    if (load<f64>(values + i - 8) <= x) continue;
    const w = s.weighted ? load<f64>(weights + i) : 1;
    let at = i;
    while (at > 0 && load<f64>(values + at - 8) > x) {
      store<f64>(values + at, load<f64>(values + at - 8));
      if (s.weighted) store<f64>(weights + at, load<f64>(weights + at - 8));
      at -= 8;
    }
    store<f64>(values + at, x);
    if (s.weighted) store<f64>(weights + at, w);
  }
}

/** Each value once, and what is below it. */
function mergeTies(s: SortedScores): void {
  const values = s.values;
  const below = s.below;
  let kept: usize = 0;
  let sum: f64 = 0;
  let i: usize = 0;
  while (i < <usize>s.count) {
    const x = load<f64>(values + (i << 3));
    const before = sum;
    while (i < <usize>s.count && load<f64>(values + (i << 3)) == x) {
      sum += s.weighted ? load<f64>(s.weights + (i << 3)) : 1;
      i++;
    }
    store<f64>(values + (kept << 3), x);
    store<f64>(below + (kept << 4), before);
    store<f64>(below + (kept << 4), 0.5 * (before + sum), 8);
    kept++;
  }
  store<f64>(below + (kept << 4), sum);
  store<f64>(below + (kept << 4), sum, 8);
  s.count = <i32>kept;
  s.total = sum;
}

/** Σ_i w_i·(weight of the sorted scores below x_i, ties half) over rows i32[count] with weights f64[count]; NaN if a score is. */
export function weightBelow(s: SortedScores, count: i32, rows: usize, weights: usize, scores: usize): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i += BLOCK) {
    const blockWeights = s.weighted ? weights + ((<usize>i) << 3) : 0;
    const above = keepInside(s, min(BLOCK, count - i), rows + ((<usize>i) << 2), blockWeights, scores);
    if (above != above) return NaN;
    sum += s.total * above + weightBelowKept(s);
  }
  return sum;
}

/**
 * Keeps those of a block's scores that are not outside of the sorted ones. Returns the weight of those above, NaN if a score
 * is. Models worth judging leave a fifth inside (digits): looking up all took twice as long.
 */
function keepInside(s: SortedScores, count: i32, rows: usize, weights: usize, scores: usize): f64 {
  const kept = s.kept;
  const keptWeights = s.keptWeights;
  const least = s.least;
  const largest = s.largest;
  let k: usize = 0;
  let above = 0;
  let weightAbove: f64 = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    const x = load<f64>(scores + ((<usize>load<u32>(rows + (i << 2))) << 3));
    if (x != x) return NaN;
    const isAbove = <i32>(x > largest);
    store<f64>(kept + k, x);
    if (weights == 0) {
      above += isAbove;
    } else {
      const w = load<f64>(weights + (i << 3));
      store<f64>(keptWeights + k, w);
      weightAbove += w * <f64>isAbove;
    }
    k += (<usize>((isAbove | <i32>(x < least)) ^ 1)) << 3;
  }
  // NaN has nothing below.
  for (let i: usize = 0; i < TOGETHER; i++) {
    store<f64>(kept + k + (i << 3), NaN);
    store<f64>(keptWeights + k + (i << 3), 0);
  }
  s.inside = <i32>(k >> 3);
  return weights == 0 ? <f64>above : weightAbove;
}

function weightBelowKept(s: SortedScores): f64 {
  const kept = s.kept;
  const weights = s.weighted ? s.keptWeights : 0;
  const first = s.step;
  let sum: f64 = 0;
  for (let i: usize = 0; i < (<usize>s.inside) << 3; i += TOGETHER << 3) {
    const xa = load<f64>(kept + i);
    const xb = load<f64>(kept + i, 8);
    const xc = load<f64>(kept + i, 16);
    const xd = load<f64>(kept + i, 24);
    let a = startOf(s, xa);
    let b = startOf(s, xb);
    let c = startOf(s, xc);
    let d = startOf(s, xd);
    let step = first;
    while (step >= 8) {
      a += -(<usize>(load<f64>(a + step - 8) < xa)) & step;
      b += -(<usize>(load<f64>(b + step - 8) < xb)) & step;
      c += -(<usize>(load<f64>(c + step - 8) < xc)) & step;
      d += -(<usize>(load<f64>(d + step - 8) < xd)) & step;
      step >>= 1;
    }
    const belowA = weightAt(s, a, xa);
    const belowB = weightAt(s, b, xb);
    const belowC = weightAt(s, c, xc);
    const belowD = weightAt(s, d, xd);
    if (weights == 0) {
      sum += belowA + belowB + (belowC + belowD);
    } else {
      sum += belowA * load<f64>(weights + i) + belowB * load<f64>(weights + i, 8);
      sum += belowC * load<f64>(weights + i, 16) + belowD * load<f64>(weights + i, 24);
    }
  }
  return sum;
}

/** Where a search for x begins. */
function startOf(s: SortedScores, x: f64): usize {
  const start = load<u32>(s.starts + (bucketOf(x, s.least, s.scale, s.last) << 2));
  return s.values + ((<usize>start) << 3);
}

/** The weight below x, ties half; `at`: where a search for x has ended, at x itself or the next larger score. */
function weightAt(s: SortedScores, at: usize, x: f64): f64 {
  const tied = <usize>(load<f64>(at) <= x);
  return load<f64>(s.below + ((at - s.values) << 1) + (tied << 3));
}
