// Symmetric systems of up to a thousand unknowns, row by row.

import { axpy, dot } from "./dense";

/** Lower factor in place; a pivot that rounding took (a direction nobody sees) is replaced by a small ridge. */
export function cholesky(n: i32, stride: i32, matrix: usize): void {
  choleskyRows(0, n, stride, matrix, leastPivot(n, stride, matrix));
}

/** Floor of the squared pivots: 1e-10 of the largest diagonal entry. */
export function leastPivot(n: i32, stride: i32, matrix: usize): f64 {
  let largest: f64 = 0;
  for (let j = 0; j < n; j++) largest = max(largest, load<f64>(matrix + ((<usize>(j * stride + j)) << 3)));
  return max(largest, 1e-30) * 1e-10;
}

/** Rows `from` … `to` − 1 of the factor, those before them are there: the same bits, however many at once. */
export function choleskyRows(from: i32, to: i32, stride: i32, matrix: usize, floor: f64): void {
  for (let j = 0; j < to; j++) {
    const rowJ = matrix + ((<usize>(j * stride)) << 3);
    const diagonal = rowJ + ((<usize>j) << 3);
    if (j >= from) store<f64>(diagonal, Math.sqrt(max(load<f64>(diagonal) - dot<f64>(j, rowJ, rowJ), floor)));
    const pivot = load<f64>(diagonal);
    for (let i = max(j + 1, from); i < to; i++) {
      const rowI = matrix + ((<usize>(i * stride)) << 3);
      const at = rowI + ((<usize>j) << 3);
      store<f64>(at, (load<f64>(at) - dot<f64>(j, rowI, rowJ)) / pivot);
    }
  }
}

/** v ← (L·Lᵀ)⁻¹·v. */
export function solveFactored(n: i32, stride: i32, factor: usize, v: usize): void {
  for (let i = 0; i < n; i++) {
    const row = factor + ((<usize>(i * stride)) << 3);
    const at = v + ((<usize>i) << 3);
    store<f64>(at, (load<f64>(at) - dot<f64>(i, row, v)) / load<f64>(row + ((<usize>i) << 3)));
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = factor + ((<usize>(i * stride)) << 3);
    const at = v + ((<usize>i) << 3);
    const value = load<f64>(at) / load<f64>(row + ((<usize>i) << 3));
    store<f64>(at, value);
    axpy<f64>(i, -value, row, v);
  }
}

/**
 * v ← matrix⁻¹·v by a factor in place, in units in which the diagonal is 1: columns of any units are told from what rounding
 * took. units: f64[n].
 */
export function solveInUnits(n: i32, matrix: usize, v: usize, units: usize): void {
  intoUnits(n, matrix, 0, v, units);
  cholesky(n, n, matrix);
  solveFactored(n, n, matrix, v);
  outOfUnits(n, v, units);
}

/** What `solveInUnits` does before the factor. `damping` is added to the 1 of the diagonal. */
export function intoUnits(n: i32, matrix: usize, damping: f64, v: usize, units: usize): void {
  for (let a = 0; a < n; a++) {
    const at = (<usize>a) << 3;
    const row = matrix + ((<usize>(a * n)) << 3);
    const unit = 1 / Math.sqrt(load<f64>(row + at));
    store<f64>(units + at, unit);
    for (let b = 0; b < a; b++) {
      const to = row + ((<usize>b) << 3);
      store<f64>(to, load<f64>(to) * unit * load<f64>(units + ((<usize>b) << 3)));
    }
    store<f64>(row + at, 1 + damping);
    store<f64>(v + at, unit * load<f64>(v + at));
  }
}

/** Back from the units of `intoUnits`: v ← units ∘ v. */
export function outOfUnits(n: i32, v: usize, units: usize): void {
  for (let a = 0; a < n; a++) {
    const at = (<usize>a) << 3;
    store<f64>(v + at, load<f64>(v + at) * load<f64>(units + at));
  }
}
