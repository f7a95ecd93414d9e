// The Hessian of the data terms and of group norms at a solver's iterate, in some of its columns, a piece at a time.

import { formRows, Hessian } from "../losses/hessian";
import { Objective } from "../objective";
import { addGroupHessian } from "../penalties/group";
import { Solver } from "./solver";

/** A piece more of a Hessian that was started. Returns whether it is there. */
export function formHessian(h: Hessian, s: Solver, o: Objective): bool {
  if (!formRows(h, o, s.theta, s.moments)) return false;
  if (o.groupNorm > 0) addGroupHessian(o, s.centred, h.places, h.count, h.matrix);
  return true;
}
