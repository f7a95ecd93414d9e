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

import { Objective, SQUARED } from "../objective";
import { kinkAtZero, knotsUpTo, PenaltyPath, slopeOnPiece } from "../penalties/path";
import { centre, centreGradient } from "./centering";
import { dataGradient } from "./data-gradient";
import { refine } from "./iterate";
import { followPiece, leaveStart, MinimizerPath, minimizerPathBytes, minimizerPathInit } from "./minimizer-path";
import { nullModel } from "./null-model";
import { RUNNING, Solver } from "./solver";

/** Rows, and unknowns that no kink holds, at most: 8 MiB for their columns, and as much for a factor. */
const LARGEST: i32 = 1024;

/** Iterations of a solve before a path is followed, as a share of the rows: from W = 0, and from the last minimizer. */
const FIRST: f64 = 0.5;
const NEXT: f64 = 0.2;

/** Multiplications of a call of `advanceHomotopy`, about: some 10 ms, at 1e9 a second and more (as in quadratic-descent.ts). */
const PIECE: f64 = 1e7;

/**
 * Events at most, over the rows: from the last minimizer, which may be further away than W = 0 (with as many as the last path from
 * there took, 360 random solves took 1.4 times the passes), and from W = 0.
 */
const DETOUR: i32 = 2;
const ENDLESS: i32 = 60;

@unmanaged
export class Homotopy {
  known: bool; // the minimizer that the last path led to is kept
  failed: bool; // no path in this solve any more
  begun: bool;
  paths: i32; // that have led to a minimizer in this solve
  events: i32;
  steepest: f64; // the largest slope of the losses at W = 0
  path: usize; // MinimizerPath
  penalty: usize; // PenaltyPath, where the path begins: of the minimizer kept
  room: i32; // for knots
  knotCount: i32; // of the minimizer kept, as the next three
  knots: usize; // f64[room]
  dataWeights: usize; // f64[groups + 1]
  minimizer: usize; // f64[thetaCount], in θ′
}

/** Whether a solve has taken so long that a path is shorter. */
export function isHomotopyDue(s: Solver, o: Objective): bool {
  if (!mayFollow(s, o)) return false;
  const share = s.homotopy != 0 && changetype<Homotopy>(s.homotopy).known ? NEXT : FIRST;
  return s.stuck || <f64>s.iterations >= share * <f64>o.rows;
}

/** Whether the minimizers of an objective can be followed. */
export function mayFollow(s: Solver, o: Objective): bool {
  if (o.model != SQUARED || s.counted > o.columns || o.rows >= LARGEST) return false;
  if (s.homotopy != 0 && changetype<Homotopy>(s.homotopy).failed) return false;
  return o.gram == 0 && o.generator == 0 && o.groupNorm == 0 && kinkAtZero(o) > 0;
}

/** Whether it is time for a path, and there is no memory for one. */
export function wantsHomotopy(s: Solver, o: Objective): bool {
  return s.homotopy == 0 && s.status == RUNNING && isHomotopyDue(s, o);
}

export function homotopyBytes(o: Objective): usize {
  const capacity = min(o.thetaCount, LARGEST);
  const f64s = 2 * o.knotCount + o.groups + 1 + o.thetaCount;
  return offsetof<Homotopy>() + offsetof<PenaltyPath>() + ((<usize>f64s) << 3) + minimizerPathBytes(o, capacity);
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
  h.path = h.minimizer + ((<usize>o.thetaCount) << 3);
  minimizerPathInit(h.path, s, o, capacity, h.penalty);
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
    h.events = 0;
    refine(s, true);
    return h.known && beginAtMinimizer(h, s, o) ? false : restart(h, s, o);
  }
  const path = changetype<MinimizerPath>(h.path);
  const before = o.passes;
  while (p.t < 1 && o.passes - before < PIECE / (2 * o.valueCount)) {
    if (h.events++ < (h.known ? DETOUR : ENDLESS) * o.rows && followPiece(path, s, o)) continue;
    return h.known ? restart(h, s, o) : end(h, s, o, true);
  }
  return p.t < 1 ? false : end(h, s, o, false);
}

/** Begins again from W = 0. Returns whether it cannot. */
function restart(h: Homotopy, s: Solver, o: Objective): bool {
  h.known = false;
  h.events = 0;
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
  return leaveStart(changetype<MinimizerPath>(h.path), s, o);
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
  return leaveStart(changetype<MinimizerPath>(h.path), s, o);
}

/** trialGradient ← that of the data terms at `trial`. */
function takeGradient(s: Solver, o: Objective): void {
  centre(o, s.moments, s.trial, s.raw, -1);
  dataGradient(s, o, s.raw, s.trialGradient);
  centreGradient(o, s.moments, s.trialGradient);
}
