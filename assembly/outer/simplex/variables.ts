// Columns of [A, −I], and where nonbasic variables rest.

import { dot } from "../basis";
import { AT_LOWER, AT_UPPER, BASIC, FREE, f, INFINITE, int, put, Simplex } from "./model";

/** v ← v + a · column j of [A, −I]. */
export function addColumn(p: Simplex, j: i32, a: f64, v: usize): void {
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
export function columnDot(p: Simplex, j: i32, v: usize): f64 {
  if (j >= p.n) return -f(v, j - p.n);
  return structuralDot(p, j, v);
}

/** v · column j of A. */
export function structuralDot(p: Simplex, j: i32, v: usize): f64 {
  const begin = int(p.starts, j);
  const end = int(p.starts, j + 1);
  if (int(p.runs, j) == 0) return sparseDot(p, begin, end, v);
  const even = (end - begin) & ~1;
  const from = v + ((<usize>int(p.rows, begin)) << 3);
  const sum = dot(p.values + ((<usize>begin) << 3), from, (<usize>even) << 3);
  return begin + even < end ? sum + f(p.values, end - 1) * f(from, even) : sum;
}

/** v · the entries `begin` … end of A, four sums at a time: one alone waits for itself. */
function sparseDot(p: Simplex, begin: i32, end: i32, v: usize): f64 {
  let a: f64 = 0;
  let b: f64 = 0;
  let c: f64 = 0;
  let d: f64 = 0;
  let e = begin;
  while (e + 4 <= end) {
    a += f(p.values, e) * f(v, int(p.rows, e));
    b += f(p.values, e + 1) * f(v, int(p.rows, e + 1));
    c += f(p.values, e + 2) * f(v, int(p.rows, e + 2));
    d += f(p.values, e + 3) * f(v, int(p.rows, e + 3));
    e += 4;
  }
  while (e < end) {
    a += f(p.values, e) * f(v, int(p.rows, e));
    e++;
  }
  return a + b + (c + d);
}

export function isBasic(p: Simplex, j: i32): bool {
  return int(p.status, j) == BASIC;
}

/** A nonbasic variable's value is its bound. */
export function rest(p: Simplex, j: i32): void {
  const s = int(p.status, j);
  put(p.x, j, s == AT_LOWER ? f(p.lo, j) : s == AT_UPPER ? f(p.hi, j) : 0);
}

/** The bound nearest to 0, or the one that exists. */
export function settle(p: Simplex, j: i32): void {
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

export function setStatus(p: Simplex, j: i32, s: i32): void {
  store<i32>(p.status + ((<usize>j) << 2), s);
}

export function dualViolation(p: Simplex, j: i32): f64 {
  const s = int(p.status, j);
  if (s == BASIC || f(p.lo, j) == f(p.hi, j)) return 0;
  const d = f(p.d, j);
  return s == FREE ? abs(d) : s == AT_LOWER ? -d : d;
}
