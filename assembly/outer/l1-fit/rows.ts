// The rows of A, their bounds, their residuals, and what the nonbasic ones add to g.

import { axpy, columnStride, dot } from "../basis";
import { addRow, addRows, panelBytes, panelDots } from "../panels";
import { at, L1Fit, origin, total } from "./model";

/** out ← the coefficients of row `index`, padded with zeros. */
export function rowInto(f: L1Fit, index: i32, out: usize): void {
  memory.fill(out, 0, (<usize>columnStride(f.p)) << 3);
  addTo(f, index, 1, out);
}

/** out ← out + a · row `index`. */
export function addTo(f: L1Fit, index: i32, a: f64, out: usize): void {
  const capacity = f.capacity;
  if (index < capacity) {
    addRow(f.panels, f.k, index, a, out);
    const c = at(out, f.k + 1);
    store<f64>(c, load<f64>(c) + a);
  } else if (index < 2 * capacity) {
    addRow(f.panels, f.k, index - capacity, a, out);
    addRow(f.panels, f.k, f.incumbent, -a, out);
  } else if (index < 2 * capacity + f.coneCapacity) {
    const column = (<usize>columnStride(f.p)) << 3;
    axpy(a, f.coneRows + <usize>(index - 2 * capacity) * column, out, column);
  } else {
    const slot = at(out, index - 2 * capacity - f.coneCapacity);
    store<f64>(slot, load<f64>(slot) + a);
  }
}

export function padded(f: L1Fit): i32 {
  return (f.active + 7) & ~7;
}

/** out ← A v for `n` slots from `first`, both multiples of 8, and for the cone rows. */
export function multiply(f: L1Fit, v: usize, first: i32, n: i32, result: usize): void {
  const out = at(result, first);
  panelDots(f.panels + <usize>(first >> 1) * panelBytes(f.k), f.k, n, v, load<f64>(at(v, f.k + 1)), out);
  if (f.incumbent >= 0) {
    let base = load<f64>(at(result, f.incumbent));
    if (f.incumbent < first || f.incumbent >= first + n) {
      memory.fill(f.row, 0, (<usize>columnStride(f.p)) << 3);
      addRow(f.panels, f.k, f.incumbent, 1, f.row);
      base = load<f64>(at(v, f.k + 1)) + dot(f.row, v, (<usize>f.k) << 3);
    }
    const ordering = at(out, f.capacity);
    if (ASC_FEATURE_SIMD) {
      const splat = f64x2.splat(base);
      for (let i: usize = 0; i < (<usize>n) << 3; i += 16) {
        v128.store(ordering + i, f64x2.sub(v128.load(out + i), splat));
      }
    } else {
      for (let i = 0; i < n; i++) store<f64>(at(ordering, i), load<f64>(at(out, i)) - base);
    }
  }
  const column = (<usize>columnStride(f.p)) << 3;
  for (let i = 0; i < f.cones; i++) {
    store<f64>(at(result, 2 * f.capacity + i), dot(f.coneRows + <usize>i * column, v, column));
  }
}

/** Bounds of y. Phase 1 has no observations and unit penalties: its optimum is the infeasibility of the hard rows. */
export function setBounds(f: L1Fit): void {
  const capacity = f.capacity;
  const hard = f.phase == 1 ? 1 : f.penalty;
  for (let i = 0; i < f.m; i++) {
    const w = f.phase == 1 ? 0 : load<f64>(at(f.weight, origin(f, i)));
    store<f64>(at(f.lo, i), -w);
    store<f64>(at(f.hi, i), w);
    const ordered = f.incumbent >= 0 && i != f.incumbent && load<f64>(at(f.ordered, origin(f, i))) > 0;
    store<f64>(at(f.hi, capacity + i), ordered ? hard : 0);
  }
  for (let i = 0; i < f.cones; i++) {
    const row = 2 * capacity + i;
    store<f64>(at(f.hi, row), hard);
    if (load<f64>(at(f.lo, row)) < 0) store<f64>(at(f.lo, row), -hard);
  }
  store<f64>(at(f.b, 2 * capacity), f.phase == 1 ? 1 : f.guard);
  const rows = total(f);
  for (let i = 0; i < rows; i++) store<f64>(at(f.span, i), load<f64>(at(f.hi, i)) - load<f64>(at(f.lo, i)));
  for (let q = 0; q < f.p; q++) store<f64>(at(f.span, basic(f, q)), 0);
  rest(f);
}

/** g₀ anew. */
export function rest(f: L1Fit): void {
  memory.fill(f.resting, 0, (<usize>columnStride(f.p)) << 3);
  if (f.active < f.m) gather(f, f.active, f.m, f.resting);
}

export function basic(f: L1Fit, q: i32): i32 {
  return load<i32>(f.basis + ((<usize>q) << 2));
}

export function setBasic(f: L1Fit, q: i32, row: i32): void {
  store<i32>(f.basis + ((<usize>q) << 2), row);
}

/** The largest violation of a hard row, relative to (μ, α). */
export function hardViolation(f: L1Fit): f64 {
  let size: f64 = 0;
  for (let a = 0; a <= f.k; a++) size = max(size, abs(load<f64>(at(f.x, a))));
  let worst: f64 = 0;
  if (f.incumbent >= 0) {
    for (let i = f.capacity; i < f.capacity + f.m; i++) {
      if (load<f64>(at(f.hi, i)) > 0) worst = max(worst, load<f64>(at(f.r, i)));
    }
  }
  for (let i = 2 * f.capacity; i < 2 * f.capacity + f.cones; i++) {
    const r = load<f64>(at(f.r, i));
    worst = max(worst, load<f64>(at(f.lo, i)) < 0 ? abs(r) : r);
  }
  return worst / max(size, 1e-300);
}

/** b as perturbed. */
export function rhs(f: L1Fit, row: i32): f64 {
  return load<f64>(at(f.b, row)) + load<f64>(at(f.shift, row));
}

/** x ← inverse · b_B; r ← b − A x; the states of residuals nearer to 0 than `zero` are kept. */
export function locate(f: L1Fit, zero: f64): void {
  const column = (<usize>columnStride(f.p)) << 3;
  memory.fill(f.x, 0, column);
  for (let q = 0; q < f.p; q++) axpy(rhs(f, basic(f, q)), f.inverse + <usize>q * column, f.x, column);
  multiply(f, f.x, 0, padded(f), f.alpha);
  residuals(f, 0, f.active, zero);
  if (f.incumbent >= 0) residuals(f, f.capacity, f.active, zero);
  residuals(f, 2 * f.capacity, f.cones, zero);
  for (let q = 0; q < f.p; q++) store<f64>(at(f.r, basic(f, q)), 0);
}

/** All that follows from the basis: `locate`, and g ← Aᵀ_N y_N. */
export function recompute(f: L1Fit, zero: f64): void {
  locate(f, zero);
  memory.copy(f.g, f.resting, (<usize>columnStride(f.p)) << 3);
  gather(f, 0, f.active, f.g);
  for (let i = 2 * f.capacity; i < 2 * f.capacity + f.cones; i++) {
    if (load<f64>(at(f.span, i)) > 0) addTo(f, i, bound(f, i), f.g);
  }
}

function residuals(f: L1Fit, first: i32, count: i32, zero: f64): void {
  const end = (<usize>(first + count)) << 3;
  if (ASC_FEATURE_SIMD) {
    const none = f64x2.splat(0);
    const near = f64x2.splat(zero);
    for (let i = (<usize>first) << 3; i < end; i += 16) {
      const right = f64x2.add(v128.load(f.b + i), v128.load(f.shift + i));
      const r = f64x2.sub(right, v128.load(f.alpha + i));
      const s = v128.load(f.s + i);
      const same = f64x2.ge(f64x2.mul(r, s), none);
      const small = f64x2.lt(f64x2.abs(r), near);
      v128.store(f.r + i, v128.bitselect(none, r, v128.andnot(small, same)));
      v128.store(f.s + i, v128.bitselect(s, f64x2.neg(s), v128.or(same, small)));
    }
  } else {
    for (let i = (<usize>first) << 3; i < end; i += 8) {
      const r = load<f64>(f.b + i) + load<f64>(f.shift + i) - load<f64>(f.alpha + i);
      const s = load<f64>(f.s + i);
      const same = r * s >= 0;
      const small = abs(r) < zero;
      store<f64>(f.r + i, small && !same ? 0 : r);
      store<f64>(f.s + i, same || small ? s : -s);
    }
  }
}

export function bound(f: L1Fit, row: i32): f64 {
  return load<f64>(at(load<f64>(at(f.s, row)) > 0 ? f.hi : f.lo, row));
}

/** out ← out + Σ y row over the nonbasic rows of the observations in slots first … end, first even. */
function gather(f: L1Fit, first: i32, end: i32, out: usize): void {
  const y = f.t;
  const count = end - first;
  const panels = f.panels + <usize>(first >> 1) * panelBytes(f.k);
  let sum = boundsInto(f, first, count, y);
  addRows(panels, f.k, (count + 1) & ~1, y, f.pairs, out);
  store<f64>(at(out, f.k + 1), load<f64>(at(out, f.k + 1)) + sum);
  if (f.incumbent >= 0) {
    sum = boundsInto(f, f.capacity + first, count, y);
    if (sum != 0) {
      addRows(panels, f.k, (count + 1) & ~1, y, f.pairs, out);
      addRow(f.panels, f.k, f.incumbent, -sum, out);
    }
  }
}

/** y ← the bounds that `count` rows from `first` (even) are at, 0 for basic ones. Returns their sum. */
function boundsInto(f: L1Fit, first: i32, count: i32, y: usize): f64 {
  const begin = (<usize>first) << 3;
  const end = begin + ((<usize>count) << 3);
  if (ASC_FEATURE_SIMD) {
    const zero = f64x2.splat(0);
    let sums = zero;
    for (let i = begin; i < end; i += 16) {
      const up = f64x2.gt(v128.load(f.s + i), zero);
      const nonbasic = f64x2.gt(v128.load(f.span + i), zero);
      const value = v128.and(v128.bitselect(v128.load(f.hi + i), v128.load(f.lo + i), up), nonbasic);
      v128.store(y + (i - begin), value);
      sums = f64x2.add(sums, value);
    }
    return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  }
  let even: f64 = 0;
  let odd: f64 = 0;
  for (let i = first; i < first + ((count + 1) & ~1); i++) {
    const value = load<f64>(at(f.span, i)) > 0 ? bound(f, i) : 0;
    store<f64>(at(y, i - first), value);
    if (i & 1) odd += value;
    else even += value;
  }
  return even + odd;
}
