// The minimum of f along a line: bound flipping. Rows that the step passes change their state.

import { axpy, columnStride, dot } from "../basis";
import { candidates, selectCrossing } from "../ratio-test";
import { at, L1Fit } from "./model";
import { addTo, multiply, padded } from "./rows";

/** Least distance in x within which breakpoints are collected, and the one beyond which all of them are. */
const NEAREST: f64 = 1e-9;
const FARTHEST: f64 = 1e6;

/**
 * Alpha ← A v, and the place among the candidates of the row where f, which falls at the rate `slope` from x in the
 * direction ±v, has its minimum. −1 if it falls on and on.
 */
export function minimumAlong(f: L1Fit, v: usize, direction: f64, slope: f64): i32 {
  const column = (<usize>columnStride(f.p)) << 3;
  const length = Math.sqrt(dot(v, v, column));
  const n = padded(f);
  multiply(f, v, 0, n, f.alpha);
  // Steps are short, past a few of the thousands of breakpoints: those within reach of the last steps mostly do.
  let reach = f.reach;
  let place = crossing(f, n, direction, slope, 1e-10 * length, reach / length);
  while (place < 0 && reach < Infinity) {
    reach = reach < FARTHEST ? 32 * reach : Infinity;
    place = crossing(f, n, direction, slope, 1e-10 * length, reach / length);
  }
  if (place >= 0) f.reach = max(8 * length * load<f64>(at(f.t, place)), max(min(0.25 * f.reach, 1), NEAREST));
  return place;
}

function crossing(f: L1Fit, n: i32, direction: f64, slope: f64, tiny: f64, reach: f64): i32 {
  let found = candidates(0, n, direction, tiny, reach, f.alpha, f.r, f.s, f.span, f.t, f.list, 0);
  if (f.incumbent >= 0) {
    found = candidates(f.capacity, n, direction, tiny, reach, f.alpha, f.r, f.s, f.span, f.t, f.list, found);
  }
  const cones = (f.cones + 1) & ~1;
  found = candidates(2 * f.capacity, cones, direction, tiny, reach, f.alpha, f.r, f.s, f.span, f.t, f.list, found);
  return selectCrossing(slope, found, f.t, f.list, f.alpha, f.span);
}

/** Moves x by `signed`·v, past the candidates before `place`, which flip; g and the residuals follow. */
export function advance(f: L1Fit, v: usize, signed: f64, place: i32): void {
  for (let i = 0; i < place; i++) {
    const row = load<i32>(f.list + ((<usize>i) << 2));
    const s = -load<f64>(at(f.s, row));
    store<f64>(at(f.s, row), s);
    addTo(f, row, s * (load<f64>(at(f.hi, row)) - load<f64>(at(f.lo, row))), f.g);
  }
  if (signed == 0) return;
  const n = padded(f);
  move(f, 0, n, signed);
  if (f.incumbent >= 0) move(f, f.capacity, n, signed);
  move(f, 2 * f.capacity, (f.cones + 1) & ~1, signed);
  axpy(signed, v, f.x, (<usize>columnStride(f.p)) << 3);
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
