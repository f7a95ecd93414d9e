import { expect, test } from "vitest";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { kinds, type Problem } from "../reference/example-problem.ts";
import { minimumNormSubgradient } from "../reference/loss.ts";

/** Text, so to speak: rows of 2 to 20 of many columns, common ones and rare ones, and a label that a few of them tell. */
function text(model: (typeof kinds)[number], rows: number, columns: number, outputs = model === "softmax" ? 3 : 1) {
  const random = new Random(rows + columns);
  const indices: number[] = [];
  const values: number[] = [];
  const starts = [0];
  const targets = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const words = new Set(Array.from({ length: 3 + (i % 18) }, () => Math.floor(columns * random.uniform() ** 3)));
    for (const j of [...words].sort((a, b) => a - b)) {
      indices.push(j);
      values.push(0.2 + random.uniform());
    }
    starts.push(indices.length);
    const told = [...words].reduce((sum, j) => sum + Math.sin(j), 0) + 0.3 * random.uniform();
    if (model === "squared") targets[i] = told;
    else targets[i] = model === "logistic" ? Number(told > 0) : Math.abs(Math.round(told)) % outputs;
  }
  const x = {
    kind: "csr" as const,
    values: Float64Array.from(values),
    indices: Int32Array.from(indices),
    starts: Int32Array.from(starts),
  };
  return { model, dataset: { rows, columns, x }, targets, outputs } satisfies Problem;
}

function open(problem: Problem, options: { tolerance?: number; groups?: number; precision?: "f32" | "f64" } = {}) {
  const { tolerance = 1e-9, groups = 1, precision = "f64" } = options;
  const arena = new Arena(kernels());
  const map = Int32Array.from({ length: problem.dataset.rows }, (_, i) => i % groups);
  const objective = new Objective(arena, { ...problem, precision, rowGroups: { map, count: groups } });
  const solver = new Solver(arena, objective, { tolerance });
  const solve = (weights: ObjectiveWeights, from: number) => {
    objective.setWeights(weights);
    solver.start(from);
    for (let i = 0; i < 300 && solver.status === "running"; i++) solver.step(3);
    expect(solver.status).toBe("converged");
    return arena.viewF64(solver.theta, objective.thetaCount).slice();
  };
  return { arena, objective, solver, solve };
}

for (const model of kinds) {
  test(`${model}: minima of sparse rows, from nothing, from any model, from λ to λ`, () => {
    const problem = text(model, 70, 400);
    const { arena, objective, solver, solve } = open(problem);
    const random = new Random(1);
    const anywhere = arena.copy(Float64Array.from({ length: objective.thetaCount }, () => random.uniform() - 0.5));
    const check = (weights: ObjectiveWeights, from: number) => {
      const theta = solve(weights, from);
      const { value, subgradient } = minimumNormSubgradient(problem, weights, theta);
      expect(Math.max(...subgradient.map(Math.abs))).toBeLessThan(1e-8);
      expect(Math.abs(value - solver.value)).toBeLessThan(1e-11 * Math.abs(value));
    };
    check({ l2: 0.01 }, 0);
    check({ l2: 0.001 }, solver.theta);
    check({ l2: 0.001 }, anywhere); // most of it is no combination of rows, and has to go
    check({ l2: 0.0011 }, solver.theta);
    check({ l2: 0.0011, l1: 0.001 }, solver.theta); // a kink: over columns
    check({ l2: 0.0011 }, solver.theta);
    arena.dispose();
  });

  test(`${model}: a residual is what it is for a solver that begins at the result, rows weighing what they may`, () => {
    for (const precision of ["f32", "f64"] as const) {
      const problem = text(model, 90, 300);
      const { arena, objective, solver, solve } = open(problem, { tolerance: 1e-6, groups: 3, precision });
      for (const [i, groups] of [
        [1, 1, 1],
        [1, 0, 2],
        [0.1, 3, 0],
        [1, 1, 1],
      ].entries()) {
        solve({ l2: 1e-3, groups }, i === 0 ? 0 : solver.theta);
        const other = new Solver(arena, objective, { tolerance: 1e-6 });
        other.start(solver.theta);
        expect(Math.abs(other.residual / solver.residual - 1)).toBeLessThan(1e-6);
        expect(Math.abs(other.value / solver.value - 1)).toBeLessThan(1e-12);
      }
      arena.dispose();
    }
  });

  test(`${model}: hardly any penalty, to the last digit: value and residual stay those of θ`, () => {
    const { arena, objective, solver } = open(text(model, 40, 300), { tolerance: 1e-12 });
    objective.setWeights({ l2: 1e-8 });
    solver.start(0);
    for (let i = 0; i < 40 && solver.status === "running"; i++) solver.step(5);
    const other = new Solver(arena, objective, { tolerance: 1e-12 });
    other.start(solver.theta);
    expect(solver.residual).toBeLessThan(1e-9);
    expect(other.residual).toBeLessThan(1e-9);
    expect(Math.abs(other.value / solver.value - 1)).toBeLessThan(1e-9);
    arena.dispose();
  });

  test(`${model}: what converged has, along a path of many λ`, () => {
    const tolerance = 1e-10;
    const { arena, objective, solver } = open(text(model, 200, 400), { tolerance });
    let converged = 0;
    for (let i = 0; i < 25; i++) {
      objective.setWeights({ l2: 0.1 * 10 ** (-i / 5) });
      solver.start(i === 0 ? 0 : solver.theta);
      for (let steps = 0; steps < 300 && solver.status === "running"; steps++) solver.step(1);
      if (solver.status !== "converged") continue;
      converged++;
      const other = new Solver(arena, objective, { tolerance });
      other.start(arena.copy(arena.viewF64(solver.theta, objective.thetaCount).slice()));
      expect(other.residual).toBeLessThan(1.5 * tolerance);
    }
    expect(converged).toBeGreaterThan(20);
    arena.dispose();
  });

  test(`${model}: to look at θ on the way changes nothing but the work`, () => {
    const [looked, blind] = [true, false].map((looks) => {
      const { arena, objective, solver } = open(text(model, 80, 300), { tolerance: 1e-8 });
      objective.setWeights({ l2: 1e-4 });
      solver.start(0);
      while (solver.step(1) === "running") if (looks) solver.theta;
      const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
      const { iterations, passes } = solver;
      arena.dispose();
      return { theta, iterations, passes };
    });
    expect(looked!.theta).toEqual(blind!.theta);
    expect(looked!.iterations).toBe(blind!.iterations);
    expect(looked!.passes).toBeCloseTo(blind!.passes + 0.5 * (blind!.iterations - 1));
  });
}

test.each(kinds)("%s: columns of units far apart, rows sparse or dense: the same minimum", (model) => {
  const random = new Random(4);
  const [rows, columns, outputs] = [80, 27, model === "softmax" ? 3 : 1];
  const units = Float64Array.from({ length: columns }, () => 10 ** (8 * random.uniform() - 4));
  const values = Float64Array.from({ length: rows * columns }, (_, k) => units[k % columns]! * random.normal());
  const targets = Float64Array.from({ length: rows }, (_, i) => {
    let told = random.normal();
    for (let j = 0; j < columns; j++) told += (values[i * columns + j]! / units[j]!) * Math.sin(1 + j);
    return model === "squared" ? told : model === "logistic" ? Number(told > 0) : told > 2 ? 2 : told > -2 ? 1 : 0;
  });
  const indices = Int32Array.from(values, (_, k) => k % columns);
  const starts = Int32Array.from({ length: rows + 1 }, (_, i) => i * columns);
  const least = [{ kind: "dense", values } as const, { kind: "csr", values, indices, starts } as const].map((x) => {
    const { arena, objective, solver } = open(
      { model, dataset: { rows, columns, x }, targets, outputs },
      { tolerance: 1e-7 },
    );
    try {
      objective.setWeights({ groups: [1], l2: 1e-4 });
      solver.start(0);
      solver.step(2000);
      expect(solver.status).toBe("converged");
      return solver.value;
    } finally {
      arena.dispose();
    }
  });
  expect(least[1]! / least[0]!).toBeCloseTo(1, 6);
});

test("columns cost nothing: split into two that are alike, the same iterations to the same minimum", () => {
  const whole = text("logistic", 200, 500);
  const { x, rows, columns } = whole.dataset;
  const split = {
    kind: "csr" as const,
    values: Float64Array.from(x.values, () => 0),
    indices: x.indices,
    starts: x.starts.map((start) => 2 * start),
  };
  split.values = Float64Array.from([...x.values].flatMap((value) => [value / Math.SQRT2, value / Math.SQRT2]));
  split.indices = Int32Array.from([...x.indices].flatMap((j) => [2 * j, 2 * j + 1]));
  const results = [whole, { ...whole, dataset: { rows, columns: 2 * columns, x: split } }].map((problem) => {
    const { arena, solver, solve } = open(problem, { tolerance: 1e-6 });
    solve({ l2: 1e-4 }, 0);
    const { value, iterations } = solver;
    arena.dispose();
    return { value, iterations };
  });
  expect(results[1]!.value / results[0]!.value).toBeCloseTo(1, 9);
  expect(Math.abs(results[1]!.iterations - results[0]!.iterations)).toBeLessThanOrEqual(1);
  expect(results[0]!.iterations).toBeLessThan(40);
});

test("rows times outputs whose steps would take 4 GiB and little more: over columns, in the memory that there is", () => {
  // 15 vectors of rows × outputs doubles for two steps: 2³² + 15000 bytes or so, which is 15000 in 32 bits.
  const rows = 357_913;
  const outputs = 100;
  const columns = 20;
  const x = {
    kind: "csr" as const,
    values: new Float32Array(2 * rows).fill(1),
    indices: Int32Array.from({ length: 2 * rows }, (_, e) => (e % 2 === 0 ? (e >> 1) % 10 : 10 + ((e >> 1) % 7))),
    starts: Int32Array.from({ length: rows + 1 }, (_, i) => 2 * i),
  };
  const targets = Float64Array.from({ length: rows }, (_, i) => i % outputs);
  const arena = new Arena(kernels());
  const objective = new Objective(arena, { model: "softmax", dataset: { rows, columns, x }, targets, outputs });
  const solver = new Solver(arena, objective, { tolerance: 1e-9 });
  const beside = arena.f64(1000);
  objective.setWeights({ l2: 1e-3 });
  solver.start(0);
  const before = solver.value;
  solver.step(1);
  expect(solver.value).toBeLessThan(before);
  expect(arena.viewF64(beside, 1000).every((value) => value === 0)).toBe(true);
  arena.dispose();
});

test("more scores than 4 GiB hold are no size that 32 bits leave of them", () => {
  const [rows, outputs, columns] = [1_100_000, 500, 1];
  const x = {
    kind: "csr" as const,
    values: new Float32Array(0),
    indices: new Int32Array(0),
    starts: new Int32Array(rows + 1),
  };
  const arena = new Arena(kernels());
  const dataset = { rows, columns, x };
  const objective = new Objective(arena, {
    model: "softmax",
    dataset,
    targets: new Float64Array(rows),
    outputs,
    precision: "f64",
  });
  expect(() => objective.keepScores()).toThrow(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
  arena.dispose();
});
