import { objectiveGradient } from "../losses/gradient";
import { Objective } from "../objective";
import { Solver } from "./solver";

/** The data terms and their gradient at `theta`, in the arithmetic of the moment. */
export function dataGradient(s: Solver, o: Objective, theta: usize, gradient: usize): f64 {
  o.fine = s.fine;
  const loss = objectiveGradient(s.objective, theta, gradient);
  o.fine = false;
  return loss;
}
