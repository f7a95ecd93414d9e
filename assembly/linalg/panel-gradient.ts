// The backward half of the products with a panel: tiles and why they have their shapes in panel.ts.

import { multiplyAdd } from "./multiply-add";
import { gradientTile, PANEL } from "./panel";

/**
 * gradient[c·columns + j] += Σ_{i<count} slopes[c·PANEL + i]·X[i][j], all of T: the sum over the panel in registers. A tile
 * of columns stays in the first-level cache while all classes use it. `ahead`: the next panel, to be touched; or 0.
 */
export function panelGradient<T>(
  count: i32,
  columns: i32,
  classes: i32,
  x: usize,
  slopes: usize,
  gradient: usize,
  ahead: usize,
): void {
  const lanes: i32 = 16 / sizeof<T>();
  const rowBytes = <usize>columns * sizeof<T>();
  // Each stream ends about where the next began, and the last within the panel, when the last tile has been computed.
  const apart = ((<usize>count * rowBytes) / STREAMS) & ~63;
  const share = ahead == 0 ? 0 : ((<usize>count) << 6) / (STREAMS * <usize>tilesOf(classes));
  let until = ahead;
  let j = 0;
  if (ASC_FEATURE_SIMD) {
    for (; j + 4 * lanes <= columns; j += 4 * lanes) {
      const xj = x + <usize>j * sizeof<T>();
      let g = gradient + <usize>j * sizeof<T>();
      let r = slopes;
      for (let c = 0; c < classes; ) {
        const tile = gradientTile(classes - c);
        if (tile > 2) {
          for (let half: usize = 0; half < 64; half += 32) {
            until += share;
            if (ahead < until) {
              touch(ahead, apart);
              ahead += 64;
            }
            if (ASC_FEATURE_RELAXED_SIMD && tile == 5) gradient2x5<T>(count, xj + half, rowBytes, r, g + half);
            else if (tile == 4) gradient2x4<T>(count, xj + half, rowBytes, r, g + half);
            else gradient2x3<T>(count, xj + half, rowBytes, r, g + half);
          }
        } else {
          until += share;
          if (ahead < until) {
            touch(ahead, apart);
            ahead += 64;
          }
          if (tile == 2) gradient4x2<T>(count, xj, rowBytes, r, g, g + rowBytes);
          else gradient4x1<T>(count, xj, rowBytes, r, g);
        }
        r += <usize>(tile * PANEL) * sizeof<T>();
        g += <usize>tile * rowBytes;
        c += tile;
      }
    }
    for (; j + lanes <= columns; j += lanes) {
      const xj = x + <usize>j * sizeof<T>();
      const g = gradient + <usize>j * sizeof<T>();
      for (let c = 0; c < classes; c++) {
        gradient1x1<T>(count, xj, rowBytes, slopes + <usize>(c * PANEL) * sizeof<T>(), g + <usize>c * rowBytes);
      }
    }
  }
  for (; j < columns; j++) {
    const xj = x + <usize>j * sizeof<T>();
    for (let c = 0; c < classes; c++) {
      let sum: T = 0;
      let p = xj;
      const r = slopes + <usize>(c * PANEL) * sizeof<T>();
      for (let i = 0; i < count; i++) {
        sum = <T>(sum + load<T>(r + <usize>i * sizeof<T>()) * load<T>(p));
        p += rowBytes;
      }
      const to = gradient + <usize>c * rowBytes + <usize>j * sizeof<T>();
      store<T>(to, <T>(load<T>(to) + sum));
    }
  }
}

/** Whether there is time to touch a next panel of so many bytes: streams of a page, a line of each for each tile at most. */
export function touchesAhead(panelBytes: usize, classes: i32): bool {
  return ASC_FEATURE_SIMD && panelBytes >= <usize>(STREAMS << 12) && STREAMS * tilesOf(classes) >= PANEL;
}

/** Tiles over the same columns. */
function tilesOf(classes: i32): i32 {
  let tiles = 0;
  while (classes > 0) {
    const tile = gradientTile(classes);
    tiles += tile > 2 ? 2 : 1;
    classes -= tile;
  }
  return tiles;
}

function gradient2x5<T>(count: i32, x: usize, rowBytes: usize, r: usize, g: usize): void {
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
  for (const end = r + <usize>count * sizeof<T>(); r < end; r += sizeof<T>()) {
    const p = v128.load(x);
    const q = v128.load(x, 16);
    const s = v128.load_splat<T>(r);
    a0 = multiplyAdd<T>(p, s, a0);
    b0 = multiplyAdd<T>(q, s, b0);
    const t = v128.load_splat<T>(r, PANEL * sizeof<T>());
    a1 = multiplyAdd<T>(p, t, a1);
    b1 = multiplyAdd<T>(q, t, b1);
    const u = v128.load_splat<T>(r, 2 * PANEL * sizeof<T>());
    a2 = multiplyAdd<T>(p, u, a2);
    b2 = multiplyAdd<T>(q, u, b2);
    const v = v128.load_splat<T>(r, 3 * PANEL * sizeof<T>());
    a3 = multiplyAdd<T>(p, v, a3);
    b3 = multiplyAdd<T>(q, v, b3);
    const y = v128.load_splat<T>(r, 4 * PANEL * sizeof<T>());
    a4 = multiplyAdd<T>(p, y, a4);
    b4 = multiplyAdd<T>(q, y, b4);
    x += rowBytes;
  }
  addPair<T>(g, a0, b0);
  addPair<T>(g + rowBytes, a1, b1);
  addPair<T>(g + 2 * rowBytes, a2, b2);
  addPair<T>(g + 3 * rowBytes, a3, b3);
  addPair<T>(g + 4 * rowBytes, a4, b4);
}

function gradient2x4<T>(count: i32, x: usize, rowBytes: usize, r: usize, g: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  let b0 = v128.splat<T>(0);
  let b1 = v128.splat<T>(0);
  let b2 = v128.splat<T>(0);
  let b3 = v128.splat<T>(0);
  for (const end = r + <usize>count * sizeof<T>(); r < end; r += sizeof<T>()) {
    const p = v128.load(x);
    const q = v128.load(x, 16);
    const s = v128.load_splat<T>(r);
    a0 = multiplyAdd<T>(p, s, a0);
    b0 = multiplyAdd<T>(q, s, b0);
    const t = v128.load_splat<T>(r, PANEL * sizeof<T>());
    a1 = multiplyAdd<T>(p, t, a1);
    b1 = multiplyAdd<T>(q, t, b1);
    const u = v128.load_splat<T>(r, 2 * PANEL * sizeof<T>());
    a2 = multiplyAdd<T>(p, u, a2);
    b2 = multiplyAdd<T>(q, u, b2);
    const v = v128.load_splat<T>(r, 3 * PANEL * sizeof<T>());
    a3 = multiplyAdd<T>(p, v, a3);
    b3 = multiplyAdd<T>(q, v, b3);
    x += rowBytes;
  }
  addPair<T>(g, a0, b0);
  addPair<T>(g + rowBytes, a1, b1);
  addPair<T>(g + 2 * rowBytes, a2, b2);
  addPair<T>(g + 3 * rowBytes, a3, b3);
}

function gradient2x3<T>(count: i32, x: usize, rowBytes: usize, r: usize, g: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let b0 = v128.splat<T>(0);
  let b1 = v128.splat<T>(0);
  let b2 = v128.splat<T>(0);
  for (const end = r + <usize>count * sizeof<T>(); r < end; r += sizeof<T>()) {
    const p = v128.load(x);
    const q = v128.load(x, 16);
    const s = v128.load_splat<T>(r);
    a0 = multiplyAdd<T>(p, s, a0);
    b0 = multiplyAdd<T>(q, s, b0);
    const t = v128.load_splat<T>(r, PANEL * sizeof<T>());
    a1 = multiplyAdd<T>(p, t, a1);
    b1 = multiplyAdd<T>(q, t, b1);
    const u = v128.load_splat<T>(r, 2 * PANEL * sizeof<T>());
    a2 = multiplyAdd<T>(p, u, a2);
    b2 = multiplyAdd<T>(q, u, b2);
    x += rowBytes;
  }
  addPair<T>(g, a0, b0);
  addPair<T>(g + rowBytes, a1, b1);
  addPair<T>(g + 2 * rowBytes, a2, b2);
}

function addPair<T>(g: usize, a: v128, b: v128): void {
  addTo<T>(g, a);
  addTo<T>(g + 16, b);
}

function gradient4x2<T>(count: i32, x: usize, rowBytes: usize, r: usize, g0: usize, g1: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  let b0 = v128.splat<T>(0);
  let b1 = v128.splat<T>(0);
  let b2 = v128.splat<T>(0);
  let b3 = v128.splat<T>(0);
  for (const end = r + <usize>count * sizeof<T>(); r < end; r += sizeof<T>()) {
    const u = v128.load_splat<T>(r);
    const v = v128.load_splat<T>(r, PANEL * sizeof<T>());
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
  }
  addTo<T>(g0, a0);
  addTo<T>(g0 + 16, a1);
  addTo<T>(g0 + 32, a2);
  addTo<T>(g0 + 48, a3);
  addTo<T>(g1, b0);
  addTo<T>(g1 + 16, b1);
  addTo<T>(g1 + 32, b2);
  addTo<T>(g1 + 48, b3);
}

function gradient4x1<T>(count: i32, x: usize, rowBytes: usize, r: usize, g: usize): void {
  let a0 = v128.splat<T>(0);
  let a1 = v128.splat<T>(0);
  let a2 = v128.splat<T>(0);
  let a3 = v128.splat<T>(0);
  for (const end = r + <usize>count * sizeof<T>(); r < end; r += sizeof<T>()) {
    const u = v128.load_splat<T>(r);
    a0 = multiplyAdd<T>(v128.load(x), u, a0);
    a1 = multiplyAdd<T>(v128.load(x, 16), u, a1);
    a2 = multiplyAdd<T>(v128.load(x, 32), u, a2);
    a3 = multiplyAdd<T>(v128.load(x, 48), u, a3);
    x += rowBytes;
  }
  addTo<T>(g, a0);
  addTo<T>(g + 16, a1);
  addTo<T>(g + 32, a2);
  addTo<T>(g + 48, a3);
}

function gradient1x1<T>(count: i32, x: usize, rowBytes: usize, r: usize, g: usize): void {
  let a = v128.splat<T>(0);
  for (const end = r + <usize>count * sizeof<T>(); r < end; r += sizeof<T>()) {
    a = multiplyAdd<T>(v128.load(x), v128.load_splat<T>(r), a);
    x += rowBytes;
  }
  addTo<T>(g, a);
}

function addTo<T>(g: usize, a: v128): void {
  v128.store(g, v128.add<T>(v128.load(g), a));
}

/** gradient ← gradient + sums, f64 and f32; sums ← 0. */
export function moveSums(count: i32, sums: usize, gradient: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 4 <= count; i += 4) {
      const from = sums + ((<usize>i) << 2);
      const to = gradient + ((<usize>i) << 3);
      v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(v128.load64_zero(from))));
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(v128.load64_zero(from, 8))), 16);
      v128.store(from, f32x4.splat(0));
    }
  }
  for (; i < count; i++) {
    const to = gradient + ((<usize>i) << 3);
    const from = sums + ((<usize>i) << 2);
    store<f64>(to, load<f64>(to) + <f64>load<f32>(from));
    store<f32>(from, 0);
  }
}

/**
 * With as many tiles as ten classes have, the next panel comes from memory while this one is computed: between tiles a line
 * of each of several streams is touched. Wasm has no prefetch, but a load whose value is dropped must still be made, and
 * what follows waits for it: so the streams wait together. Two lines of a stream between two tiles would be late: then a
 * sweep before the panel is read (sweep.ts) costs less.
 *
 *   60000 × 784 × 10, Zen 5, Node 20             a sweep 1.04   five streams (two lines at times) 1.02   six 1   eight 1.04
 *                            Node 24, relaxed    six streams (two lines at times) 1.24   seven 1.06   eight 1   nine 0.97
 *
 * (0.92 on Node 20 when every panel is the same one.)
 */
const STREAMS: i32 = ASC_FEATURE_RELAXED_SIMD ? 8 : 6;

function touch(pointer: usize, apart: usize): void {
  load<u8>(pointer);
  pointer += apart; // not k·apart, for which there are no registers
  load<u8>(pointer);
  pointer += apart;
  load<u8>(pointer);
  pointer += apart;
  load<u8>(pointer);
  pointer += apart;
  load<u8>(pointer);
  pointer += apart;
  load<u8>(pointer);
  if (!ASC_FEATURE_RELAXED_SIMD) return;
  pointer += apart;
  load<u8>(pointer);
  pointer += apart;
  load<u8>(pointer);
}
