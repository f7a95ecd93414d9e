// A Cholesky factor, row by row, that unknowns join and leave: O(n²) instead of a factor anew (Golub, Van Loan, section 6.5).

import { dot } from "./dense";

/**
 * Row n, which holds the products of an unknown with the n of a factor, becomes its row of the factor; `own`: its product with
 * itself. The diagonal is left to the caller: returns the square of its pivot, hardly above 0 where the others span the unknown.
 */
export function appendToFactor(n: i32, stride: i32, factor: usize, own: f64): f64 {
  const row = rowOf(factor, stride, n);
  let squares = own;
  for (let i = 0; i < n; i++) {
    const other = rowOf(factor, stride, i);
    const place = (<usize>i) << 3;
    const value = (load<f64>(row + place) - dot<f64>(i, other, row)) / load<f64>(other + place);
    store<f64>(row + place, value);
    squares -= value * value;
  }
  return squares;
}

/** Takes unknown p out of a factor of order n: those behind it move up, and rotations make the rest triangular again. */
export function removeFromFactor(n: i32, stride: i32, factor: usize, p: i32): void {
  for (let i = p + 1; i < n; i++) {
    memory.copy(rowOf(factor, stride, i - 1), rowOf(factor, stride, i), (<usize>(i + 1)) << 3);
  }
  for (let k = p; k < n - 1; k++) {
    const place = (<usize>k) << 3;
    const row = rowOf(factor, stride, k) + place;
    const length = Math.sqrt(load<f64>(row) * load<f64>(row) + load<f64>(row, 8) * load<f64>(row, 8));
    const cosine = load<f64>(row) / length;
    const sine = load<f64>(row, 8) / length;
    for (let i = k; i < n - 1; i++) {
      const pair = rowOf(factor, stride, i) + place;
      const x = load<f64>(pair);
      const y = load<f64>(pair, 8);
      store<f64>(pair, cosine * x + sine * y);
      store<f64>(pair, cosine * y - sine * x, 8);
    }
  }
}

function rowOf(factor: usize, stride: i32, i: i32): usize {
  return factor + ((<usize>i * <usize>stride) << 3);
}
