// The forward half of the products with a panel: tiles and why they have their shapes in panel.ts.

import { multiplyAdd } from "./multiply-add";
import { inFives } from "./panel";

/** z[c·stride + i] ← rowᵢ(X)·row_c(W) for i < count, c < outputs. `stride` is a multiple of 4 and ≥ count. */
export function panelScores<T>(
  count: i32,
  columns: i32,
  outputs: i32,
  x: usize,
  w: usize,
  z: usize,
  stride: i32,
): void {
  const bytes = <usize>columns * sizeof<T>();
  const fives = inFives(outputs);
  const last = x + <usize>(count - 1) * bytes;
  for (let i = 0; i < count; i += 4) {
    // Rows past the end repeat the last one: their scores fall in the rest of z's row, which nobody reads.
    const x0 = x + <usize>i * bytes;
    const x1 = min(x0 + bytes, last);
    const x2 = min(x1 + bytes, last);
    const x3 = min(x2 + bytes, last);
    let c = 0;
    if (ASC_FEATURE_SIMD) {
      for (; c < fives; c += 5) {
        const wc = w + <usize>c * bytes;
        const zc = z + <usize>(c * stride + i) * sizeof<T>();
        scores2x5<T>(columns, x0, x1, wc, zc, <usize>stride * sizeof<T>());
        scores2x5<T>(columns, x2, x3, wc, zc + 2 * sizeof<T>(), <usize>stride * sizeof<T>());
      }
    }
    for (; c + 2 <= outputs; c += 2) {
      const wc = w + <usize>c * bytes;
      const zc = z + <usize>(c * stride + i) * sizeof<T>();
      scores4x2<T>(columns, x0, x1, x2, x3, wc, wc + bytes, zc, zc + <usize>stride * sizeof<T>());
    }
    if (c < outputs) {
      const zc = z + <usize>(c * stride + i) * sizeof<T>();
      scores4x1<T>(columns, x0, x1, x2, x3, w + <usize>c * bytes, zc);
    }
  }
}

function scores2x5<T>(columns: i32, x0: usize, x1: usize, w0: usize, z: usize, stride: usize): void {
  const bytes = <usize>columns * sizeof<T>();
  const w1 = w0 + bytes;
  const w2 = w1 + bytes;
  const w3 = w2 + bytes;
  const w4 = w3 + bytes;
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  let a4 = v128.splat<T>(0);
  let b0 = v128.splat<T>(0);
  let b1 = v128.splat<T>(0);
  let b2 = v128.splat<T>(0);
  let b3 = v128.splat<T>(0);
  let b4 = v128.splat<T>(0);
  const end = bytes & ~15;
  for (let at: usize = 0; at < end; at += 16) {
    const p = v128.load(x0 + at);
    const q = v128.load(x1 + at);
    const s = v128.load(w0 + at);
    a0 = multiplyAdd<T>(p, s, a0);
    b0 = multiplyAdd<T>(q, s, b0);
    const t = v128.load(w1 + at);
    a1 = multiplyAdd<T>(p, t, a1);
    b1 = multiplyAdd<T>(q, t, b1);
    const u = v128.load(w2 + at);
    a2 = multiplyAdd<T>(p, u, a2);
    b2 = multiplyAdd<T>(q, u, b2);
    const v = v128.load(w3 + at);
    a3 = multiplyAdd<T>(p, v, a3);
    b3 = multiplyAdd<T>(q, v, b3);
    const y = v128.load(w4 + at);
    a4 = multiplyAdd<T>(p, y, a4);
    b4 = multiplyAdd<T>(q, y, b4);
  }
  storePair<T>(z, a0, b0);
  storePair<T>(z + stride, a1, b1);
  storePair<T>(z + 2 * stride, a2, b2);
  storePair<T>(z + 3 * stride, a3, b3);
  storePair<T>(z + 4 * stride, a4, b4);
  for (let at = end; at < bytes; at += sizeof<T>()) {
    const p = load<T>(x0 + at);
    const q = load<T>(x1 + at);
    let to = z;
    let from = w0 + at;
    for (let c = 0; c < 5; c++) {
      const u = load<T>(from);
      store<T>(to, <T>(load<T>(to) + p * u));
      store<T>(to + sizeof<T>(), <T>(load<T>(to + sizeof<T>()) + q * u));
      to += stride;
      from += bytes;
    }
  }
}

/** z[0], z[1] ← the sums of the lanes, added as in `storeSums`. */
function storePair<T>(z: usize, a: v128, b: v128): void {
  if (sizeof<T>() == 4) {
    const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7)); // a b a b
    v128.store64_lane(z, f32x4.add(ab, v128.shuffle<f32>(ab, ab, 2, 3, 0, 1)), 0);
  } else {
    v128.store(z, f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3)));
  }
}

function scores4x2<T>(
  columns: i32,
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  w0: usize,
  w1: usize,
  z0: usize,
  z1: usize,
): void {
  if (!ASC_FEATURE_SIMD) {
    scores4x1<T>(columns, x0, x1, x2, x3, w0, z0);
    scores4x1<T>(columns, x0, x1, x2, x3, w1, z1);
  } else {
    let a0 = v128.splat<T>(0);
    let a1 = v128.splat<T>(0);
    let a2 = v128.splat<T>(0);
    let a3 = v128.splat<T>(0);
    let b0 = v128.splat<T>(0);
    let b1 = v128.splat<T>(0);
    let b2 = v128.splat<T>(0);
    let b3 = v128.splat<T>(0);
    const end = (<usize>columns * sizeof<T>()) & ~15;
    for (let at: usize = 0; at < end; at += 16) {
      const u = v128.load(w0 + at);
      const v = v128.load(w1 + at);
      const p = v128.load(x0 + at);
      a0 = multiplyAdd<T>(p, u, a0);
      b0 = multiplyAdd<T>(p, v, b0);
      const q = v128.load(x1 + at);
      a1 = multiplyAdd<T>(q, u, a1);
      b1 = multiplyAdd<T>(q, v, b1);
      const r = v128.load(x2 + at);
      a2 = multiplyAdd<T>(r, u, a2);
      b2 = multiplyAdd<T>(r, v, b2);
      const s = v128.load(x3 + at);
      a3 = multiplyAdd<T>(s, u, a3);
      b3 = multiplyAdd<T>(s, v, b3);
    }
    storeSums<T>(z0, a0, a1, a2, a3);
    storeSums<T>(z1, b0, b1, b2, b3);
    scoresTail<T>(columns, end, x0, x1, x2, x3, w0, z0);
    scoresTail<T>(columns, end, x0, x1, x2, x3, w1, z1);
  }
}

function scores4x1<T>(columns: i32, x0: usize, x1: usize, x2: usize, x3: usize, w: usize, z: usize): void {
  let end: usize = 0;
  if (ASC_FEATURE_SIMD) {
    let a0 = v128.splat<T>(0);
    let a1 = v128.splat<T>(0);
    let a2 = v128.splat<T>(0);
    let a3 = v128.splat<T>(0);
    end = (<usize>columns * sizeof<T>()) & ~15;
    for (let at: usize = 0; at < end; at += 16) {
      const u = v128.load(w + at);
      a0 = multiplyAdd<T>(v128.load(x0 + at), u, a0);
      a1 = multiplyAdd<T>(v128.load(x1 + at), u, a1);
      a2 = multiplyAdd<T>(v128.load(x2 + at), u, a2);
      a3 = multiplyAdd<T>(v128.load(x3 + at), u, a3);
    }
    storeSums<T>(z, a0, a1, a2, a3);
  } else {
    memory.fill(z, 0, 4 * sizeof<T>());
  }
  scoresTail<T>(columns, end, x0, x1, x2, x3, w, z);
}

/** Adds the columns from byte `at` on. */
function scoresTail<T>(columns: i32, at: usize, x0: usize, x1: usize, x2: usize, x3: usize, w: usize, z: usize): void {
  const end = <usize>columns * sizeof<T>();
  if (at == end) return;
  let s0 = load<T>(z);
  let s1 = load<T>(z + sizeof<T>());
  let s2 = load<T>(z + 2 * sizeof<T>());
  let s3 = load<T>(z + 3 * sizeof<T>());
  for (; at < end; at += sizeof<T>()) {
    const u = load<T>(w + at);
    s0 = <T>(s0 + load<T>(x0 + at) * u);
    s1 = <T>(s1 + load<T>(x1 + at) * u);
    s2 = <T>(s2 + load<T>(x2 + at) * u);
    s3 = <T>(s3 + load<T>(x3 + at) * u);
  }
  store<T>(z, s0);
  store<T>(z + sizeof<T>(), s1);
  store<T>(z + 2 * sizeof<T>(), s2);
  store<T>(z + 3 * sizeof<T>(), s3);
}

/** z[0…3] ← the sums of the lanes of four vectors: a transpose and three additions (f32), one shuffle pair (f64). */
function storeSums<T>(z: usize, a: v128, b: v128, c: v128, d: v128): void {
  if (sizeof<T>() == 4) {
    const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7)); // a b a b
    const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7)); // c d c d
    v128.store(z, f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7)));
  } else {
    v128.store(z, f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3)));
    v128.store(z, f64x2.add(v128.shuffle<f64>(c, d, 0, 2), v128.shuffle<f64>(c, d, 1, 3)), 16);
  }
}
