// Newton's method on f with each kink rounded off over a band of residuals (K. Madsen, H. B. Nielsen, A finite smoothing
// algorithm for linear l1 estimation, SIAM J. Optim. 3, 1993):
//
//   yᵢ = clamp(wᵢ rᵢ / γ, −wᵢ, wᵢ),   H = Σ_{|rᵢ| < γ} (wᵢ/γ) aᵢ aᵢᵀ,   x ← x + H⁻¹ Aᵀ y
//
// With γ = ∞, by convention, y = w r and H = Σ wᵢ aᵢ aᵢᵀ: least squares.

import { axpy, columnStride } from "../basis";
import { gram, tileSide } from "../gram";
import { addRows, panelBytes } from "../panels";
import { at, CHUNK, L1Fit } from "./model";
import { addTo, rowInto } from "./rows";

/** f rounded off at x + t·w, where α = A w, without the slots at rest. */
export function rounded(f: L1Fit, band: f64, hard: f64, t: f64): f64 {
  const end = (<usize>((f.active + 1) & ~1)) << 3;
  let sum: f64 = 0;
  if (ASC_FEATURE_SIMD) {
    const step = f64x2.splat(t);
    const most = f64x2.splat(band);
    const half = f64x2.splat(0.5);
    let sums = f64x2.splat(0);
    for (let i: usize = 0; i < end; i += 16) {
      const r = f64x2.abs(f64x2.sub(v128.load(f.r + i), f64x2.mul(step, v128.load(f.alpha + i))));
      const within = f64x2.min(r, most);
      const area = f64x2.mul(within, f64x2.sub(r, f64x2.mul(half, within)));
      sums = f64x2.add(sums, f64x2.mul(v128.load(f.hi + i), area));
    }
    sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  } else {
    let odd: f64 = 0;
    for (let i: usize = 0; i < end; i += 8) {
      const r = abs(load<f64>(f.r + i) - t * load<f64>(f.alpha + i));
      const within = min(r, band);
      const value = load<f64>(f.hi + i) * (within * (r - 0.5 * within));
      if (i & 8) odd += value;
      else sum += value;
    }
    sum += odd;
  }
  sum /= band;
  if (f.incumbent >= 0) sum += hardRounded(f, f.capacity, f.active, hard, t);
  return sum + hardRounded(f, 2 * f.capacity, f.cones, hard, t);
}

function hardRounded(f: L1Fit, first: i32, count: i32, curvature: f64, t: f64): f64 {
  let sum: f64 = 0;
  for (let i = first; i < first + count; i++) {
    const r = load<f64>(at(f.r, i)) - t * load<f64>(at(f.alpha, i));
    const violation = load<f64>(at(f.lo, i)) < 0 ? abs(r) : max(r, 0);
    const within = min(violation, load<f64>(at(f.hi, i)) / curvature);
    sum += curvature * within * (violation - 0.5 * within);
  }
  return sum;
}

/** w ← Newton's direction with the kinks of the active slots rounded off over |r| < band. Returns the curvature of hard rows. */
export function newton(f: L1Fit, band: f64): f64 {
  const p = f.p;
  const side = tileSide(p);
  memory.fill(f.normal, 0, (<usize>(side * side)) << 3);
  memory.copy(f.w, f.resting, (<usize>columnStride(p)) << 3);
  const h = at(f.t, f.capacity);
  clamp(f, band, h);
  const within = sumOf(h, f.active);
  addRows(f.panels, f.k, (f.active + 1) & ~1, f.t, f.pairs, f.w);
  store<f64>(at(f.w, p - 1), load<f64>(at(f.w, p - 1)) + sumOf(f.t, f.active));
  let slot = 0;
  while (slot < f.active) slot = gramOf(f, slot, h, side);
  if (f.incumbent >= 0) hardRows(f, f.capacity, f.active, within, side);
  hardRows(f, 2 * f.capacity, f.cones, within, side);
  let trace: f64 = 0;
  for (let a = 0; a < p; a++) trace += load<f64>(at(f.normal, a * side + a));
  const ridge = 1e-10 * trace + 1e-300;
  for (let a = 0; a < p; a++) {
    const diagonal = at(f.normal, a * side + a);
    store<f64>(diagonal, load<f64>(diagonal) + ridge);
  }
  solveCholesky(f.normal, p, side, f.w);
  return within;
}

/** y (in t) and the curvatures h of the active slots, padded to pairs. */
function clamp(f: L1Fit, band: f64, h: usize): void {
  const curvature = band < Infinity ? 1 / band : 1;
  const limit = band < Infinity ? 1 : 1e200;
  const end = (<usize>((f.active + 1) & ~1)) << 3;
  if (ASC_FEATURE_SIMD) {
    for (let i: usize = 0; i < end; i += 16) {
      const w = v128.load(f.hi + i);
      const most = f64x2.mul(w, f64x2.splat(limit));
      const steep = f64x2.mul(w, f64x2.splat(curvature));
      const y = f64x2.mul(steep, v128.load(f.r + i));
      v128.store(f.t + i, f64x2.max(f64x2.min(y, most), f64x2.neg(most)));
      v128.store(h + i, v128.and(steep, f64x2.lt(f64x2.abs(y), most)));
    }
  } else {
    for (let i: usize = 0; i < end; i += 8) {
      const w = load<f64>(f.hi + i);
      const most = w * limit;
      const y = w * curvature * load<f64>(f.r + i);
      store<f64>(f.t + i, max(min(y, most), -most));
      store<f64>(h + i, abs(y) < most ? w * curvature : 0);
    }
  }
}

/** Even places and odd ones apart, as SIMD does it. */
function sumOf(numbers: usize, n: i32): f64 {
  const end = numbers + ((<usize>((n + 1) & ~1)) << 3);
  if (ASC_FEATURE_SIMD) {
    let sums = f64x2.splat(0);
    for (let i = numbers; i < end; i += 16) sums = f64x2.add(sums, v128.load(i));
    return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  }
  let even: f64 = 0;
  let odd: f64 = 0;
  for (let i = numbers; i < end; i += 16) {
    even += load<f64>(i);
    odd += load<f64>(i, 8);
  }
  return even + odd;
}

/** Adds the pull and the curvature of violated hard rows: of each as much curvature as all observations have together. */
function hardRows(f: L1Fit, first: i32, count: i32, curvature: f64, side: i32): void {
  const column = (<usize>columnStride(f.p)) << 3;
  for (let i = first; i < first + count; i++) {
    const r = load<f64>(at(f.r, i));
    const low = load<f64>(at(f.lo, i));
    if (load<f64>(at(f.span, i)) > 0 && (r > 0 || low < 0)) {
      const y = min(max(curvature * r, low), load<f64>(at(f.hi, i)));
      addTo(f, i, y, f.w);
      rowInto(f, i, f.row);
      for (let a = 0; a < f.p; a++) {
        axpy(curvature * load<f64>(at(f.row, a)), f.row, at(f.normal, a * side), column);
      }
    }
  }
}

/** normal ← normal + Σ h a aᵀ over the next CHUNK panels from `slot` that have an h. Returns the slot after them. */
function gramOf(f: L1Fit, slot: i32, h: usize, side: i32): i32 {
  const bytes = (<usize>side) << 4;
  const k = f.k;
  let to = f.chunk;
  let panels = 0;
  let i = slot;
  while (panels < CHUNK && i < f.active) {
    const even = Math.sqrt(load<f64>(at(h, i)));
    const odd = Math.sqrt(load<f64>(at(h, i + 1)));
    if (even > 0 || odd > 0) {
      const from = f.panels + <usize>(i >> 1) * panelBytes(k);
      memory.fill(to, 0, bytes);
      for (let r: usize = 0; r < (<usize>k) << 4; r += 16) {
        store<f64>(to + r, even * load<f64>(from + r));
        store<f64>(to + r, odd * load<f64>(from + r, 8), 8);
      }
      const ones = to + ((<usize>(k + 1)) << 4);
      store<f64>(ones, even);
      store<f64>(ones, odd, 8);
      to += bytes;
      panels++;
    }
    i += 2;
  }
  gram(f.chunk, panels, side, f.normal);
  return i;
}

/** x ← matrix⁻¹ x, the lower triangle being overwritten by its Cholesky factor. */
function solveCholesky(matrix: usize, p: i32, stride: i32, x: usize): void {
  for (let a = 0; a < p; a++) {
    const rowA = at(matrix, a * stride);
    for (let b = 0; b <= a; b++) {
      const rowB = at(matrix, b * stride);
      let sum = load<f64>(at(rowA, b));
      for (let c = 0; c < b; c++) sum -= load<f64>(at(rowA, c)) * load<f64>(at(rowB, c));
      if (a == b) store<f64>(at(rowA, a), Math.sqrt(max(sum, 1e-300)));
      else store<f64>(at(rowA, b), sum / load<f64>(at(rowB, b)));
    }
  }
  for (let a = 0; a < p; a++) {
    let sum = load<f64>(at(x, a));
    for (let c = 0; c < a; c++) sum -= load<f64>(at(matrix, a * stride + c)) * load<f64>(at(x, c));
    store<f64>(at(x, a), sum / load<f64>(at(matrix, a * stride + a)));
  }
  for (let a = p - 1; a >= 0; a--) {
    let sum = load<f64>(at(x, a));
    for (let c = a + 1; c < p; c++) sum -= load<f64>(at(matrix, c * stride + a)) * load<f64>(at(x, c));
    store<f64>(at(x, a), sum / load<f64>(at(matrix, a * stride + a)));
  }
}
