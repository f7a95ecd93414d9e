import { Objective } from "../objective";
import { groupSubgradientSquares } from "../penalties/group";
import { subgradientSquares } from "../penalties/separable";
import { Solver } from "./solver";

/** ‖(s_W, s̄·s_b′)‖/‖G₀‖ of stopping.ts. */
export function relativeResidual(s: Solver, o: Objective, theta: usize, gradient: usize): f64 {
  const n = o.weightCount;
  let sum: f64 = 0;
  if (o.groupNorm > 0) {
    for (let g = 0; g < o.normGroups; g++) sum += groupSubgradientSquares(o, g, theta, gradient);
  } else {
    sum = subgradientSquares(o, n, theta, gradient);
  }
  for (let i = n; i < o.thetaCount; i++) {
    const r = s.unit * load<f64>(gradient + ((<usize>i) << 3));
    sum += r * r;
  }
  return Math.sqrt(sum) / s.scale;
}
