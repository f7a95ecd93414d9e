// The forward half of the products with a panel: tiles and why they have their shapes in panel.ts.

import { multiplyAdd } from "./multiply-add";
import { PANEL, scoresTile } from "./panel";

/** Columns that go in vectors; the others follow one by one. */
function inVectors<T>(columns: i32): i32 {
  return ASC_FEATURE_SIMD ? columns & ~(16 / sizeof<T>() - 1) : 0;
}

/**
 * W (f64[classes][columns]) in the order that `panelScores` reads it, `classes · columns` values of T: tile by tile; in a
 * tile the first vector of each of its classes, then the second, …, and the last columns in the same way.
 *
 * `reference`: a row that is subtracted from each (rounded to T once), or 0. Subnormal weights become 0 in f32, as in X.
 */
export function packWeights<T>(columns: i32, classes: i32, w: usize, reference: usize, packed: usize): void {
  const lanes: i32 = 16 / sizeof<T>();
  const vectors = inVectors<T>(columns);
  const rowBytes = (<usize>columns) << 3;
  for (let c = 0; c < classes; ) {
    const tile = scoresTile(classes - c);
    for (let k = 0; k < tile; k++) {
      let from = w + <usize>(c + k) * rowBytes;
      let less = reference;
      let to = packed + ((<usize>k) << 4);
      let j = 0;
      if (ASC_FEATURE_SIMD) {
        for (; j < vectors; j += lanes) {
          v128.store(to, vectorOf<T>(from, less));
          to += (<usize>tile) << 4;
          from += 8 * lanes;
          if (less != 0) less += 8 * lanes;
        }
      }
      to = packed + <usize>(vectors * tile + k) * sizeof<T>();
      for (; j < columns; j++) {
        let value = <T>load<f64>(from);
        if (less != 0) {
          value = <T>(load<f64>(from) - load<f64>(less));
          less += 8;
        }
        if (sizeof<T>() == 4 && abs<f32>(<f32>value) < f32.MIN_NORMAL_VALUE) value = 0;
        store<T>(to, value);
        to += <usize>tile * sizeof<T>();
        from += 8;
      }
    }
    packed += <usize>tile * <usize>columns * sizeof<T>();
    c += tile;
  }
}

/** A vector of T of the doubles at `from`, less those at `less` unless that is 0. */
function vectorOf<T>(from: usize, less: usize): v128 {
  let low = v128.load(from);
  if (less != 0) low = f64x2.sub(low, v128.load(less));
  if (sizeof<T>() == 8) return low;
  let high = v128.load(from, 16);
  if (less != 0) high = f64x2.sub(high, v128.load(less, 16));
  const w = v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
  return v128.and(w, f32x4.ge(f32x4.abs(w), f32x4.splat(f32.MIN_NORMAL_VALUE)));
}

/** z[c·PANEL + i] ← rowᵢ(X)·row_c(W) for i < count, c < classes; w: as `packWeights` leaves it. */
export function panelScores<T>(count: i32, columns: i32, classes: i32, x: usize, w: usize, z: usize): void {
  const bytes = <usize>columns * sizeof<T>();
  const last = x + <usize>(count - 1) * bytes;
  const vectors = inVectors<T>(columns);
  const vectorBytes = <usize>vectors * sizeof<T>();
  for (let i = 0; i < count; i += 4) {
    // Rows past the end repeat the last one: their scores fall in the rest of z's row, which nobody reads.
    const x0 = x + <usize>i * bytes;
    const x1 = min(x0 + bytes, last);
    const x2 = min(x1 + bytes, last);
    const x3 = min(x2 + bytes, last);
    let wc = w;
    let zc = z + <usize>i * sizeof<T>();
    for (let c = 0; c < classes; ) {
      const tile = scoresTile(classes - c);
      if (!ASC_FEATURE_SIMD) {
        for (let k = 0; k < tile; k++) memory.fill(zc + <usize>(k * PANEL) * sizeof<T>(), 0, 4 * sizeof<T>());
      } else if (tile > 2) {
        for (let pair = 0; pair < 2; pair++) {
          const xp = pair == 0 ? x0 : x2;
          const yp = pair == 0 ? x1 : x3;
          const zp = zc + <usize>(2 * pair) * sizeof<T>();
          if (tile == 5) scores2x5<T>(vectorBytes, xp, yp, wc, zp);
          else if (tile == 4) scores2x4<T>(vectorBytes, xp, yp, wc, zp);
          else scores2x3<T>(vectorBytes, xp, yp, wc, zp);
        }
      } else if (tile == 2) {
        scores4x2<T>(vectorBytes, x0, x1, x2, x3, wc, zc);
      } else {
        scores4x1<T>(vectorBytes, x0, x1, x2, x3, wc, zc);
      }
      if (vectors < columns) {
        const rest = wc + <usize>tile * vectorBytes;
        for (let k = 0; k < tile; k++) {
          const wk = rest + <usize>k * sizeof<T>();
          lastColumns<T>(
            columns - vectors,
            tile,
            vectorBytes,
            x0,
            x1,
            x2,
            x3,
            wk,
            zc + <usize>(k * PANEL) * sizeof<T>(),
          );
        }
      }
      wc += <usize>tile * bytes;
      zc += <usize>(tile * PANEL) * sizeof<T>();
      c += tile;
    }
  }
}

/**
 * The exits, which are never taken, part the body on Node 20: TurboFan would issue all seven loads first and spill. 60000 ×
 * 784 × 10 on Zen 5: forward in 0.91 of the time that tiles of three classes take, without exits in 1.2.
 */
function scores2x5<T>(bytes: usize, x: usize, y: usize, w: usize, z: usize): void {
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
  for (const end = x + bytes; x < end; x += 16) {
    const p = v128.load(x);
    const q = v128.load(y);
    const s = v128.load(w);
    a0 = multiplyAdd<T>(p, s, a0);
    b0 = multiplyAdd<T>(q, s, b0);
    const t = v128.load(w, 16);
    a1 = multiplyAdd<T>(p, t, a1);
    b1 = multiplyAdd<T>(q, t, b1);
    if (!ASC_FEATURE_RELAXED_SIMD && y == 0) break; // never
    const u = v128.load(w, 32);
    a2 = multiplyAdd<T>(p, u, a2);
    b2 = multiplyAdd<T>(q, u, b2);
    const v = v128.load(w, 48);
    a3 = multiplyAdd<T>(p, v, a3);
    b3 = multiplyAdd<T>(q, v, b3);
    if (!ASC_FEATURE_RELAXED_SIMD && w == 0) break; // never
    const r = v128.load(w, 64);
    a4 = multiplyAdd<T>(p, r, a4);
    b4 = multiplyAdd<T>(q, r, b4);
    y += 16;
    w += 80;
  }
  storePair<T>(z, a0, b0);
  storePair<T>(z + PANEL * sizeof<T>(), a1, b1);
  storePair<T>(z + 2 * PANEL * sizeof<T>(), a2, b2);
  storePair<T>(z + 3 * PANEL * sizeof<T>(), a3, b3);
  storePair<T>(z + 4 * PANEL * sizeof<T>(), a4, b4);
}

function scores2x4<T>(bytes: usize, x: usize, y: usize, w: usize, z: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  let b0 = v128.splat<T>(0);
  let b1 = v128.splat<T>(0);
  let b2 = v128.splat<T>(0);
  let b3 = v128.splat<T>(0);
  for (const end = x + bytes; x < end; x += 16) {
    const p = v128.load(x);
    const q = v128.load(y);
    const s = v128.load(w);
    a0 = multiplyAdd<T>(p, s, a0);
    b0 = multiplyAdd<T>(q, s, b0);
    if (!ASC_FEATURE_RELAXED_SIMD && y == 0) break; // never
    const t = v128.load(w, 16);
    a1 = multiplyAdd<T>(p, t, a1);
    b1 = multiplyAdd<T>(q, t, b1);
    const u = v128.load(w, 32);
    a2 = multiplyAdd<T>(p, u, a2);
    b2 = multiplyAdd<T>(q, u, b2);
    if (!ASC_FEATURE_RELAXED_SIMD && w == 0) break; // never
    const v = v128.load(w, 48);
    a3 = multiplyAdd<T>(p, v, a3);
    b3 = multiplyAdd<T>(q, v, b3);
    y += 16;
    w += 64;
  }
  storePair<T>(z, a0, b0);
  storePair<T>(z + PANEL * sizeof<T>(), a1, b1);
  storePair<T>(z + 2 * PANEL * sizeof<T>(), a2, b2);
  storePair<T>(z + 3 * PANEL * sizeof<T>(), a3, b3);
}

function scores2x3<T>(bytes: usize, x: usize, y: usize, w: usize, z: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let b0 = v128.splat<T>(0);
  let b1 = v128.splat<T>(0);
  let b2 = v128.splat<T>(0);
  for (const end = x + bytes; x < end; x += 16) {
    const p = v128.load(x);
    const q = v128.load(y);
    const s = v128.load(w);
    a0 = multiplyAdd<T>(p, s, a0);
    b0 = multiplyAdd<T>(q, s, b0);
    const t = v128.load(w, 16);
    a1 = multiplyAdd<T>(p, t, a1);
    b1 = multiplyAdd<T>(q, t, b1);
    const u = v128.load(w, 32);
    a2 = multiplyAdd<T>(p, u, a2);
    b2 = multiplyAdd<T>(q, u, b2);
    y += 16;
    w += 48;
  }
  storePair<T>(z, a0, b0);
  storePair<T>(z + PANEL * sizeof<T>(), a1, b1);
  storePair<T>(z + 2 * PANEL * sizeof<T>(), a2, b2);
}

function scores4x2<T>(bytes: usize, x0: usize, x1: usize, x2: usize, x3: usize, w: usize, z: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  let b0 = v128.splat<T>(0);
  let b1 = v128.splat<T>(0);
  let b2 = v128.splat<T>(0);
  let b3 = v128.splat<T>(0);
  for (const end = x0 + bytes; x0 < end; x0 += 16) {
    const u = v128.load(w);
    const v = v128.load(w, 16);
    const p = v128.load(x0);
    a0 = multiplyAdd<T>(p, u, a0);
    b0 = multiplyAdd<T>(p, v, b0);
    const q = v128.load(x1);
    a1 = multiplyAdd<T>(q, u, a1);
    b1 = multiplyAdd<T>(q, v, b1);
    const r = v128.load(x2);
    a2 = multiplyAdd<T>(r, u, a2);
    b2 = multiplyAdd<T>(r, v, b2);
    const s = v128.load(x3);
    a3 = multiplyAdd<T>(s, u, a3);
    b3 = multiplyAdd<T>(s, v, b3);
    x1 += 16;
    x2 += 16;
    x3 += 16;
    w += 32;
  }
  storeSums<T>(z, a0, a1, a2, a3);
  storeSums<T>(z + PANEL * sizeof<T>(), b0, b1, b2, b3);
}

function scores4x1<T>(bytes: usize, x0: usize, x1: usize, x2: usize, x3: usize, w: usize, z: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  for (const end = x0 + bytes; x0 < end; x0 += 16) {
    const u = v128.load(w);
    a0 = multiplyAdd<T>(v128.load(x0), u, a0);
    a1 = multiplyAdd<T>(v128.load(x1), u, a1);
    a2 = multiplyAdd<T>(v128.load(x2), u, a2);
    a3 = multiplyAdd<T>(v128.load(x3), u, a3);
    x1 += 16;
    x2 += 16;
    x3 += 16;
    w += 16;
  }
  storeSums<T>(z, a0, a1, a2, a3);
}

/** Adds the columns from byte `at` on, `columns` of them; weights lie `tile` apart. */
function lastColumns<T>(
  columns: i32,
  tile: i32,
  at: usize,
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  w: usize,
  z: usize,
): void {
  let s0 = load<T>(z);
  let s1 = load<T>(z + sizeof<T>());
  let s2 = load<T>(z + 2 * sizeof<T>());
  let s3 = load<T>(z + 3 * sizeof<T>());
  for (const end = at + <usize>columns * sizeof<T>(); at < end; at += sizeof<T>()) {
    const u = load<T>(w);
    s0 = <T>(s0 + load<T>(x0 + at) * u);
    s1 = <T>(s1 + load<T>(x1 + at) * u);
    s2 = <T>(s2 + load<T>(x2 + at) * u);
    s3 = <T>(s3 + load<T>(x3 + at) * u);
    w += <usize>tile * sizeof<T>();
  }
  store<T>(z, s0);
  store<T>(z + sizeof<T>(), s1);
  store<T>(z + 2 * sizeof<T>(), s2);
  store<T>(z + 3 * sizeof<T>(), s3);
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
