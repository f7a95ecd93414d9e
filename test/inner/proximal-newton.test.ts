import { expect, test } from "vitest";
import { augmentation, data, LinearLoss, l1, l2, fit as minimize, mirror, noise } from "../../src/index.ts";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type ObjectiveOptions, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, type Problem } from "../reference/example-problem.ts";
import { relaxed, scalar } from "../reference/kernel-builds.ts";
import { dataLoss, minimumNormSubgradient } from "../reference/loss.ts";
import { separated } from "../reference/separated.ts";

/** Those that a softmax and a logistic model take 1000 iterations of L-BFGS or more for, most of them over 10000. */
const problems: readonly Problem[] = [
  separated("softmax", 60, 12, 3, 10, 1),
  separated("softmax", 40, 6, 4, 3, 1),
  separated("logistic", 60, 12, 2, 10, 1),
  separated("logistic", 120, 20, 2, 3, 2),
];

const penalties: readonly { name: string; weights: ObjectiveWeights; columnGroups?: (j: number) => number }[] = [
  { name: "ridge", weights: { l2: 1e-6 } },
  { name: "L1", weights: { l1: 1e-5 } },
  { name: "L1 and ridge", weights: { l1: 1e-6, l2: 1e-6 } },
  { name: "hinges", weights: { l2: 1e-6, hinges: { knots: [0, 0.5, 2], weights: [1e-6, 1e-5, 1e-6] } } },
  { name: "hinges without L1", weights: { l2: 1e-7, hinges: { knots: [0.2, 1], weights: [1e-5, 1e-5] } } },
  { name: "group norm", weights: { l2: 1e-6, groupNorm: 1e-5 } },
  {
    name: "L1 and groups of columns",
    weights: { l1: 1e-6, l2: 1e-6, groupNorm: 1e-5 },
    columnGroups: (j) => Math.floor(j / 2),
  },
];

/** Solves to 1e-9, the last weights from those of a penalty ten times as strong if `warm`; at most 500 iterations. */
function solve(build: ReturnType<typeof kernels>, options: ObjectiveOptions, weights: ObjectiveWeights, warm = false) {
  using arena = new Arena(build);
  const objective = new Objective(arena, options);
  const solver = new Solver(arena, objective, { tolerance: 1e-9 });
  for (const factor of warm ? [10, 1] : [1]) {
    const { l1 = 0, l2 = 0 } = weights;
    objective.setWeights({ ...weights, l1: factor * l1, l2: factor * l2 });
    solver.start(factor === 1 && warm ? solver.theta : 0);
    while (solver.status === "running" && solver.iterations < 500) solver.step(1);
  }
  const { status, iterations, value } = solver;
  return { status, iterations, value, theta: arena.viewF64(solver.theta, objective.thetaCount).slice() };
}

function inColumnGroups(problem: Problem, of: ((j: number) => number) | undefined): Problem {
  if (!of) return problem;
  return { ...problem, columnGroups: Array.from({ length: problem.dataset.columns }, (_, j) => of(j)) };
}

const builds = { simd: kernels(), relaxed, scalar };

for (const { name, weights, columnGroups } of penalties) {
  // Where weights have kinks of their own these steps begin when they pay, otherwise after the 300th.
  const late = name === "ridge" || weights.groupNorm !== undefined;
  test(`separated rows, weak ${name}: what took thousands of iterations satisfies its optimality conditions soon${late ? " after the 300th" : ""}`, () => {
    let long = 0;
    for (const given of problems) {
      const problem = inColumnGroups(given, columnGroups);
      const { columns } = problem.dataset;
      const atNull = dataLoss(problem, new Float64Array(problem.outputs * (columns + 1))).gradient;
      const scale = Math.hypot(...atNull);
      const values = Object.values(builds).flatMap((build) => {
        if (!build) return [];
        return [false, true].map((warm) => {
          const { status, iterations, value, theta } = solve(build, { ...problem, precision: "f64" }, weights, warm);
          expect([status, iterations < 400]).toEqual(["converged", true]);
          if (iterations > 300) long++;
          const plain = minimumNormSubgradient(problem, weights, theta);
          expect(Math.hypot(...plain.subgradient)).toBeLessThan(1e-5 * scale);
          expect(Math.abs(plain.value / value - 1)).toBeLessThan(1e-9);
          // A constant column is an intercept that is penalized.
          for (let c = 0; c < problem.outputs; c++) expect(theta[c * columns + columns - 1]).toBe(0);
          return value;
        });
      });
      expect(Math.max(...values) / Math.min(...values)).toBeLessThan(1 + 1e-5);
    }
    expect(long > 0).toBe(late);
  });
}

test("many columns, L1: few are left, and their Newton steps soon cost less than iterations that take hundreds", () => {
  using arena = new Arena(kernels());
  const objective = new Objective(arena, { ...exampleProblem("logistic", 400, 3000, 3), precision: "f32" });
  const solver = new Solver(arena, objective, { tolerance: 1e-6 });
  for (const l1 of [0.15, 0.105, 0.075]) {
    objective.setWeights({ l1, l2: 1e-3 });
    solver.start(l1 === 0.15 ? 0 : solver.theta);
    while (solver.step(1) === "running");
    expect(solver.status).toBe("converged");
    expect(solver.passes).toBeLessThan(30); // 55, 111 and 253 without
  }
});

test("X in f32, dense and CSR, has the same minimizer", () => {
  for (const problem of problems) {
    const { rows, columns, x } = problem.dataset;
    const values = Float32Array.from(x.values);
    const indices = Int32Array.from({ length: rows * columns }, (_, e) => e % columns);
    const starts = Int32Array.from({ length: rows + 1 }, (_, i) => i * columns);
    for (const { name, weights } of penalties.slice(1, 6)) {
      const results = [
        { dataset: { rows, columns, x: { kind: "dense", values: Float64Array.from(values) } }, precision: "f64" },
        { dataset: { rows, columns, x: { kind: "dense", values } }, precision: "f32" },
        { dataset: { rows, columns, x: { kind: "csr", values, indices, starts } }, precision: "f32" },
      ] as const;
      const [wide, ...narrow] = results.map((of) => solve(kernels(), { ...problem, ...of }, weights));
      for (const { status, value } of narrow) {
        expect([name, status]).toEqual([name, "converged"]);
        expect(Math.abs(value / wide!.value - 1)).toBeLessThan(1e-5);
      }
    }
  }
});

test("how many iterations are asked for at once changes nothing", () => {
  const ends = [1, 7, 1000].map((many) => {
    using arena = new Arena(kernels());
    const objective = new Objective(arena, { ...problems[0]!, precision: "f64" });
    objective.setWeights({ l1: 1e-5 });
    const solver = new Solver(arena, objective, { tolerance: 1e-7 });
    solver.start(0);
    while (solver.step(many) === "running");
    return [solver.iterations, ...arena.viewF64(solver.theta, objective.thetaCount)];
  });
  expect(ends[0]![0]).toBeLessThan(400);
  expect(ends[1]).toEqual(ends[0]);
  expect(ends[2]).toEqual(ends[0]);
});

test("squared losses under a group norm, too", async () => {
  const { dataset } = separated("logistic", 40, 12, 2, 10, 3);
  const { values } = dataset.x;
  const y = Float64Array.from({ length: 40 }, (_, i) => values[12 * i]! - values[12 * i + 1]! + 0.1 * (i % 5));
  const train = data.dense({ x: values, columns: 12, y });
  const loss = { l2: 1e-7, groupNorm: 1e-7 };
  const { status, iterations } = await minimize({ model: "squared", train, loss, tolerance: 1e-8 });
  expect([status, iterations < 400]).toEqual(["converged", true]);
});

test("rows that are made on demand", async () => {
  const random = new Random(3);
  const y = Array.from({ length: 60 }, (_, i) => i % 3);
  const shades = y.map(() => random.normal());
  const x = Float64Array.from({ length: 60 * 16 }, (_, e) => {
    const [i, p] = [Math.floor(e / 16), e % 16];
    return 30 * shades[i]! + random.normal() + (p >> 2 === y[i] ? 1 : 0);
  });
  const train = data.dense({ x, columns: 16, y });
  const policy = { mirrored: mirror(), noisy: noise(0.1) };
  const shares = { original: 0.5, mirrored: 0.3, noisy: 0.2 };
  const weak = { l1: 1e-7, l2: 1e-9 };
  const loss = new LinearLoss(
    "logLoss",
    { ...augmentation(train, policy), l1: l1(), l2: l2() },
    { ...shares, ...weak },
  );
  const made = await minimize({ model: "softmax", train, loss, tolerance: 1e-8 });
  const copies = data.augment(train, policy);
  const weights = Float64Array.from(copies.groups!, (t) => Object.values(shares)[t]! / train.rows);
  const held = await minimize({ model: "softmax", train: { ...copies, weights }, loss: weak, tolerance: 1e-8 });
  for (const { status, iterations } of [made, held]) {
    expect([status, iterations < 400]).toEqual(["converged", true]);
  }
  expect(made.objective).toBeCloseTo(held.objective, 12);
});

/** Rows and columns enough for a step to take several pieces. */
const large = separated("logistic", 1000, 250, 2, 10, 1);

/** Solves with something `between` the steps, and says after which of them the solver was midway. */
function solveLarge(between: (arena: Arena<ReturnType<typeof kernels>>, objective: Objective, solver: Solver) => void) {
  using arena = new Arena(kernels());
  const objective = new Objective(arena, { ...large, precision: "f64" });
  objective.setWeights({ l1: 1e-5, l2: 1e-7 });
  const solver = new Solver(arena, objective, { tolerance: 1e-8 });
  solver.start(0);
  let pieces = 0;
  const now = () => [solver.iterations, solver.value, ...arena.viewF64(solver.theta, objective.thetaCount)];
  for (let before = now(); solver.step(1) === "running"; before = now()) {
    if (solver.midway) {
      pieces++;
      expect(now()).toEqual(before);
    }
    between(arena, objective, solver);
  }
  return { pieces, end: [solver.status, ...now()] };
}

test("a step takes pieces: between them the iterate is that before it, and others use the same rows", () => {
  const alone = solveLarge(() => {});
  expect(alone.end[0]).toBe("converged");
  expect(alone.pieces).toBeGreaterThan(5);
  let other: Solver | undefined;
  const together = solveLarge((arena, objective, solver) => {
    if (!solver.midway) return;
    if (other?.status !== "running") {
      other = new Solver(arena, objective, { tolerance: 1e-8 });
      other.start(0);
    }
    other.step(1);
    objective.scores(solver.theta, arena.shared(8 * 1000));
  });
  expect(together).toEqual(alone);
});

test("started again midway, a solver does not go on with that", () => {
  using arena = new Arena(kernels());
  const objective = new Objective(arena, { ...large, precision: "f64" });
  const [solver, fresh] = [1, 2].map(() => new Solver(arena, objective, { tolerance: 1e-8 })) as [Solver, Solver];
  objective.setWeights({ l1: 1e-5, l2: 1e-7 });
  solver.start(0);
  while (solver.step(1) === "running" && !solver.midway);
  expect(solver.midway).toBe(true);
  objective.setWeights({ l1: 1e-4 });
  for (const each of [solver, fresh]) {
    each.start(0);
    expect(each.midway).toBe(false);
    while (each.step(1) === "running");
    expect(each.status).toBe("converged");
  }
  expect(Math.abs(solver.value / fresh.value - 1)).toBeLessThan(1e-7);
});
