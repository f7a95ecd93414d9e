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

import { columnStride } from "../basis";
import { tileSide } from "../gram";
import { panelBytes } from "../panels";

/** Panels whose share of the normal equations is summed up in registers. */
export const CHUNK: i32 = 32;
/** Bytes before the panels. */
const HEAD: usize = 512;
/** Residuals below it are zero: their state s is kept through a rebuild, or it would cycle. */
export const ZERO: f64 = 1e-7;
/** Violation up to which a hard row holds, relative to (μ, α): an absolute one holds always near the apex, where these are 0. */
export const HARD: f64 = 1e-9;

@unmanaged
export class L1Fit {
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
  reach: f64; // how far ahead breakpoints are collected, in ‖x‖
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
}

export function at(base: usize, i: i32): usize {
  return base + ((<usize>i) << 3);
}

export function total(f: L1Fit): i32 {
  return 2 * f.capacity + f.coneCapacity + ((f.p + 1) & ~1);
}

/**
 * Bytes for `capacity` observations (a multiple of 8) of k features and `coneCapacity` hard rows (even): may be more than
 * there is memory.
 */
export function l1FitBytes(k: i32, capacity: i32, coneCapacity: i32): f64 {
  const p = k + 2;
  const stride = <f64>columnStride(p);
  const rows = <f64>(2 * capacity + coneCapacity + p + 1);
  const doubles = <f64>capacity * <f64>k + <f64>coneCapacity * stride + rows * 10 + stride * <f64>(p + 16);
  const side = tileSide(p);
  const scratch = <f64>(side * (side + 2 * CHUNK));
  return 8 * (doubles + 3 * <f64>capacity + scratch) + 1024;
}

/** Lays a problem out in a block of `l1FitBytes`, zeroed but for the panels of observations to come. */
export function l1FitInit(block: usize, k: i32, capacity: i32, coneCapacity: i32, guard: f64): void {
  const f = changetype<L1Fit>(block);
  const observations = (<usize>capacity * <usize>k) << 3;
  memory.fill(block, 0, HEAD);
  memory.fill(block + HEAD + observations, 0, <usize>l1FitBytes(k, capacity, coneCapacity) - HEAD - observations);
  f.k = k;
  f.p = k + 2;
  f.capacity = capacity;
  f.coneCapacity = coneCapacity;
  f.cones = 1;
  f.incumbent = -1;
  f.guard = guard;
  f.reach = 1;
  f.random = 0x9e3779b9;
  const rows = (<usize>total(f)) << 3;
  const column = (<usize>columnStride(f.p)) << 3;
  let next = block + HEAD;
  f.panels = next;
  next += observations;
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
  f.basis = next + 6 * column;
  f.resting = next + 7 * column;
  f.center = next + 8 * column;
  f.spread = next + 9 * column;
  f.pairs = next + 10 * column;
  f.normal = next + 12 * column;
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
  b.reach = a.reach;
  b.random = a.random;
  const column = (<usize>columnStride(a.p)) << 3;
  memory.copy(b.panels, a.panels, <usize>(((a.m + 7) & ~7) >> 1) * panelBytes(a.k));
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

/** The observation that a slot holds. */
export function origin(f: L1Fit, slot: i32): i32 {
  return load<i32>(f.origin + ((<usize>slot) << 2));
}
