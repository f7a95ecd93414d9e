// Softmax does not see a number t that is added to a column's weights of all classes, since scores count up to a number
// per row. Along that direction the penalty alone decides,
//
//   min_t Σ_c penalty(w_c + t),
//
// convex and piecewise quadratic like itself. Coordinate descent takes many sweeps to get there: one class moves at a
// time, against the curvature of the data, for the little that a weak ridge has to gain. Here it is one walk.
//
// Without a ridge the minimum may be an interval between two kinks (with two classes it always is): the shift of least norm is
// taken, the limit of ever weaker ridges. So which weights are zero does not depend on the steps taken.
//
// A group norm is a ridge along it: ‖z‖ ≤ ½(‖z‖²/‖w‖ + ‖w‖) with equality at w. What is least under that is the mean
// without kinks, as under the norm itself, and with them costs no more than w.

import { Objective, SOFTMAX } from "../objective";
import { groupDot, groupFactor, groupStart, memberAt } from "./group";

/** Ridge where there is none, as a share of what the kinks pull: it decides what they leave open, and exceeds rounding. */
const VANISHING: f64 = 1e-10;

/** w ← w, every column shifted to where the penalty is least. */
export function shiftColumns(o: Objective, w: usize): void {
  if (o.model != SOFTMAX) return;
  const stride = (<usize>o.columns) << 3;
  if (!(o.groupNorm > 0)) {
    const ridge = o.l2 > 0 ? 0 : VANISHING * kinksOf(o);
    for (let at: usize = 0; at < stride; at += 8) shiftColumn(o, w + at, ridge);
    return;
  }
  for (let g = 0; g < o.normGroups; g++) {
    const norm = Math.sqrt(groupDot(o, g, w, w));
    const end = groupStart(o, g + 1);
    for (let k = groupStart(o, g); k < end && norm > 0; k++) {
      const at = memberAt(o, k);
      if (at < stride) shiftColumn(o, w + at, (o.groupNorm * groupFactor(o, g)) / norm);
    }
  }
}

/** The most that a weight's kinks pull. */
function kinksOf(o: Objective): f64 {
  let sum = o.l1;
  for (let b = 0; b < o.knotCount; b++) sum += load<f64>(o.knotWeights + ((<usize>b) << 3));
  return sum;
}

/** Along the kinks of the sum until its slope turns positive. Weights at a kink are there exactly. */
function shiftColumn(o: Objective, column: usize, ridge: f64): void {
  const stride = (<usize>o.columns) << 3;
  const end = column + <usize>o.outputs * stride;
  let zero = true;
  for (let at = column; at < end; at += stride) zero = zero && load<f64>(at) == 0;
  if (zero) return;
  // The penalty is even: the way down is the way up of −w.
  const sign: f64 = slopeAbove(o, column, 1, ridge) < 0 ? 1 : -1;
  const curvature = <f64>o.outputs * (o.l2 + ridge);
  for (let slope = slopeAbove(o, column, sign, ridge); slope < 0; slope = slopeAbove(o, column, sign, ridge)) {
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
function slopeAbove(o: Objective, column: usize, sign: f64, ridge: f64): f64 {
  const stride = (<usize>o.columns) << 3;
  const end = column + <usize>o.outputs * stride;
  let sum: f64 = 0;
  let pull: f64 = 0; // of kinks, apart: it cancels where they are alike, and a ridge that vanishes keeps its digits
  for (let at = column; at < end; at += stride) {
    const x = sign * load<f64>(at);
    let kinks = o.l1;
    for (let b = 0; b < o.knotCount; b++) {
      const knot = load<f64>(o.knots + ((<usize>b) << 3));
      if (x < 0 ? -x > knot : x >= knot) kinks += load<f64>(o.knotWeights + ((<usize>b) << 3));
    }
    sum += x;
    pull += x < 0 ? -kinks : kinks;
  }
  return (o.l2 + ridge) * sum + pull;
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
