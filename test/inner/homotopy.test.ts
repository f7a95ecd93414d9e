import { expect, test } from "vitest";
import { data, l1, fit as minimize, tune } from "../../src/index.ts";
import { Solver } from "../../src/inner/solver.ts";
import { Objective } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { relaxed, scalar } from "../reference/kernel-builds.ts";
import { DATA, KNOTS, type SquaredPenalty, squaredProblem, violation } from "../reference/squared-problem.ts";

const PATHS: Record<string, readonly SquaredPenalty[]> = {
  "L1, weaker and stronger": [0.1, 1e-3, 1e-5, 1e-4, 0.3].map((l1) => ({ l1, l2: 0, hinges: [0, 0] })),
  "L1 and a ridge that changes": [
    { l1: 1e-3, l2: 1e-2, hinges: [0, 0] },
    { l1: 1e-4, l2: 1e-3, hinges: [0, 0] },
    { l1: 1e-5, l2: 0, hinges: [0, 0] },
    { l1: 2e-5, l2: 1e-5, hinges: [0, 0] },
  ],
  "hinges, with and without each": [
    { l1: 1e-3, l2: 0, hinges: [1e-3, 0.1] },
    { l1: 1e-4, l2: 1e-6, hinges: [0, 0.1] },
    { l1: 1e-4, l2: 0, hinges: [1e-2, 0] },
    { l1: 1e-2, l2: 1e-4, hinges: [1e-5, 1e-5] },
  ],
};

test.each(Object.keys(PATHS))(
  "with fewer rows than columns, solves one after the other under %s satisfy the optimality conditions",
  (name) => {
    for (const build of [kernels(), relaxed, scalar]) {
      if (!build) continue;
      for (const [rows, columns] of [
        [12, 12],
        [30, 150],
        [70, 90],
      ] as const) {
        const posed = squaredProblem(rows, columns);
        using arena = new Arena(build);
        const objective = new Objective(arena, { model: "squared", ...posed, outputs: 1, precision: "f64" });
        const solver = new Solver(arena, objective, { tolerance: 1e-9 });
        for (const [i, { l1, l2, hinges }] of PATHS[name]!.entries()) {
          objective.setWeights({ groups: [DATA], l1, l2, hinges: { knots: KNOTS, weights: hinges } });
          solver.start(i === 0 ? 0 : solver.theta);
          for (let k = 0; k < 10000 && solver.status === "running"; k++) solver.step(1);
          expect(solver.status).toBe("converged");
          const theta = arena.viewF64(solver.theta, columns + 1).slice();
          expect(violation(posed, PATHS[name]![i]!, theta)).toBeLessThan(1e-8);
          expect(theta[columns - 1]).toBe(0);
        }
      }
    }
  },
);

/** Rows of a linear model with 10 weights, and noise. */
function sparseTruth(rows: number, columns: number, seed: number, value = (random: Random) => random.normal()) {
  const random = new Random(seed, 7);
  const truth = Array.from({ length: columns }, (_, j) => (j < 10 ? random.normal() : 0));
  const x = Array.from({ length: rows }, () => Array.from({ length: columns }, () => value(random)));
  const y = x.map((row) => row.reduce((sum, v, j) => sum + v * truth[j]!, 0.5 * random.normal()));
  return data.dense({ x, y });
}

test("a path to a penalty that is a little weaker begins where the last one ended", () => {
  const spent = [...Array(4).keys()].map((seed) => {
    const { x, y } = sparseTruth(60, 240, seed);
    const dataset = { rows: 60, columns: 240, x };
    using arena = new Arena(kernels());
    const passes = (solver: Solver, l1: number, from: number) => {
      objective.setWeights({ groups: [1], l1 });
      const before = objective.passes;
      solver.start(from);
      while (solver.step(1) === "running");
      expect(solver.status).toBe("converged");
      return objective.passes - before;
    };
    const targets = Float64Array.from(y as ArrayLike<number>);
    const objective = new Objective(arena, { model: "squared", dataset, targets, outputs: 1, precision: "f64" });
    const [first, other] = [0, 1].map(() => new Solver(arena, objective, { tolerance: 1e-9 }));
    passes(first!, 1e-3, 0);
    const after = passes(first!, 0.9e-3, first!.theta);
    return { after, alone: passes(other!, 0.9e-3, 0) };
  });
  // 21 of 88 to 118.
  for (const { after, alone } of spent) expect(after).toBeLessThan(0.5 * alone);
});

test("a weak L1 takes a few looks at the data per row, and none of its minimizers is nearly one", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const train = sparseTruth(60, 240, seed);
    for (const l1 of [1e-2, 1e-3, 1e-4]) {
      const [exact, rough] = [
        await minimize({ model: "squared", train, loss: { l1 }, tolerance: 1e-9 }),
        await minimize({ model: "squared", train, loss: { l1 }, tolerance: 1e-4 }),
      ];
      // 500 to 1500 passes without a path, and up to 36 % above the minimum at a residual of 1e-4.
      expect(exact.passes).toBeLessThan(240);
      expect(rough.objective / exact.objective - 1).toBeLessThan(1e-4);
      expect(exact.nonzeros).toBeLessThan(60);
    }
  }
});

test("columns that are the same, or of few values, change places for no longer than others", async () => {
  for (const [seed, value] of [
    [1, (random: Random) => random.below(2)],
    [2, (random: Random) => random.below(3) - 1],
    [3, (random: Random) => (random.below(4) === 0 ? 1 : 0)],
  ] as const) {
    const single = sparseTruth(40, 100, seed, value);
    const { values } = single.x as { readonly values: Float64Array };
    const x = Array.from({ length: 40 }, (_, i) => {
      const row = Array.from(values.subarray(100 * i, 100 * (i + 1)));
      return [...row, ...row.slice(0, 50)];
    });
    const twice = data.dense({ x, y: single.y });
    for (const l1 of [1e-2, 1e-5]) {
      const [once, doubled] = [
        await minimize({ model: "squared", train: single, loss: { l1 }, tolerance: 1e-8 }),
        await minimize({ model: "squared", train: twice, loss: { l1 }, tolerance: 1e-8 }),
      ];
      expect(doubled.status).toBe("converged");
      expect(doubled.objective / once.objective).toBeCloseTo(1, 7);
      expect(doubled.passes).toBeLessThan(400);
    }
  }
});

test("dense and sparse, f32 and f64, rows twice and rows of double weight: the same minimizer", async () => {
  const dense = sparseTruth(30, 80, 5, (random) => Math.fround(random.below(3) * random.normal()));
  const { values } = dense.x as { readonly values: Float64Array };
  const cells = Array.from(values, (value, e) => ({ value, column: e % 80, row: Math.floor(e / 80) })).filter(
    ({ value }) => value !== 0,
  );
  const starts = Int32Array.from({ length: 31 }, (_, i) => cells.filter(({ row }) => row < i).length);
  const sparse = data.sparse({
    values: Float64Array.from(cells, ({ value }) => value),
    indices: Int32Array.from(cells, ({ column }) => column),
    starts,
    columns: 80,
    y: dense.y,
  });
  const twice = data.dense({
    x: Array.from({ length: 60 }, (_, i) => Array.from(values.subarray(80 * (i % 30), 80 * ((i % 30) + 1)))),
    y: Array.from({ length: 60 }, (_, i) => dense.y[i % 30] as number),
  });
  const weighted = { ...dense, weights: new Float64Array(30).fill(2) };
  const options = { model: "squared", loss: { l1: 1e-4 }, tolerance: 1e-9 } as const;
  const reference = await minimize({ ...options, train: dense, precision: "f64" });
  for (const [train, precision] of [
    [dense, "f32"],
    [sparse, "f64"],
    [sparse, "f32"],
    [weighted, "f64"],
    [twice, "f64"],
  ] as const) {
    const { objective, model } = await minimize({ ...options, train, precision });
    expect(objective / reference.objective).toBeCloseTo(1, 6);
    const most = Math.max(...model.coefficients.map((w, j) => Math.abs(w - reference.model.coefficients[j]!)));
    expect(most).toBeLessThan(1e-4);
  }
});

test("how many iterations are asked for at once changes nothing", () => {
  const posed = squaredProblem(50, 200);
  const ends = [1, 7, 1000].map((many) => {
    using arena = new Arena(kernels());
    const objective = new Objective(arena, { model: "squared", ...posed, outputs: 1, precision: "f32" });
    objective.setWeights({ groups: [1], l1: 1e-4 });
    const solver = new Solver(arena, objective, { tolerance: 1e-8 });
    solver.start(0);
    while (solver.step(many) === "running");
    return [solver.iterations, ...arena.viewF64(solver.theta, objective.thetaCount)];
  });
  expect(ends[1]).toEqual(ends[0]);
  expect(ends[2]).toEqual(ends[0]);
});

test("the error of a tuning is that of the minimizer of its loss", async () => {
  for (let seed = 0; seed < 3; seed++) {
    const random = new Random(seed, 31);
    const truth = Array.from({ length: 60 }, () => random.normal());
    const made = (rows: number) => {
      const x = Array.from({ length: rows }, () => truth.map(() => random.normal()));
      return data.dense({
        x,
        y: x.map((row) => row.reduce((sum, v, j) => sum + v * truth[j]!, 0.3 * random.normal())),
      });
    };
    const [train, validation] = [made(40), made(100)];
    const { error, loss } = await tune({ model: "squared", train, validation, features: { l1: l1() } });
    const { model } = await minimize({ model: "squared", train, loss, tolerance: 1e-9 });
    // Up to 77 % apart when trainings ended at a residual of 1e-4.
    expect(error / model.error(validation)).toBeCloseTo(1, 2);
  }
});

test("rows of weight 0 change nothing: as many of them again as count, and more in all than columns", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const x = Array.from({ length: 40 }, () => Array.from({ length: 30 }, () => random.normal()));
    const y = x.map((row) => row[0]! + row[1]! + random.normal());
    const some = data.dense({ x: x.slice(0, 20), y: y.slice(0, 20) });
    const all = data.dense({ x, y, weights: y.map((_, i) => Number(i < 20)) });
    const least = await minimize({ model: "squared", train: some, loss: { l1: 1e-3 }, tolerance: 1e-10 });
    const found = await minimize({
      model: "squared",
      train: all,
      loss: { l1: 1e-3 },
      tolerance: 1e-4,
      precision: "f64",
    });
    expect(found.status).toBe("converged");
    expect(found.objective / least.objective).toBeLessThan(1 + 1e-4);
  }
});
