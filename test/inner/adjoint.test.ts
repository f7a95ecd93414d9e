import { expect, test } from "vitest";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, type Problem } from "../reference/example-problem.ts";

const columnGroups = [0, 1, 1, 2, 0, 2, 2];
const cases: readonly (readonly [string, ObjectiveWeights, keyof ObjectiveWeights])[] = [
  ["l2", { l2: 0.02 }, "l2"],
  ["l1 beside l2", { l1: 0.02, l2: 0.02 }, "l1"],
  ["group norm", { groupNorm: 0.02 }, "groupNorm"],
  ["group norm beside l1", { groupNorm: 0.02, l1: 0.01 }, "groupNorm"],
  ["group norm beside l2", { groupNorm: 0.03, l2: 0.02 }, "groupNorm"],
  // Weights at knots in groups that are not zero: held, whatever the norm pulls at.
  ["group norm beside hinges", { groupNorm: 0.02, hinges: { knots: [0.05, 0.1], weights: [0.05, 0.05] } }, "groupNorm"],
];

test.each(cases)("%s: −uᵀ∂φ/∂θ is the derivative of the validation loss of minimizers", (_, weights, name) => {
  const problem = { ...exampleProblem("softmax", 60, 7, 3), columnGroups };
  const arena = new Arena(kernels());
  const train = new Objective(arena, { ...problem, precision: "f64" });
  const validation = new Objective(arena, { ...exampleProblem("softmax", 80, 7, 3, 2), precision: "f64" });
  const solver = new Solver(arena, train, { tolerance: 1e-10 });
  const gradient = arena.f64(train.thetaCount);
  const solve = (value: number) => {
    train.setWeights({ ...weights, [name]: value });
    solver.start(0);
    while (solver.status === "running") solver.step(50);
    return validation.gradient(solver.theta, gradient);
  };
  const lambda = weights[name] as number;
  const h = 1e-3 * lambda;
  const difference = (solve(lambda + h) - solve(lambda - h)) / (2 * h);

  solve(lambda);
  const out = arena.f64(train.thetaCount);
  for (const _ of solver.adjoint(gradient, out, { iterations: 200, tolerance: 1e-8 }));
  const u = arena.viewF64(out, train.thetaCount).slice();
  const w = arena.viewF64(solver.theta, train.thetaCount).slice(0, 21);
  const slope = Array.from(w, (x, i) => {
    if (name === "l2") return x;
    if (name === "l1") return Math.sign(x);
    const group = Array.from(w.keys()).filter((k) => columnGroups[k % 7] === columnGroups[i % 7]);
    const norm = Math.hypot(...group.map((k) => w[k]!));
    return norm > 0 ? (Math.sqrt(group.length / 3) * x) / norm : 0;
  });
  const derivative = -slope.reduce((sum, s, i) => sum + s * u[i]!, 0);
  expect(Math.abs(derivative / difference - 1)).toBeLessThan(5e-3); // rounding alone: 0.8e-3 to 3e-3
  arena.dispose();
});

/** Penalties that leave a few columns of 60, or 2.5 times as strong, of 200. */
const strong: readonly (readonly [string, (strength: number) => ObjectiveWeights])[] = [
  ["l1", (s) => ({ l1: 0.12 * s })],
  ["l1 beside l2", (s) => ({ l1: 0.12 * s, l2: 0.01 })],
  ["hinges", (s) => ({ l1: 0.1 * s, hinges: { knots: [0.02, 0.1], weights: [0.02, 0.05] } })],
  ["group norm", (s) => ({ groupNorm: 0.25 * s, l2: 0.01 })],
];

for (const model of ["logistic", "softmax"] as const) {
  test.each(strong)(`${model}, %s: where few columns are left, a factor solves for it`, (_, weights) => {
    const [columns, strength] = model === "softmax" ? [200, 2.5] : [60, 1];
    const columnGroups = Array.from({ length: columns }, (_, j) => j >> 1);
    const problem = { ...exampleProblem(model, 50, columns, 3), columnGroups };
    const held = exampleProblem(model, 40, columns, 3, 2);
    for (const precision of ["f64", "f32"] as const) {
      using arena = new Arena(kernels());
      const { kernels: k } = arena;
      const train = new Objective(arena, { ...problem, precision });
      const validation = new Objective(arena, { ...held, precision });
      const solver = new Solver(arena, train, { tolerance: 1e-7 });
      train.setWeights(weights(strength));
      solver.start(0);
      while (solver.status === "running") solver.step(50);
      expect(k.directAdjointBytes(solver.pointer)).toBeGreaterThan(0);
      const [right, u] = [arena.f64(train.thetaCount), arena.f64(train.thetaCount)];
      const { passes } = train;
      validation.gradient(solver.theta, right);
      for (const _ of solver.adjoint(right, u, { iterations: 6, tolerance: 0.3 }));
      expect(train.passes - passes).toBeLessThan(3);
      const intercepts = arena.viewF64(u, train.thetaCount).slice(-train.outputs);
      expect(Math.hypot(...intercepts)).toBeGreaterThan(0);
      // Products of conjugate gradients are differences, right to 1e-3.
      const room = arena.bytes(k.adjointWorkBytes(train.thetaCount));
      validation.gradient(solver.theta, right);
      expect(Math.sqrt(k.adjointStart(solver.pointer, right, u, room))).toBeLessThan(1e-3);
    }
  });
}

test.each(strong)(
  "softmax, %s: what classes have in common without a ridge is not in the adjoint of a factor",
  (_, weights) => {
    using arena = new Arena(kernels());
    const columns = 200;
    const columnGroups = Array.from({ length: columns }, (_, j) => j >> 1);
    const problem = { ...exampleProblem("softmax", 50, columns, 3), columnGroups };
    const train = new Objective(arena, { ...problem, precision: "f64" });
    const validation = new Objective(arena, { ...exampleProblem("softmax", 40, columns, 3, 2), precision: "f64" });
    const solver = new Solver(arena, train, { tolerance: 1e-7 });
    train.setWeights(weights(2.5));
    solver.start(0);
    while (solver.status === "running") solver.step(50);
    expect(arena.kernels.directAdjointBytes(solver.pointer)).toBeGreaterThan(0);
    const [right, out] = [arena.f64(train.thetaCount), arena.f64(train.thetaCount)];
    validation.gradient(solver.theta, right);
    for (const _ of solver.adjoint(right, out, { iterations: 6, tolerance: 0.3 }));
    const u = arena.viewF64(out, train.thetaCount).slice();
    const of = (j: number) => [0, 1, 2].map((c) => u[c * columns + j]!);
    const { values } = problem.dataset.x as { readonly values: Float64Array };
    const mean = (j: number) => values.reduce((sum, x, e) => sum + (e % columns === j ? x / 50 : 0), 0);
    // Intercepts where the columns are at their means, in which no penalty has a part.
    let common = u[3 * columns]! + u[3 * columns + 1]! + u[3 * columns + 2]!;
    for (let j = 0; j < columns; j++) common += mean(j) * of(j).reduce((sum, x) => sum + x, 0);
    const size = Math.hypot(...u);
    expect(Math.abs(common)).toBeLessThan(1e-9 * size);
  },
);

test.each([
  ["l2", { l2: 1e-3 }],
  ["a ridge that hardly bends", { l2: 1e-6 }],
  ["nothing but curvature of the data", {}],
  ...strong.map(([name, weights]) => [name, weights(0.2)] as const),
] as const)("squared, %s: second moments solve for it exactly, for next to nothing", (_, weights: ObjectiveWeights) => {
  for (const precision of ["f64", "f32"] as const) {
    const columnGroups = Array.from({ length: 20 }, (_, j) => j >> 1);
    using arena = new Arena(kernels());
    const train = new Objective(arena, { ...exampleProblem("squared", 90, 20, 1), columnGroups, precision });
    const validation = new Objective(arena, { ...exampleProblem("squared", 40, 20, 1, 2), precision });
    const solver = new Solver(arena, train, { tolerance: 1e-9 });
    train.gram.use();
    train.setWeights({ groups: [3], ...weights });
    solver.start(0);
    while (solver.status === "running") solver.step(50);
    const [right, u] = [arena.f64(train.thetaCount), arena.f64(train.thetaCount)];
    const { passes } = train;
    validation.gradient(solver.theta, right);
    for (const _ of solver.adjoint(right, u, { iterations: 6, tolerance: 0.3 }));
    expect(train.passes - passes).toBeLessThan(1);
    const room = arena.bytes(arena.kernels.adjointWorkBytes(train.thetaCount));
    validation.gradient(solver.theta, right);
    expect(Math.sqrt(arena.kernels.adjointStart(solver.pointer, right, u, room))).toBeLessThan(1e-3);
  }
});

test.each(["logistic", "softmax"] as const)("%s: units of the columns do not matter to a factor", (model) => {
  const [columns, l1] = model === "softmax" ? [200, 0.3] : [60, 0.12];
  const inUnits = (unit: number) => {
    using arena = new Arena(kernels());
    const scaled = (rows: number, seed: number): Problem => {
      const problem = exampleProblem(model, rows, columns, 3, seed);
      const values = Float64Array.from(problem.dataset.x.values, (x) => unit * x);
      return { ...problem, dataset: { ...problem.dataset, x: { kind: "dense", values } } };
    };
    const train = new Objective(arena, { ...scaled(50, 1), precision: "f64" });
    const validation = new Objective(arena, { ...scaled(40, 2), precision: "f64" });
    const solver = new Solver(arena, train, { tolerance: 1e-9 });
    train.setWeights({ l1: unit * l1 });
    solver.start(0);
    while (solver.status === "running") solver.step(50);
    expect(arena.kernels.directAdjointBytes(solver.pointer)).toBeGreaterThan(0);
    const [right, u] = [arena.f64(train.thetaCount), arena.f64(train.thetaCount)];
    validation.gradient(solver.theta, right);
    for (const _ of solver.adjoint(right, u, { iterations: 6, tolerance: 0.3 }));
    return arena.viewF64(u, train.thetaCount).map((x, i) => (i < train.outputs * columns ? unit * x : x));
  };
  const [plain, large] = [inUnits(1), inUnits(2 ** 22)];
  const apart = Math.hypot(...plain.map((x, i) => x - large[i]!));
  expect(apart / Math.hypot(...plain)).toBeLessThan(1e-4);
});

test("a Hessian of many rows is formed in pieces, between which others may use the rows", () => {
  using arena = new Arena(kernels());
  const train = new Objective(arena, { ...exampleProblem("logistic", 9000, 600, 2), precision: "f32" });
  const validation = new Objective(arena, { ...exampleProblem("logistic", 100, 600, 2, 2), precision: "f64" });
  const solver = new Solver(arena, train, { tolerance: 1e-6 });
  train.setWeights({ l1: 0.05 });
  solver.start(0);
  while (solver.status === "running") solver.step(50);
  expect(arena.kernels.directAdjointBytes(solver.pointer)).toBeGreaterThan(0);
  const [right, other] = [arena.f64(train.thetaCount), arena.f64(train.thetaCount)];
  const [alone, together] = [false, true].map((shared) => {
    const u = arena.f64(train.thetaCount);
    validation.gradient(solver.theta, right);
    let pieces = 0;
    for (const _ of solver.adjoint(right, u, { iterations: 6, tolerance: 0.3 })) {
      pieces++;
      if (shared) train.gradient(u, other);
    }
    expect(pieces).toBeGreaterThan(0);
    return arena.viewF64(u, train.thetaCount).slice();
  });
  expect(together).toEqual(alone);
  expect(Math.hypot(...alone!)).toBeGreaterThan(0);
});
