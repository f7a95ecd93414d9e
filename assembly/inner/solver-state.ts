// What the world reads of a solver.

import { Objective } from "../objective";
import { leaveToTheta, RowSpace } from "./row-space";
import { Solver } from "./solver";

export function solverStatus(pointer: usize): i32 {
  return changetype<Solver>(pointer).status;
}

/** Whether the last step ended within an iteration, which the next one goes on with. */
export function solverMidway(pointer: usize): i32 {
  return i32(changetype<Solver>(pointer).midway != 0);
}

export function solverIterations(pointer: usize): i32 {
  return changetype<Solver>(pointer).iterations;
}

export function solverResidual(pointer: usize): f64 {
  return changetype<Solver>(pointer).residual;
}

export function solverValue(pointer: usize): f64 {
  return changetype<Solver>(pointer).value;
}

export function solverTheta(pointer: usize): usize {
  const s = changetype<Solver>(pointer);
  leaveToTheta(s, changetype<RowSpace>(s.rowSpace));
  return s.theta;
}

/** The largest |∂f/∂w| of the data terms at the iterate, on centred columns. */
export function solverSteepness(pointer: usize): f64 {
  const s = changetype<Solver>(pointer);
  leaveToTheta(s, changetype<RowSpace>(s.rowSpace));
  const n = changetype<Objective>(s.objective).weightCount;
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) largest = max(largest, Math.abs(load<f64>(s.gradient + ((<usize>i) << 3))));
  return largest;
}

/** f64[groups + 1]: the data terms at the iterate. */
export function solverGroupLosses(pointer: usize): usize {
  return changetype<Solver>(pointer).groupLosses;
}
