// The inverse of the basis, made anew or found to be accurate still.

import { resetInverse, rowTimesInverse, updateInverse } from "../basis";
import { at, L1Fit, ZERO } from "./model";
import { basic, recompute, rhs, rowInto, setBasic } from "./rows";

/** Relative residual of the basic rows above which the inverse is rebuilt: about what a fresh one leaves. */
const ACCURATE: f64 = 1e-14;

/** The inverse from scratch: row after row takes the free slot with the largest pivot; dependent rows drop out. */
export function rebuild(f: L1Fit, zero: f64): void {
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
export function refresh(f: L1Fit): void {
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
