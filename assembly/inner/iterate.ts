// The iterate of a solver: its data terms and their gradient, in which arithmetic, and what follows from them.

import { Objective } from "../objective";
import { penaltyValue } from "../penalties/penalty";
import { centreGradient } from "./centering";
import { dataGradient } from "./data-gradient";
import { iterateGradient, leaveLine, searchesLine } from "./line-search";
import { relativeResidual } from "./residual";
import { Solver } from "./solver";

/** f64 takes over once the residual is below this multiple of f32's rounding error in it. */
export const MARGIN: f64 = 20;

/** The data terms and their gradient at the iterate, anew. A pass. */
export function evaluateIterate(s: Solver, o: Objective): void {
  s.dataLoss = gradientHere(s, o, s.gradient);
  memory.copy(s.groupLosses, o.groupLosses, (<usize>(o.groups + 1)) << 3);
  centreGradient(o, s.moments, s.gradient);
}

function gradientHere(s: Solver, o: Objective, gradient: usize): f64 {
  if (searchesLine(s, o)) return iterateGradient(s, o, gradient);
  leaveLine(s);
  return dataGradient(s, o, s.theta, gradient);
}

/**
 * The gradient at the iterate anew in f64, which measures the error of f32 in it (`noise`). Arithmetic is f64 from then on,
 * unless the residual is far above that error and f32 has not `failed`.
 */
export function refine(s: Solver, failed: bool): void {
  const o = changetype<Objective>(s.objective);
  if (o.width == 8) return;
  const n = o.weightCount;
  s.fine = true;
  s.dataLoss = gradientHere(s, o, s.trialGradient);
  memory.copy(s.groupLosses, o.groupLosses, (<usize>(o.groups + 1)) << 3);
  centreGradient(o, s.moments, s.trialGradient);
  let squares: f64 = 0;
  for (let i = 0; i < n; i++) {
    const at = (<usize>i) << 3;
    const change = load<f64>(s.trialGradient + at) - load<f64>(s.gradient + at);
    squares += change * change;
  }
  const held = s.gradient;
  s.gradient = s.trialGradient;
  s.trialGradient = held;
  measure(s, o);
  s.leastResidual = min(s.leastResidual, s.residual);
  s.leastValue = s.value;
  s.noise = Math.sqrt(squares) / s.scale;
  s.fine = failed || s.residual <= MARGIN * s.noise;
}

/** Value and residual of the iterate, whose data loss and gradient are known. */
export function measure(s: Solver, o: Objective): void {
  s.value = s.dataLoss + penaltyValue(o, o.weightCount, s.theta);
  s.residual = relativeResidual(s, o, s.centred, s.gradient);
}

/** What was tried becomes the iterate. */
export function takeTrial(s: Solver, o: Objective): void {
  memory.copy(s.groupLosses, o.groupLosses, (<usize>(o.groups + 1)) << 3);
  let held = s.gradient;
  s.gradient = s.trialGradient;
  s.trialGradient = held;
  held = s.theta;
  s.theta = s.raw;
  s.raw = held;
}
