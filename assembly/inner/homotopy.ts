// Squared losses beside kinks with no more rows than columns, exactly: the minimizer is followed from a penalty for which it is
// known to the one that is wanted (homotopy: Osborne, Presnell, Turlach 2000; least angle regression: Efron et al. 2004). With
// the penalty's slopes linear in t, and what a start lacks to be a minimizer taken back linearly,
//
//   g(w) + l2·w + slope(t) = (1 − t)·r     for the weights J that no kink holds,
//
// w is linear in t until a weight comes to a kink, or a kink cannot hold one any longer: J changes by one there. That takes half a
// pass each, and few of them: 1.5 times the rows from W = 0 to weights of 1e-5, n × 1.5 n to n × 25 n. Steps that begin with
// all columns free take thousands of passes there to find out which stay so, and the residual does not tell that they are on
// their way: where rows do not see a direction, it is only what the penalty has left to gain.

import { solveFactored } from "../linalg/cholesky";
import { axpy, dot } from "../linalg/dense";
import { rowSum } from "../losses/rows";
import { Objective, SQUARED } from "../objective";
import {
  isKinkOnPath,
  kinkAhead,
  kinkAtZero,
  knotsBelow,
  knotsUpTo,
  PenaltyPath,
  pieceBeyond,
  pieceOf,
  slopeOnPiece,
  slopeRate,
  slopesAt,
} from "../penalties/path";
import { centre, centreGradient } from "./centering";
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
import { dataGradient, refine } from "./iterate";
import { isConstant } from "./moments";
import { nullModel } from "./null-model";
import { RUNNING, Solver } from "./solver";

/** Rows, and unknowns that no kink holds, at most: 8 MiB for their columns, and as much for a factor. */
const LARGEST: i32 = 1024;

/** Iterations of a solve before a path is followed, as a share of the rows: from W = 0, and from the last minimizer. */
const FIRST: f64 = 0.5;
const NEXT: f64 = 0.2;

/** Multiplications of `advanceHomotopy`, about: some 10 ms. */
const PIECE: f64 = 1e7;

/**
 * Events at most, over the rows: from the last minimizer, which may be further away than W = 0 (360 random solves, some of them
 * with hinges: 141 passes each, 202 with as many as the last path from there took), and from W = 0.
 */
const DETOUR: i32 = 2;
const ENDLESS: i32 = 60;

/**
 * Share of what a kink holds by which the path begins off, for each weight another one: those of columns that are the same, or
 * of few values, would come to their kinks or leave them at once, and change places for ever.
 */
const APART: f64 = 1e-7;
const GOLDEN: f64 = 0.6180339887498949;

/** Share of the fastest slope below which a slope's change is rounding. */
const STILL: f64 = 1e-11;

/** A path: weights in the solver's `trial`, their data gradient in `trialGradient`, how that changes in `step`, r in `raw`. */
@unmanaged
export class Homotopy {
  known: bool; // the minimizer that the last path led to is kept
  failed: bool; // no path in this solve any more
  begun: bool;
  paths: i32; // that have led to a minimizer in this solve
  events: i32;
  stopped: i32; // the unknown at which the way ends, −1 for none
  piece: i32; // on which it leaves its kink
  kink: f64; // the weight at which it has come to one
  length: f64; // of the way, in t
  steepest: f64; // the largest slope of the losses at W = 0
  penalty: usize; // PenaltyPath, where the path begins: of the minimizer kept
  free: usize; // FreeColumns
  room: i32; // for knots
  knotCount: i32; // of the minimizer kept, as the next three
  knots: usize; // f64[room]
  dataWeights: usize; // f64[groups + 1]
  minimizer: usize; // f64[thetaCount], in θ′
  slopes: usize; // f64[rows]: how the losses' slopes change with t
  direction: usize; // f64[capacity]: how the free unknowns change with t
}

/** Whether a solve has taken so long that a path is shorter. */
export function isHomotopyDue(s: Solver, o: Objective): bool {
  if (!mayFollow(s, o)) return false;
  const share = s.homotopy != 0 && changetype<Homotopy>(s.homotopy).known ? NEXT : FIRST;
  return s.stuck || <f64>s.iterations >= share * <f64>o.rows;
}

/** Whether the minimizers of an objective can be followed. */
export function mayFollow(s: Solver, o: Objective): bool {
  if (o.model != SQUARED || o.rows > o.columns || o.rows >= LARGEST) return false;
  if (s.homotopy != 0 && changetype<Homotopy>(s.homotopy).failed) return false;
  return o.gram == 0 && o.generator == 0 && o.groupNorm == 0 && kinkAtZero(o) > 0;
}

/** Whether it is time for a path, and there is no memory for one. */
export function wantsHomotopy(s: Solver, o: Objective): bool {
  return s.homotopy == 0 && s.status == RUNNING && isHomotopyDue(s, o);
}

export function homotopyBytes(o: Objective): usize {
  const capacity = min(o.thetaCount, LARGEST);
  const f64s = 2 * o.knotCount + o.groups + 1 + o.thetaCount + o.rows + capacity;
  return offsetof<Homotopy>() + offsetof<PenaltyPath>() + ((<usize>f64s) << 3) + freeColumnsBytes(o, capacity);
}

/** block: of `homotopyBytes`. */
export function homotopyInit(s: Solver, o: Objective, block: usize): void {
  const h = changetype<Homotopy>(block);
  const capacity = min(o.thetaCount, LARGEST);
  h.known = false;
  h.failed = false;
  h.begun = false;
  h.paths = 0;
  h.room = o.knotCount;
  h.penalty = block + offsetof<Homotopy>();
  h.knots = h.penalty + offsetof<PenaltyPath>();
  const p = changetype<PenaltyPath>(h.penalty);
  p.knotWeights = h.knots + ((<usize>h.room) << 3);
  h.dataWeights = p.knotWeights + ((<usize>h.room) << 3);
  h.minimizer = h.dataWeights + ((<usize>(o.groups + 1)) << 3);
  h.slopes = h.minimizer + ((<usize>o.thetaCount) << 3);
  h.direction = h.slopes + ((<usize>o.rows) << 3);
  h.free = h.direction + ((<usize>capacity) << 3);
  freeColumnsInit(h.free, o, s.moments, capacity);
  s.homotopy = block;
}

/** A solve begins: what the last one was midway in is of no use to it. */
export function resetHomotopy(s: Solver): void {
  const h = changetype<Homotopy>(s.homotopy);
  h.begun = false;
  h.failed = false;
  h.paths = 0;
}

/** Whether only rounding is left to gain: a path has led from a minimizer to the same. */
export function isFollowedUp(s: Solver): bool {
  return s.homotopy != 0 && changetype<Homotopy>(s.homotopy).paths > 1;
}

/** trial ← the minimizer, a piece at a time. Returns whether it is there, or none is to be found so (`failed`). */
export function advanceHomotopy(s: Solver, o: Objective): bool {
  const h = changetype<Homotopy>(s.homotopy);
  const p = changetype<PenaltyPath>(h.penalty);
  if (!h.begun) {
    h.begun = true;
    refine(s, true);
    return h.known && beginAtMinimizer(h, s, o) ? false : restart(h, s, o);
  }
  const before = o.passes;
  while (p.t < 1 && o.passes - before < PIECE / (2 * o.valueCount)) {
    if (h.events++ < (h.known ? DETOUR : ENDLESS) * o.rows && followPiece(h, s, o)) continue;
    return h.known ? restart(h, s, o) : end(h, s, o, true);
  }
  return p.t < 1 ? false : end(h, s, o, false);
}

/** Begins again from W = 0. Returns whether it cannot. */
function restart(h: Homotopy, s: Solver, o: Objective): bool {
  h.known = false;
  return beginAtZero(h, s, o) ? false : end(h, s, o, true);
}

/** Keeps the minimizer, if the path has led to one. */
function end(h: Homotopy, s: Solver, o: Objective, failed: bool): bool {
  h.begun = false;
  h.failed = failed;
  if (failed) return true;
  h.known = true;
  h.paths++;
  h.knotCount = o.knotCount;
  const knotBytes = (<usize>o.knotCount) << 3;
  const p = changetype<PenaltyPath>(h.penalty);
  p.l1 = o.l1;
  memory.copy(p.knotWeights, o.knotWeights, knotBytes);
  memory.copy(h.knots, o.knots, knotBytes);
  memory.copy(h.dataWeights, o.groupWeights, (<usize>(o.groups + 1)) << 3);
  memory.copy(h.minimizer, s.trial, (<usize>o.thetaCount) << 3);
  return true;
}

function beginAtMinimizer(h: Homotopy, s: Solver, o: Objective): bool {
  if (!isOfSameLosses(h, o) || !isNearer(h, o)) return false;
  memory.copy(s.trial, h.minimizer, (<usize>o.thetaCount) << 3);
  takeGradient(s, o);
  return leaveStart(h, s, o);
}

/** Whether the minimizer kept is of the same data terms, and knots. */
function isOfSameLosses(h: Homotopy, o: Objective): bool {
  if (h.knotCount != o.knotCount || memory.compare(h.knots, o.knots, (<usize>o.knotCount) << 3) != 0) return false;
  return memory.compare(h.dataWeights, o.groupWeights, (<usize>(o.groups + 1)) << 3) == 0;
}

/** Whether the penalty's kink at zero is nearer to that of the minimizer kept than to one that holds all weights. */
function isNearer(h: Homotopy, o: Objective): bool {
  const wanted = kinkAtZero(o);
  const kept = slopeOnPiece(changetype<PenaltyPath>(h.penalty), o, 1 + knotsUpTo(o, 0), 0);
  return wanted < h.steepest && wanted * wanted < kept * h.steepest;
}

/** From a penalty of L1 that holds all weights at zero. */
function beginAtZero(h: Homotopy, s: Solver, o: Objective): bool {
  if (o.knotCount > h.room) return false;
  nullModel(s.objective, s.trial);
  takeGradient(s, o);
  h.steepest = 0;
  for (let j = 0; j < o.columns; j++) {
    h.steepest = max(h.steepest, Math.abs(load<f64>(s.trialGradient + ((<usize>j) << 3))));
  }
  const p = changetype<PenaltyPath>(h.penalty);
  p.l1 = o.l1 + max(0, h.steepest - kinkAtZero(o));
  memory.copy(p.knotWeights, o.knotWeights, (<usize>o.knotCount) << 3);
  return leaveStart(h, s, o);
}

/** trialGradient ← that of the data terms at `trial`. */
function takeGradient(s: Solver, o: Objective): void {
  centre(o, s.moments, s.trial, s.raw, -1);
  dataGradient(s, o, s.raw, s.trialGradient);
  centreGradient(o, s.moments, s.trialGradient);
}

/** J and r. Returns whether the columns of J are independent, and there is room for them. */
function leaveStart(h: Homotopy, s: Solver, o: Objective): bool {
  const d = o.columns;
  const p = changetype<PenaltyPath>(h.penalty);
  const f = changetype<FreeColumns>(h.free);
  p.t = 0;
  h.events = 0;
  clearFree(f, o);
  if (!join(f, o, d, 0)) return false;
  for (let j = 0; j < d; j++) {
    const w = load<f64>(s.trial + ((<usize>j) << 3));
    if (!isKinkOnPath(p, o, Math.abs(w)) && !join(f, o, j, pieceOf(o, w))) return false;
  }
  for (let i = 0; i <= d; i++) store<f64>(s.raw + ((<usize>i) << 3), lackOf(h, s, o, i));
  return true;
}

/** What unknown i lacks to be where the objective is least as the path begins: its r. */
function lackOf(h: Homotopy, s: Solver, o: Objective, i: i32): f64 {
  const p = changetype<PenaltyPath>(h.penalty);
  const f = changetype<FreeColumns>(h.free);
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
function followPiece(h: Homotopy, s: Solver, o: Objective): bool {
  const p = changetype<PenaltyPath>(h.penalty);
  const f = changetype<FreeColumns>(h.free);
  for (let k = 0; k < f.count; k++) {
    const lack = load<f64>(s.raw + ((<usize>unknownAt(f, k)) << 3));
    store<f64>(h.direction + ((<usize>k) << 3), -(slopeRate(p, o, pieceAt(f, k)) + lack));
  }
  solveDirection(h, o);
  gradientRates(h, s, o);
  h.length = 1 - p.t;
  h.stopped = -1;
  stopAtKinks(h, s, o);
  stopBeyondKinks(h, s, o);
  moveFree(h, s);
  axpy<f64>(o.thetaCount, h.length, s.step, s.trialGradient);
  p.t = h.stopped < 0 ? 1 : p.t + h.length;
  if (h.stopped < 0) return true;
  if (placeAmongFree(f, h.stopped) < 0) return join(f, o, h.stopped, h.piece) || exchange(h, s, o, h.stopped, h.piece);
  arrive(h, s, o);
  return true;
}

/** direction ← (L·Lᵀ)⁻¹·direction. */
function solveDirection(h: Homotopy, o: Objective): void {
  const f = changetype<FreeColumns>(h.free);
  solveFactored(f.count, f.capacity, f.factor, h.direction);
  countWork(o, <f64>f.count * <f64>(f.count + o.rows));
}

/** step ← how the data gradient changes with t. */
function gradientRates(h: Homotopy, s: Solver, o: Objective): void {
  const f = changetype<FreeColumns>(h.free);
  const n = o.rows;
  memory.fill(h.slopes, 0, (<usize>n) << 3);
  for (let k = 0; k < f.count; k++) {
    axpy<f64>(n, load<f64>(h.direction + ((<usize>k) << 3)), columnAt(f, o, k), h.slopes);
  }
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const at = (<usize>i) << 3;
    const slope = load<f64>(h.slopes + at) * load<f64>(f.roots + at);
    store<f64>(h.slopes + at, slope);
    total += slope;
  }
  rowSum(s.objective, h.slopes, s.step);
  store<f64>(s.step + ((<usize>o.columns) << 3), total);
  centreGradient(o, s.moments, s.step);
}

/** Shortens the way to where a moving weight comes to a kink. */
function stopAtKinks(h: Homotopy, s: Solver, o: Objective): void {
  const f = changetype<FreeColumns>(h.free);
  for (let k = 0; k < f.count; k++) {
    const i = unknownAt(f, k);
    const w = load<f64>(s.trial + ((<usize>i) << 3));
    stopAtKink(h, o, i, pieceAt(f, k), w, load<f64>(h.direction + ((<usize>k) << 3)));
  }
}

/** The same of one weight: where on a piece, and how it changes. */
function stopAtKink(h: Homotopy, o: Objective, i: i32, piece: i32, w: f64, rate: f64): void {
  if (rate == 0 || piece == 0) return;
  const x = kinkAhead(changetype<PenaltyPath>(h.penalty), o, piece, rate > 0 == piece > 0);
  const kink = piece < 0 ? -x : x;
  const length = max(0, (kink - w) / rate);
  if (!(length < h.length)) return;
  h.length = length;
  h.stopped = i;
  h.kink = kink;
}

/** Shortens the way to where a kink can hold a weight no longer. */
function stopBeyondKinks(h: Homotopy, s: Solver, o: Objective): void {
  const d = o.columns;
  const p = changetype<PenaltyPath>(h.penalty);
  const f = changetype<FreeColumns>(h.free);
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
      stopBeyond(h, o, j, w, zero + pull, zeroRate + rate, zero - pull, zeroRate - rate, still);
    } else {
      slopesAt(p, o, Math.abs(w));
      const outward = w < 0 ? -pull : pull;
      const change = w < 0 ? -rate : rate;
      stopBeyond(h, o, j, w, p.right + outward, p.rightRate + change, -p.left - outward, -p.leftRate - change, still);
    }
  }
}

/** The same of one weight: what its kink can hold more before it goes up or down in |w|, and how that changes. */
function stopBeyond(
  h: Homotopy,
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
  if (!(length < h.length)) return;
  h.length = length;
  h.stopped = j;
  h.piece = pieceBeyond(o, w, toRise <= toFall);
}

/** The moving weights go on by `length`. */
function moveFree(h: Homotopy, s: Solver): void {
  const f = changetype<FreeColumns>(h.free);
  for (let k = 0; k < f.count; k++) {
    const at = s.trial + ((<usize>unknownAt(f, k)) << 3);
    store<f64>(at, load<f64>(at) + h.length * load<f64>(h.direction + ((<usize>k) << 3)));
  }
}

/** The moving weight that has come to a kink stays there. */
function arrive(h: Homotopy, s: Solver, o: Objective): void {
  const f = changetype<FreeColumns>(h.free);
  store<f64>(s.trial + ((<usize>h.stopped) << 3), h.kink);
  leave(f, o, placeAmongFree(f, h.stopped));
}

/**
 * A weight that no kink holds any longer, but whose column those of J span: along what none of the rows sees, and none of the
 * slopes, until one of J comes to a kink, which leaves it the place.
 */
function exchange(h: Homotopy, s: Solver, o: Objective, i: i32, piece: i32): bool {
  const f = changetype<FreeColumns>(h.free);
  const at = s.trial + ((<usize>i) << 3);
  const w = load<f64>(at);
  const outward = w == 0 || abs<i32>(piece) > 1 + knotsBelow(o, Math.abs(w));
  const sign: f64 = outward == piece > 0 ? 1 : -1;
  const own = columnAt(f, o, f.count);
  for (let k = 0; k < f.count; k++) {
    store<f64>(h.direction + ((<usize>k) << 3), -sign * dot<f64>(o.rows, own, columnAt(f, o, k)));
  }
  solveDirection(h, o);
  h.length = Infinity;
  h.stopped = -1;
  stopAtKinks(h, s, o);
  stopAtKink(h, o, i, piece, w, sign);
  if (h.stopped < 0) return false;
  moveFree(h, s);
  store<f64>(at, h.stopped == i ? h.kink : w + sign * h.length);
  if (h.stopped == i) return true;
  arrive(h, s, o);
  return join(f, o, i, piece);
}
