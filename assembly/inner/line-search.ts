// How far to go along a step, where rows are dense and the penalty is smooth. A pass is two halves, X·W and Xᵀ·slopes. With the
// scores at the iterate known, the first half is spent on z, those of the step, and the objective along it is known:
//
//   φ(t) = Σ_i ℓ_i(scores_i + t·z_i) + ½·l2·‖W + t·step‖²,   φ″(0) = Σ_i z_iᵀ·∇²ℓ_i·z_i + l2·‖step‖²
//
// Newton's length, −φ′(0)/φ″(0), makes steps of L-BFGS conjugate where the objective is quadratic, as those of conjugate gradients
// are; of length 1 they are not, and backtracking costs passes. Passes to 1e-5 beside those of such steps, mean over l2 = 1e-5
// to 1e-2 (two splits), from nothing, and from the minimizer at 0.8 or 1.2 times λ: Fashion-MNIST, 2000 rows, 0.70 and 0.63; MNIST,
// 1000 rows, 0.87 and 0.79; digits 0.84 and 0.73; breast cancer, degree 2, 0.82 and 0.72; wine 0.63 and 0.81. A pass takes 1.0 to
// 1.3 times as long, X being read twice; of rows that are made (augmentation), which are made twice, 1.25 times. Beside kinks, which
// weights would pass at other lengths, nothing is gained where none is passed, and passes are lost where any is.

import { axpy, dot } from "../linalg/dense";
import { relativeScores } from "../losses/scores";
import { curvatureAlong } from "../losses/second-derivatives";
import { BLOCK, Objective, objectiveKnow } from "../objective";
import { kinked } from "../penalties/separable";
import { centre } from "./centering";
import { dataGradient } from "./data-gradient";
import { Solver } from "./solver";

/** Newton's length at most, in steps: beyond, the curvature at the iterate says little. */
const LONGEST: f64 = 10;

/** Bytes that a line search may take however small X is. */
const SMALL: f64 = 64e6;

@unmanaged
export class LineSearch {
  scores: usize; // less those of the reference class: f64[outputs][rows]; 0: no memory
  step: usize; // z, or the scores of the null model: of one call
  slopes: usize; // of the losses: f32[outputs][rows]
  current: bool; // scores and slopes are those of the iterate
  fine: bool; // in which arithmetic
  length: f64; // that is in `scores`
}

/** Bytes of a solver's own scores and slopes: 0 if X is sparse, or if they exceed both `SMALL` and what is held of X. */
export function lineBytes(o: Objective): usize {
  if (o.columnIndices != 0) return 0;
  const bytes = 12.0 * <f64>o.outputs * <f64>o.rows;
  return bytes <= max(SMALL, o.generator != 0 ? 0 : o.valueCount * <f64>o.width) ? <usize>bytes : 0;
}

/** Scratch of an iteration, which solvers that take turns may share. */
export function lineScratchBytes(o: Objective): usize {
  return lineBytes(o) > 0 ? scoreBytes(o) : 0;
}

export function lineInit(l: LineSearch, scratch: usize): void {
  l.scores = 0;
  l.step = scratch;
}

export function lineSetMemory(l: LineSearch, o: Objective, memory: usize): void {
  l.scores = memory;
  l.slopes = memory + scoreBytes(o);
  l.current = false;
}

function scoreBytes(o: Objective): usize {
  return (<usize>o.outputs * <usize>o.rows) << 3;
}

export function searchesLine(s: Solver, o: Objective): bool {
  return changetype<LineSearch>(s.line).scores != 0 && o.gram == 0 && !kinked(o);
}

/** Scores and slopes are no longer those of the iterate, or not of all rows that weigh anything. */
export function leaveLine(s: Solver): void {
  changetype<LineSearch>(s.line).current = false;
}

/** `dataGradient` at the null model in s.raw, whose scores are its intercepts: half a pass. Of the iterate, where it `begins` there. */
export function nullGradient(s: Solver, o: Objective, gradient: usize, begins: bool): f64 {
  const l = changetype<LineSearch>(s.line);
  const scores = begins ? l.scores : l.step;
  for (let c = 0; c < o.outputs; c++) {
    const intercept = load<f64>(s.raw + ((<usize>(o.weightCount + c)) << 3));
    const row = scores + ((<usize>c * <usize>o.rows) << 3);
    for (let i = 0; i < o.rows; i++) store<f64>(row + ((<usize>i) << 3), intercept);
  }
  if (begins) {
    l.current = true;
    l.fine = true;
  }
  return gradientBy(s, o, s.raw, scores, begins ? l.slopes : 0, gradient);
}

/** `dataGradient` at the iterate. A pass; half of it where its scores are known, and half without a gradient (0). */
export function iterateGradient(s: Solver, o: Objective, gradient: usize): f64 {
  const l = changetype<LineSearch>(s.line);
  if (o.known != 0 && o.knownAt == s.theta) {
    memory.copy(l.scores, o.known, scoreBytes(o));
    l.fine = true;
  } else if (!isCurrent(s, l)) {
    scoresOf(s, o, s.theta, l.scores);
    l.fine = s.fine;
  }
  l.current = true;
  return gradientBy(s, o, s.theta, l.scores, l.slopes, gradient);
}

function isCurrent(s: Solver, l: LineSearch): bool {
  return l.current && (l.fine || !s.fine);
}

/** `dataGradient` at `length` along the step that `lineLength` was of, which is in s.raw. Half a pass. */
export function gradientAlong(s: Solver, o: Objective, length: f64, gradient: usize): f64 {
  const l = changetype<LineSearch>(s.line);
  axpy<f64>(o.outputs * o.rows, length - l.length, l.step, l.scores);
  l.length = length;
  l.fine = s.fine;
  return gradientBy(s, o, s.raw, l.scores, l.slopes, gradient);
}

/** Newton's length along s.step from the iterate, `slope` being that of the objective. Half a pass. */
export function lineLength(s: Solver, o: Objective, slope: f64): f64 {
  const l = changetype<LineSearch>(s.line);
  if (!isCurrent(s, l)) iterateGradient(s, o, 0);
  centre(o, s.moments, s.step, s.raw, -1);
  scoresOf(s, o, s.raw, l.step);
  l.length = 0;
  let curvature = o.l2 * dot<f64>(o.weightCount, s.step, s.step);
  for (let first = 0; first < o.rows; first += BLOCK) {
    curvature += curvatureAlong(o, first, min(BLOCK, o.rows - first), l.slopes, l.step);
  }
  const length = -slope / curvature;
  return length > 0 ? min(length, LONGEST) : 1;
}

function scoresOf(s: Solver, o: Objective, theta: usize, scores: usize): void {
  o.fine = s.fine;
  relativeScores(o, theta, scores);
  o.fine = false;
}

function gradientBy(s: Solver, o: Objective, theta: usize, scores: usize, slopes: usize, gradient: usize): f64 {
  const known = o.known;
  const knownAt = o.knownAt;
  objectiveKnow(s.objective, theta, scores);
  o.slopes = slopes;
  const loss = dataGradient(s, o, theta, gradient);
  o.slopes = 0;
  if (knownAt != theta) objectiveKnow(s.objective, knownAt, known);
  return loss;
}

/** Length to try after one of too little decrease: that of the parabola's minimum, between a tenth and a half of it. */
export function shorterLength(length: f64, descent: f64, change: f64): f64 {
  const best = (-0.5 * descent * length * length) / (change - descent * length);
  return best > 0.1 * length ? min(best, 0.5 * length) : 0.1 * length;
}
