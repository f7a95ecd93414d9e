import { expect, test } from "vitest";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, type Problem } from "../reference/example-problem.ts";
import { minimumNormSubgradient } from "../reference/loss.ts";

/** Steps from the null model to 1e-7, at most 1000. */
function solve(problem: Problem, weights: ObjectiveWeights, precision: "f32" | "f64" = "f64") {
  using arena = new Arena(kernels());
  const objective = new Objective(arena, { ...problem, precision });
  objective.setWeights(weights);
  const solver = new Solver(arena, objective, { tolerance: 1e-7 });
  solver.start(0);
  while (solver.status === "running" && solver.iterations < 1000) solver.step(1);
  const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
  const { status, iterations, value } = solver;
  return { status, iterations, value, theta };
}

const kinks: readonly (readonly [string, ObjectiveWeights])[] = [
  ["L1", { l1: 0.01 }],
  ["hinges", { hinges: { knots: [0, 0.1, 0.5], weights: [0.002, 0.003, 0.004] } }],
  ["hinges beyond a knot", { hinges: { knots: [0.1, 0.5], weights: [0.01, 0.01] } }],
  ["L1 and hinges", { l1: 0.005, hinges: { knots: [0.1], weights: [0.005] } }],
];

for (const classes of [2]) {
  test.each(kinks)(`${classes} classes, %s: a ridge, however weak, does not slow it down`, (_, weights) => {
    const problem = exampleProblem("softmax", 200, 30, classes);
    const { iterations } = solve(problem, weights);
    for (const l2 of [1e-8, 1e-6, 1e-4, 1e-2]) {
      const mix = { ...weights, l2 };
      const ridged = solve(problem, mix);
      expect([l2, ridged.status]).toEqual([l2, "converged"]);
      expect(ridged.iterations).toBeLessThan(1.5 * iterations + 20);
      const { value, subgradient } = minimumNormSubgradient(problem, mix, ridged.theta);
      expect(Math.max(...subgradient.map(Math.abs))).toBeLessThan(1e-5);
      expect(Math.abs(value - ridged.value)).toBeLessThan(1e-11 * Math.abs(value));
      for (const t of [1e-3, -1e-3, 1e-5, -1e-5]) {
        const moved = ridged.theta.map((w, i) => (i < classes * 30 ? w + t * Math.cos(i % 30) : w));
        expect(minimumNormSubgradient(problem, mix, moved).value).toBeGreaterThanOrEqual(value - 1e-14);
      }
    }
  });
}
