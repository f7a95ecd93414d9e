// The separable penalty of a solver on its way from one λ to another (inner/homotopy.ts): l1 and the weights of the knots are
// linear in t from 0 to 1, where they are the objective's; l2 is the objective's all along, and left out here.
//
// A weight is at a kink, where the slope jumps, or on a piece between two: 1 + the knots below |w|, with the sign of w.

import { Objective } from "../objective";

@unmanaged
export class PenaltyPath {
  t: f64;
  l1: f64; // at t = 0
  knotWeights: usize; // f64[knotCount], at t = 0
  left: f64; // of `slopesAt`: one-sided derivatives in |w|, and how they change with t
  right: f64;
  leftRate: f64;
  rightRate: f64;
}

/** Slope of the objective's penalty where weights leave zero. */
export function kinkAtZero(o: Objective): f64 {
  let slope = o.l1;
  const zeros = knotsUpTo(o, 0);
  for (let b = 0; b < zeros; b++) slope += load<f64>(o.knotWeights + ((<usize>b) << 3));
  return slope;
}

/** Weight of knot b at t. */
function knotWeight(p: PenaltyPath, o: Objective, b: i32, t: f64): f64 {
  const at = (<usize>b) << 3;
  return (1 - t) * load<f64>(p.knotWeights + at) + t * load<f64>(o.knotWeights + at);
}

/** Whether knot b has a weight somewhere on the path. */
function isKnot(p: PenaltyPath, o: Objective, b: i32): bool {
  const at = (<usize>b) << 3;
  return load<f64>(p.knotWeights + at) > 0 || load<f64>(o.knotWeights + at) > 0;
}

/** Whether there is a kink at |w| = x. */
export function isKinkOnPath(p: PenaltyPath, o: Objective, x: f64): bool {
  if (x == 0) return true;
  for (let b = 0; b < o.knotCount; b++) {
    if (load<f64>(o.knots + ((<usize>b) << 3)) == x && isKnot(p, o, b)) return true;
  }
  return false;
}

/** Knots below |w| = x. */
export function knotsBelow(o: Objective, x: f64): i32 {
  let count = 0;
  while (count < o.knotCount && load<f64>(o.knots + ((<usize>count) << 3)) < x) count++;
  return count;
}

/** Knots at or below |w| = x. */
export function knotsUpTo(o: Objective, x: f64): i32 {
  let count = knotsBelow(o, x);
  while (count < o.knotCount && load<f64>(o.knots + ((<usize>count) << 3)) == x) count++;
  return count;
}

/** The piece of a weight at no kink. */
export function pieceOf(o: Objective, w: f64): i32 {
  const piece = 1 + knotsBelow(o, Math.abs(w));
  return w < 0 ? -piece : piece;
}

/** The piece on which a weight leaves its kink, up or down in |w|; from zero in w. */
export function pieceBeyond(o: Objective, w: f64, up: bool): i32 {
  const x = Math.abs(w);
  const piece = 1 + (up || w == 0 ? knotsUpTo(o, x) : knotsBelow(o, x));
  return w < 0 || (w == 0 && !up) ? -piece : piece;
}

/** Slope on a piece at t; 0 on piece 0, that of an intercept. */
export function slopeOnPiece(p: PenaltyPath, o: Objective, piece: i32, t: f64): f64 {
  if (piece == 0) return 0;
  const passed = abs<i32>(piece) - 1;
  let slope = (1 - t) * p.l1 + t * o.l1;
  for (let b = 0; b < passed; b++) slope += knotWeight(p, o, b, t);
  return piece < 0 ? -slope : slope;
}

/** How `slopeOnPiece` changes with t. */
export function slopeRate(p: PenaltyPath, o: Objective, piece: i32): f64 {
  return slopeOnPiece(p, o, piece, 1) - slopeOnPiece(p, o, piece, 0);
}

/** left, right and their rates ← those at |w| = x. */
export function slopesAt(p: PenaltyPath, o: Objective, x: f64): void {
  const below = 1 + knotsBelow(o, x);
  const upTo = 1 + knotsUpTo(o, x);
  p.right = slopeOnPiece(p, o, upTo, p.t);
  p.rightRate = slopeRate(p, o, upTo);
  p.left = x > 0 ? slopeOnPiece(p, o, below, p.t) : -p.right;
  p.leftRate = x > 0 ? slopeRate(p, o, below) : -p.rightRate;
}

/** |w| of the kink at the outer or inner end of a piece; Infinity where there is none. */
export function kinkAhead(p: PenaltyPath, o: Objective, piece: i32, outward: bool): f64 {
  let b = abs<i32>(piece) - (outward ? 1 : 2);
  while (b >= 0 && b < o.knotCount && !isKnot(p, o, b)) b += outward ? 1 : -1;
  if (b < 0) return 0;
  return b < o.knotCount ? load<f64>(o.knots + ((<usize>b) << 3)) : Infinity;
}
