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

/** Of one output u = w₁ − w₀ what two classes ±½u cost. */
function halved({ l1 = 0, l2 = 0, groupNorm = 0, hinges }: ObjectiveWeights): ObjectiveWeights {
  const knots = Array.from(hinges?.knots ?? [], (knot) => 2 * knot);
  return {
    l1,
    l2: l2 / 2,
    groupNorm: groupNorm * Math.SQRT1_2,
    ...(hinges ? { hinges: { knots, weights: hinges.weights } } : {}),
  };
}

test.each(kinks)(
  "two classes without a ridge, %s: of minimizers as good the one of least norm, whose weights are opposite",
  (_, weights) => {
    const { status, theta } = solve(exampleProblem("softmax", 60, 7, 2), weights);
    expect(status).toBe("converged");
    const [first, second] = [theta.subarray(0, 7), theta.subarray(7, 14)];
    expect(Math.max(...first.map(Math.abs))).toBeGreaterThan(0.01);
    for (const [j, w] of first.entries()) expect(Math.abs(w + second[j]!)).toBeLessThanOrEqual(1e-14 * Math.abs(w));
  },
);

test.each([
  ...kinks,
  ["group norm", { groupNorm: 0.001 }],
  ["everything", { ...kinks[3]![1], groupNorm: 0.002 }],
] as const)("two classes, %s: the minimum of one output, in about as many steps", (_, weights) => {
  for (const l2 of [1e-5, 1e-3]) {
    const mix = { ...weights, l2 };
    for (const precision of ["f32", "f64"] as const) {
      const two = solve(exampleProblem("softmax", 200, 30, 2), mix, precision);
      const { dataset, targets } = exampleProblem("softmax", 200, 30, 2);
      const one = solve({ model: "logistic", dataset, targets, outputs: 1 }, halved(mix), precision);
      expect([two.status, one.status]).toEqual(["converged", "converged"]);
      expect(Math.abs(two.value - one.value)).toBeLessThan(1e-9 * one.value);
      expect(two.iterations).toBeLessThan(1.5 * one.iterations + 20);
    }
  }
});

for (const classes of [2, 3, 4, 6]) {
  test.each(kinks)(`${classes} classes, %s: a ridge, however weak, does not slow it down`, (_, weights) => {
    const problem = exampleProblem("softmax", 200, 30, classes);
    const { iterations } = solve(problem, weights);
    for (const l2 of [1e-8, 1e-6, 1e-4, 1e-2]) {
      const mix = { ...weights, l2 };
      const ridged = solve(problem, mix);
      expect([l2, ridged.status]).toEqual([l2, "converged"]);
      // Of three and more classes columns are shifted near the end alone.
      expect(ridged.iterations).toBeLessThan(classes === 2 ? 1.5 * iterations + 20 : 500);
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

for (const classes of [2, 3, 4]) {
  test.each([
    ["columns", {}],
    ["groups of columns", { columnGroups: [0, 1, 2, 0, 1, 2, 0] }],
  ])(`${classes} classes, weak group norms of %s: converges, no column has a mean`, (_, groups) => {
    const problem = { ...exampleProblem("softmax", 60, 7, classes), ...groups };
    for (const l2 of [0, 1e-6, 1e-4, 1e-3]) {
      const { status, iterations, theta } = solve(problem, { groupNorm: 1e-3, l2 });
      expect([l2, status]).toEqual([l2, "converged"]);
      expect(iterations).toBeLessThan(200);
      for (let j = 0; j < 7; j++) {
        const column = Array.from({ length: classes }, (_, c) => theta[c * 7 + j]!);
        const largest = Math.max(...column.map(Math.abs));
        expect(Math.abs(column.reduce((sum, w) => sum + w, 0))).toBeLessThanOrEqual(1e-14 * largest);
      }
    }
  });

  test(`${classes} classes, group norms and kinks: the result satisfies the optimality conditions`, () => {
    const problem = exampleProblem("softmax", 60, 7, classes);
    for (const [, weights] of kinks) {
      for (const l2 of [0, 1e-6, 1e-4, 1e-3]) {
        const mix = { ...weights, groupNorm: 1e-3, l2 };
        const { status, theta } = solve(problem, mix);
        expect([l2, status]).toEqual([l2, "converged"]);
        const { subgradient } = minimumNormSubgradient(problem, mix, theta);
        expect(Math.max(...subgradient.map(Math.abs))).toBeLessThan(1e-5);
      }
    }
  });
}
