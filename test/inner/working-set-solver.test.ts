import { expect, test } from "vitest";
import { fitPath } from "../../src/index.ts";
import { Solver } from "../../src/inner/solver.ts";
import { WorkingSetSolver } from "../../src/inner/working-set-solver.ts";
import { Objective, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { type Kernels, kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";
import { exampleProblem, kinds, type Problem, penaltyCases } from "../reference/example-problem.ts";
import { dataLoss, minimumNormSubgradient } from "../reference/loss.ts";
import { separated } from "../reference/separated.ts";

/** Many more columns than rows, dense and as CSR with a third of the values. */
function wide(model: (typeof kinds)[number], rows = 40, columns = 250): readonly Problem[] {
  const dense = exampleProblem(model, rows, columns, 3);
  const { x } = dense.dataset;
  const kept = Array.from(x.values, (value, e) => ({
    value,
    row: Math.floor(e / columns),
    column: e % columns,
  })).filter((_, e) => e % 3 === 0);
  const starts = Int32Array.from({ length: rows + 1 }, (_, i) => kept.filter(({ row }) => row < i).length);
  const sparse = {
    kind: "csr" as const,
    values: Float64Array.from(kept, ({ value }) => value),
    indices: Int32Array.from(kept, ({ column }) => column),
    starts,
  };
  return [dense, { ...dense, dataset: { rows, columns, x: sparse } }];
}

for (const model of kinds) {
  test(`${model}: what a working set finds satisfies the optimality conditions of all columns`, () => {
    for (const problem of wide(model)) {
      for (const { name, weights, columnGroups } of penaltyCases) {
        if (columnGroups || weights.groupNorm) continue; // all columns are worked on
        const arena = new Arena(kernels());
        const objective = new Objective(arena, { ...problem, precision: "f64" });
        const solver = new WorkingSetSolver(arena, objective, { tolerance: 1e-8 });
        objective.setWeights({ ...weights, l1: 10 * (weights.l1 ?? 0) });
        solver.start(0);
        for (let i = 0; i < 1000 && solver.status === "running"; i++) solver.step(10);
        expect([name, solver.status]).toEqual([name, "converged"]);
        const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
        const penalty = { ...weights, l1: 10 * (weights.l1 ?? 0) };
        const { value, subgradient } = minimumNormSubgradient(problem, penalty, theta);
        expect(Math.max(...subgradient.map(Math.abs))).toBeLessThan(1e-5);
        expect(Math.abs(value - solver.value)).toBeLessThan(1e-11 * Math.abs(value));
        solver.dispose();
        arena.dispose();
      }
    }
  });

  test(`${model}: λ up and down, from solution to solution: the same minima as on all columns, for less work`, () => {
    for (const problem of wide(model, 150, 1000)) {
      const arena = new Arena(kernels());
      const objective = new Objective(arena, { ...problem, precision: "f32" });
      const whole = new Solver(arena, objective, { tolerance: 1e-6 });
      const part = new WorkingSetSolver(arena, objective, { tolerance: 1e-6 });
      const work = { whole: 0, part: 0 };
      for (const [i, factor] of [1, 0.7, 0.5, 0.7, 1.2, 0.4].entries()) {
        objective.setWeights({ l1: { softmax: 0.3, logistic: 0.15, squared: 3 }[model] * factor, l2: 1e-3 });
        for (const [name, solver] of [
          ["whole", whole],
          ["part", part],
        ] as const) {
          solver.start(i === 0 ? 0 : solver.theta);
          while (solver.step(5) === "running");
          expect(solver.status).toBe("converged");
          work[name] += solver.passes;
        }
        expect(part.value / whole.value).toBeCloseTo(1, 6);
        expect(part.residual).toBeLessThan(1e-6);
      }
      expect(work.part).toBeLessThan(0.9 * work.whole);
      part.dispose();
      arena.dispose();
    }
  });
}

/** Kernels that say which solvers were made, the whole one first, and which of their objectives. */
function watched() {
  const k = kernels();
  const objectives: number[] = [];
  const solverInit: Kernels["solverInit"] = (solver, objective, ...rest) => {
    objectives.push(objective);
    k.solverInit(solver, objective, ...rest);
  };
  return { k: { ...k, solverInit }, objectives };
}

const weak: readonly (readonly [name: string, weights: ObjectiveWeights])[] = [
  ["L1", { l1: 1e-5 }],
  ["L1 and ridge", { l1: 1e-5, l2: 1e-6 }],
  ["stronger L1", { l1: 1e-3 }],
  ["hinges", { l1: 1e-6, l2: 1e-6, hinges: { knots: [0.5, 2], weights: [1e-6, 1e-5] } }],
];

test.each(weak)("separated rows, weak %s: parts go on by Newton steps, to a minimizer on all columns", (_, weights) => {
  const problem = separated("softmax", 60, 14, 3, 10, 1, 585);
  const { columns } = problem.dataset;
  const { k, objectives } = watched();
  using arena = new Arena(k);
  const objective = new Objective(arena, { ...problem, precision: "f64" });
  const solver = new WorkingSetSolver(arena, objective, { tolerance: 1e-8 });
  objective.setWeights(weights);
  solver.start(0);
  // Gradients are halves of passes, what a Newton step takes is not. Of the parts only the last still has memory.
  let newton = false;
  do {
    if (objectives.length > 1 && !Number.isInteger(2 * k.objectivePasses(objectives.at(-1)!))) newton = true;
  } while (solver.step(1) === "running" && solver.iterations < 3000);
  expect([solver.status, newton]).toEqual(["converged", true]);
  const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
  const scale = Math.hypot(...dataLoss(problem, new Float64Array(3 * (columns + 1))).gradient);
  const { value, subgradient } = minimumNormSubgradient(problem, weights, theta);
  expect(Math.hypot(...subgradient)).toBeLessThan(1e-5 * scale);
  expect(Math.abs(value / solver.value - 1)).toBeLessThan(1e-9);
  for (let c = 0; c < 3; c++) expect(theta[c * columns + 13]).toBe(0); // the constant column
  solver.dispose();
});

test("a path leaves no memory behind", async () => {
  const before = kernels().allocatedBytes();
  const train = blobs(60, 200, 3, 2);
  for await (const { status } of fitPath({ model: "softmax", train, mix: 0.9, count: 10 }))
    expect(status).toBe("converged");
  expect(kernels().allocatedBytes()).toBe(before);
});
