import { expect, test } from "vitest";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type ObjectiveOptions, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, kinds } from "../reference/example-problem.ts";

/** Three groups of rows, the first of which fills whole blocks of rows, and weights of the rows. */
function grouped(model: (typeof kinds)[number], precision: "f32" | "f64" = "f64"): ObjectiveOptions {
  const rows = 203;
  const problem = exampleProblem(model, rows, 7, 4);
  const map = Int32Array.from({ length: rows }, (_, i) => (i < 96 ? 0 : 1 + (i % 2)));
  const weights = Float64Array.from({ length: rows }, (_, i) => 1 + (i % 3));
  const dataset = { ...problem.dataset, weights };
  return { ...problem, dataset, precision, rowGroups: { count: 3, map }, uniform: model !== "squared" };
}

const WEIGHTS: ObjectiveWeights = { groups: [0.5, 0.2, 0.3], l2: 0.02 };

function run(solver: Solver): Solver {
  while (solver.step(10) === "running" && solver.iterations < 2000);
  return solver;
}

/** θ of a minimizer, by a solver that has seen nothing else. */
function minimizer(options: ObjectiveOptions, weights: ObjectiveWeights): Float64Array {
  using arena = new Arena(kernels());
  const objective = new Objective(arena, options);
  objective.setWeights(weights);
  const solver = new Solver(arena, objective, { tolerance: 1e-10 });
  solver.start(0);
  return arena.viewF64(run(solver).theta, objective.thetaCount).slice();
}

for (const model of kinds) {
  const uniform = model === "squared" ? {} : { uniform: 0.1 };

  test(`${model}: near a minimizer a step ends where the objective along it is least`, () => {
    for (const precision of ["f32", "f64"] as const) {
      using arena = new Arena(kernels());
      const objective = new Objective(arena, grouped(model, precision));
      const solver = new Solver(arena, objective, { tolerance: 1e-10 });
      const slopes = arena.f64(objective.thetaCount);
      const gradient = () => {
        objective.gradient(solver.theta, slopes);
        const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
        const ridge = (i: number) => (i < objective.thetaCount - objective.outputs ? 0.02 * theta[i]! : 0);
        return { theta, total: arena.viewF64(slopes, objective.thetaCount).map((g, i) => g + ridge(i)) };
      };
      objective.setWeights({ ...WEIGHTS, ...uniform, groups: [0.55, 0.2, 0.25] });
      solver.start(0);
      run(solver);
      objective.setWeights({ ...WEIGHTS, ...uniform });
      solver.start(solver.theta);
      let before = gradient();
      for (let step = 0; step < 3; step++) {
        solver.step(1);
        const after = gradient();
        const along = (g: Float64Array) => g.reduce((sum, v, i) => sum + v * (after.theta[i]! - before.theta[i]!), 0);
        expect(along(before.total)).toBeLessThan(0);
        expect(Math.abs(along(after.total) / along(before.total))).toBeLessThan(0.02);
        before = after;
      }
    }
  });

  test(`${model}: an iteration is a pass, and from nothing one half is all that is spent besides`, () => {
    using arena = new Arena(kernels());
    const objective = new Objective(arena, grouped(model));
    const solver = new Solver(arena, objective, { tolerance: 1e-8 });
    objective.setWeights({ ...WEIGHTS, ...uniform });
    solver.start(0);
    for (let i = 0; i < 8; i++) solver.step(1);
    expect(solver.passes).toBeCloseTo(8.5, 12);
    // Under other weights the scores are known: half a pass for the null model, half for the gradient.
    objective.setWeights({ ...WEIGHTS, groups: [0.3, 0.3, 0.4] });
    solver.start(solver.theta);
    expect(solver.passes).toBeCloseTo(1, 12);
  });

  test(`${model}: a solver of many weights, with kinks and without, finds what a new one does`, () => {
    using arena = new Arena(kernels());
    const objective = new Objective(arena, grouped(model));
    const solver = new Solver(arena, objective, { tolerance: 1e-10 });
    const changes: readonly ObjectiveWeights[] = [
      WEIGHTS,
      { ...WEIGHTS, l1: 0.01 },
      { ...WEIGHTS, groups: [0.1, 0.6, 0.3] },
      { ...WEIGHTS, groups: [0.1, 0.6, 0.3], l1: 0.02 },
      { ...WEIGHTS, groups: [0, 0.7, 0.3] }, // blocks of rows without weight
      { ...WEIGHTS, groups: [0.5, 0, 0.5] },
      { ...WEIGHTS, groups: [50, 20, 30], l2: 2 },
      { ...WEIGHTS, groups: [0.2, 0.5, 0.3], ...uniform },
      { ...WEIGHTS, l2: 1e-3 },
    ];
    for (const weights of changes) {
      objective.setWeights(weights);
      solver.start(solver.iterations === 0 ? 0 : solver.theta);
      expect(run(solver).status).toBe("converged");
      // Intercepts of softmax may all be larger by the same.
      const theta = arena.viewF64(solver.theta, 7 * objective.outputs).slice();
      const expected = minimizer(grouped(model), weights).subarray(0, theta.length);
      const difference = Math.hypot(...theta.map((w, i) => w - expected[i]!));
      expect(difference / Math.hypot(...expected)).toBeLessThan(1e-6);
    }
  });

  test(`${model}: what was learned of the curvature is kept when data terms are given other weights`, () => {
    // All weights a thousand times as large: the same minimizer, in as many iterations.
    const iterations = [1, 1000].map((factor) => {
      using arena = new Arena(kernels());
      const objective = new Objective(arena, grouped(model));
      const solver = new Solver(arena, objective, { tolerance: 1e-9 });
      const weights = (scale: number, l2: number) => ({
        groups: [0.5, 0.2, 0.3].map((g) => g * scale),
        l2: l2 * scale,
      });
      objective.setWeights(weights(1, 0.02));
      solver.start(0);
      const { iterations: fromNothing } = run(solver);
      objective.setWeights(weights(factor, 0.03));
      solver.start(solver.theta);
      run(solver);
      expect(solver.iterations).toBeLessThan(0.75 * fromNothing);
      return solver.iterations;
    });
    expect(Math.abs(iterations[1]! - iterations[0]!)).toBeLessThanOrEqual(1);
  });
}

test("blocks of rows without weight are not counted", () => {
  using arena = new Arena(kernels());
  const objective = new Objective(arena, grouped("softmax"));
  const solver = new Solver(arena, objective, { tolerance: 1e-8 });
  objective.setWeights({ ...WEIGHTS, groups: [0, 0.5, 0.5] });
  solver.start(0);
  for (let i = 0; i < 5; i++) solver.step(1);
  expect(solver.passes).toBeCloseTo((5.5 * (203 - 96)) / 203, 12);
});

test("squared loss of few rows: as many steps as there are rows and one, as conjugate gradients take", () => {
  using arena = new Arena(kernels());
  const rows = 12;
  const problem = exampleProblem("squared", rows, 40, 1, 3);
  // Columns of one scale, in whose units the metric is a multiple of the identity.
  const { values } = problem.dataset.x;
  for (let j = 0; j < 40; j++) {
    const column = Float64Array.from({ length: rows }, (_, i) => values[i * 40 + j]!);
    const mean = column.reduce((a, b) => a + b) / rows;
    const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows);
    for (let i = 0; i < rows; i++) values[i * 40 + j] = (column[i]! - mean) / deviation;
  }
  const objective = new Objective(arena, { ...problem, precision: "f64" });
  const solver = new Solver(arena, objective, { tolerance: 1e-9, solves: 1 });
  objective.setWeights({ l2: 0.05 });
  solver.start(0);
  run(solver);
  expect(solver.status).toBe("converged");
  expect(solver.iterations).toBeLessThanOrEqual(rows + 1);
});

/** A random fit beside a ridge of columns of different scales, far from 0 or not, and λ of three groups of rows. */
function randomFit(seed: number) {
  let state = seed * 7919 + 13;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(2 * Math.PI * uniform());
  for (let i = 0; i < 5; i++) uniform();
  const model = (["softmax", "logistic"] as const)[Math.floor(uniform() * 2)]!;
  const [rows, columns] = [15 + Math.floor(uniform() * 300), 1 + Math.floor(uniform() * 60)];
  const classes = model === "softmax" ? 2 + Math.floor(uniform() * 4) : 2;
  const [spread, shift, noise, common] = [6 * uniform(), 1e3 * uniform(), 2 * uniform(), 3 * uniform()];
  const scales = Array.from({ length: columns }, () => 2 ** (spread * (2 * uniform() - 1)));
  const truth = Array.from({ length: classes * columns }, normal);
  const values = new Float64Array(rows * columns);
  const targets = Float64Array.from({ length: rows }, (_, i) => {
    const shared = common * normal();
    const scores = new Float64Array(classes);
    for (let j = 0; j < columns; j++) {
      const x = shared + normal();
      values[i * columns + j] = scales[j]! * x + shift;
      for (let c = 0; c < classes; c++) scores[c]! += (x * truth[c * columns + j]!) / Math.sqrt(columns);
    }
    const noisy = scores.map((score) => score + noise * normal());
    return i < classes ? i : noisy.indexOf(Math.max(...noisy));
  });
  const options: ObjectiveOptions = {
    model,
    dataset: { rows, columns, x: { kind: "dense", values } },
    targets,
    outputs: model === "softmax" ? classes : 1,
    precision: uniform() < 0.5 ? "f32" : "f64",
    rowGroups: { count: 3, map: Int32Array.from({ length: rows }, (_, i) => i % 3) },
  };
  const groups = Array.from({ length: 4 }, () => Array.from({ length: 3 }, () => 10 ** (2 * uniform() - 1)));
  return { options, groups, l2: 10 ** (-1 - 7 * uniform()), tolerance: 10 ** (-8 - 2 * uniform()) };
}

test("fits end at tolerances where values are rounded, columns far from 0, from one λ to another", () => {
  const ended: string[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    using arena = new Arena(kernels());
    const { options, groups, l2, tolerance } = randomFit(seed);
    const objective = new Objective(arena, options);
    const solver = new Solver(arena, objective, { tolerance });
    for (const [i, weights] of groups.entries()) {
      objective.setWeights({ groups: weights, l2: l2 * [1, 1.3, 3, 0.5][i]! });
      solver.start(i === 0 ? 0 : solver.theta);
      while (solver.step(10) === "running" && solver.iterations < 2000);
      if (solver.status !== "converged") ended.push(`${seed} ${i} ${solver.status} ${solver.residual}`);
    }
  }
  expect(ended).toEqual([]);
});
