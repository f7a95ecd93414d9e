// The Hessian of the data terms and of group norms at a solver's iterate, in some of its columns, a piece at a time.

import { copyMoments, formRows, Hessian, hessianWork } from "../losses/hessian";
import { Objective } from "../objective";
import { addGroupHessian } from "../penalties/group";
import { Solver } from "./solver";

/** Multiplications of a pass. */
export function passWork(o: Objective): f64 {
  return 2 * <f64>o.outputs * o.valueCount;
}

/** Passes that forming one in `count` columns costs. */
export function hessianPasses(o: Objective, count: i32): f64 {
  return hessianWork(o, count) / passWork(o) + (o.gram != 0 ? 0 : 0.5);
}

/** A piece more of a Hessian that was started. Returns whether it is there. */
export function formHessian(h: Hessian, s: Solver, o: Objective): bool {
  if (o.gram != 0) copyMoments(h, o);
  else if (!formRows(h, o, s.theta, s.moments)) return false;
  if (o.groupNorm > 0) addGroupHessian(o, s.centred, h.places, h.count, h.matrix);
  return true;
}
