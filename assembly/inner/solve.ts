// min_θ λ·φ(θ), one step at a time. Iterates live on centred columns: θ′ = (W, b′ = b + W·mean), see moments.ts; with a
// smooth penalty on sparse rows they live over the rows, see row-space.ts.

import { axpy, difference, dot } from "../linalg/dense";
import { Objective, SOFTMAX, SQUARED } from "../objective";
import { penaltyChange, penaltyValue } from "../penalties/penalty";
import { kinked } from "../penalties/separable";
import { shiftColumns } from "../penalties/shift";
import { minimizeBlocks } from "./block-descent";
import { centre, centreGradient } from "./centering";
import { minimizeCoordinates } from "./coordinate-descent";
import { Curvature, forget, remember, rescale, startScales } from "./curvature";
import { dataGradient } from "./data-gradient";
import { advanceHomotopy, Homotopy, isHomotopyDue, resetHomotopy, wantsHomotopy } from "./homotopy";
import { evaluateIterate, MARGIN, measure, refine, takeTrial } from "./iterate";
import { trustKnownScores } from "./known-scores";
import { gradientAlong, leaveLine, lineLength, nullGradient, searchesLine, shorterLength } from "./line-search";
import { advanceMoments, isMinimizedByMoments, startMoments } from "./moment-descent";
import { newtonPoint } from "./newton-point";
import { leastRowWeight, nullModel, nullScale, totalOf, totalWeight } from "./null-model";
import { progress } from "./progress";
import { advanceNewton, LONG, learnTrust, startNewton, wantsNewton } from "./proximal-newton";
import { Quadratic } from "./quadratic-descent";
import { relativeResidual } from "./residual";
import { leaveRowSpace, leaveToTheta, RowSpace } from "./row-space";
import { abandonRows, advanceRows } from "./row-steps";
import { RUNNING, Solver, STALLED } from "./solver";
import { exhausted, judge } from "./stopping";

/**
 * Residual below which a step beside kinks ends with `shiftColumns` for three classes and more (for two, under group norms and
 * after Newton steps it always does). Above it shifts change the way, not its length (tunings of digits to 1e-4, 40 by log loss
 * and 24 by error rate: 1.00 of the passes); below it a weak ridge took thousands of steps without them.
 */
const SHIFTED: f64 = 1e-5;

/**
 * Relative rounding error of F per row. Equal rows, as in a contingency table, round alike, so their errors add up instead of
 * cancelling. (UCBAdmissions, 2716 rows of 12 kinds, is off by 3e-14: below that steps looked too long, and 2 of 80 fits to 1e-8
 * stalled at 5e-8 after 1500 passes; 64 times the rows: 1 of 12 where F may be off by 1e-13.)
 */
const SUMMED: f64 = 2e-17;

/** Relative change of F below which a step may be accepted by its slopes instead. */
const FLAT: f64 = 1e-10;

/** `midway`: how an iteration that is done in several pieces minimizes its model. */
const BY_MOMENTS: i32 = 1;
const BY_NEWTON: i32 = 2;
const BY_HOMOTOPY: i32 = 3;

/**
 * Begins at `theta` (copied; 0: at the null model) with the objective's present weights. Curvature learned before is
 * kept, and so is the gradient when θ and the data weights are those of the last iterate: then starting is free.
 */
export function solverStart(pointer: usize, theta: usize): void {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  const r = changetype<RowSpace>(s.rowSpace);
  const exact = livesOverRows(s, o) || o.gram != 0;
  leaveToTheta(s, r);
  r.ready = false;
  r.renewed = Infinity;
  const weightBytes = (<usize>(o.groups + 1)) << 3;
  const sameData = s.scale > 0 && memory.compare(s.dataWeights, o.groupWeights, weightBytes) == 0;
  if (!sameData) takeWeights(s, o);
  if (!sameData || theta == 0) {
    nullModel(s.objective, s.raw);
    s.fine = exact;
    s.dataLoss = searchesLine(s, o)
      ? nullGradient(s, o, s.trialGradient, theta == 0)
      : dataGradient(s, o, s.raw, s.trialGradient);
    s.nullLoss = s.dataLoss;
    centreGradient(o, s.moments, s.trialGradient);
    s.scale = nullScale(o, s.moments, s.raw, s.trialGradient, s.dataLoss, s.unit);
    memory.copy(s.dataWeights, o.groupWeights, weightBytes);
  }
  const c = changetype<Curvature>(s.curvature);
  if (c.count == 0) startScales(c, curvatureBound(s, o));
  s.threshold = -Infinity;
  const uniform = o.uniformWeights != 0 && load<f64>(o.groupWeights + ((<usize>o.groups) << 3)) > 0;
  if (o.model != SQUARED && !uniform && o.l2 == 0 && !kinked(o)) s.threshold = Math.LN2 * leastRowWeight(o);
  if (theta == 0) {
    // The null model has just been evaluated.
    r.current = false;
    takeTrial(s, o);
    centre(o, s.moments, s.theta, s.centred, 1);
  } else if (theta != s.theta || !sameData || (exact && !s.fine)) {
    if (theta != s.theta) {
      memory.copy(s.theta, theta, (<usize>o.thetaCount) << 3);
      leaveLine(s);
      r.current = false;
    }
    centre(o, s.moments, s.theta, s.centred, 1);
    s.fine = exact;
    trustKnownScores(s, o, curvatureBound(s, o));
    evaluateIterate(s, o);
  }
  measure(s, o);
  if (theta != 0 && isLost(s, o)) return solverStart(pointer, 0);
  s.leastResidual = s.residual;
  s.leastValue = s.value;
  s.idle = 0;
  s.stuck = false;
  s.midway = 0;
  s.iterations = 0;
  if (s.homotopy != 0) resetHomotopy(s);
  changetype<Quadratic>(s.quadratic).swept = 0;
  if (!exact) {
    if (s.residual > MARGIN * s.noise) s.fine = false;
    else if (!s.fine) refine(s, false);
  }
  s.status = judge(s);
}

/** Adapts to new λ of the data terms: rescales the curvature learned; forgets it where a weight becomes or ceases to be 0. */
function takeWeights(s: Solver, o: Objective): void {
  const c = changetype<Curvature>(s.curvature);
  const gains = weighMore(o, o.groupWeights, s.dataWeights);
  if (gains) leaveLine(s);
  if (gains || weighMore(o, s.dataWeights, o.groupWeights)) forget(c);
  else rescale(c, totalWeight(o) / totalOf(o, s.dataWeights));
}

/** Whether a data term has a positive weight in `lambda` and none in `others`, both f64[groups + 1]. */
function weighMore(o: Objective, lambda: usize, others: usize): bool {
  for (let g = 0; g <= o.groups; g++) {
    const at = (<usize>g) << 3;
    if (load<f64>(lambda + at) > 0 && !(load<f64>(others + at) > 0)) return true;
  }
  return false;
}

/** Times the null model's loss above which a solve starts at that one instead: a start that is a little worse knows more. */
const LOST: f64 = 2;

/**
 * Whether a start is far worse than the null model: of one that was extrapolated to class weights 500 times as far apart, with an
 * intercept of −3000, where losses are straight lines, a training took 111000 passes. So are models that rounding made nonsense
 * of, such as mixtures of some whose intercepts cancel 1e8 times their scores.
 */
function isLost(s: Solver, o: Objective): bool {
  return o.model != SQUARED && !(s.dataLoss <= LOST * s.nullLoss);
}

/** Evaluates the iterate anew, by the second moments of the rows, which the objective uses from now on. */
export function solverRefresh(pointer: usize): void {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  leaveToTheta(s, changetype<RowSpace>(s.rowSpace));
  s.fine = true;
  s.midway = 0;
  evaluateIterate(s, o);
  measure(s, o);
  s.status = judge(s);
}

/** Up to `iterations` iterations; of one that is done in pieces, one piece, which ends the step (`solverMidway`). */
export function solverStep(pointer: usize, iterations: i32): i32 {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  const r = changetype<RowSpace>(s.rowSpace);
  for (let i = 0; i < iterations && s.status == RUNNING && !wantsNewton(s, o) && !wantsHomotopy(s, o); i++) {
    if (livesOverRows(s, o)) {
      advanceRows(s, o, r);
      if (s.status == STALLED || (s.status == RUNNING && s.iterations >= LONG)) abandonRows(s, o, r);
    } else advance(s, o);
    if (s.midway != 0) break;
  }
  if (s.status != RUNNING) leaveToTheta(s, r);
  return s.status;
}

/** Whether iterates live in the space of the rows, in f64. */
function livesOverRows(s: Solver, o: Objective): bool {
  return changetype<RowSpace>(s.rowSpace).capacity > 0 && !kinked(o);
}

/**
 * One proximal quasi-Newton step (Lee, Sun, Saunders 2014): minimize the quadratic model, search the line to there. Or a piece
 * of it, where that takes long.
 */
function advance(s: Solver, o: Objective): void {
  leaveRowSpace(changetype<RowSpace>(s.rowSpace));
  const c = changetype<Curvature>(s.curvature);
  const n = o.weightCount;
  const all = o.thetaCount;
  if (c.count == 0) startScales(c, curvatureBound(s, o));
  // step ← trial − centred; `descent` is what the model promises to first order.
  let descent: f64 = 0;
  const way = s.midway != 0 ? s.midway : begin(s, o);
  const followed = way == BY_HOMOTOPY;
  const exact = way == BY_MOMENTS || followed;
  const newton = way == BY_NEWTON;
  const arrived = followed ? advanceHomotopy(s, o) : exact ? advanceMoments(s, o) : newton ? advanceNewton(s, o) : true;
  s.midway = arrived ? 0 : way;
  if (!arrived || (followed && changetype<Homotopy>(s.homotopy).failed)) return;
  if (exact || newton || kinked(o)) {
    if (!exact && !newton) {
      if (o.groupNorm > 0) minimizeBlocks(s, o, c);
      else minimizeCoordinates(s, o, c);
    }
    const shifts = newton || o.outputs == 2 || o.groupNorm > 0 || s.residual < SHIFTED;
    if (!exact && kinked(o) && shifts) shiftColumns(o, s.trial);
    descent = penaltyChange(o, n, s.centred, s.trial) + difference(all, s.trial, s.centred, s.gradient, s.step);
  } else {
    descent = newtonPoint(s, o, c);
  }
  const noise = (o.width == 4 && !s.fine ? 2e-8 : 1e-14 + SUMMED * <f64>o.rows) * Math.abs(s.value);
  const searches = way == 0 && searchesLine(s, o);
  if (searches) {
    // Of the ridge, half its curvature is in there.
    descent -= 0.5 * o.l2 * dot<f64>(n, s.step, s.step);
  }
  let length = searches ? lineLength(s, o, descent) : 1;
  let loss: f64 = 0;
  let value: f64 = 0;
  let accepted = false;
  for (let tries = 0; tries < 30 && !accepted && descent < 0; tries++) {
    if (tries > 0 || length != 1) {
      memory.copy(s.trial, s.centred, (<usize>all) << 3);
      axpy<f64>(all, length, s.step, s.trial);
    }
    centre(o, s.moments, s.trial, s.raw, -1);
    loss = searches ? gradientAlong(s, o, length, s.trialGradient) : dataGradient(s, o, s.raw, s.trialGradient);
    centreGradient(o, s.moments, s.trialGradient);
    value = loss + penaltyValue(o, n, s.raw);
    accepted = value <= s.value + 1e-4 * length * descent + noise || isFlat(s, o, value, descent);
    if (!accepted) length = shorterLength(length, descent, value - s.value);
  }
  if (newton) learnTrust(s, accepted ? length : 0);
  if (followed) changetype<Homotopy>(s.homotopy).failed = !accepted;
  if (!accepted) {
    leaveLine(s);
    const coarse = o.width == 4 && !s.fine;
    if (coarse) refine(s, true);
    if (newton) return;
    if (c.count > 0)
      forget(c); // what was learned misleads: begin again from the bound
    else if (!coarse) s.status = exhausted(s);
    return;
  }
  if (!exact) remember(c, s.centred, s.trial, s.gradient, s.trialGradient);
  if (!searches) leaveLine(s);
  s.value = value;
  s.dataLoss = loss;
  let held = s.centred;
  s.centred = s.trial;
  s.trial = held;
  takeTrial(s, o);
  progress(s, relativeResidual(s, o, s.centred, s.gradient), noise);
}

/**
 * Whether a step whose change of F is lost in rounding is accepted by its slopes: it has not gone too far if the slope at its
 * end is smaller than at its start (approximate condition of Hager and Zhang 2005). 400 random fits beside a ridge, each at four
 * λ, to 1e-4 … 1e-10, columns of mean 0 to 1000: two stalled without, none with it.
 */
function isFlat(s: Solver, o: Objective, value: f64, slope: f64): bool {
  if (kinked(o) || !(Math.abs(value - s.value) <= FLAT * Math.abs(s.value))) return false;
  const left = dot<f64>(o.thetaCount, s.trialGradient, s.step) + o.l2 * dot<f64>(o.weightCount, s.trial, s.step);
  return Math.abs(left) <= 0.8 * Math.abs(slope);
}

/** Chooses how an iteration minimizes its model, and begins to where that takes several pieces: otherwise 0. */
function begin(s: Solver, o: Objective): i32 {
  if (isMinimizedByMoments(s, o)) {
    startMoments(s, o);
    return BY_MOMENTS;
  }
  if (s.homotopy != 0 && isHomotopyDue(s, o)) return BY_HOMOTOPY;
  return startNewton(s, o) ? BY_NEWTON : 0;
}

/** γ and κ before anything is learned: second derivatives of the losses in the score are at most ½, ¼ and 1. */
function curvatureBound(s: Solver, o: Objective): f64 {
  return totalWeight(o) * (o.model == SOFTMAX ? 0.5 : o.model == SQUARED ? 1 : 0.25);
}
