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

import { columnStride } from "../basis";
import { unit, xorshift } from "../xorshift";

export const AT_LOWER: i32 = 0;
export const AT_UPPER: i32 = 1;
export const FREE: i32 = 2;
export const BASIC: i32 = 3;
/** Pivots between two looks at the accuracy of the inverse. */
export const CHECK: i32 = 100;
export const PIVOT: f64 = 1e-9;
export const INFINITE: f64 = Infinity;

@unmanaged
export class Simplex {
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
  touched: usize; // i32[all] nonbasic variables with an entry in the pivot row
  touching: i32;
  runs: usize; // i32[n] 1 where a column's rows follow each other
  nonzeros: usize; // i32[m] byte offsets of the entries of a vector of length m
  unit: usize; // [all] the size of a reduced cost that counts as 1: the dual tolerance is relative to it
}

export function f(base: usize, i: i32): f64 {
  return load<f64>(base + ((<usize>i) << 3));
}

export function put(base: usize, i: i32, value: f64): void {
  store<f64>(base + ((<usize>i) << 3), value);
}

export function int(base: usize, i: i32): i32 {
  return load<i32>(base + ((<usize>i) << 2));
}

export function simplexBytes(n: i32, m: i32, nonzeros: i32): f64 {
  const all = <f64>n + <f64>m + 2;
  const stride = <f64>columnStride(m) + 2;
  return 512 + 16 * (<f64>nonzeros + 2) + 8 * (17 * all + stride * (<f64>m + 9));
}

/** Lays a problem out in a zeroed block of `simplexBytes`; the seed is that of the perturbations. */
export function simplexInit(block: usize, n: i32, m: i32, nonzeros: i32, seed: i32): void {
  const p = changetype<Simplex>(block);
  p.n = n;
  p.m = m;
  p.all = n + m;
  p.stride = columnStride(m);
  simplexRestart(block, seed);
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
  p.touched = next + 14 * all;
  p.runs = next + 15 * all;
  next = (next + 16 * all + 15) & ~15;
  p.column = next;
  p.right = next + row;
  p.y = next + 2 * row;
  p.weight = next + 3 * row;
  p.head = next + 4 * row;
  p.nonzeros = next + 5 * row;
  p.inverse = next + 6 * row;
}

/** Forgets what came before: the next solve makes everything from the basis in `status`. */
export function simplexRestart(block: usize, seed: i32): void {
  const p = changetype<Simplex>(block);
  p.random = 0x2545f491 ^ (<u32>seed * 0x9e3779b9);
  if (p.random == 0) p.random = 1;
  p.mode = 0;
  p.round = 0;
}

/** 0 starts, 1 rows, 2 values, 3 cost, 4 lower, 5 upper, 6 status, 7 x, 8 y (or the row that proves infeasibility), 9 unit of the reduced costs, 10 pivot column, 11 runs. */
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
  if (which == 11) return p.runs;
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

export function uniform(p: Simplex): f64 {
  p.random = xorshift(p.random);
  return unit(p.random);
}
