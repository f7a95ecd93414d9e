import { expect, test } from "vitest";
import { Solver } from "../../src/inner/solver.ts";
import { Objective } from "../../src/models/objective.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, kinds, penaltyCases } from "../reference/example-problem.ts";
import { minimumNormSubgradient } from "../reference/loss.ts";

for (const model of kinds) {
  for (const penalty of penaltyCases) {
    test(`${model}, ${penalty.name}: the result satisfies the optimality conditions`, () => {
      const { columnGroups } = penalty;
      const problem = { ...exampleProblem(model, 60, 7, 3), ...(columnGroups ? { columnGroups } : {}) };
      const arena = new Arena(kernels());
      const objective = new Objective(arena, { ...problem, precision: "f64" });
      objective.setWeights(penalty.weights);
      const solver = new Solver(arena, objective, { tolerance: 1e-9 });
      solver.start(0);
      for (let i = 0; i < 500 && solver.status === "running"; i++) solver.step(10);
      expect(solver.status).toBe("converged");
      const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
      const { value, subgradient } = minimumNormSubgradient(problem, penalty.weights, theta);
      expect(Math.max(...subgradient.map(Math.abs))).toBeLessThan(1e-7);
      expect(Math.abs(value - solver.value)).toBeLessThan(1e-11 * Math.abs(value));
      arena.dispose();
    });
  }
}
