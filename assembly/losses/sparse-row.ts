// A row of CSR data and one output: its score, and its share of the gradient.

import { Objective } from "../objective";

/** Four sums: one alone would wait for every addition. */
export function sparseDot<X, T>(o: Objective, row: i32, w: usize): T {
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  const place = o.rowStarts + ((<usize>o.placeOf(row)) << 2);
  const end = load<i32>(place, 4);
  let k = load<i32>(place);
  for (; k + 4 <= end; k += 4) {
    s0 += sparseTerm<X, T>(o, k, w);
    s1 += sparseTerm<X, T>(o, k + 1, w);
    s2 += sparseTerm<X, T>(o, k + 2, w);
    s3 += sparseTerm<X, T>(o, k + 3, w);
  }
  for (; k < end; k++) s0 += sparseTerm<X, T>(o, k, w);
  return <T>(s0 + s1 + (s2 + s3));
}

function sparseTerm<X, T>(o: Objective, k: i32, w: usize): f64 {
  const column = load<i32>(o.columnIndices + ((<usize>k) << 2));
  return <f64>load<X>(o.values + <usize>k * sizeof<X>()) * <f64>load<T>(w + <usize>column * sizeof<T>());
}

/** Sums in f64 at once: a block's gradient in f32 would cost all columns a block, not only its nonzeros. */
export function sparseAxpy<X>(o: Objective, row: i32, r: f64, out: usize): void {
  const place = o.rowStarts + ((<usize>o.placeOf(row)) << 2);
  const end = load<i32>(place, 4);
  for (let k = load<i32>(place); k < end; k++) {
    const to = out + ((<usize>load<i32>(o.columnIndices + ((<usize>k) << 2))) << 3);
    store<f64>(to, load<f64>(to) + r * <f64>load<X>(o.values + <usize>k * sizeof<X>()));
  }
}
