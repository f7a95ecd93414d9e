// What is proved at the end: objective, dual objective, violation, stationarity.

import { columnStride } from "../basis";
import { addRow, addRows } from "../panels";
import { at, L1Fit, origin } from "./model";
import { addTo, basic, bound, multiply } from "./rows";

/**
 * Duals y from the last factor, and from them and x alone, with the rows as they are stored: f, b·y, the largest
 * violation of a hard row relative to (μ, α), ‖Aᵀy‖∞ / Σ w. See `l1FitNumber`.
 */
export function l1FitVerify(block: usize): void {
  const f = changetype<L1Fit>(block);
  const capacity = f.capacity;
  const m = f.m;
  const y = f.t;
  const column = (<usize>columnStride(f.p)) << 3;
  const cones = 2 * capacity;
  const end = cones + f.cones;
  const even = (m + 1) & ~1;
  sides(f, 0, even);
  sides(f, capacity, even);
  sides(f, cones, (f.cones + 1) & ~1);
  for (let q = 0; q < f.p; q++) {
    const row = basic(f, q);
    if (row < end) {
      const value = min(max(load<f64>(at(f.y, q)), load<f64>(at(f.lo, row))), load<f64>(at(f.hi, row)));
      store<f64>(at(y, row), value);
    }
  }
  multiply(f, f.x, 0, (m + 7) & ~7, f.alpha);
  const gradient = f.row;
  memory.fill(gradient, 0, column);
  const sum = objectives(f, even);
  addRows(f.panels, f.k, even, y, f.pairs, gradient);
  store<f64>(at(gradient, f.k + 1), sum);
  let worst: f64 = 0;
  if (f.incumbent >= 0) {
    let above: f64 = 0;
    for (let i = capacity; i < capacity + m; i++) {
      above += load<f64>(at(y, i));
      if (load<f64>(at(f.hi, i)) > 0) worst = max(worst, -load<f64>(at(f.alpha, i)));
    }
    if (above > 0) {
      addRows(f.panels, f.k, even, at(y, capacity), f.pairs, gradient);
      addRow(f.panels, f.k, f.incumbent, -above, gradient);
    }
  }
  for (let i = cones; i < end; i++) {
    addTo(f, i, load<f64>(at(y, i)), gradient);
    const value = load<f64>(at(f.alpha, i));
    if (i == cones) f.dualObjective += load<f64>(at(y, i)) * f.guard;
    else worst = max(worst, load<f64>(at(f.lo, i)) < 0 ? abs(value) : -value);
  }
  let size: f64 = 0;
  for (let a = 0; a <= f.k; a++) size = max(size, abs(load<f64>(at(f.x, a))));
  f.violation = worst / max(size, 1e-300);
  f.stationarity = 0;
  for (let a = 0; a < f.p; a++) f.stationarity = max(f.stationarity, abs(load<f64>(at(gradient, a))));
  f.stationarity /= max(f.total, 1e-300);
  if (f.phase == 1) {
    for (let i = 0; i < m; i++) store<f64>(at(f.alpha, origin(f, i)), load<f64>(at(y, capacity + i)));
  }
}

/** y ← the bound on the side that s says, basic or not. */
function sides(f: L1Fit, first: i32, count: i32): void {
  const end = (<usize>(first + count)) << 3;
  if (ASC_FEATURE_SIMD) {
    const zero = f64x2.splat(0);
    for (let i = (<usize>first) << 3; i < end; i += 16) {
      const up = f64x2.gt(v128.load(f.s + i), zero);
      v128.store(f.t + i, v128.bitselect(v128.load(f.hi + i), v128.load(f.lo + i), up));
    }
  } else {
    for (let i = first; i < first + count; i++) store<f64>(at(f.t, i), bound(f, i));
  }
}

/** Σ w|b − a·x| and b·y over the observations; hi is w. Returns Σ y. */
function objectives(f: L1Fit, count: i32): f64 {
  const end = (<usize>count) << 3;
  if (ASC_FEATURE_SIMD) {
    let primal = f64x2.splat(0);
    let dual = primal;
    let sum = primal;
    for (let i: usize = 0; i < end; i += 16) {
      const b = v128.load(f.b + i);
      const y = v128.load(f.t + i);
      const r = f64x2.abs(f64x2.sub(b, v128.load(f.alpha + i)));
      primal = f64x2.add(primal, f64x2.mul(v128.load(f.hi + i), r));
      dual = f64x2.add(dual, f64x2.mul(b, y));
      sum = f64x2.add(sum, y);
    }
    f.objective = f64x2.extract_lane(primal, 0) + f64x2.extract_lane(primal, 1);
    f.dualObjective = f64x2.extract_lane(dual, 0) + f64x2.extract_lane(dual, 1);
    return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  }
  f.objective = 0;
  f.dualObjective = 0;
  let sum: f64 = 0;
  for (let i: usize = 0; i < end; i += 8) {
    const b = load<f64>(f.b + i);
    const y = load<f64>(f.t + i);
    f.objective += load<f64>(f.hi + i) * abs(b - load<f64>(f.alpha + i));
    f.dualObjective += b * y;
    sum += y;
  }
  return sum;
}

/** 0 objective, 1 dual objective, 2 Σ w, 3 violation, 4 stationarity, as `l1FitVerify` found them. */
export function l1FitNumber(block: usize, which: i32): f64 {
  const f = changetype<L1Fit>(block);
  if (which == 0) return f.objective;
  if (which == 1) return f.dualObjective;
  if (which == 2) return f.total;
  if (which == 3) return f.violation;
  return f.stationarity;
}
