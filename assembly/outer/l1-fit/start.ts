// Where a cold solve starts: near the minimum, at a vertex.
//
// Least squares first. Then Newton's method on f with each kink rounded off over a band of residuals,
//
//   yᵢ = clamp(wᵢ rᵢ / γ, −wᵢ, wᵢ),   H = Σ_{|rᵢ| < γ} (wᵢ/γ) aᵢ aᵢᵀ,   x ← x + H⁻¹ Aᵀ y,
//
// a step per band, each band half as populated as the one before (K. Madsen, H. B. Nielsen, A finite smoothing algorithm
// for linear l1 estimation, SIAM J. Optim. 3, 1993). A step costs what three pivots do. The rows left in the band are
// those of the vertex nearly: (10000, 50) is then 40 pivots away from its minimum, from least squares 240.

import { axpy, columnStride, dot, resetInverse, rowTimesInverse, updateInverse } from "../basis";
import { gram, tileSide } from "../gram";
import { addRows, panelBytes } from "../panels";
import { smallest } from "../ratio-test";
import { at, CHUNK, L1Fit, total as rowCount } from "./model";
import { addTo, basic, multiply, padded, rowInto, setBasic } from "./rows";

/** A pivot of the first vertex below this share of its row's length is left to an artificial. */
const PIVOT: f64 = 1e-3;

/** From x = 0, weighted least squares with a ridge; α = Σ|μ| unless F ties it to μ, and away from the apex. */
export function leastSquares(f: L1Fit): void {
  const k = f.k;
  memory.copy(f.r, f.b, (<usize>rowCount(f)) << 3);
  store<f64>(at(f.r, 2 * f.capacity), 0); // not the guard
  newton(f, Infinity);
  axpy(1, f.w, f.x, (<usize>columnStride(f.p)) << 3);
  let size: f64 = 0;
  for (let a = 0; a < k; a++) size += abs(load<f64>(at(f.x, a)));
  const alpha = load<f64>(at(f.x, k));
  store<f64>(at(f.x, k), max(alpha > 0 ? alpha : size, f.guard));
  artificials(f);
}

/** The basis is artificials at x. */
export function artificials(f: L1Fit): void {
  const first = 2 * f.capacity + f.coneCapacity;
  resetInverse(f.inverse, f.p);
  for (let q = 0; q < f.p; q++) {
    setBasic(f, q, first + q);
    store<f64>(at(f.b, first + q), load<f64>(at(f.x, q)));
  }
  f.stale = 0;
  f.updates = 0;
}

/** Newton's steps, and the vertex at their end. The state is that of artificials at x. */
export function approach(f: L1Fit): void {
  let count = (3 * f.active) >> 2;
  if (f.p < 10 || count < 4 * f.p) return; // pivots are cheaper
  while (count > f.p) {
    for (let i = 0; i < f.active; i++) store<f64>(at(f.t, i), abs(load<f64>(at(f.r, i))));
    const band = smallest(f.t, f.active, count);
    if (band > 1e-9) descend(f, band);
    count >>= 1;
  }
  vertex(f);
}

/** A step of Newton's method on f rounded off, halved until it descends. */
function descend(f: L1Fit, band: f64): void {
  const column = (<usize>columnStride(f.p)) << 3;
  const hard = newton(f, band);
  multiply(f, f.w, 0, padded(f), f.alpha);
  const drift = dot(f.resting, f.w, column);
  const before = rounded(f, band, hard, 0);
  let t: f64 = 1;
  while (t > 0.01 && !(rounded(f, band, hard, t) - t * drift < before)) t *= 0.5;
  if (t < 0.01) return;
  const active = (<usize>((f.active + 1) & ~1)) << 3;
  axpy(-t, f.alpha, f.r, active);
  if (f.incumbent >= 0) axpy(-t, at(f.alpha, f.capacity), at(f.r, f.capacity), active);
  axpy(-t, at(f.alpha, 2 * f.capacity), at(f.r, 2 * f.capacity), (<usize>((f.cones + 1) & ~1)) << 3);
  axpy(t, f.w, f.x, column);
}

/** f rounded off at x + t·w, where α = A w, without the slots at rest. */
function rounded(f: L1Fit, band: f64, hard: f64, t: f64): f64 {
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

/** w ← Newton's direction with the kinks of the active slots rounded off over |r| < band. Returns that of hard rows. */
function newton(f: L1Fit, band: f64): f64 {
  const p = f.p;
  const side = tileSide(p);
  memory.fill(f.normal, 0, (<usize>(side * side)) << 3);
  memory.copy(f.w, f.resting, (<usize>columnStride(p)) << 3);
  const h = at(f.t, f.capacity);
  clamp(f, band, h);
  const within = total(h, f.active);
  addRows(f.panels, f.k, (f.active + 1) & ~1, f.t, f.pairs, f.w);
  store<f64>(at(f.w, p - 1), load<f64>(at(f.w, p - 1)) + total(f.t, f.active));
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
function total(numbers: usize, n: i32): f64 {
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

/** Hard rows that are violated pull with a curvature that is all the observations'. */
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

/** The basis: hard rows that are violated, then observations by |r|, as far as they are independent; artificials. */
function vertex(f: L1Fit): void {
  const p = f.p;
  artificials(f);
  let left = p;
  if (f.incumbent >= 0) left = enterHard(f, f.capacity, f.active, left);
  left = enterHard(f, 2 * f.capacity, f.cones, left);
  const wanted = min(2 * left, f.active);
  if (wanted == 0) return;
  for (let i = 0; i < f.active; i++) store<f64>(at(f.t, i), abs(load<f64>(at(f.r, i))));
  const near = smallest(f.t, f.active, wanted);
  let i = 0;
  while (i < f.active && left > 0) {
    if (abs(load<f64>(at(f.r, i))) <= near) left -= enter(f, i);
    i++;
  }
}

function enterHard(f: L1Fit, first: i32, count: i32, left: i32): i32 {
  let free = left;
  let i = first;
  while (i < first + count && free > 0) {
    const violated = load<f64>(at(f.r, i)) > 0 || load<f64>(at(f.lo, i)) < 0;
    if (violated && load<f64>(at(f.span, i)) > 0) free -= enter(f, i);
    i++;
  }
  return free;
}

/** Whether (1 or 0) the row takes the artificial's slot where its pivot is largest. */
function enter(f: L1Fit, row: i32): i32 {
  const p = f.p;
  const first = 2 * f.capacity + f.coneCapacity;
  rowInto(f, row, f.row);
  rowTimesInverse(f.row, f.inverse, p, f.w);
  let length: f64 = 0;
  let slot = -1;
  let largest: f64 = 0;
  for (let q = 0; q < p; q++) {
    const size = abs(load<f64>(at(f.w, q)));
    length = max(length, abs(load<f64>(at(f.row, q))));
    if (basic(f, q) >= first && size > largest) {
      largest = size;
      slot = q;
    }
  }
  if (slot < 0 || largest < PIVOT * length) return 0;
  updateInverse(f.inverse, p, slot, f.w);
  setBasic(f, slot, row);
  store<f64>(at(f.span, row), 0);
  f.updates++;
  f.stale++;
  return 1;
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
