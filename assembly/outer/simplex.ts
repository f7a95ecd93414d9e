// The general LP: min c·x, A x − s = 0, bounds on x (structurals) and s (logicals, the row activities). Variables are
// numbered structurals first. The basis inverse is dense, row by row, so that a pivot is a rank-1 update of the rows
// whose entry in the pivot column is not 0.
//
//   dual simplex   steepest edge, bound flipping with Harris' tolerance; costs are perturbed, and shifted where the
//                  start is dual infeasible: it ends primal feasible, or with a row that proves infeasibility
//   primal simplex devex, Harris; with the true costs from there: it ends optimal or with an unbounded ray. Bounds are
//                  perturbed when it stalls
//
// They take turns until both kinds of infeasibility are gone with costs and bounds as given.

import { axpy, axpyNorm, columnStride, dot, scale, updateInverse } from "./basis";

const OPTIMAL: i32 = 0;
const INFEASIBLE: i32 = 1;
const ITERATION_LIMIT: i32 = 2;
const NUMERICAL: i32 = 3;
const UNBOUNDED: i32 = 4;

export const AT_LOWER: i32 = 0;
export const AT_UPPER: i32 = 1;
export const FREE: i32 = 2;
export const BASIC: i32 = 3;

/** Pivots between two looks at the accuracy of the inverse. */
const CHECK: i32 = 100;
/** Relative residual of x_B and y above which the inverse is made anew. */
const ACCURATE: f64 = 1e-13;
const PIVOT: f64 = 1e-9;

/** Devex weight above which the reference framework is set anew: without, weights reach 1e140 and price nothing. */
const FRAMEWORK: f64 = 1e6;

const CHOOSE: i32 = 0;
const DUAL: i32 = 1;
const PRIMAL: i32 = 2;
/** Turns that perturb. */
const PERTURBED: i32 = 6;
/** Turns after which residuals near the tolerance are good enough, and after which it ends. */
const UNHURRIED: i32 = 12;
const LAST: i32 = 40;
const INFINITE: f64 = Infinity;

@unmanaged
class Simplex {
  n: i32;
  m: i32;
  all: i32; // n + m
  stride: i32;
  updates: i32; // of the inverse since it was made
  stale: i32; // and since it was last seen to be accurate
  mode: i32;
  iterations: i32;
  limit: i32;
  random: u32;
  rayVariable: i32;
  rayDirection: i32;
  round: i32;
  making: f64; // rows that making the inverse has changed
  work: f64; // and the pivots since
  residual: f64; // what the inverse leaves of x_B and y before refinement
  tolerance: f64;
  starts: usize; // i32[n + 1]
  rows: usize; // i32
  values: usize;
  cost: usize; // [all] as given
  lower: usize;
  upper: usize;
  status: usize; // i32[all]
  c: usize; // working cost and bounds
  lo: usize;
  hi: usize;
  x: usize;
  d: usize;
  alpha: usize; // pivot row
  devex: usize;
  head: usize; // i32[m]
  inverse: usize;
  column: usize;
  right: usize;
  y: usize;
  weight: usize; // ‖row of the inverse‖²
  list: usize; // i32[all]
  unit: usize; // [all] the size of a reduced cost that counts as 1: the dual tolerance is relative to it
}

function at(base: usize, i: i32): usize {
  return base + ((<usize>i) << 3);
}

function f(base: usize, i: i32): f64 {
  return load<f64>(base + ((<usize>i) << 3));
}

function put(base: usize, i: i32, value: f64): void {
  store<f64>(base + ((<usize>i) << 3), value);
}

function int(base: usize, i: i32): i32 {
  return load<i32>(base + ((<usize>i) << 2));
}

export function simplexBytes(n: i32, m: i32, nonzeros: i32): usize {
  const all = <usize>(n + m + 2);
  const stride = <usize>columnStride(m) + 2;
  return 512 + <usize>(nonzeros + 2) * 16 + all * 8 * 15 + stride * 8 * (<usize>m + 8);
}

/** Lays a problem out in a zeroed block of `simplexBytes`; the seed is that of the perturbations. */
export function simplexInit(block: usize, n: i32, m: i32, nonzeros: i32, seed: i32): void {
  const p = changetype<Simplex>(block);
  p.n = n;
  p.m = m;
  p.all = n + m;
  p.stride = columnStride(m);
  p.random = 0x2545f491 ^ (<u32>seed * 0x9e3779b9);
  if (p.random == 0) p.random = 1;
  const all = (<usize>(n + m + 1)) << 3;
  const row = (<usize>p.stride) << 3;
  let next = block + 256;
  p.values = next;
  next += (<usize>(nonzeros + 1)) << 3;
  p.rows = next;
  next += (<usize>(nonzeros + 2)) << 2;
  next = (next + 15) & ~15;
  p.starts = next;
  p.cost = next + all;
  p.lower = next + 2 * all;
  p.upper = next + 3 * all;
  p.status = next + 4 * all;
  p.c = next + 5 * all;
  p.lo = next + 6 * all;
  p.hi = next + 7 * all;
  p.x = next + 8 * all;
  p.d = next + 9 * all;
  p.alpha = next + 10 * all;
  p.devex = next + 11 * all;
  p.list = next + 12 * all;
  p.unit = next + 13 * all;
  next = (next + 14 * all + 15) & ~15;
  p.column = next;
  p.right = next + row;
  p.y = next + 2 * row;
  p.weight = next + 3 * row;
  p.head = next + 4 * row;
  p.inverse = next + 5 * row;
}

/** 0 starts, 1 rows, 2 values, 3 cost, 4 lower, 5 upper, 6 status, 7 x, 8 y (or the row that proves infeasibility), 9 unit of the reduced costs, 10 pivot column. */
export function simplexArray(block: usize, which: i32): usize {
  const p = changetype<Simplex>(block);
  if (which == 0) return p.starts;
  if (which == 1) return p.rows;
  if (which == 2) return p.values;
  if (which == 3) return p.cost;
  if (which == 4) return p.lower;
  if (which == 5) return p.upper;
  if (which == 6) return p.status;
  if (which == 7) return p.x;
  if (which == 8) return p.y;
  if (which == 9) return p.unit;
  return p.column;
}

/** 0 iterations, 1 the variable of the unbounded ray, 2 its direction. */
export function simplexNumber(block: usize, which: i32): i32 {
  const p = changetype<Simplex>(block);
  return which == 0 ? p.iterations : which == 1 ? p.rayVariable : p.rayDirection;
}

/** The variable that is basic in row i. */
export function simplexHead(block: usize, i: i32): i32 {
  return int(changetype<Simplex>(block).head, i);
}

function uniform(p: Simplex): f64 {
  let z = p.random;
  z ^= z << 13;
  z ^= z >> 17;
  z ^= z << 5;
  p.random = z;
  return <f64>z / 4294967296.0;
}

/** v ← v + a · column j of [A, −I]. */
function addColumn(p: Simplex, j: i32, a: f64, v: usize): void {
  if (j >= p.n) {
    put(v, j - p.n, f(v, j - p.n) - a);
    return;
  }
  const end = int(p.starts, j + 1);
  for (let e = int(p.starts, j); e < end; e++) {
    const i = int(p.rows, e);
    put(v, i, f(v, i) + a * f(p.values, e));
  }
}

/** v · column j of [A, −I]. */
function columnDot(p: Simplex, j: i32, v: usize): f64 {
  if (j >= p.n) return -f(v, j - p.n);
  let sum: f64 = 0;
  const end = int(p.starts, j + 1);
  for (let e = int(p.starts, j); e < end; e++) sum += f(p.values, e) * f(v, int(p.rows, e));
  return sum;
}

/** p.column ← inverse · column j. */
function ftran(p: Simplex, j: i32): void {
  const row = (<usize>p.stride) << 3;
  let inverse = p.inverse;
  if (j >= p.n) {
    inverse += (<usize>(j - p.n)) << 3;
    for (let i = 0; i < p.m; i++) {
      put(p.column, i, -load<f64>(inverse));
      inverse += row;
    }
    return;
  }
  const begin = int(p.starts, j);
  const end = int(p.starts, j + 1);
  for (let i = 0; i < p.m; i++) {
    let sum: f64 = 0;
    for (let e = begin; e < end; e++) sum += f(p.values, e) * f(inverse, int(p.rows, e));
    put(p.column, i, sum);
    inverse += row;
  }
}

function rowOf(p: Simplex, r: i32): usize {
  return p.inverse + ((<usize>r * <usize>p.stride) << 3);
}

function isBasic(p: Simplex, j: i32): bool {
  return int(p.status, j) == BASIC;
}

/** A nonbasic variable's value is its bound. */
function rest(p: Simplex, j: i32): void {
  const s = int(p.status, j);
  put(p.x, j, s == AT_LOWER ? f(p.lo, j) : s == AT_UPPER ? f(p.hi, j) : 0);
}

/** The bound nearest to 0, or the one that exists. */
function settle(p: Simplex, j: i32): void {
  const low = f(p.lo, j);
  const high = f(p.hi, j);
  let s = int(p.status, j);
  if (s == BASIC) return;
  if (low == -INFINITE && high == INFINITE) s = FREE;
  else if (low == -INFINITE) s = AT_UPPER;
  else if (high == INFINITE) s = AT_LOWER;
  else if (s == FREE) s = abs(low) <= abs(high) ? AT_LOWER : AT_UPPER;
  store<i32>(p.status + ((<usize>j) << 2), s);
  rest(p, j);
}

function setStatus(p: Simplex, j: i32, s: i32): void {
  store<i32>(p.status + ((<usize>j) << 2), s);
}

/** The inverse from scratch. Columns that depend on others leave the basis, logicals take their place. */
function refactor(p: Simplex): void {
  const m = p.m;
  const row = (<usize>p.stride) << 3;
  memory.fill(p.inverse, 0, <usize>m * row);
  for (let i = 0; i < m; i++) {
    put(rowOf(p, i), i, -1);
    store<i32>(p.head + ((<usize>i) << 2), -1);
  }
  for (let i = 0; i < m; i++) {
    if (isBasic(p, p.n + i)) store<i32>(p.head + ((<usize>i) << 2), p.n + i);
  }
  // Short columns first: they fill the inverse least.
  p.making = 0;
  let count = 0;
  for (let j = 0; j < p.n; j++) {
    if (isBasic(p, j)) {
      store<i32>(p.list + ((<usize>count) << 2), j);
      count++;
    }
  }
  sortByLength(p, count);
  for (let k = 0; k < count; k++) {
    const j = int(p.list, k);
    ftran(p, j);
    let slot = -1;
    let widest: f64 = 1e-9;
    for (let i = 0; i < m; i++) {
      const size = abs(f(p.column, i));
      if (size > widest && int(p.head, i) < 0) {
        widest = size;
        slot = i;
      }
    }
    if (slot >= 0) {
      p.making += <f64>updateInverse(p.inverse, m, slot, p.column);
      store<i32>(p.head + ((<usize>slot) << 2), j);
    } else {
      setStatus(p, j, FREE);
      settle(p, j);
    }
  }
  for (let i = 0; i < m; i++) {
    if (int(p.head, i) < 0) {
      store<i32>(p.head + ((<usize>i) << 2), p.n + i);
      setStatus(p, p.n + i, BASIC);
    }
    put(p.weight, i, dot(rowOf(p, i), rowOf(p, i), row));
  }
  p.stale = 0;
  p.updates = 0;
  p.work = 0;
}

function sortByLength(p: Simplex, count: i32): void {
  // Shell sort with lengths; stable order is not needed, only the same one each time.
  let gap = count >> 1;
  while (gap > 0) {
    for (let i = gap; i < count; i++) {
      const j = int(p.list, i);
      const length = int(p.starts, j + 1) - int(p.starts, j);
      let k = i;
      while (k >= gap && lengthAt(p, k - gap) > length) {
        store<i32>(p.list + ((<usize>k) << 2), int(p.list, k - gap));
        k -= gap;
      }
      store<i32>(p.list + ((<usize>k) << 2), j);
    }
    gap >>= 1;
  }
}

function lengthAt(p: Simplex, k: i32): i32 {
  const j = int(p.list, k);
  return int(p.starts, j + 1) - int(p.starts, j);
}

/** x_B ← −inverse · N x_N, with one step of refinement. */
function computePrimal(p: Simplex): void {
  const row = (<usize>p.stride) << 3;
  for (let i = 0; i < p.m; i++) put(p.x, int(p.head, i), 0);
  let size: f64 = 0;
  for (let pass = 0; pass < 2; pass++) {
    memory.fill(p.right, 0, row);
    for (let j = 0; j < p.all; j++) {
      const x = f(p.x, j);
      if (x != 0) addColumn(p, j, -x, p.right);
    }
    if (pass == 1) p.residual = largest(p.right, p.m) / (1 + size);
    for (let i = 0; i < p.m; i++) {
      const j = int(p.head, i);
      const x = f(p.x, j) + dot(rowOf(p, i), p.right, row);
      put(p.x, j, x);
      size = max(size, abs(x));
    }
  }
}

/** y ← inverseᵀ c_B with one step of refinement; d ← c − [A, −I]ᵀ y. */
function computeDual(p: Simplex): void {
  const row = (<usize>p.stride) << 3;
  memory.fill(p.y, 0, row);
  for (let pass = 0; pass < 2; pass++) {
    for (let i = 0; i < p.m; i++) {
      const j = int(p.head, i);
      put(p.right, i, f(p.c, j) - columnDot(p, j, p.y));
    }
    if (pass == 1) p.residual = max(p.residual, largest(p.right, p.m) / (1 + largest(p.y, p.m)));
    for (let i = 0; i < p.m; i++) {
      const c = f(p.right, i);
      if (c != 0) axpy(c, rowOf(p, i), p.y, row);
    }
  }
  for (let j = 0; j < p.all; j++) put(p.d, j, isBasic(p, j) ? 0 : f(p.c, j) - columnDot(p, j, p.y));
}

/** The largest |v[i]|; NaN counts as infinite. */
function largest(v: usize, n: i32): f64 {
  let most: f64 = 0;
  for (let i = 0; i < n; i++) {
    const size = abs(f(v, i));
    if (!(size <= most)) most = size == size ? size : INFINITE;
  }
  return most;
}

/** Everything from the basis. */
function fresh(p: Simplex): void {
  refactor(p);
  computePrimal(p);
  computeDual(p);
}

/**
 * Everything from the inverse, which is made anew unless it is accurate and that would cost more than the pivots since
 * (a dense inverse costs m of them: five times the whole time at 1000 rows when it is made every 100).
 */
function refresh(p: Simplex): void {
  if (p.work < p.making) {
    computePrimal(p);
    computeDual(p);
    p.stale = 0;
    if (p.updates == 0 || p.residual <= ACCURATE) return;
  }
  fresh(p);
}

function primalInfeasibility(p: Simplex): f64 {
  let worst: f64 = 0;
  for (let i = 0; i < p.m; i++) {
    const j = int(p.head, i);
    const x = f(p.x, j);
    const low = f(p.lo, j);
    const high = f(p.hi, j);
    if (x < low) worst = max(worst, (low - x) / (1 + abs(low)));
    if (x > high) worst = max(worst, (x - high) / (1 + abs(high)));
  }
  return worst;
}

function dualViolation(p: Simplex, j: i32): f64 {
  const s = int(p.status, j);
  if (s == BASIC || f(p.lo, j) == f(p.hi, j)) return 0;
  const d = f(p.d, j);
  return s == FREE ? abs(d) : s == AT_LOWER ? -d : d;
}

function dualInfeasibility(p: Simplex): f64 {
  let worst: f64 = 0;
  for (let j = 0; j < p.all; j++) worst = max(worst, dualViolation(p, j) / f(p.unit, j));
  return worst;
}

/** alpha ← row r of inverse · [A, −I] over the nonbasic variables. */
function pivotRow(p: Simplex, r: i32): void {
  const row = rowOf(p, r);
  for (let j = 0; j < p.all; j++) put(p.alpha, j, isBasic(p, j) ? 0 : columnDot(p, j, row));
}

/** Variable q becomes basic in row r, whose variable goes to `status`; p.column is the pivot column. */
function exchange(p: Simplex, r: i32, q: i32, status: i32): void {
  const row = (<usize>p.stride) << 3;
  const leaving = int(p.head, r);
  const pivot = rowOf(p, r);
  scale(1 / f(p.column, r), pivot, row);
  put(p.weight, r, dot(pivot, pivot, row));
  for (let i = 0; i < p.m; i++) {
    const a = f(p.column, i);
    if (i != r && a != 0) {
      put(p.weight, i, axpyNorm(-a, pivot, rowOf(p, i), row));
      p.work++;
    }
  }
  setStatus(p, leaving, status);
  setStatus(p, q, BASIC);
  store<i32>(p.head + ((<usize>r) << 2), q);
  rest(p, leaving);
  p.stale++;
  p.updates++;
}

/** Perturbs the costs away from degeneracy, flips boxed variables, and shifts the costs of what is dual infeasible. */
function makeDualFeasible(p: Simplex, perturb: bool): void {
  if (perturb) {
    for (let j = 0; j < p.all; j++) {
      const size = (1 + abs(f(p.c, j))) * 5e-7 * (1 + uniform(p));
      const low = f(p.lo, j);
      const high = f(p.hi, j);
      const boxed = low != -INFINITE && high != INFINITE;
      if (boxed && low != high) put(p.c, j, f(p.c, j) + (f(p.d, j) >= 0 ? size : -size));
      else if (low != -INFINITE && !boxed) put(p.c, j, f(p.c, j) + size);
      else if (high != INFINITE && !boxed) put(p.c, j, f(p.c, j) - size);
    }
    computeDual(p);
  }
  let flipped = false;
  for (let j = 0; j < p.all; j++) {
    if (dualViolation(p, j) > 0) {
      const s = int(p.status, j);
      if (s != FREE && f(p.lo, j) != -INFINITE && f(p.hi, j) != INFINITE) {
        setStatus(p, j, s == AT_LOWER ? AT_UPPER : AT_LOWER);
        rest(p, j);
        flipped = true;
      } else {
        put(p.c, j, f(p.c, j) - f(p.d, j));
        put(p.d, j, 0);
      }
    }
  }
  if (flipped) computePrimal(p);
}

function dualSimplex(p: Simplex): i32 {
  let status = -1;
  while (status < 0) {
    if (p.stale >= CHECK) refresh(p);
    if (p.stale == 0) shiftCosts(p);
    const r = dualPrice(p);
    if (r < 0) {
      if (p.stale > 0) refresh(p);
      else status = OPTIMAL;
    } else if (p.iterations >= p.limit) {
      status = ITERATION_LIMIT;
    } else {
      const outcome = dualPivot(p, r);
      if (outcome >= 0) {
        if (p.updates > 0) fresh(p);
        else status = outcome;
      }
    }
  }
  return status;
}

/** Small dual infeasibilities, from Harris or rounding, are shifted into the costs. */
function shiftCosts(p: Simplex): void {
  for (let j = 0; j < p.all; j++) {
    if (dualViolation(p, j) > 0) {
      put(p.c, j, f(p.c, j) - f(p.d, j));
      put(p.d, j, 0);
    }
  }
}

function dualPrice(p: Simplex): i32 {
  let best = -1;
  let steepest: f64 = 0;
  for (let i = 0; i < p.m; i++) {
    const j = int(p.head, i);
    const x = f(p.x, j);
    const low = f(p.lo, j);
    const high = f(p.hi, j);
    const below = low - x;
    const above = x - high;
    const violation = max(below, above);
    if (violation > p.tolerance * (1 + (below > above ? abs(low) : abs(high)))) {
      const steepness = (violation * violation) / f(p.weight, i);
      if (steepness > steepest) {
        steepest = steepness;
        best = i;
      }
    }
  }
  return best;
}

function dualPivot(p: Simplex, r: i32): i32 {
  const leaving = int(p.head, r);
  const raising = f(p.x, leaving) < f(p.lo, leaving);
  const sign: f64 = raising ? -1 : 1;
  let slope = raising ? f(p.lo, leaving) - f(p.x, leaving) : f(p.x, leaving) - f(p.hi, leaving);
  pivotRow(p, r);
  let count = 0;
  let largestAlpha: f64 = 0;
  for (let j = 0; j < p.all; j++) {
    const s = int(p.status, j);
    if (s != BASIC && f(p.lo, j) != f(p.hi, j)) {
      const a = sign * f(p.alpha, j);
      largestAlpha = max(largestAlpha, abs(a));
      if ((s == AT_LOWER && a > PIVOT) || (s == AT_UPPER && a < -PIVOT) || (s == FREE && abs(a) > PIVOT)) {
        store<i32>(p.list + ((<usize>count) << 2), j);
        count++;
      }
    }
  }
  if (count == 0) {
    p.rayVariable = r;
    return INFEASIBLE;
  }
  // Groups of breakpoints within Harris' tolerance: flip them while the slope stays positive.
  const harris = 1e-9;
  let first = 0; // list[0 … first) flips
  let q = -1;
  while (q < 0) {
    let bound = INFINITE;
    for (let k = first; k < count; k++) {
      const j = int(p.list, k);
      bound = min(bound, (abs(f(p.d, j)) + harris) / abs(f(p.alpha, j)));
    }
    let group = first;
    let drop: f64 = 0;
    let best = -1;
    let widest: f64 = 0;
    for (let k = first; k < count; k++) {
      const j = int(p.list, k);
      const a = abs(f(p.alpha, j));
      if (abs(f(p.d, j)) <= bound * a) {
        drop += a * (f(p.hi, j) - f(p.lo, j));
        if (a > widest) {
          widest = a;
          best = j;
        }
        store<i32>(p.list + ((<usize>k) << 2), int(p.list, group));
        store<i32>(p.list + ((<usize>group) << 2), j);
        group++;
      }
    }
    if (group == first) return NUMERICAL; // NaN
    if (slope - drop < 0 || group == count || drop == INFINITE) {
      q = best;
      // A tiny pivot when the breakpoints before offered better ones: step back to those.
      if (widest < 1e-7 * largestAlpha && first > 0) {
        let earlier: f64 = widest;
        for (let k = 0; k < first; k++) {
          const j = int(p.list, k);
          if (abs(f(p.alpha, j)) > 10 * earlier) {
            earlier = abs(f(p.alpha, j));
            q = j;
          }
        }
        if (q != best) first = 0;
      }
    } else {
      slope -= drop;
      first = group;
    }
  }
  ftran(p, q);
  const pivot = f(p.column, r);
  if (abs(pivot - f(p.alpha, q)) > 1e-7 * (1 + abs(pivot)) && p.updates > 0) return NUMERICAL;
  if (!(abs(pivot) > (p.updates > 0 ? 1e-7 : PIVOT / 10))) return NUMERICAL;
  // Dual step. Where it overshoots, the cost is shifted so that d becomes 0.
  const theta = f(p.d, q) / f(p.alpha, q);
  for (let j = 0; j < p.all; j++) {
    const a = f(p.alpha, j);
    if (a != 0) put(p.d, j, f(p.d, j) - theta * a);
  }
  put(p.d, q, 0);
  put(p.d, leaving, -theta);
  // Flips.
  if (first > 0) {
    const row = (<usize>p.stride) << 3;
    memory.fill(p.right, 0, row);
    for (let k = 0; k < first; k++) {
      const j = int(p.list, k);
      const before = f(p.x, j);
      setStatus(p, j, int(p.status, j) == AT_LOWER ? AT_UPPER : AT_LOWER);
      rest(p, j);
      addColumn(p, j, f(p.x, j) - before, p.right);
    }
    for (let i = 0; i < p.m; i++) {
      const j = int(p.head, i);
      put(p.x, j, f(p.x, j) - dot(rowOf(p, i), p.right, row));
    }
  }
  for (let j = 0; j < p.all; j++) {
    if (j != q && f(p.alpha, j) != 0 && dualViolation(p, j) > 0) {
      put(p.c, j, f(p.c, j) - f(p.d, j));
      put(p.d, j, 0);
    }
  }
  const goal = raising ? f(p.lo, leaving) : f(p.hi, leaving);
  const step = (f(p.x, leaving) - goal) / pivot;
  for (let i = 0; i < p.m; i++) {
    const a = f(p.column, i);
    if (a != 0) {
      const j = int(p.head, i);
      put(p.x, j, f(p.x, j) - step * a);
    }
  }
  put(p.x, q, f(p.x, q) + step);
  exchange(p, r, q, raising ? AT_LOWER : AT_UPPER);
  p.iterations++;
  return -1;
}

function perturbBounds(p: Simplex, size: f64): void {
  for (let i = 0; i < p.m; i++) {
    const j = int(p.head, i);
    const low = f(p.lo, j);
    const high = f(p.hi, j);
    if (low != -INFINITE) put(p.lo, j, low - (1 + abs(low)) * size * (1 + uniform(p)));
    if (high != INFINITE) put(p.hi, j, high + (1 + abs(high)) * size * (1 + uniform(p)));
  }
}

function primalSimplex(p: Simplex): i32 {
  let status = -1;
  let stalls = 0;
  let perturbations = 0;
  while (status < 0) {
    if (p.stale >= CHECK) refresh(p);
    const q = primalPrice(p, stalls > 10 * p.m + 500);
    if (q < 0) {
      if (p.stale > 0) refresh(p);
      else status = OPTIMAL;
    } else if (p.iterations >= p.limit) {
      status = ITERATION_LIMIT;
    } else {
      const step = primalPivot(p, q);
      if (step < 0) {
        if (p.updates > 0) fresh(p);
        else status = step == -2 ? UNBOUNDED : NUMERICAL;
      } else if (step < 1e-12) {
        stalls++;
        if (p.round <= PERTURBED && perturbations < 4 && stalls == 30) {
          perturbBounds(p, perturbations > 1 ? 1e-6 : 1e-7);
          perturbations++;
          stalls = 0;
        }
      } else {
        stalls = 0;
      }
    }
  }
  return status;
}

function resetDevex(p: Simplex): void {
  for (let j = 0; j < p.all; j++) put(p.devex, j, 1);
}

function primalPrice(p: Simplex, bland: bool): i32 {
  let best = -1;
  let steepest: f64 = 0;
  for (let j = 0; j < p.all; j++) {
    const violation = dualViolation(p, j);
    if (violation > p.tolerance * f(p.unit, j) && (!bland || best < 0)) {
      const steepness = (violation * violation) / f(p.devex, j);
      if (steepness > steepest) {
        steepest = steepness;
        best = j;
      }
    }
  }
  return best;
}

/** The length of the step; −1 for a pivot that cannot be trusted, −2 for an unbounded ray. */
function primalPivot(p: Simplex, q: i32): f64 {
  const direction: f64 = f(p.d, q) < 0 ? 1 : -1;
  ftran(p, q);
  let bound = INFINITE;
  for (let i = 0; i < p.m; i++) {
    const rate = -direction * f(p.column, i);
    if (abs(rate) > PIVOT) {
      const j = int(p.head, i);
      const limit = rate < 0 ? f(p.lo, j) : f(p.hi, j);
      if (abs(limit) != INFINITE) {
        const slack = max(rate < 0 ? f(p.x, j) - limit : limit - f(p.x, j), 0);
        bound = min(bound, (slack + p.tolerance * (1 + abs(limit))) / abs(rate));
      }
    }
  }
  let r = -1;
  let size: f64 = 0;
  let step = INFINITE;
  for (let i = 0; i < p.m; i++) {
    const rate = -direction * f(p.column, i);
    if (abs(rate) > PIVOT && abs(rate) > size) {
      const j = int(p.head, i);
      const limit = rate < 0 ? f(p.lo, j) : f(p.hi, j);
      if (abs(limit) != INFINITE) {
        const slack = max(rate < 0 ? f(p.x, j) - limit : limit - f(p.x, j), 0);
        if (slack <= bound * abs(rate)) {
          size = abs(rate);
          r = i;
          step = slack / size;
        }
      }
    }
  }
  const range = f(p.hi, q) - f(p.lo, q);
  if (r < 0 && range == INFINITE) {
    p.rayVariable = q;
    p.rayDirection = direction > 0 ? 1 : -1;
    return -2;
  }
  const flips = range <= step;
  if (flips) step = range;
  else if (size < 1e-7 && p.updates > 0) return -1;
  const signed = direction * step;
  if (flips) {
    for (let i = 0; i < p.m; i++) {
      const j = int(p.head, i);
      put(p.x, j, f(p.x, j) - signed * f(p.column, i));
    }
    setStatus(p, q, int(p.status, q) == AT_LOWER ? AT_UPPER : AT_LOWER);
    rest(p, q);
    p.iterations++;
    return step;
  }
  pivotRow(p, r);
  const pivot = f(p.column, r);
  if (abs(pivot - f(p.alpha, q)) > 1e-7 * (1 + abs(pivot)) && p.updates > 0) return -1;
  const theta = f(p.d, q) / pivot;
  const leaving = int(p.head, r);
  if (f(p.devex, q) > FRAMEWORK) resetDevex(p);
  const reference = f(p.devex, q);
  for (let j = 0; j < p.all; j++) {
    const a = f(p.alpha, j);
    if (a != 0) {
      put(p.d, j, f(p.d, j) - theta * a);
      const ratio = a / pivot;
      put(p.devex, j, max(f(p.devex, j), ratio * ratio * reference));
    }
  }
  put(p.d, q, 0);
  put(p.d, leaving, -theta);
  put(p.devex, leaving, max(reference / (pivot * pivot), 1));
  for (let i = 0; i < p.m; i++) {
    const j = int(p.head, i);
    put(p.x, j, f(p.x, j) - signed * f(p.column, i));
  }
  put(p.x, q, f(p.x, q) + signed);
  exchange(p, r, q, -direction * pivot < 0 ? AT_LOWER : AT_UPPER);
  p.iterations++;
  return step;
}

/** Costs and bounds as given. */
function restore(p: Simplex): void {
  const bytes = (<usize>p.all) << 3;
  memory.copy(p.c, p.cost, bytes);
  memory.copy(p.lo, p.lower, bytes);
  memory.copy(p.hi, p.upper, bytes);
  for (let j = 0; j < p.all; j++) settle(p, j);
}

/** Keeps the row that proves infeasibility. A ray along perturbed bounds is a ray: recession does not see them. */
function proved(p: Simplex, ended: i32): i32 {
  if (ended == INFEASIBLE) {
    for (let i = 0; i < p.m; i++) put(p.y, i, f(rowOf(p, p.rayVariable), i));
  }
  return ended;
}

/** Solves from the basis in `status` (too many or too few basic variables are mended); goes on after a limit. */
export function simplexSolve(block: usize, limit: i32, tolerance: f64): i32 {
  const p = changetype<Simplex>(block);
  p.limit = limit;
  p.tolerance = tolerance;
  p.iterations = 0;
  let result = -1;
  while (result < 0) {
    if (p.mode == CHOOSE) result = choose(p);
    if (result < 0) {
      const ended = p.mode == DUAL ? dualSimplex(p) : primalSimplex(p);
      if (ended != ITERATION_LIMIT) p.mode = CHOOSE;
      if (ended != OPTIMAL && ended != NUMERICAL) result = proved(p, ended);
    }
  }
  return result;
}

/** The outcome with costs and bounds as given, or −1 and the method that has its turn. */
function choose(p: Simplex): i32 {
  restore(p);
  if (p.round == 0) fresh(p);
  else refresh(p);
  const primal = primalInfeasibility(p);
  const dual = dualInfeasibility(p);
  if (primal <= 2 * p.tolerance && dual <= 2 * p.tolerance) return OPTIMAL;
  p.round++;
  // Rounding stands in the way of the last digits: the unscaled residuals say how much.
  if (p.round > LAST || (p.round > UNHURRIED && primal <= 1e-7 && dual <= 1e-6))
    return primal <= 1e-6 && dual <= 1e-4 ? OPTIMAL : NUMERICAL;
  if (primal > 2 * p.tolerance) {
    p.mode = DUAL;
    makeDualFeasible(p, p.round <= PERTURBED);
  } else {
    p.mode = PRIMAL;
    resetDevex(p);
  }
  return -1;
}
