// The classes that mixtures of models decide for, four mixtures at once. Scores are mixed in f32, which is half the work:
// where the largest leads by more than rounding may have done, the decision is that of the mixture in f64; the other rows
// are mixed in f64 again. Whatever is decided is what `mix` and `decide` say, to the last tie.
//
// Scores in f32 are kept in strips of eight rows, [⌈n / 8⌉][output][capacity][8], and behind them the reach of every row,
// f32[n, rounded up to strips]: no score of it was larger in size.

import { mixPart, TOGETHER } from "../linalg/mixture";
import { multiplyAdd } from "../linalg/multiply-add";
import { decideOne } from "../metrics/decisions";

const STRIP: i32 = 8;

/** Reach and sum of weights from which f32 might overflow: then f64 decides. With the least reach nothing underflows. */
const MOST: f64 = 1e18;
const LEAST: f64 = 1e-20;

/** Relative rounding of f32. */
const ROUNDING: f64 = 5.9604644775390625e-8;

function stripsOf(n: i32): i32 {
  return (n + STRIP - 1) / STRIP;
}

/** Bytes of the f32 scores of `capacity` models with their reach: may be more than there is memory. */
export function rowStripBytes(n: i32, outputs: i32, capacity: i32): f64 {
  return <f64>(stripsOf(n) * STRIP) * (<f64>outputs * <f64>capacity + 1) * 4;
}

/** Scratch bytes of `mixedDecisions`: mixed scores of a strip in f64, [output][4][8], the same in f32, weights in f32. */
export function mixedDecisionsBytes(outputs: i32, capacity: i32): usize {
  return <usize>outputs * TOGETHER * STRIP * 12 + ((<usize>capacity * TOGETHER) << 2);
}

function reachOf(n: i32, outputs: i32, capacity: i32, rows: usize, i: i32): usize {
  return rows + ((<usize>(stripsOf(n) * outputs) * <usize>capacity * STRIP + <usize>i) << 2);
}

/** Model `slot` ← its scores, f64[output][row]. */
export function rowStripSet(n: i32, outputs: i32, capacity: i32, slot: i32, scores: usize, rows: usize): void {
  for (let c = 0; c < outputs; c++) {
    for (let i = 0; i < n; i++) {
      const score = load<f64>(scores + ((<usize>c * <usize>n + <usize>i) << 3));
      const strip = <usize>((i / STRIP) * outputs + c) * <usize>capacity + <usize>slot;
      store<f32>(rows + ((strip * STRIP + <usize>(i % STRIP)) << 2), <f32>score);
      const reach = reachOf(n, outputs, capacity, rows, i);
      const size = max(abs(score), LEAST);
      if (!(size < MOST)) store<f32>(reach, Infinity);
      else if (size > <f64>load<f32>(reach)) store<f32>(reach, <f32>(size * (1 + 2 * ROUNDING)));
    }
  }
}

/**
 * decisions[m] ← i32[n, rounded up to strips], for four mixtures of the first `count` models.
 *
 * @param weights f64[count][4]
 * @param vectors the scores in f64, as `stripSet` keeps them
 * @param rows the same in f32, as `rowStripSet` keeps them
 */
export function mixedDecisions(
  n: i32,
  outputs: i32,
  capacity: i32,
  count: i32,
  weights: usize,
  vectors: usize,
  rows: usize,
  scratch: usize,
  decisions: usize,
): void {
  const mixed = scratch + ((<usize>outputs * TOGETHER * STRIP) << 3);
  const single = mixed + ((<usize>outputs * TOGETHER * STRIP) << 2);
  const stride = (<usize>(stripsOf(n) * STRIP)) << 2;
  if (ASC_FEATURE_SIMD) {
    for (let j = 0; j < count * TOGETHER; j++) {
      store<f32>(single + ((<usize>j) << 2), <f32>load<f64>(weights + ((<usize>j) << 3)));
    }
    for (let m = 0; m < TOGETHER; m++) store<f32>(SLACKS + ((<usize>m) << 2), slackOf(count, weights, m));
  }
  for (let first = 0; first < n; first += STRIP) {
    const to = decisions + ((<usize>first) << 2);
    let open = (1 << min(STRIP, n - first)) - 1;
    if (ASC_FEATURE_SIMD) {
      const strip = rows + ((<usize>(first * outputs) * <usize>capacity) << 2);
      for (let c = 0; c < outputs; c++) {
        const own = (<usize>(c * STRIP)) << 2;
        mixStrip(strip + own * <usize>capacity, count, single, mixed + own * TOGETHER);
      }
      const reach = reachOf(n, outputs, capacity, rows, first);
      let left = 0;
      for (let m = 0; m < TOGETHER; m++) {
        const slack = v128.load32_splat(SLACKS + ((<usize>m) << 2));
        left |= decideStrip(outputs, mixed + ((<usize>(m * STRIP)) << 2), reach, slack, to + <usize>m * stride);
      }
      open &= left;
    }
    if (open != 0) decideExactly(n, outputs, capacity, count, weights, vectors, first, open, scratch, to, stride);
  }
}

/** Decides for the rows `open`, as bits, of the strip that begins with row `first`, by scores in f64. */
function decideExactly(
  n: i32,
  outputs: i32,
  capacity: i32,
  count: i32,
  weights: usize,
  vectors: usize,
  first: i32,
  open: i32,
  exact: usize,
  to: usize,
  stride: usize,
): void {
  const low = ctz(open);
  const length = 32 - clz(open) - low;
  for (let c = 0; c < outputs; c++) {
    const out = exact + ((<usize>(c * TOGETHER * STRIP)) << 3);
    mixPart(capacity, count, weights, vectors, c * n + first + low, length, out, STRIP * 8);
  }
  for (let m = 0; m < TOGETHER; m++) {
    for (let i = 0; i < length; i++) {
      const given = decideOne(TOGETHER * STRIP, outputs, exact + ((<usize>(m * STRIP + i)) << 3));
      store<i32>(to + <usize>m * stride + ((<usize>(low + i)) << 2), given);
    }
  }
}

/** `slackOf` each of the four mixtures: f32[4]. */
const SLACKS = memory.data(16);

/**
 * What two mixed scores may be off by together, per unit of reach: their weights, models, products and partial sums are
 * rounded. A tenth more is for the rounding of this and of f64.
 */
function slackOf(count: i32, weights: usize, m: i32): f32 {
  let sum: f64 = 0;
  for (let j = 0; j < count; j++) sum += abs(load<f64>(weights + ((<usize>(j * TOGETHER + m)) << 3)));
  return <f32>(sum < MOST ? 2.2 * <f64>(count + 4) * ROUNDING * sum : Infinity);
}

/** to [4][8] ← four mixtures of eight scores of one output. */
function mixStrip(strip: usize, count: i32, weights: usize, to: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  for (let j = 0; j < count; j++) {
    const v = strip + ((<usize>j * STRIP) << 2);
    const w = weights + ((<usize>j * TOGETHER) << 2);
    const v0 = v128.load(v);
    const v1 = v128.load(v, 16);
    const wa = v128.load32_splat(w);
    a0 = multiplyAdd<f32>(wa, v0, a0);
    a1 = multiplyAdd<f32>(wa, v1, a1);
    const wb = v128.load32_splat(w, 4);
    b0 = multiplyAdd<f32>(wb, v0, b0);
    b1 = multiplyAdd<f32>(wb, v1, b1);
    const wc = v128.load32_splat(w, 8);
    c0 = multiplyAdd<f32>(wc, v0, c0);
    c1 = multiplyAdd<f32>(wc, v1, c1);
    const wd = v128.load32_splat(w, 12);
    d0 = multiplyAdd<f32>(wd, v0, d0);
    d1 = multiplyAdd<f32>(wd, v1, d1);
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to, b0, 32);
  v128.store(to, b1, 48);
  v128.store(to, c0, 64);
  v128.store(to, c1, 80);
  v128.store(to, d0, 96);
  v128.store(to, d1, 112);
}

/** The decisions of eight rows by their mixed scores [output][4][8]. Returns the rows, as bits, that rounding leaves open. */
function decideStrip(outputs: i32, mixed: usize, reach: usize, slack: v128, to: usize): i32 {
  const low = decideFour(outputs, mixed, reach, slack, to);
  return low | (decideFour(outputs, mixed + 16, reach + 16, slack, to + 16) << 4);
}

function decideFour(outputs: i32, mixed: usize, reach: usize, slack: v128, to: usize): i32 {
  let at = mixed;
  let largest = v128.load(at);
  let second = f32x4.splat(-Infinity);
  let best = i32x4.splat(0);
  if (outputs == 1) {
    best = v128.and(f32x4.gt(largest, f32x4.splat(0)), i32x4.splat(1));
    second = f32x4.splat(0);
    largest = f32x4.abs(largest);
  }
  for (let c = 1; c < outputs; c++) {
    at += (TOGETHER * STRIP) << 2;
    const s = v128.load(at);
    const larger = f32x4.gt(s, largest);
    best = v128.bitselect(i32x4.splat(c), best, larger);
    second = f32x4.pmax(second, f32x4.pmin(largest, s));
    largest = f32x4.pmax(largest, s);
  }
  v128.store(to, best);
  // What is NaN or ∞ has a reach or a slack of ∞, which nothing exceeds.
  const sure = f32x4.gt(f32x4.sub(largest, second), f32x4.mul(v128.load(reach), slack));
  return ~i32x4.bitmask(sure) & 15;
}
