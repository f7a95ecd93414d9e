// Products of a panel (a few rows of X, row-major, any alignment) with W and with the slopes of the loss, in register
// tiles of explicit v128. Lanes run over columns of X, so the number of classes needs no padding.
//
//   panelScores     4 rows × 2 classes: 8 sums, 4 loads of X, 2 of W                = 14 live vectors
//                   2 rows × 5 classes: 10 sums, 2 loads of X, 1 of W               = 13
//   panelGradient   4 vectors of columns × 2 classes: 8 sums, 4 loads, 2 splats     = 14
//                   2 vectors of columns × 5 classes: 10 sums, 2 loads, 1 splat     = 13
//
// TurboFan (Node 20) issues all loads of a loop's body first, so that five classes need 17 and spill (44 → 37 GF/s of 45).
// Engines with relaxed SIMD keep the order written, and a fused product needs more sums under way than two in a row:
// forward 55 → 62, backward 52 → 58 GF/s of 65.

import { multiplyAdd } from "./multiply-add";

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

/** Classes that go five at a time, so that the others go in pairs. */
function inFives(outputs: i32): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD || outputs < 5) return 0;
  const fives = outputs / 5;
  return 5 * (fives - ((outputs - fives) & 1));
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

/**
 * gradient[c·columns + j] += Σ_{i<count} slopes[c·stride + i]·X[i][j]: the sum over the panel in T, in registers, then
 * added to the f64 gradient. A tile of columns stays in the first-level cache while all classes use it.
 * `ahead`: the next panel, or 0.
 */
export function panelGradient<T>(
  count: i32,
  columns: i32,
  outputs: i32,
  x: usize,
  slopes: usize,
  stride: i32,
  gradient: usize,
  ahead: usize,
): void {
  const lanes: i32 = 16 / sizeof<T>();
  const rowBytes = <usize>columns * sizeof<T>();
  const classBytes = (<usize>columns) << 3;
  const slopeBytes = <usize>stride * sizeof<T>();
  const fives = inFives(outputs);
  const tiles = (2 * fives) / 5 + (outputs - fives) / 2;
  // A tile's 64 bytes in each row, in as many parts as there are tiles over the same columns.
  const share = tiles == 0 || ahead == 0 ? 0 : ((<usize>count) << 6) / (STREAMS * <usize>tiles);
  const apart = ((<usize>count * rowBytes) / STREAMS) & ~4095;
  let j = 0;
  if (ASC_FEATURE_SIMD) {
    for (; j + 4 * lanes <= columns; j += 4 * lanes) {
      const xj = x + <usize>j * sizeof<T>();
      let g = gradient + ((<usize>j) << 3);
      let r = slopes;
      let c = 0;
      for (; c < fives; c += 5) {
        touch(ahead, apart, share);
        ahead += share;
        gradient2x5<T>(count, xj, rowBytes, r, slopeBytes, g, classBytes);
        touch(ahead, apart, share);
        ahead += share;
        gradient2x5<T>(count, xj + 32, rowBytes, r, slopeBytes, g + ((<usize>lanes) << 4), classBytes);
        r += 5 * slopeBytes;
        g += 5 * classBytes;
      }
      for (; c + 2 <= outputs; c += 2) {
        touch(ahead, apart, share);
        ahead += share;
        gradient4x2<T>(count, xj, rowBytes, r, r + slopeBytes, g, g + classBytes);
        r += 2 * slopeBytes;
        g += 2 * classBytes;
      }
      if (c < outputs) gradient4x1<T>(count, xj, rowBytes, r, g);
    }
    for (; j + lanes <= columns; j += lanes) {
      const xj = x + <usize>j * sizeof<T>();
      const g = gradient + ((<usize>j) << 3);
      for (let c = 0; c < outputs; c++) {
        gradient1x1<T>(count, xj, rowBytes, slopes + <usize>c * slopeBytes, g + <usize>c * classBytes);
      }
    }
  }
  for (; j < columns; j++) {
    const xj = x + <usize>j * sizeof<T>();
    for (let c = 0; c < outputs; c++) {
      let sum: T = 0;
      let p = xj;
      const r = slopes + <usize>c * slopeBytes;
      for (let i = 0; i < count; i++) {
        sum = <T>(sum + load<T>(r + <usize>i * sizeof<T>()) * load<T>(p));
        p += rowBytes;
      }
      const to = gradient + <usize>c * classBytes + ((<usize>j) << 3);
      store<f64>(to, load<f64>(to) + <f64>sum);
    }
  }
}

function gradient2x5<T>(
  count: i32,
  x: usize,
  rowBytes: usize,
  r0: usize,
  slopeBytes: usize,
  g: usize,
  classBytes: usize,
): void {
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
  const end = r0 + <usize>count * sizeof<T>();
  let r1 = r0 + slopeBytes;
  let r2 = r1 + slopeBytes;
  let r3 = r2 + slopeBytes;
  let r4 = r3 + slopeBytes;
  while (r0 < end) {
    const p = v128.load(x);
    const q = v128.load(x, 16);
    const s = v128.load_splat<T>(r0);
    a0 = multiplyAdd<T>(p, s, a0);
    b0 = multiplyAdd<T>(q, s, b0);
    const t = v128.load_splat<T>(r1);
    a1 = multiplyAdd<T>(p, t, a1);
    b1 = multiplyAdd<T>(q, t, b1);
    const u = v128.load_splat<T>(r2);
    a2 = multiplyAdd<T>(p, u, a2);
    b2 = multiplyAdd<T>(q, u, b2);
    const v = v128.load_splat<T>(r3);
    a3 = multiplyAdd<T>(p, v, a3);
    b3 = multiplyAdd<T>(q, v, b3);
    const y = v128.load_splat<T>(r4);
    a4 = multiplyAdd<T>(p, y, a4);
    b4 = multiplyAdd<T>(q, y, b4);
    x += rowBytes;
    r0 += sizeof<T>();
    r1 += sizeof<T>();
    r2 += sizeof<T>();
    r3 += sizeof<T>();
    r4 += sizeof<T>();
  }
  addPair<T>(g, a0, b0);
  addPair<T>(g + classBytes, a1, b1);
  addPair<T>(g + 2 * classBytes, a2, b2);
  addPair<T>(g + 3 * classBytes, a3, b3);
  addPair<T>(g + 4 * classBytes, a4, b4);
}

function addPair<T>(g: usize, a: v128, b: v128): void {
  addTo<T>(g, a);
  addTo<T>(g + 128 / sizeof<T>(), b);
}

function gradient4x2<T>(count: i32, x: usize, rowBytes: usize, r0: usize, r1: usize, g0: usize, g1: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  let b0 = v128.splat<T>(0);
  let b1 = v128.splat<T>(0);
  let b2 = v128.splat<T>(0);
  let b3 = v128.splat<T>(0);
  const end = r0 + <usize>count * sizeof<T>();
  while (r0 < end) {
    const u = v128.load_splat<T>(r0);
    const v = v128.load_splat<T>(r1);
    const p = v128.load(x);
    a0 = multiplyAdd<T>(p, u, a0);
    b0 = multiplyAdd<T>(p, v, b0);
    const q = v128.load(x, 16);
    a1 = multiplyAdd<T>(q, u, a1);
    b1 = multiplyAdd<T>(q, v, b1);
    const s = v128.load(x, 32);
    a2 = multiplyAdd<T>(s, u, a2);
    b2 = multiplyAdd<T>(s, v, b2);
    const t = v128.load(x, 48);
    a3 = multiplyAdd<T>(t, u, a3);
    b3 = multiplyAdd<T>(t, v, b3);
    x += rowBytes;
    r0 += sizeof<T>();
    r1 += sizeof<T>();
  }
  addTo<T>(g0, a0);
  addTo<T>(g0 + 128 / sizeof<T>(), a1);
  addTo<T>(g0 + 256 / sizeof<T>(), a2);
  addTo<T>(g0 + 384 / sizeof<T>(), a3);
  addTo<T>(g1, b0);
  addTo<T>(g1 + 128 / sizeof<T>(), b1);
  addTo<T>(g1 + 256 / sizeof<T>(), b2);
  addTo<T>(g1 + 384 / sizeof<T>(), b3);
}

function gradient4x1<T>(count: i32, x: usize, rowBytes: usize, r: usize, g: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  const end = r + <usize>count * sizeof<T>();
  while (r < end) {
    const u = v128.load_splat<T>(r);
    a0 = multiplyAdd<T>(v128.load(x), u, a0);
    a1 = multiplyAdd<T>(v128.load(x, 16), u, a1);
    a2 = multiplyAdd<T>(v128.load(x, 32), u, a2);
    a3 = multiplyAdd<T>(v128.load(x, 48), u, a3);
    x += rowBytes;
    r += sizeof<T>();
  }
  addTo<T>(g, a0);
  addTo<T>(g + 128 / sizeof<T>(), a1);
  addTo<T>(g + 256 / sizeof<T>(), a2);
  addTo<T>(g + 384 / sizeof<T>(), a3);
}

function gradient1x1<T>(count: i32, x: usize, rowBytes: usize, r: usize, g: usize): void {
  let a = v128.splat<T>(0);
  const end = r + <usize>count * sizeof<T>();
  while (r < end) {
    a = multiplyAdd<T>(v128.load(x), v128.load_splat<T>(r), a);
    x += rowBytes;
    r += sizeof<T>();
  }
  addTo<T>(g, a);
}

/** Adds the lanes of `a` to the doubles at g. */
function addTo<T>(g: usize, a: v128): void {
  if (sizeof<T>() == 8) {
    v128.store(g, f64x2.add(v128.load(g), a));
  } else {
    v128.store(g, f64x2.add(v128.load(g), f64x2.promote_low_f32x4(a)));
    v128.store(g, f64x2.add(v128.load(g, 16), f64x2.promote_low_f32x4(v128.shuffle<f32>(a, a, 2, 3, 2, 3))), 16);
  }
}

/**
 * The rows of the next panel come from memory while this one is computed: between tiles a few of its cache lines are
 * touched. Wasm has no prefetch, but a load whose value is dropped must still be made. It waits at the first lines of
 * every 4 KiB page, where no prefetcher of the machine runs ahead yet: so several streams a whole number of pages apart
 * wait together (60000 × 784 × 10, relaxed: none 59 ms, one stream 50, two 46, four 43, eight 44).
 */
const STREAMS: usize = 4;

function touch(pointer: usize, apart: usize, bytes: usize): void {
  for (const end = pointer + bytes; pointer < end; pointer += 64) {
    load<u8>(pointer);
    load<u8>(pointer + apart);
    load<u8>(pointer + 2 * apart);
    load<u8>(pointer + 3 * apart);
  }
}
