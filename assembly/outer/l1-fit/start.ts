// Where a cold solve starts: near the minimum, at a vertex.
//
// Least squares first, then a Newton step per band, each band half as populated as the one before. A step costs what three
// pivots do. The rows that are left are nearly those of the minimum: of (10000, 50), 60 pivots away, where it is 240 from
// least squares.

import { axpy, columnStride, dot, resetInverse, rowTimesInverse, updateInverse } from "../basis";
import { smallest } from "../ratio-test";
import { at, L1Fit, total } from "./model";
import { newton, rounded } from "./newton";
import { basic, multiply, padded, rowInto, setBasic } from "./rows";

/** Factor that widens a band beyond the residual it ends at, so that this one lies inside despite rounding. */
const BEYOND: f64 = 1 + 1e-9;
/** A pivot of the first vertex below this share of its row's length is left to an artificial. */
const PIVOT: f64 = 1e-3;

/** From x = 0, weighted least squares with a ridge; α = Σ|μ| unless F ties it to μ, and away from the apex. */
export function leastSquares(f: L1Fit): void {
  const k = f.k;
  memory.copy(f.r, f.b, (<usize>total(f)) << 3);
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
    const band = BEYOND * smallest(f.t, f.active, count);
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
