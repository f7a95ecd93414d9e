// Where an objective of squared losses is least, when second moments of the rows are known (losses/gram.ts): the data term is
// γ·½wᵀGw and a linear one, γ its λ, so that what quadratic-descent.ts minimizes is no model of it.

import { gramFactor, gramRow } from "../losses/gram";
import { Objective } from "../objective";
import { kinked } from "../penalties/separable";
import { advanceQuadratic, Quadratic, startQuadratic } from "./quadratic-descent";
import { Solver } from "./solver";

/**
 * Residual below which these steps are worth their work: above it L-BFGS gains as much, and the models that a training passes
 * early are worth having. Tunings of diabetes, seeds 6 to 40: 51 passes without, 78 from the start on, 47 from here on.
 */
const NEAR: f64 = 1e-2;

/**
 * Relative damping of a Newton step's curvature where there are no more rows than columns, so that the data leave directions
 * without curvature; none with a ridge and no kinks, where the ridge bends them (12 × 19, l2 = 3e-8: 457 → 38 passes). Of 1500
 * random fits, half of them with hinges, all converge; at 1e-7 and 1e-4 4 do not, at 1e-5 2, without steps of this kind 155.
 */
const DAMPING: f64 = 1e-6;

/** A step minimizes to this share of the tolerance, or of `FALL` times the residual if that is less. */
const ACCURACY: f64 = 0.3;
const FALL: f64 = 0.1;

/** Whether the next step is that of `advanceMoments`. */
export function isMinimizedByMoments(s: Solver, o: Objective): bool {
  return o.gram != 0 && o.groupNorm == 0 && s.residual <= NEAR;
}

/** Begins a step of `advanceMoments`. */
export function startMoments(s: Solver, o: Objective): void {
  const d = o.columns;
  const bytes = (<usize>o.thetaCount) << 3;
  const data = load<f64>(o.groupWeights);
  const slopes = s.step; // free until the step is known
  memory.copy(s.trial, s.centred, bytes);
  memory.copy(slopes, s.gradient, bytes);
  const intercept = bytes - 8;
  store<f64>(s.trial + intercept, load<f64>(s.centred + intercept) - load<f64>(s.gradient + intercept) / data);
  store<f64>(slopes + intercept, 0);
  const variances = s.moments + ((<usize>d) << 3);
  // A constant column is an intercept that is penalized.
  for (let j = 0; j < d; j++) {
    const at = (<usize>j) << 3;
    if (load<f64>(variances + at) == 0) store<f64>(s.trial + at, 0);
  }
  const q = changetype<Quadratic>(s.quadratic);
  q.size = d;
  q.penalized = d;
  q.matrix = gramRow(o, 0);
  q.stride = (<usize>(d + 1)) << 3;
  q.scale = data;
  q.factor = gramFactor(o);
  q.z = s.trial;
  q.slopes = slopes;
  q.variances = variances;
  q.working = s.working;
  q.own = s.raw;
  q.other = s.trialGradient; // both are free until the next gradient
  q.trial = 0;
  q.damping = s.counted > d || (o.l2 > 0 && !kinked(o)) ? 0 : DAMPING;
  q.yardstick = s.scale;
  startQuadratic(q, ACCURACY * min(s.tolerance, FALL * s.residual), 1);
}

/** trial ← about the minimizer of the objective in θ′, a piece at a time. Returns whether it is there. */
export function advanceMoments(s: Solver, o: Objective): bool {
  const q = changetype<Quadratic>(s.quadratic);
  if (!advanceQuadratic(q, o)) return false;
  o.passes += q.work / (2 * <f64>o.rows * <f64>o.columns);
  return true;
}
