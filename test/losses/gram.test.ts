import { expect, test } from "vitest";
import { data, fitPath } from "../../src/index.ts";
import { Solver } from "../../src/inner/solver.ts";
import { Matrix } from "../../src/models/matrix.ts";
import { Objective, type ObjectiveOptions, type Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { relaxed, scalar } from "../reference/kernel-builds.ts";

/** Correlated columns around means far from 0, and targets that a tenth of them explains. */
function problem(rows: number, columns: number, weighted = false) {
  const random = new Random(rows + columns);
  const x = new Float64Array(rows * columns);
  const targets = new Float64Array(rows);
  const common = Float64Array.from({ length: rows }, () => random.normal());
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) x[i * columns + j] = Math.fround(30 * (j % 3) + common[i]! + random.normal());
    targets[i] = 1000 + x[i * columns]! - 2 * x[i * columns + columns - 1]! + random.normal();
  }
  const weights = Float64Array.from({ length: rows }, () => Math.floor(3 * random.uniform()));
  const dataset: Rows = { rows, columns, x: { kind: "dense", values: x }, ...(weighted ? { weights } : {}) };
  const theta = Float64Array.from({ length: columns + 1 }, () => random.normal());
  return { dataset, targets, theta };
}

/** Loss, φ and gradient by the rows, then by their second moments. */
function both(arena: Arena<ReturnType<typeof kernels>>, options: ObjectiveOptions, theta: Float64Array) {
  const objective = new Objective(arena, options);
  objective.setWeights({ groups: [2.5] });
  const at = arena.copy(theta);
  const out = arena.f64(theta.length);
  return [false, true].map((formed) => {
    if (formed) objective.gram.use();
    const before = objective.passes;
    const loss = objective.gradient(at, out, "f64");
    const passes = objective.passes - before;
    const gradient = arena.viewF64(out, theta.length).slice();
    return { loss, passes, gradient, losses: objective.groupLosses(), alone: objective.gradient(at, 0, "f64") };
  }) as [Taken, Taken];
}

interface Taken {
  readonly loss: number;
  readonly passes: number;
  readonly gradient: Float64Array;
  readonly losses: Float64Array;
  readonly alone: number;
}

function expectSame([rows, gram]: readonly [Taken, Taken]): void {
  const scale = Math.max(...rows.gradient.map(Math.abs));
  expect(gram.loss / rows.loss).toBeCloseTo(1, 9);
  expect(gram.alone).toBe(gram.loss);
  expect(gram.losses[0]! / rows.losses[0]!).toBeCloseTo(1, 9);
  for (const [i, value] of rows.gradient.entries()) expect((gram.gradient[i]! - value) / scale).toBeCloseTo(0, 9);
}

const sizes = [
  [4, 1],
  [33, 5],
  [97, 8],
  [256, 37],
  [1000, 129],
] as const;

test.each(sizes)(
  "second moments of %i rows of %i columns give the loss and the gradient of the rows",
  (rows, columns) => {
    for (const precision of ["f32", "f64"] as const) {
      for (const weighted of [false, true]) {
        for (const k of [kernels(), scalar, relaxed]) {
          if (!k) continue;
          const { dataset, targets, theta } = problem(rows, columns, weighted);
          const arena = new Arena(k);
          const taken = both(arena, { model: "squared", dataset, targets, outputs: 1, precision }, theta);
          expectSame(taken);
          expect(taken[1].passes).toBeCloseTo(columns / rows / 2, 12);
          arena.dispose();
        }
      }
    }
  },
);

test("rows of a fold are those around its gap", () => {
  const { dataset, targets, theta } = problem(200, 6);
  const arena = new Arena(kernels());
  const x = new Matrix(arena, dataset, 4).without(70, 110);
  const own = Float64Array.from([...targets.subarray(0, 70), ...targets.subarray(110)]);
  const options = { model: "squared", dataset: { ...dataset, rows: 160, x }, targets: own, outputs: 1 } as const;
  expectSame(both(arena, options, theta));
  arena.dispose();
});

test("they are of no use for other losses or several groups, and of less with fewer rows than columns", () => {
  const { dataset, targets } = problem(40, 10);
  const arena = new Arena(kernels());
  const passes = (options: Partial<ObjectiveOptions>) =>
    new Objective(arena, { model: "squared", dataset, targets, outputs: 1, ...options }).gram.passes;
  expect(passes({})).toBe(13 / 4);
  const groups = { map: Int32Array.from({ length: 40 }, (_, i) => i % 2), count: 2 };
  const few = { ...dataset, rows: 9 };
  const labels = targets.map((y) => Number(y > 1000));
  expect(passes({ dataset: few })).toBe(13);
  for (const options of [{ rowGroups: groups }, { model: "logistic", targets: labels } as const]) {
    expect(passes(options)).toBe(Number.POSITIVE_INFINITY);
  }
  arena.dispose();
});

test("of many solves, the first forms them where they cost little beside all of these", () => {
  const { dataset, targets } = problem(60, 10); // 13/4 passes
  for (const [solves, formed] of [
    [1, false],
    [2, true],
  ] as const) {
    const arena = new Arena(kernels());
    const objective = new Objective(arena, { model: "squared", dataset, targets, outputs: 1 });
    objective.setWeights({ groups: [1], l2: 0.1 });
    new Solver(arena, objective, { tolerance: 1e-6, solves }).start(0);
    expect(objective.gram.passes === Number.POSITIVE_INFINITY).toBe(formed);
    arena.dispose();
  }
});

test("a path of squared losses soon costs hardly any passes, and is that of sparse rows, which have no such matrix", async () => {
  const { dataset, targets } = problem(600, 40);
  const values = dataset.x.values as Float64Array;
  const dense = data.dense({ x: values, columns: 40, y: targets });
  const indices = Int32Array.from({ length: 600 * 40 }, (_, e) => e % 40);
  const starts = Int32Array.from({ length: 601 }, (_, i) => 40 * i);
  const sparse = data.sparse({ values, indices, starts, columns: 40, y: targets });
  const path = async (train: typeof dense) => {
    const found = [];
    for await (const fit of fitPath({ model: "squared", train, mix: 0.9, count: 30, tolerance: 1e-7 })) found.push(fit);
    return found;
  };
  const [byMoments, byRows] = await Promise.all([path(dense), path(sparse)]);
  const sum = (fits: readonly { readonly passes: number }[]) => fits.reduce((total, { passes }) => total + passes, 0);
  expect(sum(byMoments)).toBeLessThan(0.3 * sum(byRows));
  for (const [i, fit] of byMoments.entries()) {
    expect(fit.status).toBe("converged");
    expect(fit.objective / byRows[i]!.objective).toBeCloseTo(1, 6);
  }
});

test("more columns than rows: second moments serve what is left of a solve that takes long, and the next begins by the rows", () => {
  const { dataset, targets } = problem(30, 60);
  const arena = new Arena(kernels());
  const objective = new Objective(arena, { model: "squared", dataset, targets, outputs: 1, precision: "f64" });
  const solver = new Solver(arena, objective, { tolerance: 1e-10, solves: 100 });
  const used = () => objective.gram.passes === Number.POSITIVE_INFINITY;
  const solve = (l2: number, from: number) => {
    objective.setWeights({ l2 });
    solver.start(from);
    const before = used();
    while (solver.step(1) === "running");
    return [before, used(), solver.status];
  };
  expect(solve(1e-6, 0)).toEqual([false, true, "converged"]);
  const { passes } = objective;
  expect(solve(1e-7, 0)).toEqual([false, true, "converged"]);
  expect(solve(1e-7, solver.theta)).toEqual([false, false, "converged"]); // it is there already
  expect(passes).toBeGreaterThan(63);
  arena.dispose();
});

test("second moments of many rows are formed in pieces, before a solve or within it: the same bits as at once", () => {
  const [rows, columns] = [1500, 300];
  const { dataset, targets } = problem(rows, columns);
  /** Solves once a `solves`-th of them is due, and says how many pieces were formed before and within. */
  const solve = (solves: number, prepares: boolean) => {
    using arena = new Arena(kernels());
    const options = { model: "squared", dataset, targets, outputs: 1, precision: "f32" } as const;
    const objective = new Objective(arena, options);
    objective.setWeights({ l1: 0.01, l2: 1e-6 });
    const solver = new Solver(arena, objective, { tolerance: 1e-9, solves });
    const pieces = { before: 0, within: 0 };
    if (prepares) for (const _ of solver.prepare()) pieces.before++;
    solver.start(0);
    while (solver.step(1) === "running") {
      if (solver.midway && objective.gram.passes < Number.POSITIVE_INFINITY) pieces.within++;
    }
    const theta = arena.viewF64(solver.theta, objective.thetaCount);
    return { pieces, end: [solver.status, objective.passes, solver.iterations, ...theta] };
  };
  const [within, atOnce, prepared] = [solve(1, true), solve(1000, false), solve(1000, true)];
  expect(within.end[0]).toBe("converged");
  expect(within.pieces.before).toBe(0);
  expect(within.pieces.within).toBeGreaterThan(2);
  expect(atOnce.pieces).toEqual({ before: 0, within: 0 });
  expect(prepared.pieces.before).toBeGreaterThan(2);
  expect(prepared.end).toEqual(atOnce.end);
});
