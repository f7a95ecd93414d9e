// min over x = (μ, α, c) of Σᵢ wᵢ|eᵢ − μ·φᵢ − c| subject to hard rows: dual simplex with bound flipping on the dual
// form, which in x-space is a descent over the vertices of
//
//   f(x) = Σ max(loᵢ rᵢ, hiᵢ rᵢ),  r = b − A x          [lo, hi] = [−w, w]  observation            (φᵢ, 0, 1)
//                                                                  [0, M]   ordering               (φᵢ − φⱼ, 0, 0)
//                                                                  [0, M]   cone row ≥ b, or [−M, M] cone row = b
//                                                                  [0, 0]   artificial             (unit row)
//
// Rows are numbered in four segments: observations, their ordering rows, cone rows, p artificials. Only the p × p
// inverse of the basic rows is kept; nonbasic rows have y at the bound that the sign s of their residual says. Cone row
// 0 is the apex guard α ≥ α₀.
//
// Sifting: only the first `active` slots take part in the iterations, those whose residual may change sign. The other
// observations rest on their side of 0, where f is linear; g₀ is their share of Aᵀ_N y_N. At the minimum their residuals
// are looked at, and those on the wrong side join, until there is none: the minimum of all. Slots hold observations in
// any order; `origin` and `place` translate.

import { axpy, columnStride, dot, resetInverse, rowTimesInverse, updateInverse } from "./basis";
import { gram, tileSide } from "./gram";
import { addRow, addRows, panelBytes, panelDots, setRow, swapRows } from "./panels";
import { candidates, selectCrossing, smallest } from "./ratio-test";

export const OPTIMAL: i32 = 0;
export const INFEASIBLE: i32 = 1;
export const ITERATION_LIMIT: i32 = 2;
export const NUMERICAL: i32 = 3;

/** Panels whose share of the normal equations is summed up in registers. */
const CHUNK: i32 = 32;
/** Fewer numbers than this are not worth sifting. */
const SIFT: i32 = 1000;
const REBUILD: i32 = 100;
/** Of the basic rows' residuals: what a fresh inverse leaves. */
const ACCURATE: f64 = 1e-14;
const PERTURBATIONS: i32 = 6;
/** Residuals below it are zero: their state s is kept through a rebuild, or it would cycle. */
const ZERO: f64 = 1e-7;
const HARD: f64 = 1e-9; // relative violation of a hard row: near the apex an absolute one would let it cheat

@unmanaged
class L1Fit {
  k: i32;
  p: i32;
  m: i32;
  capacity: i32; // observations, a multiple of 8
  cones: i32;
  coneCapacity: i32;
  active: i32; // slots in the iterations: all m, or a multiple of 8
  incumbent: i32; // slot of j, −1 for none
  started: i32;
  feasible: i32; // the hard rows are known to be consistent
  current: i32; // bounds, residuals and g are those of a minimum, which rows appended since have been added to
  phase: i32;
  iterations: i32;
  limit: i32;
  updates: i32; // of the inverse since it was rebuilt
  stale: i32; // and since it was last seen to be accurate
  perturbed: i32;
  perturbations: i32;
  random: u32;
  penalty: f64; // M
  total: f64; // Σ w
  guard: f64; // α₀
  // what l1FitVerify found
  objective: f64;
  dualObjective: f64;
  violation: f64;
  stationarity: f64;
  panels: usize;
  coneRows: usize; // stride(p) doubles a row
  // of all rows
  b: usize;
  shift: usize; // perturbation of b
  r: usize;
  s: usize;
  lo: usize;
  hi: usize;
  span: usize; // hi − lo, 0 while basic
  alpha: usize;
  // of size p
  basis: usize; // i32
  inverse: usize;
  x: usize;
  g: usize; // Aᵀ_N y_N
  resting: usize; // g₀, the share of it of the slots that are not active
  pairs: usize; // scratch of k pairs
  normal: usize;
  chunk: usize;
  center: usize;
  spread: usize;
  y: usize; // y_B
  w: usize;
  row: usize;
  ignored: usize;
  // of observations, as TypeScript numbers them
  weight: usize;
  ordered: usize; // 1 where the ordering row is in force
  place: usize; // i32, slot
  origin: usize; // i32, of slots: observation
  t: usize;
  list: usize; // i32
  cost: usize; // ‖column‖² of the inverse
}

function at(base: usize, i: i32): usize {
  return base + ((<usize>i) << 3);
}

function total(f: L1Fit): i32 {
  return 2 * f.capacity + f.coneCapacity + ((f.p + 1) & ~1);
}

/** Bytes for `capacity` observations (a multiple of 8) of k features and `coneCapacity` hard rows (even). */
export function l1FitBytes(k: i32, capacity: i32, coneCapacity: i32): usize {
  const p = k + 2;
  const stride = <usize>columnStride(p);
  const rows = <usize>(2 * capacity + coneCapacity + p + 1);
  const doubles = <usize>capacity * <usize>k + <usize>coneCapacity * stride + rows * 10 + stride * (<usize>p + 16);
  const side = <usize>tileSide(p);
  const scratch = side * (side + 2 * <usize>CHUNK);
  return ((doubles + 3 * <usize>capacity + scratch) << 3) + 1024;
}

/** Lays a problem out in a zeroed block of `l1FitBytes`. */
export function l1FitInit(block: usize, k: i32, capacity: i32, coneCapacity: i32, guard: f64): void {
  const f = changetype<L1Fit>(block);
  f.k = k;
  f.p = k + 2;
  f.capacity = capacity;
  f.coneCapacity = coneCapacity;
  f.cones = 1;
  f.incumbent = -1;
  f.guard = guard;
  f.random = 0x9e3779b9;
  const rows = (<usize>total(f)) << 3;
  const column = (<usize>columnStride(f.p)) << 3;
  let next = block + 512;
  f.panels = next;
  next += (<usize>capacity * <usize>k) << 3;
  f.coneRows = next;
  next += <usize>coneCapacity * column;
  f.b = next;
  f.shift = next + rows;
  f.r = next + 2 * rows;
  f.s = next + 3 * rows;
  f.lo = next + 4 * rows;
  f.hi = next + 5 * rows;
  f.span = next + 6 * rows;
  f.alpha = next + 7 * rows;
  f.t = next + 8 * rows;
  f.list = next + 9 * rows;
  next += 10 * rows;
  f.weight = next;
  f.ordered = next + ((<usize>capacity) << 3);
  f.place = next + ((<usize>capacity) << 4);
  f.origin = f.place + ((<usize>capacity) << 2);
  next += 3 * ((<usize>capacity) << 3);
  f.inverse = next;
  next += <usize>f.p * column;
  f.x = next;
  f.g = next + column;
  f.y = next + 2 * column;
  f.w = next + 3 * column;
  f.row = next + 4 * column;
  f.ignored = next + 5 * column;
  f.cost = next + 6 * column;
  f.basis = next + 7 * column;
  f.resting = next + 8 * column;
  f.center = next + 9 * column;
  f.spread = next + 10 * column;
  f.pairs = next + 11 * column;
  f.normal = next + 13 * column;
  f.chunk = f.normal + ((<usize>tileSide(f.p) * <usize>tileSide(f.p)) << 3);
  store<f64>(at(f.s, 2 * capacity), 1);
  store<f64>(f.coneRows + ((<usize>k) << 3), 1);
}

/** Takes observations, hard rows, basis and x over into a larger block. */
export function l1FitMove(from: usize, to: usize): void {
  const a = changetype<L1Fit>(from);
  const b = changetype<L1Fit>(to);
  const n = (<usize>a.m) << 3;
  b.m = a.m;
  b.active = a.active;
  b.cones = a.cones;
  b.incumbent = a.incumbent;
  b.started = a.started;
  b.feasible = a.feasible;
  b.current = a.current;
  b.penalty = a.penalty;
  b.total = a.total;
  b.random = a.random;
  const column = (<usize>columnStride(a.p)) << 3;
  memory.copy(b.panels, a.panels, <usize>((a.m + 1) >> 1) * panelBytes(a.k));
  memory.copy(b.coneRows, a.coneRows, <usize>a.cones * column);
  memory.copy(b.weight, a.weight, n);
  memory.copy(b.ordered, a.ordered, n);
  memory.copy(b.place, a.place, n >> 1);
  memory.copy(b.origin, a.origin, n >> 1);
  memory.copy(b.center, a.center, column);
  memory.copy(b.spread, a.spread, column);
  const oldStart = 2 * a.capacity;
  const newStart = 2 * b.capacity;
  const rest = (<usize>(a.coneCapacity + a.p)) << 3;
  copySegments(a.b, b.b, a, b, n, rest);
  copySegments(a.r, b.r, a, b, n, rest);
  copySegments(a.s, b.s, a, b, n, rest);
  copySegments(a.lo, b.lo, a, b, n, rest);
  copySegments(a.hi, b.hi, a, b, n, rest);
  copySegments(a.span, b.span, a, b, n, rest);
  memory.copy(b.x, a.x, column);
  memory.copy(b.g, a.g, column);
  memory.copy(b.resting, a.resting, column);
  memory.copy(b.inverse, a.inverse, <usize>a.p * column);
  for (let q = 0; q < a.p; q++) {
    const row = load<i32>(a.basis + ((<usize>q) << 2));
    let moved = row;
    if (row >= oldStart) moved = row - oldStart + newStart;
    else if (row >= a.capacity) moved = row - a.capacity + b.capacity;
    store<i32>(b.basis + ((<usize>q) << 2), moved);
  }
}

function copySegments(from: usize, to: usize, a: L1Fit, b: L1Fit, n: usize, rest: usize): void {
  memory.copy(to, from, n);
  memory.copy(at(to, b.capacity), at(from, a.capacity), n);
  memory.copy(at(to, 2 * b.capacity), at(from, 2 * a.capacity), rest);
}

/**
 * Appends `count` observations: φ (count × k) and e, scaled by what arrays 4 and 5 hold; arrays 0 and 1 have their
 * weights and flags already. They are active.
 */
export function l1FitAppend(block: usize, count: i32, phi: usize, e: usize, center: f64, spread: f64): void {
  const f = changetype<L1Fit>(block);
  f.feasible = 0; // they may contradict the hard rows
  for (let i = 0; i < count; i++) {
    const slot = f.m;
    setRow(f.panels, f.k, slot, phi + <usize>i * ((<usize>f.k) << 3), f.center, f.spread);
    store<f64>(at(f.b, slot), (load<f64>(at(e, i)) - center) / spread);
    store<f64>(at(f.s, slot), 1);
    store<f64>(at(f.s, f.capacity + slot), 1);
    assign(f, slot, slot);
    f.m = slot + 1;
    if (f.current) join(f, slot);
    if (f.active < slot) swapSlots(f, slot, f.active);
    f.active++;
  }
  const rounded = min((f.active + 7) & ~7, f.m);
  if (f.current) {
    for (let i = f.active; i < rounded; i++) {
      addTo(f, i, -bound(f, i), f.resting);
      if (f.incumbent >= 0) addTo(f, f.capacity + i, -bound(f, f.capacity + i), f.resting);
    }
  }
  f.active = rounded;
}

/** Gives a new slot its bounds and residuals at x, and adds its share to g. */
function join(f: L1Fit, slot: i32): void {
  const w = load<f64>(at(f.weight, slot));
  f.total += w;
  const ordered = f.incumbent >= 0 && load<f64>(at(f.ordered, slot)) > 0;
  joinRow(f, slot, -w, w);
  joinRow(f, f.capacity + slot, 0, ordered ? f.penalty : 0);
}

function joinRow(f: L1Fit, row: i32, low: f64, high: f64): void {
  store<f64>(at(f.lo, row), low);
  store<f64>(at(f.hi, row), high);
  store<f64>(at(f.span, row), high - low);
  if (high == 0) return;
  rowInto(f, row, f.row);
  const r = load<f64>(at(f.b, row)) - dot(f.row, f.x, (<usize>columnStride(f.p)) << 3);
  store<f64>(at(f.r, row), r);
  if (r < 0) store<f64>(at(f.s, row), -1);
  addTo(f, row, bound(f, row), f.g);
}

function assign(f: L1Fit, slot: i32, observation: i32): void {
  store<i32>(f.origin + ((<usize>slot) << 2), observation);
  store<i32>(f.place + ((<usize>observation) << 2), slot);
}

function origin(f: L1Fit, slot: i32): i32 {
  return load<i32>(f.origin + ((<usize>slot) << 2));
}

/** Exchanges two slots, neither of them basic. */
function swapSlots(f: L1Fit, a: i32, b: i32): void {
  if (a == b) return;
  swapRows(f.panels, f.k, a, b);
  swapRow(f, a, b);
  swapRow(f, f.capacity + a, f.capacity + b);
  const observation = origin(f, a);
  assign(f, a, origin(f, b));
  assign(f, b, observation);
  if (f.incumbent == a) f.incumbent = b;
  else if (f.incumbent == b) f.incumbent = a;
}

function swapRow(f: L1Fit, a: i32, b: i32): void {
  swapNumbers(f.b, a, b);
  swapNumbers(f.shift, a, b);
  swapNumbers(f.r, a, b);
  swapNumbers(f.s, a, b);
  swapNumbers(f.lo, a, b);
  swapNumbers(f.hi, a, b);
  swapNumbers(f.span, a, b);
}

function swapNumbers(base: usize, a: i32, b: i32): void {
  const value = load<f64>(at(base, a));
  store<f64>(at(base, a), load<f64>(at(base, b)));
  store<f64>(at(base, b), value);
}

/** Adds a hard row: coefficients (k + 1 of μ and α)·x ≥ 0, or = 0. */
export function l1FitCone(block: usize, coefficients: usize, equality: i32): void {
  const f = changetype<L1Fit>(block);
  const index = f.cones++;
  memory.copy(f.coneRows + <usize>index * ((<usize>columnStride(f.p)) << 3), coefficients, (<usize>(f.k + 1)) << 3);
  store<f64>(at(f.lo, 2 * f.capacity + index), equality ? -1 : 0);
  store<f64>(at(f.s, 2 * f.capacity + index), 1);
}

/** The incumbent j (−1 for none) and which models it is compared with. The next solve starts afresh. */
export function l1FitIncumbent(block: usize, j: i32): void {
  const f = changetype<L1Fit>(block);
  f.current = 0;
  // An observation that is yet to be appended will have the slot of its number.
  f.incumbent = j < 0 || j >= f.m ? j : load<i32>(f.place + ((<usize>j) << 2));
  f.started = 0;
  f.feasible = 0;
}

/**
 * Where TypeScript reads and writes: 0 weights, 1 ordered, 2 x, 3 y of the ordering rows that prove infeasibility
 * (after `l1FitVerify`), 4 center and 5 spread of φ.
 */
export function l1FitArray(block: usize, which: i32): usize {
  const f = changetype<L1Fit>(block);
  if (which == 0) return f.weight;
  if (which == 1) return f.ordered;
  if (which == 2) return f.x;
  if (which == 4) return f.center;
  if (which == 5) return f.spread;
  return f.alpha;
}

export function l1FitIterations(block: usize): i32 {
  return changetype<L1Fit>(block).iterations;
}

/** Array 0 has other weights. */
export function l1FitReweigh(block: usize): void {
  changetype<L1Fit>(block).current = 0;
}

/** out ← the coefficients of row `index`, padded with zeros. */
function rowInto(f: L1Fit, index: i32, out: usize): void {
  memory.fill(out, 0, (<usize>columnStride(f.p)) << 3);
  addTo(f, index, 1, out);
}

/** out ← out + a · row `index`. */
function addTo(f: L1Fit, index: i32, a: f64, out: usize): void {
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

function padded(f: L1Fit): i32 {
  return (f.active + 7) & ~7;
}

/** out ← A v for `n` slots from `first`, both multiples of 8, and for the cone rows. */
function multiply(f: L1Fit, v: usize, first: i32, n: i32, result: usize): void {
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
function setBounds(f: L1Fit): void {
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
function rest(f: L1Fit): void {
  memory.fill(f.resting, 0, (<usize>columnStride(f.p)) << 3);
  if (f.active < f.m) gather(f, f.active, f.m, f.resting);
}

function basic(f: L1Fit, q: i32): i32 {
  return load<i32>(f.basis + ((<usize>q) << 2));
}

function setBasic(f: L1Fit, q: i32, row: i32): void {
  store<i32>(f.basis + ((<usize>q) << 2), row);
}

/** b as perturbed. */
function rhs(f: L1Fit, row: i32): f64 {
  return load<f64>(at(f.b, row)) + load<f64>(at(f.shift, row));
}

/** x ← inverse · b_B; r ← b − A x; the states of near-zero residuals are kept; g ← Aᵀ_N y_N. */
function recompute(f: L1Fit, zero: f64): void {
  const column = (<usize>columnStride(f.p)) << 3;
  memory.fill(f.x, 0, column);
  for (let q = 0; q < f.p; q++) axpy(rhs(f, basic(f, q)), f.inverse + <usize>q * column, f.x, column);
  multiply(f, f.x, 0, padded(f), f.alpha);
  residuals(f, 0, f.active, zero);
  if (f.incumbent >= 0) residuals(f, f.capacity, f.active, zero);
  residuals(f, 2 * f.capacity, f.cones, zero);
  for (let q = 0; q < f.p; q++) store<f64>(at(f.r, basic(f, q)), 0);
  memory.copy(f.g, f.resting, column);
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

function bound(f: L1Fit, row: i32): f64 {
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

/** The inverse from scratch: row after row takes the free slot with the largest pivot; dependent rows drop out. */
function rebuild(f: L1Fit, zero: f64): void {
  const p = f.p;
  const first = 2 * f.capacity + f.coneCapacity;
  resetInverse(f.inverse, p);
  for (let q = 0; q < p; q++) store<i32>(f.list + ((<usize>q) << 2), basic(f, q));
  for (let q = 0; q < p; q++) {
    const dropped = basic(f, q);
    if (dropped < first) {
      store<f64>(at(f.span, dropped), load<f64>(at(f.hi, dropped)) - load<f64>(at(f.lo, dropped)));
    }
    setBasic(f, q, first + q);
    store<f64>(at(f.b, first + q), load<f64>(at(f.x, q)));
  }
  for (let i = 0; i < p; i++) {
    const row = load<i32>(f.list + ((<usize>i) << 2));
    if (row < first) {
      rowInto(f, row, f.row);
      rowTimesInverse(f.row, f.inverse, p, f.w);
      let slot = -1;
      let largest: f64 = 1e-9;
      for (let q = 0; q < p; q++) {
        const size = abs(load<f64>(at(f.w, q)));
        if (basic(f, q) >= first && size > largest) {
          largest = size;
          slot = q;
        }
      }
      if (slot >= 0) {
        updateInverse(f.inverse, p, slot, f.w);
        setBasic(f, slot, row);
        store<f64>(at(f.span, row), 0);
      }
    }
  }
  f.stale = 0;
  f.updates = 0;
  recompute(f, zero);
}

/** Everything from the inverse, which is rebuilt unless the basic rows say that it is accurate still. */
function refresh(f: L1Fit): void {
  recompute(f, ZERO);
  let worst: f64 = 0;
  for (let q = 0; q < f.p; q++) {
    const row = basic(f, q);
    const artificial = row - 2 * f.capacity - f.coneCapacity;
    const activity = load<f64>(artificial < 0 ? at(f.alpha, row) : at(f.x, artificial));
    const right = rhs(f, row);
    worst = max(worst, abs(right - activity) / (1 + abs(right)));
  }
  if (worst > ACCURATE) rebuild(f, ZERO);
  else f.stale = 0;
}

/** y_B, and the basic row with the steepest violation; −1 when there is none. */
function price(f: L1Fit): i32 {
  const p = f.p;
  const column = (<usize>columnStride(p)) << 3;
  let best = -1;
  let steepest: f64 = 0;
  for (let q = 0; q < p; q++) {
    const inverse = f.inverse + <usize>q * column;
    const y = -dot(inverse, f.g, column);
    store<f64>(at(f.y, q), y);
    const row = basic(f, q);
    const low = load<f64>(at(f.lo, row));
    const high = load<f64>(at(f.hi, row));
    const violation = max(low - y, y - high);
    if (violation > tolerance(f) && load<f64>(at(f.ignored, q)) == 0) {
      const steepness = (violation * violation) / dot(inverse, inverse, column);
      // Bland's order once perturbation has not helped: the least row.
      const better = f.perturbations > PERTURBATIONS ? best < 0 || row < basic(f, best) : steepness > steepest;
      if (better) {
        steepest = steepness;
        best = q;
      }
    }
  }
  return best;
}

function tolerance(f: L1Fit): f64 {
  return f.phase == 1 ? 1e-11 : 1e-10 + 1e-15 * f.penalty;
}

function uniform(f: L1Fit): f64 {
  let z = f.random;
  z ^= z << 13;
  z ^= z >> 17;
  z ^= z << 5;
  f.random = z;
  return <f64>z / 4294967296.0;
}

/** Moves the residuals that are 0 away from it, each to its own side. */
function perturb(f: L1Fit): void {
  f.perturbations++;
  f.perturbed = 1;
  const size = f.perturbations > 3 ? 1e-7 : 1e-9;
  perturbRows(f, 0, f.active, size);
  if (f.incumbent >= 0) perturbRows(f, f.capacity, f.active, size);
  perturbRows(f, 2 * f.capacity, f.cones, size);
}

function perturbRows(f: L1Fit, first: i32, count: i32, size: f64): void {
  for (let i = first; i < first + count; i++) {
    if (load<f64>(at(f.span, i)) > 0 && abs(load<f64>(at(f.r, i))) < ZERO) {
      const move = load<f64>(at(f.s, i)) * (0.1 + 0.8 * uniform(f)) * size;
      store<f64>(at(f.shift, i), load<f64>(at(f.shift, i)) + move);
      store<f64>(at(f.r, i), load<f64>(at(f.r, i)) + move);
    }
  }
}

function unperturb(f: L1Fit): void {
  f.perturbed = 0;
  memory.fill(f.shift, 0, (<usize>total(f)) << 3);
  rebuild(f, 1e-12);
}

/** Descends to the minimum of f under the present bounds. */
function minimize(f: L1Fit): i32 {
  let status = -1;
  let stalls = 0;
  f.perturbations = 0;
  memory.fill(f.ignored, 0, (<usize>f.p) << 3);
  while (status < 0) {
    if (f.updates >= REBUILD) rebuild(f, ZERO);
    const q = price(f);
    if (q < 0) {
      if (f.stale > 0) refresh(f);
      else if (f.perturbed) unperturb(f);
      else if (!awake(f)) status = OPTIMAL;
    } else if (f.iterations >= f.limit) {
      status = ITERATION_LIMIT;
    } else {
      f.iterations++;
      const step = pivot(f, q);
      if (step == 0) {
        stalls++;
        if (stalls >= f.p + 8 && f.perturbations <= PERTURBATIONS) {
          perturb(f);
          stalls = 0;
        }
      } else if (step > 0) {
        stalls = 0;
      }
    }
  }
  return status;
}

/** One iteration: the length of its step, or −1 when the factor had to be rebuilt or the slot was given up. */
function pivot(f: L1Fit, q: i32): f64 {
  const column = (<usize>columnStride(f.p)) << 3;
  const leaving = basic(f, q);
  const low = load<f64>(at(f.lo, leaving));
  const high = load<f64>(at(f.hi, leaving));
  const y = load<f64>(at(f.y, q));
  const direction: f64 = y < low ? 1 : -1;
  const violation = y < low ? low - y : y - high;
  const v = f.inverse + <usize>q * column;
  const length = Math.sqrt(dot(v, v, column));
  const n = padded(f);
  multiply(f, v, 0, n, f.alpha);
  const tiny = 1e-10 * length;
  let found = candidates(0, n, direction, tiny, f.alpha, f.r, f.s, f.span, f.t, f.list, 0);
  if (f.incumbent >= 0) {
    found = candidates(f.capacity, n, direction, tiny, f.alpha, f.r, f.s, f.span, f.t, f.list, found);
  }
  const cones = (f.cones + 1) & ~1;
  found = candidates(2 * f.capacity, cones, direction, tiny, f.alpha, f.r, f.s, f.span, f.t, f.list, found);
  const place = selectCrossing(violation, found, f.t, f.list, f.alpha, f.span);
  if (place < 0) {
    // f ≥ 0 has no unbounded ray: the violation is rounding, or the kink is in a slot at rest.
    if (f.active < f.m) wakeAll(f);
    else if (f.updates > 0) rebuild(f, ZERO);
    else store<f64>(at(f.ignored, q), 1);
    return -1;
  }
  const entering = load<i32>(f.list + ((<usize>place) << 2));
  if (abs(load<f64>(at(f.alpha, entering))) < 1e-7 * length && f.updates > 0) {
    rebuild(f, ZERO);
    return -1;
  }
  const step = load<f64>(at(f.t, place));
  addTo(f, entering, -bound(f, entering), f.g);
  for (let i = 0; i < place; i++) {
    const row = load<i32>(f.list + ((<usize>i) << 2));
    const s = -load<f64>(at(f.s, row));
    store<f64>(at(f.s, row), s);
    addTo(f, row, s * (load<f64>(at(f.hi, row)) - load<f64>(at(f.lo, row))), f.g);
  }
  const signed = step * direction;
  if (step > 0) {
    move(f, 0, n, signed);
    if (f.incumbent >= 0) move(f, f.capacity, n, signed);
    move(f, 2 * f.capacity, cones, signed);
    axpy(signed, v, f.x, column);
  }
  store<f64>(at(f.r, leaving), -signed);
  store<f64>(at(f.s, leaving), -direction);
  store<f64>(at(f.span, leaving), high - low);
  addTo(f, leaving, direction > 0 ? low : high, f.g);
  store<f64>(at(f.r, entering), 0);
  store<f64>(at(f.span, entering), 0);
  rowInto(f, entering, f.row);
  rowTimesInverse(f.row, f.inverse, f.p, f.w);
  updateInverse(f.inverse, f.p, q, f.w);
  setBasic(f, q, entering);
  f.stale++;
  f.updates++;
  memory.fill(f.ignored, 0, (<usize>f.p) << 3);
  return step > 1e-14 ? step : 0;
}

/** r ← r − t·α, kept on the side that s says. */
function move(f: L1Fit, first: i32, count: i32, t: f64): void {
  const end = (<usize>(first + count)) << 3;
  if (ASC_FEATURE_SIMD) {
    const factor = f64x2.splat(t);
    const zero = f64x2.splat(0);
    for (let i = (<usize>first) << 3; i < end; i += 16) {
      const s = v128.load(f.s + i);
      const r = f64x2.sub(v128.load(f.r + i), f64x2.mul(factor, v128.load(f.alpha + i)));
      v128.store(f.r + i, f64x2.mul(s, f64x2.max(f64x2.mul(s, r), zero)));
    }
  } else {
    for (let i = (<usize>first) << 3; i < end; i += 8) {
      const s = load<f64>(f.s + i);
      store<f64>(f.r + i, s * max(s * (load<f64>(f.r + i) - t * load<f64>(f.alpha + i)), 0));
    }
  }
}

/** Residuals of the slots at rest. */
function lookAtRest(f: L1Fit): void {
  const first = f.active;
  multiply(f, f.x, first, ((f.m + 7) & ~7) - first, f.alpha);
  for (let i = first; i < f.m; i++) {
    store<f64>(at(f.r, i), rhs(f, i) - load<f64>(at(f.alpha, i)));
    const row = f.capacity + i;
    if (f.incumbent >= 0) store<f64>(at(f.r, row), rhs(f, row) - load<f64>(at(f.alpha, row)));
  }
}

/** Whether a row is on the other side of 0 than its state says, and would have another bound there. */
function contradicts(f: L1Fit, row: i32): bool {
  const r = load<f64>(at(f.r, row));
  return r * load<f64>(at(f.s, row)) < 0 && abs(r) > 1e-12 && load<f64>(at(f.span, row)) > 0;
}

/** Looks at the slots at rest: those on the wrong side become active. Whether there were any. */
function awake(f: L1Fit): bool {
  if (f.active == f.m) return false;
  lookAtRest(f);
  const before = f.active;
  let count = before;
  for (let i = before; i < f.m; i++) {
    if (contradicts(f, i) || (f.incumbent >= 0 && contradicts(f, f.capacity + i))) swapSlots(f, i, count++);
  }
  if (count == before) return false;
  f.active = min((count + 7) & ~7, f.m);
  rest(f);
  recompute(f, 1e-12);
  return true;
}

function wakeAll(f: L1Fit): void {
  lookAtRest(f);
  f.active = f.m;
  rest(f);
  recompute(f, 1e-12);
}

/** The slots with the least residuals and the tightest orderings become the active ones. All residuals are known. */
function sift(f: L1Fit): void {
  const m = f.m;
  const wanted = max(10 * f.p, m >> 2);
  if (m * f.k < SIFT || 2 * wanted > m) return;
  for (let i = 0; i < m; i++) store<f64>(at(f.t, i), abs(load<f64>(at(f.r, i))));
  const near = smallest(f.t, m, wanted);
  let tight = Infinity;
  if (f.incumbent >= 0) {
    for (let i = 0; i < m; i++) {
      const row = f.capacity + i;
      store<f64>(at(f.t, i), load<f64>(at(f.span, row)) > 0 ? -load<f64>(at(f.r, row)) : Infinity);
    }
    tight = smallest(f.t, m, 4 * f.p);
  }
  let count = 0;
  for (let i = 0; i < m; i++) {
    const ordering = f.capacity + i;
    const ordered = f.incumbent >= 0 && load<f64>(at(f.span, ordering)) > 0;
    if (abs(load<f64>(at(f.r, i))) <= near || (ordered && -load<f64>(at(f.r, ordering)) <= tight)) {
      swapSlots(f, i, count++);
    }
  }
  f.active = min((count + 7) & ~7, m);
  rest(f);
  recompute(f, 0);
}

/** Weighted least squares, with a ridge; α = Σ|μ|, away from the apex. Artificials at x are the basis. */
function start(f: L1Fit): void {
  const p = f.p;
  const k = f.k;
  const side = tileSide(p);
  const normal = f.normal;
  memory.fill(normal, 0, (<usize>(side * side)) << 3);
  for (let first = 0; first < f.m; first += 2 * CHUNK) {
    const panels = chunk(f, first);
    gram(f.chunk, panels, side, normal);
  }
  const column = (<usize>columnStride(p)) << 3;
  memory.fill(f.x, 0, column);
  let trace: f64 = 0;
  for (let a = 0; a <= k; a++) trace += load<f64>(at(normal, a * side + a));
  const ridge = 1e-9 * trace + 1e-300;
  for (let a = 0; a <= k; a++) {
    const diagonal = at(normal, a * side + a);
    store<f64>(diagonal, load<f64>(diagonal) + ridge);
    store<f64>(at(f.x, a), load<f64>(at(normal, (k + 1) * side + a)));
  }
  solveCholesky(normal, k + 1, side, f.x);
  let size: f64 = 0;
  for (let a = 0; a < k; a++) size += abs(load<f64>(at(f.x, a)));
  store<f64>(at(f.x, k + 1), load<f64>(at(f.x, k)));
  store<f64>(at(f.x, k), max(size, f.guard));
  const first = 2 * f.capacity + f.coneCapacity;
  resetInverse(f.inverse, p);
  for (let q = 0; q < p; q++) {
    setBasic(f, q, first + q);
    store<f64>(at(f.b, first + q), load<f64>(at(f.x, q)));
  }
  f.stale = 0;
  f.updates = 0;
  f.started = 1;
}

/** Copies the panels from slot `first`, their rows (φ, 1, e) times √w, and returns how many. */
function chunk(f: L1Fit, first: i32): i32 {
  const side = (<usize>tileSide(f.p)) << 4;
  const k = f.k;
  let to = f.chunk;
  let panels = 0;
  while (panels < CHUNK && first + 2 * panels < f.m) {
    const slot = first + 2 * panels;
    const even = Math.sqrt(load<f64>(at(f.weight, origin(f, slot))));
    const odd = slot + 1 < f.m ? Math.sqrt(load<f64>(at(f.weight, origin(f, slot + 1)))) : 0;
    const from = f.panels + <usize>(slot >> 1) * panelBytes(k);
    memory.fill(to, 0, side);
    for (let r: usize = 0; r < (<usize>k) << 4; r += 16) {
      store<f64>(to + r, even * load<f64>(from + r));
      store<f64>(to + r, odd * load<f64>(from + r, 8), 8);
    }
    const ones = to + ((<usize>k) << 4);
    store<f64>(ones, even);
    store<f64>(ones, odd, 8);
    store<f64>(ones, even * load<f64>(at(f.b, slot)), 16);
    store<f64>(ones, odd * load<f64>(at(f.b, slot + 1)), 24);
    to += side;
    panels++;
  }
  return panels;
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

/** The largest violation of a hard row, relative to (μ, α). */
function hardViolation(f: L1Fit): f64 {
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

/** Solves from the last basis where there is one. Returns OPTIMAL, INFEASIBLE (the duals prove it), … */
export function l1FitSolve(block: usize, limit: i32): i32 {
  const f = changetype<L1Fit>(block);
  f.iterations = 0;
  f.limit = limit;
  f.phase = 2;
  if (f.current == 0) prepare(f);
  f.current = 0;
  let status = -1;
  while (status < 0) {
    const ended = minimize(f);
    if (ended != OPTIMAL) {
      status = ended;
    } else if (hardViolation(f) <= HARD) {
      status = OPTIMAL;
    } else {
      if (f.feasible == 0) {
        f.phase = 1;
        setBounds(f);
        recompute(f, 0);
        const found = minimize(f);
        if (found != OPTIMAL) status = found;
        else if (hardViolation(f) > HARD) status = INFEASIBLE;
        else f.feasible = 1;
      }
      if (status < 0) {
        f.phase = 2;
        f.penalty *= 100;
        if (f.penalty > 1e12 * f.total) status = NUMERICAL;
        setBounds(f);
        recompute(f, 0);
      }
    }
  }
  if (status == OPTIMAL) f.current = 1;
  else f.started = 0;
  return status;
}

/** A start where there is no basis to go on from; bounds, residuals and g of the basis. */
function prepare(f: L1Fit): void {
  f.perturbed = 0;
  memory.fill(f.shift, 0, (<usize>total(f)) << 3);
  f.total = 0;
  for (let i = 0; i < f.m; i++) f.total += load<f64>(at(f.weight, i));
  const cold = f.started == 0;
  if (cold) {
    f.active = f.m;
    start(f);
    f.penalty = 0;
  }
  f.penalty = max(f.penalty, f.total);
  setBounds(f);
  if (cold) {
    recompute(f, 0);
    sift(f);
  } else {
    rebuild(f, ZERO);
  }
}

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
