import { expect, test } from "vitest";
import { data, fitPath } from "../../src/index.ts";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, type Problem, penaltyCases } from "../reference/example-problem.ts";

/** The same rows dense and as CSR. */
function forms<P extends Problem>(problem: P): readonly P[] {
  const { rows, columns, x } = problem.dataset;
  const indices = Int32Array.from({ length: rows * columns }, (_, e) => e % columns);
  const starts = Int32Array.from({ length: rows + 1 }, (_, i) => i * columns);
  const csr = { kind: "csr" as const, values: Float64Array.from(x.values), indices, starts };
  return [problem, { ...problem, dataset: { ...problem.dataset, x: csr } }];
}

/** Each row once with each of the classes: no model tells them apart. */
function balanced(model: "softmax" | "logistic", classes: number): Problem {
  const { dataset } = exampleProblem(model, 60, 5, classes);
  const values = Float64Array.from({ length: 60 * 5 * classes }, (_, e) => {
    const row = Math.floor(e / 5 / classes);
    return dataset.x.values[5 * row + (e % 5)]!;
  });
  const targets = Float64Array.from({ length: 60 * classes }, (_, i) => i % classes);
  const x = { kind: "dense" as const, values };
  return {
    model,
    dataset: { rows: targets.length, columns: 5, x },
    targets,
    outputs: model === "softmax" ? classes : 1,
  };
}

/** One step at most: second moments know the mean up to rounding. */
function expectNullModel(problem: Problem & { uniform?: boolean }, weights: ObjectiveWeights): void {
  for (const form of forms(problem)) {
    for (const precision of ["f32", "f64"] as const) {
      using arena = new Arena(kernels());
      const objective = new Objective(arena, { ...form, precision });
      objective.setWeights(weights);
      const solver = new Solver(arena, objective, { tolerance: 1e-6 });
      solver.start(0);
      while (solver.status === "running" && solver.iterations < 100) solver.step(1);
      expect(solver.status).toBe("converged");
      expect(solver.iterations).toBeLessThanOrEqual(1);
      const theta = arena.viewF64(solver.theta, objective.thetaCount);
      const largest = Math.max(...theta.slice(0, -problem.outputs).map(Math.abs));
      expect(largest).toBeLessThanOrEqual(1e-15 * Math.max(...problem.targets.map(Math.abs)));
    }
  }
}

const cases = [
  { name: "nothing", weights: {} as ObjectiveWeights },
  ...penaltyCases.filter(({ columnGroups }) => !columnGroups),
];

for (const { name, weights } of cases) {
  test(`${name}: targets that are all the same are fitted at once`, () => {
    const problem = exampleProblem("squared", 60, 5, 1);
    for (const target of [0, 0.1, -3, 1e9 / 7, 1e-30]) {
      expectNullModel({ ...problem, targets: problem.targets.map(() => target) }, weights);
    }
    const rowWeights = Float64Array.from({ length: 60 }, (_, i) => 0.1 + (i % 7));
    const dataset = { ...problem.dataset, weights: rowWeights };
    expectNullModel({ ...problem, dataset, targets: problem.targets.map(() => 0.3) }, weights);
  });

  test(`${name}: balanced designs are fitted at once`, () => {
    for (const classes of [2, 3, 7]) expectNullModel(balanced("softmax", classes), weights);
    expectNullModel(balanced("logistic", 2), weights);
    const { dataset } = balanced("softmax", 2);
    const targets = Float64Array.from({ length: dataset.rows }, (_, i) => 5 + (i % 2 ? -1 : 1) * Math.sin(i >> 1));
    expectNullModel({ model: "squared", dataset, targets, outputs: 1 }, weights);
  });
}

test("a path of targets that are all the same, by second moments: one step a strength at most", async () => {
  const { dataset } = exampleProblem("squared", 300, 40, 1);
  for (const target of [0.1, 3]) {
    const train = data.dense({
      x: dataset.x.values as Float64Array,
      columns: 40,
      y: new Float64Array(300).fill(target),
    });
    for (const mix of [0, 0.5]) {
      for await (const { status, iterations } of fitPath({ model: "squared", train, mix, count: 20 })) {
        expect(status).toBe("converged");
        expect(iterations).toBeLessThanOrEqual(1);
      }
    }
  }
});

test("classes without a weight are absent: the null model of the others is the minimizer", () => {
  const problem = exampleProblem("softmax", 60, 5, 3);
  using arena = new Arena(kernels());
  const rowGroups = { map: Int32Array.from(problem.targets), count: 3 };
  const objective = new Objective(arena, { ...problem, precision: "f64", rowGroups });
  for (const l2 of [0, 1e-3]) {
    objective.setWeights({ groups: [1, 0, 0], l2 });
    const solver = new Solver(arena, objective, { tolerance: 1e-6 });
    solver.start(0);
    while (solver.status === "running" && solver.iterations < 100) solver.step(1);
    expect([l2, solver.status, solver.iterations]).toEqual([l2, l2 > 0 ? "converged" : "unbounded", 0]);
  }
});

test("smoothed labels of one class are fitted at once: by how smooth they are", () => {
  for (const model of ["logistic", "softmax"] as const) {
    const problem = exampleProblem(model, 60, 5, 3);
    for (const target of [0, 1]) {
      for (const { weights } of cases) {
        const smoothed = { ...weights, groups: [0.9], uniform: 0.1 };
        expectNullModel({ ...problem, targets: problem.targets.map(() => target), uniform: true }, smoothed);
      }
    }
  }
});
