// What a solver needs memory for, and where it has it.

import { shareOf } from "../losses/block";
import { Objective } from "../objective";
import { kinked } from "../penalties/separable";
import {
  Curvature,
  curvatureInit,
  curvatureScratchBytes,
  curvatureUnitBytes,
  curvatureWorkBytes,
  PRODUCT_BYTES,
} from "./curvature";
import { homotopyBytes, homotopyInit, wantsHomotopy } from "./homotopy";
import { MARGIN } from "./iterate";
import { LineSearch, lineBytes, lineInit, lineScratchBytes, lineSetMemory } from "./line-search";
import { fillMetric, typicalDeviation } from "./metric";
import { newtonBytes, newtonInit, wantsNewton } from "./proximal-newton";
import { Quadratic } from "./quadratic-descent";
import { RowSpace, rowSpaceInit } from "./row-space";
import { Solver } from "./solver";

/** Residual below which f32's error in the gradient is first measured, for a pass. */
const MEASURED: f64 = 1e-2;

export function solverBytes(): usize {
  return (
    offsetof<Solver>() + offsetof<Curvature>() + offsetof<RowSpace>() + offsetof<Quadratic>() + offsetof<LineSearch>()
  );
}

export function solverWorkBytes(objective: usize): usize {
  const o = changetype<Objective>(objective);
  const n = <usize>o.thetaCount;
  return (n * 7 + 2 * (<usize>o.groups + 1)) * 8 + PRODUCT_BYTES + ((n << 2) + 8) + curvatureWorkBytes(o);
}

/** Bytes of memory of which an iteration leaves nothing to the next. */
export function solverScratchBytes(objective: usize): usize {
  const o = changetype<Objective>(objective);
  return max(curvatureScratchBytes(o), lineScratchBytes(o));
}

/** Bytes that a solver still has to be given, zeroed, for a penalty with kinks or one without; otherwise 0. */
export function solverLacks(pointer: usize): usize {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  if (kinked(o)) return changetype<Curvature>(s.curvature).units == 0 ? curvatureUnitBytes(o) : 0;
  return changetype<LineSearch>(s.line).scores == 0 ? lineBytes(o) : 0;
}

export function solverGive(pointer: usize, memory: usize): void {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  if (kinked(o)) changetype<Curvature>(s.curvature).units = memory;
  else lineSetMemory(changetype<LineSearch>(s.line), o, memory);
}

/** Bytes that a solver wants, because it takes long; otherwise 0. It does not go on without. */
export function solverWants(pointer: usize): usize {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  return wantsHomotopy(s, o) ? homotopyBytes(o) : wantsNewton(s, o) ? newtonBytes(o) : 0;
}

/** block: of `solverWants` bytes. */
export function solverGrant(pointer: usize, block: usize): void {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(s.objective);
  if (wantsHomotopy(s, o)) homotopyInit(s, o, block);
  else newtonInit(s, o, block);
}

/** @param scratch `solverScratchBytes`, which solvers that take turns may share */
export function solverInit(
  pointer: usize,
  objective: usize,
  moments: usize,
  work: usize,
  scratch: usize,
  tolerance: f64,
): void {
  const s = changetype<Solver>(pointer);
  const o = changetype<Objective>(objective);
  const bytes = (<usize>o.thetaCount) << 3;
  s.objective = objective;
  s.moments = moments;
  s.theta = work;
  s.centred = work + bytes;
  s.gradient = work + 2 * bytes;
  s.trial = work + 3 * bytes;
  s.raw = work + 4 * bytes;
  s.trialGradient = work + 5 * bytes;
  s.step = work + 6 * bytes;
  s.dataWeights = work + 7 * bytes;
  s.groupLosses = s.dataWeights + ((<usize>(o.groups + 1)) << 3);
  s.products = s.groupLosses + ((<usize>(o.groups + 1)) << 3);
  const curvature = s.products + PRODUCT_BYTES;
  s.working = curvature + curvatureWorkBytes(o);
  s.curvature = pointer + offsetof<Solver>();
  s.tolerance = tolerance;
  s.scale = 0;
  s.fine = false;
  s.noise = MEASURED / MARGIN;
  const c = changetype<Curvature>(s.curvature);
  curvatureInit(c, o, curvature, scratch);
  // Where the pairs are, which are of use with kinks only.
  s.rowSpace = s.curvature + offsetof<Curvature>();
  s.newton = 0;
  s.homotopy = 0;
  s.quadratic = s.rowSpace + offsetof<RowSpace>();
  s.line = s.quadratic + offsetof<Quadratic>();
  lineInit(changetype<LineSearch>(s.line), scratch);
  rowSpaceInit(changetype<RowSpace>(s.rowSpace), o, c.steps, c.stepChange - c.steps);
  fillMetric(o, moments, c.metric);
  s.unit = typicalDeviation(o, moments);
  s.counted = 0;
  for (let i = 0; i < o.rows; i++) if (shareOf(o, i) > 0) s.counted++;
}
