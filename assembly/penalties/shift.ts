// Softmax does not see a number t that is added to a column's weights of all classes, since scores count up to a number
// per row. Along that direction the penalty alone decides,
//
//   min_t Σ_c penalty(w_c + t),
//
// convex and piecewise quadratic like itself. Coordinate descent takes many sweeps to get there: one class moves at a
// time, against the curvature of the data, for the little that a weak ridge has to gain. Here it is one walk.

import { Objective, SOFTMAX } from "../objective";

/** w ← w, every column shifted to where the penalty is least. */
export function shiftColumns(o: Objective, w: usize): void {
  if (o.model != SOFTMAX || o.outputs != 2 || o.groupNorm > 0) return;
  for (let j = 0; j < o.columns; j++) shiftColumn(o, w + ((<usize>j) << 3));
}

/** Along the kinks of the sum until its slope turns positive. Weights at a kink are there exactly. */
function shiftColumn(o: Objective, column: usize): void {
  const stride = (<usize>o.columns) << 3;
  const end = column + <usize>o.outputs * stride;
  let zero = true;
  for (let at = column; at < end; at += stride) zero = zero && load<f64>(at) == 0;
  if (zero) return;
  // The penalty is even: the way down is the way up of −w.
  const sign: f64 = slopeAbove(o, column, 1) < 0 ? 1 : -1;
  const curvature = <f64>o.outputs * o.l2;
  for (let slope = slopeAbove(o, column, sign); slope < 0; slope = slopeAbove(o, column, sign)) {
    let length: f64 = Infinity;
    for (let at = column; at < end; at += stride) {
      const x = sign * load<f64>(at);
      length = min(length, kinkAbove(o, x) - x);
    }
    const rest = -slope / curvature;
    for (let at = column; at < end; at += stride) {
      const x = sign * load<f64>(at);
      const kink = kinkAbove(o, x);
      const to = length < rest && kink - x == length ? kink : x + min(length, rest);
      store<f64>(at, sign < 0 ? 0 - to : to);
    }
    if (rest <= length) return;
  }
}

/** The right derivative of Σ_c penalty(sign·w_c + t) at t = 0. */
function slopeAbove(o: Objective, column: usize, sign: f64): f64 {
  const stride = (<usize>o.columns) << 3;
  const end = column + <usize>o.outputs * stride;
  let sum: f64 = 0;
  for (let at = column; at < end; at += stride) {
    const x = sign * load<f64>(at);
    let kinks = o.l1;
    for (let b = 0; b < o.knotCount; b++) {
      const knot = load<f64>(o.knots + ((<usize>b) << 3));
      if (x < 0 ? -x > knot : x >= knot) kinks += load<f64>(o.knotWeights + ((<usize>b) << 3));
    }
    sum += o.l2 * x + (x < 0 ? -kinks : kinks);
  }
  return sum;
}

/** The first of −knots, 0 and knots beyond x. */
function kinkAbove(o: Objective, x: f64): f64 {
  for (let b = o.knotCount - 1; b >= 0 && x < 0; b--) {
    const knot = load<f64>(o.knots + ((<usize>b) << 3));
    if (x < -knot) return -knot;
  }
  if (x < 0) return 0;
  for (let b = 0; b < o.knotCount; b++) {
    const knot = load<f64>(o.knots + ((<usize>b) << 3));
    if (x < knot) return knot;
  }
  return Infinity;
}
