// The backward half of the products with a panel: tiles and why they have their shapes in panel.ts.

import { multiplyAdd } from "./multiply-add";
import { inFives } from "./panel";

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
