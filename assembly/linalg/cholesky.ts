// Symmetric systems of a few dozen unknowns, row by row.

import { axpy, dot } from "./dense";

/** Lower factor in place; a pivot that rounding took (a direction nobody sees) is replaced by a small ridge. */
export function cholesky(n: i32, stride: i32, matrix: usize): void {
  let largest: f64 = 0;
  for (let j = 0; j < n; j++) largest = max(largest, load<f64>(matrix + ((<usize>(j * stride + j)) << 3)));
  const floor = max(largest, 1e-30) * 1e-10;
  for (let j = 0; j < n; j++) {
    const rowJ = matrix + ((<usize>(j * stride)) << 3);
    let pivot = load<f64>(rowJ + ((<usize>j) << 3)) - dot<f64>(j, rowJ, rowJ);
    pivot = Math.sqrt(max(pivot, floor));
    store<f64>(rowJ + ((<usize>j) << 3), pivot);
    for (let i = j + 1; i < n; i++) {
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
 * took. `damping` is added to that 1; units: f64[n].
 */
export function solveInUnits(n: i32, matrix: usize, damping: f64, v: usize, units: usize): void {
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
  cholesky(n, n, matrix);
  solveFactored(n, n, matrix, v);
  for (let a = 0; a < n; a++) {
    const at = (<usize>a) << 3;
    store<f64>(v + at, load<f64>(v + at) * load<f64>(units + at));
  }
}
