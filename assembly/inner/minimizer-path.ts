// A path of minimizers of squared losses, piece by piece: see homotopy.ts.

import { solveFactored } from "../linalg/cholesky";
import { axpy, dot } from "../linalg/dense";
import { rowSum } from "../losses/rows";
import { Objective } from "../objective";
import {
  isKinkOnPath,
  kinkAhead,
  knotsBelow,
  PenaltyPath,
  pieceBeyond,
  pieceOf,
  slopeOnPiece,
  slopeRate,
  slopesAt,
} from "../penalties/path";
import { centreGradient } from "./centering";
import {
  clearFree,
  columnAt,
  countWork,
  FreeColumns,
  freeColumnsBytes,
  freeColumnsInit,
  join,
  leave,
  pieceAt,
  placeAmongFree,
  unknownAt,
} from "./free-columns";
import { isConstant } from "./moments";
import { Solver } from "./solver";

/**
 * Share of what a kink holds by which the path begins off, for each weight another one: those of columns that are the same, or
 * of few values, would come to their kinks or leave them at once, and change places for ever.
 */
const APART: f64 = 1e-7;
const GOLDEN: f64 = 0.6180339887498949;

/** Share of the fastest slope below which a slope's change is rounding. */
const STILL: f64 = 1e-11;

/**
 * Where a path is: weights in the solver's `trial`, their data gradient in `trialGradient`, how that changes in `step`, r in `raw`;
 * which of them are free, and the way to where that changes next.
 */
@unmanaged
export class MinimizerPath {
  stopped: i32; // the unknown at which the way ends, −1 for none
  piece: i32; // on which it leaves its kink
  kink: f64; // the weight at which it has come to one
  length: f64; // of the way, in t
  penalty: usize; // PenaltyPath
  free: usize; // FreeColumns
  slopes: usize; // f64[rows]: how the losses' slopes change with t
  direction: usize; // f64[capacity]: how the free unknowns change with t
}

export function minimizerPathBytes(o: Objective, capacity: i32): usize {
  return offsetof<MinimizerPath>() + ((<usize>(o.rows + capacity)) << 3) + freeColumnsBytes(o, capacity);
}

/** block: of `minimizerPathBytes`. penalty: PenaltyPath, to be filled in. */
export function minimizerPathInit(block: usize, s: Solver, o: Objective, capacity: i32, penalty: usize): void {
  const m = changetype<MinimizerPath>(block);
  m.penalty = penalty;
  m.slopes = block + offsetof<MinimizerPath>();
  m.direction = m.slopes + ((<usize>o.rows) << 3);
  m.free = m.direction + ((<usize>capacity) << 3);
  freeColumnsInit(m.free, o, s.moments, capacity);
}

/** Begins at `trial`: J and r. Returns whether the columns of J are independent, and there is room for them. */
export function leaveStart(m: MinimizerPath, s: Solver, o: Objective): bool {
  const d = o.columns;
  const p = changetype<PenaltyPath>(m.penalty);
  const f = changetype<FreeColumns>(m.free);
  p.t = 0;
  clearFree(f, o);
  if (!join(f, o, d, 0)) return false;
  for (let j = 0; j < d; j++) {
    const w = load<f64>(s.trial + ((<usize>j) << 3));
    if (!isKinkOnPath(p, o, Math.abs(w)) && !join(f, o, j, pieceOf(o, w))) return false;
  }
  for (let i = 0; i <= d; i++) store<f64>(s.raw + ((<usize>i) << 3), lackOf(m, s, o, i));
  return true;
}

/** What unknown i lacks to be where the objective is least as the path begins: its r. */
function lackOf(m: MinimizerPath, s: Solver, o: Objective, i: i32): f64 {
  const p = changetype<PenaltyPath>(m.penalty);
  const f = changetype<FreeColumns>(m.free);
  const place = (<usize>i) << 3;
  const g = load<f64>(s.trialGradient + place);
  if (i == o.columns) return g;
  if (isConstant(o, s.moments, i)) return 0;
  const w = load<f64>(s.trial + place);
  const k = placeAmongFree(f, i);
  if (k >= 0) return g + o.l2 * w + slopeOnPiece(p, o, pieceAt(f, k), 0);
  slopesAt(p, o, Math.abs(w));
  const pull = w < 0 ? -(g + o.l2 * w) : g + o.l2 * w;
  const lack = min(pull + p.right, 0) + max(pull + p.left, 0);
  // Towards the middle of what the kink holds.
  const part = GOLDEN * <f64>i;
  const apart = (0.5 + 0.5 * (part - Math.floor(part))) * APART * (p.right - p.left);
  const given = pull + 0.5 * (p.left + p.right) < 0 ? lack - apart : lack + apart;
  return w < 0 ? -given : given;
}

/** Goes on to where J changes next, and changes it. Returns false where that cannot be. */
export function followPiece(m: MinimizerPath, s: Solver, o: Objective): bool {
  const p = changetype<PenaltyPath>(m.penalty);
  const f = changetype<FreeColumns>(m.free);
  for (let k = 0; k < f.count; k++) {
    const lack = load<f64>(s.raw + ((<usize>unknownAt(f, k)) << 3));
    store<f64>(m.direction + ((<usize>k) << 3), -(slopeRate(p, o, pieceAt(f, k)) + lack));
  }
  solveDirection(m, o);
  gradientRates(m, s, o);
  m.length = 1 - p.t;
  m.stopped = -1;
  stopAtKinks(m, s, o);
  stopBeyondKinks(m, s, o);
  moveFree(m, s);
  axpy<f64>(o.thetaCount, m.length, s.step, s.trialGradient);
  p.t = m.stopped < 0 ? 1 : p.t + m.length;
  if (m.stopped < 0) return true;
  if (placeAmongFree(f, m.stopped) < 0) return join(f, o, m.stopped, m.piece) || exchange(m, s, o, m.stopped, m.piece);
  arrive(m, s, o);
  return true;
}

/** direction ← (L·Lᵀ)⁻¹·direction. */
function solveDirection(m: MinimizerPath, o: Objective): void {
  const f = changetype<FreeColumns>(m.free);
  solveFactored(f.count, f.capacity, f.factor, m.direction);
  countWork(o, <f64>f.count * <f64>(f.count + o.rows));
}

/** step ← how the data gradient changes with t. */
function gradientRates(m: MinimizerPath, s: Solver, o: Objective): void {
  const f = changetype<FreeColumns>(m.free);
  const n = o.rows;
  memory.fill(m.slopes, 0, (<usize>n) << 3);
  for (let k = 0; k < f.count; k++) {
    axpy<f64>(n, load<f64>(m.direction + ((<usize>k) << 3)), columnAt(f, o, k), m.slopes);
  }
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const at = (<usize>i) << 3;
    const slope = load<f64>(m.slopes + at) * load<f64>(f.roots + at);
    store<f64>(m.slopes + at, slope);
    total += slope;
  }
  rowSum(s.objective, m.slopes, s.step);
  store<f64>(s.step + ((<usize>o.columns) << 3), total);
  centreGradient(o, s.moments, s.step);
}

/** Shortens the way to where a moving weight comes to a kink. */
function stopAtKinks(m: MinimizerPath, s: Solver, o: Objective): void {
  const f = changetype<FreeColumns>(m.free);
  for (let k = 0; k < f.count; k++) {
    const i = unknownAt(f, k);
    const w = load<f64>(s.trial + ((<usize>i) << 3));
    stopAtKink(m, o, i, pieceAt(f, k), w, load<f64>(m.direction + ((<usize>k) << 3)));
  }
}

/** The same of one weight: where on a piece, and how it changes. */
function stopAtKink(m: MinimizerPath, o: Objective, i: i32, piece: i32, w: f64, rate: f64): void {
  if (rate == 0 || piece == 0) return;
  const x = kinkAhead(changetype<PenaltyPath>(m.penalty), o, piece, rate > 0 == piece > 0);
  const kink = piece < 0 ? -x : x;
  const length = max(0, (kink - w) / rate);
  if (!(length < m.length)) return;
  m.length = length;
  m.stopped = i;
  m.kink = kink;
}

/** Shortens the way to where a kink can hold a weight no longer. */
function stopBeyondKinks(m: MinimizerPath, s: Solver, o: Objective): void {
  const d = o.columns;
  const p = changetype<PenaltyPath>(m.penalty);
  const f = changetype<FreeColumns>(m.free);
  slopesAt(p, o, 0);
  const zero = p.right;
  const zeroRate = p.rightRate;
  let fastest = Math.abs(zeroRate);
  for (let j = 0; j < d; j++) {
    const at = (<usize>j) << 3;
    fastest = max(fastest, Math.abs(load<f64>(s.step + at) + load<f64>(s.raw + at)));
  }
  const still = STILL * fastest;
  for (let j = 0; j < d; j++) {
    if (placeAmongFree(f, j) >= 0 || isConstant(o, s.moments, j)) continue;
    const at = (<usize>j) << 3;
    const w = load<f64>(s.trial + at);
    const lack = load<f64>(s.raw + at);
    const pull = load<f64>(s.trialGradient + at) + o.l2 * w - (1 - p.t) * lack;
    const rate = load<f64>(s.step + at) + lack;
    if (w == 0) {
      stopBeyond(m, o, j, w, zero + pull, zeroRate + rate, zero - pull, zeroRate - rate, still);
    } else {
      slopesAt(p, o, Math.abs(w));
      const outward = w < 0 ? -pull : pull;
      const change = w < 0 ? -rate : rate;
      stopBeyond(m, o, j, w, p.right + outward, p.rightRate + change, -p.left - outward, -p.leftRate - change, still);
    }
  }
}

/** The same of one weight: what its kink can hold more before it goes up or down in |w|, and how that changes. */
function stopBeyond(
  m: MinimizerPath,
  o: Objective,
  j: i32,
  w: f64,
  up: f64,
  upRate: f64,
  down: f64,
  downRate: f64,
  still: f64,
): void {
  const toRise = upRate < -still ? max(0, up / -upRate) : Infinity;
  const toFall = downRate < -still ? max(0, down / -downRate) : Infinity;
  const length = min(toRise, toFall);
  if (!(length < m.length)) return;
  m.length = length;
  m.stopped = j;
  m.piece = pieceBeyond(o, w, toRise <= toFall);
}

/** The moving weights go on by `length`. */
function moveFree(m: MinimizerPath, s: Solver): void {
  const f = changetype<FreeColumns>(m.free);
  for (let k = 0; k < f.count; k++) {
    const at = s.trial + ((<usize>unknownAt(f, k)) << 3);
    store<f64>(at, load<f64>(at) + m.length * load<f64>(m.direction + ((<usize>k) << 3)));
  }
}

/** The moving weight that has come to a kink stays there. */
function arrive(m: MinimizerPath, s: Solver, o: Objective): void {
  const f = changetype<FreeColumns>(m.free);
  store<f64>(s.trial + ((<usize>m.stopped) << 3), m.kink);
  leave(f, o, placeAmongFree(f, m.stopped));
}

/**
 * A weight that no kink holds any longer, but whose column those of J span: along what none of the rows sees, and none of the
 * slopes, until one of J comes to a kink, which leaves it the place.
 */
function exchange(m: MinimizerPath, s: Solver, o: Objective, i: i32, piece: i32): bool {
  const f = changetype<FreeColumns>(m.free);
  const at = s.trial + ((<usize>i) << 3);
  const w = load<f64>(at);
  const outward = w == 0 || abs<i32>(piece) > 1 + knotsBelow(o, Math.abs(w));
  const sign: f64 = outward == piece > 0 ? 1 : -1;
  const own = columnAt(f, o, f.count);
  for (let k = 0; k < f.count; k++) {
    store<f64>(m.direction + ((<usize>k) << 3), -sign * dot<f64>(o.rows, own, columnAt(f, o, k)));
  }
  solveDirection(m, o);
  m.length = Infinity;
  m.stopped = -1;
  stopAtKinks(m, s, o);
  stopAtKink(m, o, i, piece, w, sign);
  if (m.stopped < 0) return false;
  moveFree(m, s);
  store<f64>(at, m.stopped == i ? m.kink : w + sign * m.length);
  if (m.stopped == i) return true;
  arrive(m, s, o);
  return join(f, o, i, piece);
}
