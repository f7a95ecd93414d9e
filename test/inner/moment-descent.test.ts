import { expect, test } from "vitest";
import { data, fit as minimize } from "../../src/index.ts";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { relaxed, scalar } from "../reference/kernel-builds.ts";
import { DATA, KNOTS, squaredProblem, violation } from "../reference/squared-problem.ts";

const PENALTIES = {
  ridge: { l1: 0, l2: 1e-3, hinges: [0, 0] },
  "weak ridge": { l1: 0, l2: 1e-7, hinges: [0, 0] },
  "weak L1": { l1: 1e-6, l2: 1e-7, hinges: [0, 0] },
  L1: { l1: 0.05, l2: 0, hinges: [0, 0] },
  "L1 and L2": { l1: 0.02, l2: 0.01, hinges: [0, 0] },
  hinges: { l1: 0.01, l2: 1e-6, hinges: [0.03, 0.2] },
  "hinges without L1": { l1: 0, l2: 1e-6, hinges: [0.3, 0] },
} as const;

const builds = { simd: kernels(), relaxed, scalar };

test.each(Object.keys(PENALTIES) as (keyof typeof PENALTIES)[])(
  "by second moments the minimizer under %s satisfies its optimality conditions to rounding, from nothing and from another",
  (name) => {
    const { l1, l2, hinges } = PENALTIES[name];
    const own = { groups: [DATA], l2, hinges: { knots: KNOTS, weights: hinges } };
    for (const build of Object.values(builds)) {
      if (!build) continue;
      for (const [rows, columns] of [
        [60, 5],
        [90, 41],
        [400, 130],
      ] as const) {
        const posed = squaredProblem(rows, columns);
        const arena = new Arena(build);
        const objective = new Objective(arena, { model: "squared", ...posed, outputs: 1, precision: "f64" });
        objective.setWeights({ ...own, l1: 10 * l1 });
        objective.gram.use();
        const solver = new Solver(arena, objective, { tolerance: 1e-11 });
        const solve = (from: number) => {
          solver.start(from);
          for (let i = 0; i < 40 && solver.status === "running"; i++) solver.step(1);
          expect(solver.status).toBe("converged");
          return arena.viewF64(solver.theta, columns + 1).slice();
        };
        solve(0);
        objective.setWeights({ ...own, l1 });
        for (const theta of [solve(solver.theta), solve(0)]) {
          expect(violation(posed, PENALTIES[name], theta)).toBeLessThan(1e-10);
          expect(theta[columns - 1]).toBe(0);
        }
        arena.dispose();
      }
    }
  },
);

test("a fit that takes long forms second moments on its way, ends in a few steps more, and finds what L-BFGS would", async () => {
  const { dataset, targets } = squaredProblem(300, 60, 30);
  const train = data.dense({ x: (dataset.x as { values: Float64Array }).values, columns: 60, y: targets });
  const loss = { l1: 1e-5, l2: 1e-6 };
  const fitted = await minimize({ model: "squared", train, loss, tolerance: 1e-9 });
  expect(fitted.status).toBe("converged");
  // 63/4 passes until then, as many for the moments, and what sweeps and factors take.
  expect(fitted.passes).toBeLessThan(150);
  const indices = Int32Array.from({ length: 300 * 60 }, (_, e) => e % 60);
  const starts = Int32Array.from({ length: 301 }, (_, i) => 60 * i);
  const { values } = train.x as { readonly values: Float64Array };
  const sparse = data.sparse({ values, indices, starts, columns: 60, y: targets }); // no second moments
  const byRows = await minimize({ model: "squared", train: sparse, loss, tolerance: 1e-7, iterations: 100000 });
  expect(byRows.passes).toBeGreaterThan(fitted.passes);
  expect(fitted.objective / byRows.objective).toBeLessThan(1 + 1e-9);
  expect(fitted.objective / byRows.objective).toBeGreaterThan(1 - 1e-4);
});

test("fits of fewer rows than columns end, too, where L-BFGS would run out of iterations", async () => {
  const { dataset, targets } = squaredProblem(60, 150);
  const train = data.dense({ x: (dataset.x as { values: Float64Array }).values, columns: 150, y: targets });
  for (const loss of [
    { l1: 1e-4, l2: 1e-3 },
    { l1: 1e-2, l2: 1e-4 },
    { l1: 0.1, l2: 1e-6 },
    { l1: 1e-3, l2: 0 },
  ]) {
    const { status, residual } = await minimize({ model: "squared", train, loss, tolerance: 1e-9 });
    expect([status, residual < 1e-9]).toEqual(["converged", true]);
  }
});

test("columns in other units have the same minimizer", () => {
  const posed = squaredProblem(120, 20);
  const { values } = posed.dataset.x as { readonly values: Float64Array };
  const unit = (j: number) => 2 ** (3 * (j % 7) - 9);
  const scaled = { ...posed.dataset, x: { kind: "dense", values: values.map((v, e) => v * unit(e % 20)) } } as Rows;
  const [here, there] = [posed.dataset, scaled].map((dataset) => {
    const arena = new Arena(kernels());
    const objective = new Objective(arena, { ...posed, model: "squared", dataset, outputs: 1, precision: "f64" });
    objective.gram.use();
    const solver = new Solver(arena, objective, { tolerance: 1e-12 });
    solver.start(0);
    for (let i = 0; i < 60 && solver.status === "running"; i++) solver.step(1);
    const { value } = solver;
    arena.dispose();
    return value;
  });
  expect(there! / here!).toBeCloseTo(1, 9);
});

test("weights between their kinks are solved for in a few steps, however the columns go together", () => {
  const { dataset, targets } = squaredProblem(200, 20, 1000);
  const arena = new Arena(kernels());
  const objective = new Objective(arena, { model: "squared", dataset, targets, outputs: 1, precision: "f64" });
  objective.setWeights({ groups: [1], l2: 1e-8 });
  objective.gram.use();
  const before = objective.passes;
  const solver = new Solver(arena, objective, { tolerance: 1e-8 });
  solver.start(0);
  expect(solver.step(12)).toBe("converged");
  expect(objective.passes - before).toBeLessThan(6);
  arena.dispose();
});

test("a ridge with no more rows than columns, which do not see all directions: the minimizer, however weak it is", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed, 23);
    const rows = 10 + random.below(25);
    const columns = rows + random.below(rows);
    const l2 = 10 ** (-8 * random.uniform());
    const x = Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()));
    const truth = Array.from({ length: columns }, () => random.normal());
    const y = x.map((row) => row.reduce((sum, value, j) => sum + value * truth[j]!, (seed % 3) * random.normal()));
    for (const tolerance of [1e-4, 1e-6]) {
      const options = { model: "squared", train: data.dense({ x, y }), loss: { l2 }, tolerance } as const;
      const { objective, status } = await minimize({ ...options, precision: "f64" });
      expect(status).toBe("converged");
      expect(objective / ridgeMinimum(x, y, l2) - 1).toBeLessThan(10 * tolerance);
    }
  }
});

/** min ½·mean (y − b − Xw)² + ½·l2·‖w‖² = ½·l2·yᵀ(XXᵀ + n·l2·I)⁻¹y of what is centred. */
function ridgeMinimum(x: readonly (readonly number[])[], y: readonly number[], l2: number): number {
  const n = y.length;
  const centred = (values: readonly number[]) => values.map((value) => value - values.reduce((a, b) => a + b) / n);
  const byColumn = x[0]!.map((_, j) => centred(x.map((row) => row[j]!)));
  const target = centred(y);
  const system = target.map((value, i) => [
    ...target.map((_, k) => byColumn.reduce((sum, column) => sum + column[i]! * column[k]!, i === k ? n * l2 : 0)),
    value,
  ]);
  for (const [i, row] of system.entries()) {
    for (const other of system.slice(i + 1)) {
      const factor = other[i]! / row[i]!;
      for (let k = i; k <= n; k++) other[k]! -= factor * row[k]!;
    }
  }
  const solution = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const rest = solution.reduce((sum, value, k) => (k > i ? sum + system[i]![k]! * value : sum), 0);
    solution[i] = (system[i]![n]! - rest) / system[i]![i]!;
  }
  return 0.5 * l2 * solution.reduce((sum, value, i) => sum + value * target[i]!, 0);
}
