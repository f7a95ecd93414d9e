// Where an objective of squared losses is least, when second moments of the rows are known (losses/gram.ts). With slopes q
// of the data term at w, and γ its λ,
//
//   ½·δᵀ(γG)δ + q·δ + penalty(w + δ)
//
// is what a step δ changes in the objective, up to a constant: no model of it. Coordinate descent (Friedman, Hastie,
// Tibshirani 2010) finds which weights are at kinks; a Newton step of the others ends what would take it many sweeps more,
// where columns go together.

import { cholesky, solveFactored } from "../linalg/cholesky";
import { axpy } from "../linalg/dense";
import { gramFactor, gramRow } from "../losses/gram";
import { Objective } from "../objective";
import { isKink, nearestSubgradient, prox } from "../penalties/separable";
import { Solver } from "./solver";
import { relativeResidual } from "./stopping";

/**
 * Residual from which on it is worth its products: before, L-BFGS gains as much, and the models that a training passes early
 * are worth having. Tunings of diabetes, seeds 6 to 40: 51 passes without, 78 from the start on, 47 from here on.
 */
const NEAR: f64 = 1e-2;

/**
 * Added to the curvature of a Newton step, in units of it, where there are no more rows than columns, which the data alone do
 * not tell apart. 1500 random fits, half of them with hinges, that do not converge: 0; at 1e-7 and 1e-4 4, at 1e-5 2, without
 * steps of this kind 155.
 */
const DAMPING: f64 = 1e-6;

/** The residual goes below this share of the tolerance, or of a tenth of what it was where that is less. */
const ACCURACY: f64 = 0.3;
const FALL: f64 = 0.1;

/** A factor is worth it once sweeps have cost this share of it. */
const WORTH: f64 = 0.5;

/** Of the interval in which a step is best: enough for it to be shorter than any kink is away. */
const HALVINGS: i32 = 40;

/** What a visit of a weight costs beside its product, in multiplications. */
const VISIT: i32 = 40;

/** Whether the next step is that of `minimizeByMoments`. */
export function isMinimizedByMoments(s: Solver, o: Objective): bool {
  return o.gram != 0 && o.groupNorm == 0 && s.residual <= NEAR;
}

/** trial ← about the minimizer of the objective in θ′. */
export function minimizeByMoments(s: Solver, o: Objective): void {
  const d = o.columns;
  const bytes = (<usize>o.thetaCount) << 3;
  const data = load<f64>(o.groupWeights);
  const slopes = s.step; // free until the step is known
  memory.copy(s.trial, s.centred, bytes);
  memory.copy(slopes, s.gradient, bytes);
  const intercept = bytes - 8;
  store<f64>(s.trial + intercept, load<f64>(s.centred + intercept) - load<f64>(s.gradient + intercept) / data);
  store<f64>(slopes + intercept, 0);
  // A constant column is an intercept that is penalized.
  for (let j = 0; j < d; j++) if (isConstant(s, d, j)) store<f64>(s.trial + ((<usize>j) << 3), 0);
  const goal = ACCURACY * min(s.tolerance, FALL * s.residual);
  let work: f64 = 0;
  let ends = false;
  while (!ends && relativeResidual(s, o, s.trial, slopes) > goal) {
    const free = <f64>list(s, o, slopes, false);
    const factor = (free * free * free) / 6;
    const count = list(s, o, slopes, true);
    const sweeps = descend(s, o, data, slopes, count, 0.5 * goal * s.scale, factor);
    const swept = <f64>(abs(sweeps) + 1) * <f64>count * <f64>count + <f64>count * <f64>d;
    work += swept;
    s.swept += swept;
    if (sweeps >= 0) continue;
    ends = true;
    if (s.swept < WORTH * factor) continue;
    newtonStep(s, o, data, slopes, list(s, o, slopes, false));
    work += factor + 2 * free * <f64>d;
  }
  o.passes += work / (2 * <f64>o.rows * <f64>d);
}

/** working ← the weights that no kink holds, or all that may move: those that want to leave a kink, too. Returns how many. */
function list(s: Solver, o: Objective, slopes: usize, leaving: bool): i32 {
  const d = o.columns;
  let count = 0;
  for (let j = 0; j < d; j++) {
    const at = (<usize>j) << 3;
    const w = load<f64>(s.trial + at);
    if (isConstant(s, d, j)) continue;
    if (isKink(o, w) && !(leaving && nearestSubgradient(o, w, load<f64>(slopes + at)) != 0)) continue;
    store<i32>(s.working + ((<usize>count) << 2), j);
    count++;
  }
  return count;
}

function isConstant(s: Solver, columns: i32, j: i32): bool {
  return load<f64>(s.moments + ((<usize>(columns + j)) << 3)) == 0;
}

function listed(s: Solver, a: i32): i32 {
  return load<i32>(s.working + ((<usize>a) << 2));
}

/** matrix ← γG of the listed weights. */
function gather(s: Solver, o: Objective, data: f64, count: i32, matrix: usize): void {
  for (let a = 0; a < count; a++) {
    const row = gramRow(o, listed(s, a));
    const to = matrix + ((<usize>(a * count)) << 3);
    for (let b = 0; b < count; b++) {
      store<f64>(to + ((<usize>b) << 3), data * load<f64>(row + ((<usize>listed(s, b)) << 3)));
    }
  }
}

/**
 * Coordinate descent among the listed weights, until their subgradient is at most `goal`, or will not be for less than
 * `worth` multiplications more. Returns how many sweeps it took, in that case negative.
 */
function descend(s: Solver, o: Objective, data: f64, slopes: usize, count: i32, goal: f64, worth: f64): i32 {
  const matrix = gramFactor(o);
  const own = s.raw; // slopes of the listed weights
  const start = s.trialGradient; // both are free until the next gradient
  gather(s, o, data, count, matrix);
  for (let a = 0; a < count; a++) {
    const at = (<usize>listed(s, a)) << 3;
    store<f64>(own + ((<usize>a) << 3), load<f64>(slopes + at));
    store<f64>(start + ((<usize>a) << 3), load<f64>(s.trial + at));
  }
  let sweeps = 0;
  let left: f64 = Infinity;
  let slow = false;
  while (left > goal * goal && !slow) {
    sweeps++;
    const before = left;
    left = 0;
    for (let a = 0; a < count; a++) {
      const place = (<usize>a) << 3;
      const to = s.trial + ((<usize>listed(s, a)) << 3);
      const row = matrix + ((<usize>(a * count)) << 3);
      const curvature = load<f64>(row + place);
      const w = load<f64>(to);
      const next = prox(o, curvature, curvature * w - load<f64>(own + place), 0);
      if (next == w) continue;
      store<f64>(to, next);
      axpy<f64>(count, next - w, row, own);
    }
    for (let a = 0; a < count; a++) {
      const w = load<f64>(s.trial + ((<usize>listed(s, a)) << 3));
      const r = nearestSubgradient(o, w, load<f64>(own + ((<usize>a) << 3)));
      left += r * r;
    }
    // At the rate of the last sweep.
    const ahead = left < before ? Math.log((goal * goal) / left) / Math.log(left / before) : Infinity;
    slow = sweeps > 1 && left > goal * goal && ahead * <f64>count * <f64>(count + VISIT) > worth;
  }
  for (let a = 0; a < count; a++) {
    const j = listed(s, a);
    const change = load<f64>(s.trial + ((<usize>j) << 3)) - load<f64>(start + ((<usize>a) << 3));
    if (change != 0) axpy<f64>(o.columns, data * change, gramRow(o, j), slopes);
  }
  return slow ? -sweeps : sweeps;
}

/**
 * The listed weights, which no kink holds, towards where the objective would be least without kinks, as far as it falls:
 * through kinks, since sweeps find better than a step does which of them hold. (Each weight as far as its first kink: 160
 * passes instead of 44, diabetes, 150 rows, l1 = l2 = 1e-6.)
 */
function newtonStep(s: Solver, o: Objective, data: f64, slopes: usize, count: i32): void {
  const d = o.columns;
  const step = s.raw;
  const along = s.trialGradient; // what the step changes in the slopes
  solveFree(s, o, data, slopes, count, step, along);
  memory.fill(along, 0, (<usize>d) << 3);
  for (let a = 0; a < count; a++) {
    axpy<f64>(d, data * load<f64>(step + ((<usize>a) << 3)), gramRow(o, listed(s, a)), along);
  }
  let length: f64 = 1;
  if (slopeAt(s, o, slopes, count, step, along, 1) > 0) {
    let low: f64 = 0;
    for (let i = 0; i < HALVINGS; i++) {
      const middle = 0.5 * (low + length);
      if (slopeAt(s, o, slopes, count, step, along, middle) > 0) length = middle;
      else low = middle;
    }
    length = low;
  }
  for (let a = 0; a < count; a++) {
    const to = s.trial + ((<usize>listed(s, a)) << 3);
    store<f64>(to, load<f64>(to) + length * load<f64>(step + ((<usize>a) << 3)));
  }
  axpy<f64>(d, length, along, slopes);
}

/** The slope of the objective along a step at a share of it. */
function slopeAt(s: Solver, o: Objective, slopes: usize, count: i32, step: usize, along: usize, share: f64): f64 {
  let sum: f64 = 0;
  for (let a = 0; a < count; a++) {
    const at = (<usize>listed(s, a)) << 3;
    const move = load<f64>(step + ((<usize>a) << 3));
    const w = load<f64>(s.trial + at) + share * move;
    sum += move * nearestSubgradient(o, w, load<f64>(slopes + at) + share * load<f64>(along + at));
  }
  return sum;
}

/** step ← −(γG + l2·I)⁻¹·slope of the listed weights, in units in which the diagonal is 1. */
function solveFree(s: Solver, o: Objective, data: f64, slopes: usize, count: i32, step: usize, units: usize): void {
  const factor = gramFactor(o);
  const damping: f64 = o.rows > o.columns ? 0 : DAMPING;
  gather(s, o, data, count, factor);
  for (let a = 0; a < count; a++) {
    const at = (<usize>a) << 3;
    const row = factor + ((<usize>(a * count)) << 3);
    const unit = 1 / Math.sqrt(load<f64>(row + at) + o.l2);
    store<f64>(units + at, unit);
    for (let b = 0; b < a; b++) {
      const to = row + ((<usize>b) << 3);
      store<f64>(to, load<f64>(to) * unit * load<f64>(units + ((<usize>b) << 3)));
    }
    store<f64>(row + at, 1 + damping);
    const i = (<usize>listed(s, a)) << 3;
    store<f64>(step + at, -unit * nearestSubgradient(o, load<f64>(s.trial + i), load<f64>(slopes + i)));
  }
  cholesky(count, count, factor);
  solveFactored(count, count, factor, step);
  for (let a = 0; a < count; a++) {
    const at = (<usize>a) << 3;
    store<f64>(step + at, load<f64>(step + at) * load<f64>(units + at));
  }
}
