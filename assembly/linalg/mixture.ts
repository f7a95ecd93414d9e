// Mixtures Σ_j w_j·v_j of many long vectors, for four w at once. Vector by vector they would be read once for each w;
// kept in strips of four elements, [⌈n / 4⌉][capacity][4], they are read once for all of them, one after the other.

import { multiplyAdd } from "./multiply-add";

const STRIP: i32 = 4;

/** Mixtures that are made at once: `mix` takes weights [count][4] and writes [4][n, rounded up to whole strips]. */
export const TOGETHER: i32 = 4;

function strips(n: i32): i32 {
  return (n + STRIP - 1) / STRIP;
}

/** Bytes of `capacity` vectors of n doubles in strips: may be more than there is memory. */
export function stripBytes(n: i32, capacity: i32): f64 {
  return <f64>(strips(n) * STRIP) * <f64>capacity * 8;
}

/** Vector `slot` ← v, f64[n]. The elements that fill up the last strip stay 0. */
export function stripSet(n: i32, capacity: i32, slot: i32, v: usize, vectors: usize): void {
  for (let first = 0; first < n; first += STRIP) {
    const to = vectors + ((<usize>((first / STRIP) * capacity + slot) * STRIP) << 3);
    memory.copy(to, v + ((<usize>first) << 3), (<usize>min(STRIP, n - first)) << 3);
  }
}

/** out[m] ← Σ_j weights[j][m]·(vector j), for the first `many` m, one or all four, and the first `count` vectors. */
export function mix(n: i32, capacity: i32, count: i32, many: i32, weights: usize, vectors: usize, out: usize): void {
  const stride = (<usize>(strips(n) * STRIP)) << 3;
  for (let s = 0; s < strips(n); s++) {
    const strip = vectors + ((<usize>(s * capacity) * STRIP) << 3);
    const to = out + ((<usize>s * STRIP) << 3);
    if (many == 1) mixOne(strip, count, weights, to);
    else mixAny(strip, count, weights, to, stride);
  }
}

/** The four mixtures of one strip, before they are copied out. */
const MIXED = memory.data(TOGETHER * STRIP * 8);

/** Elements from `first` on of the four mixtures, the bits that `mix` writes: out[m], `stride` bytes apart. */
export function mixPart(
  capacity: i32,
  count: i32,
  weights: usize,
  vectors: usize,
  first: i32,
  length: i32,
  out: usize,
  stride: usize,
): void {
  for (let s = first / STRIP; s <= (first + length - 1) / STRIP; s++) {
    mixAny(vectors + ((<usize>(s * capacity) * STRIP) << 3), count, weights, MIXED, STRIP * 8);
    const start = s * STRIP;
    for (let i = max(first, start); i < min(first + length, start + STRIP); i++) {
      const to = out + ((<usize>(i - first)) << 3);
      for (let m = 0; m < TOGETHER; m++) {
        store<f64>(to + <usize>m * stride, load<f64>(MIXED + ((<usize>(m * STRIP + i - start)) << 3)));
      }
    }
  }
}

/** One mixture of a strip, added up in the same order as four at once: in 0.4 of their time. */
function mixOne(strip: usize, count: i32, weights: usize, to: usize): void {
  if (ASC_FEATURE_SIMD) {
    let a0 = f64x2.splat(0);
    let a1 = f64x2.splat(0);
    for (let j = 0; j < count; j++) {
      const v = strip + ((<usize>j * STRIP) << 3);
      const w = v128.load64_splat(weights + ((<usize>j * TOGETHER) << 3));
      a0 = multiplyAdd<f64>(w, v128.load(v), a0);
      a1 = multiplyAdd<f64>(w, v128.load(v, 16), a1);
    }
    v128.store(to, a0);
    v128.store(to, a1, 16);
  } else {
    mixScalars(strip, count, 1, weights, to, 0);
  }
}

function mixAny(strip: usize, count: i32, weights: usize, to: usize, stride: usize): void {
  if (ASC_FEATURE_SIMD) mixStrip(strip, count, weights, to, stride);
  else mixScalars(strip, count, TOGETHER, weights, to, stride);
}

function mixStrip(strip: usize, count: i32, weights: usize, to: usize, stride: usize): void {
  let a0 = f64x2.splat(0);
  let a1 = f64x2.splat(0);
  let b0 = f64x2.splat(0);
  let b1 = f64x2.splat(0);
  let c0 = f64x2.splat(0);
  let c1 = f64x2.splat(0);
  let d0 = f64x2.splat(0);
  let d1 = f64x2.splat(0);
  for (let j = 0; j < count; j++) {
    const v = strip + ((<usize>j * STRIP) << 3);
    const w = weights + ((<usize>j * TOGETHER) << 3);
    const v0 = v128.load(v);
    const v1 = v128.load(v, 16);
    const wa = v128.load64_splat(w);
    a0 = multiplyAdd<f64>(wa, v0, a0);
    a1 = multiplyAdd<f64>(wa, v1, a1);
    const wb = v128.load64_splat(w, 8);
    b0 = multiplyAdd<f64>(wb, v0, b0);
    b1 = multiplyAdd<f64>(wb, v1, b1);
    const wc = v128.load64_splat(w, 16);
    c0 = multiplyAdd<f64>(wc, v0, c0);
    c1 = multiplyAdd<f64>(wc, v1, c1);
    const wd = v128.load64_splat(w, 24);
    d0 = multiplyAdd<f64>(wd, v0, d0);
    d1 = multiplyAdd<f64>(wd, v1, d1);
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to + stride, b0);
  v128.store(to + stride, b1, 16);
  v128.store(to + 2 * stride, c0);
  v128.store(to + 2 * stride, c1, 16);
  v128.store(to + 3 * stride, d0);
  v128.store(to + 3 * stride, d1, 16);
}

function mixScalars(strip: usize, count: i32, many: i32, weights: usize, to: usize, stride: usize): void {
  for (let m = 0; m < many; m++) {
    for (let i = 0; i < STRIP; i++) {
      let sum: f64 = 0;
      for (let j = 0; j < count; j++) {
        const w = load<f64>(weights + ((<usize>(j * TOGETHER + m)) << 3));
        sum += w * load<f64>(strip + ((<usize>(j * STRIP + i)) << 3));
      }
      store<f64>(to + <usize>m * stride + ((<usize>i) << 3), sum);
    }
  }
}
