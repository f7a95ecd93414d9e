import { expect, test } from "vitest";
import { Solver } from "../../src/inner/solver.ts";
import { Objective, type ObjectiveOptions, type ObjectiveWeights } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, kinds, type Problem, penaltyCases } from "../reference/example-problem.ts";
import { minimumNormSubgradient } from "../reference/loss.ts";

for (const model of kinds) {
  for (const penalty of penaltyCases) {
    test(`${model}, ${penalty.name}: the result satisfies the optimality conditions`, () => {
      const { columnGroups } = penalty;
      const problem = { ...exampleProblem(model, 60, 7, 3), ...(columnGroups ? { columnGroups } : {}) };
      const arena = new Arena(kernels());
      const objective = new Objective(arena, { ...problem, precision: "f64" });
      objective.setWeights(penalty.weights);
      const solver = new Solver(arena, objective, { tolerance: 1e-9 });
      solver.start(0);
      for (let i = 0; i < 500 && solver.status === "running"; i++) solver.step(10);
      expect(solver.status).toBe("converged");
      const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
      const { value, subgradient } = minimumNormSubgradient(problem, penalty.weights, theta);
      expect(Math.max(...subgradient.map(Math.abs))).toBeLessThan(1e-7);
      expect(Math.abs(value - solver.value)).toBeLessThan(1e-11 * Math.abs(value));
      arena.dispose();
    });
  }
}

/** Solves from the null model; what is left of the subgradient over that at the null model, in plain arithmetic. */
function solve(problem: ObjectiveOptions, weights: ObjectiveWeights, tolerance: number) {
  const arena = new Arena(kernels());
  const objective = new Objective(arena, problem);
  objective.setWeights(weights);
  const solver = new Solver(arena, objective, { tolerance });
  solver.start(0);
  while (solver.step(10) === "running");
  const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
  const { status, value, passes, residual } = solver;
  arena.dispose();
  return { status, value, passes, residual, theta };
}

test.each([30, 3000, 1e8])("a start whose intercept is off by %s costs no more than the null model does", (far) => {
  for (const model of ["softmax", "logistic"] as const) {
    for (const { name, weights, columnGroups } of penaltyCases) {
      const problem = { ...exampleProblem(model, 60, 7, 3), ...(columnGroups ? { columnGroups } : {}) };
      const known = solve({ ...problem, precision: "f64" }, weights, 1e-8);
      using arena = new Arena(kernels());
      const objective = new Objective(arena, { ...problem, precision: "f64" });
      objective.setWeights(weights);
      const solver = new Solver(arena, objective, { tolerance: 1e-8 });
      solver.start(arena.copy(known.theta.map((w, i) => (i === known.theta.length - 1 ? w + far : w))));
      while (solver.step(10) === "running" && solver.iterations < 1000);
      expect([name, solver.status]).toEqual([name, "converged"]);
      expect(solver.value).toBeCloseTo(known.value, 8);
      expect(solver.passes).toBeLessThan(known.passes + 2.001);
    }
  }
});

/** X as f32 holds it, in dense and in CSR form. */
function inSingle(problem: Problem): readonly Problem[] {
  const { dataset } = problem;
  const values = Float32Array.from(dataset.x.values);
  const single = { ...dataset, x: { ...dataset.x, values } };
  const options = { ...problem, dataset: single, precision: "f32" as const };
  if (dataset.x.kind === "csr") return [options];
  const { rows, columns } = dataset;
  const indices = Int32Array.from({ length: rows * columns }, (_, e) => e % columns);
  const starts = Int32Array.from({ length: rows + 1 }, (_, i) => i * columns);
  return [options, { ...options, dataset: { ...single, x: { kind: "csr", values, indices, starts } } }];
}

for (const model of kinds) {
  test(`${model}: X in f32 reaches 1e-8, under every penalty, dense and CSR, and the same minimum`, () => {
    for (const { name, weights } of penaltyCases) {
      const given = exampleProblem(model, 60, 7, 3);
      for (const problem of inSingle(given)) {
        const { status, theta, residual } = solve(problem, weights, 1e-8);
        expect([name, status]).toEqual([name, "converged"]);
        expect(residual).toBeLessThan(1e-8);
        const { subgradient } = minimumNormSubgradient(problem, weights, theta);
        expect(Math.max(...subgradient.map(Math.abs))).toBeLessThan(1e-6);
      }
    }
  });

  test(`${model}: columns in units of 1e-6 to 1e6 cost about as many passes as in units of 1`, () => {
    const problem = { ...exampleProblem(model, 60, 7, 3), precision: "f64" as const };
    const { values } = problem.dataset.x as { values: Float64Array };
    const scaled = {
      ...problem,
      dataset: {
        ...problem.dataset,
        x: { kind: "dense" as const, values: values.map((x, e) => x * 10 ** (2 * ((e % 7) - 3))) },
      },
    };
    // Without a penalty the minimum is the same in any units; softmax is held by its intercepts' redundancy alone.
    const weights = model === "softmax" ? { l2: 1e-300 } : {};
    const plain = solve(problem, weights, 1e-6);
    const other = solve(scaled, weights, 1e-6);
    expect(other.value).toBeCloseTo(plain.value, 6);
    expect(other.passes).toBeLessThan(2.5 * plain.passes + 10);
  });
}

/** The same with other columns: X times a matrix of `columns` rows, given as what each new column is made of. */
function withColumns(problem: Problem, of: readonly (readonly [j: number, factor: number])[]): Problem {
  const { rows, columns, x } = problem.dataset;
  const values = Float64Array.from({ length: rows * of.length }, (_, e) => {
    const [j, factor] = of[e % of.length]!;
    return factor * x.values[Math.floor(e / of.length) * columns + j]!;
  });
  return { ...problem, dataset: { rows, columns: of.length, x: { kind: "dense", values } } };
}

for (const model of kinds) {
  test(`${model}: every column many times, a ridge as many times as strong: as many passes, to the same scores`, () => {
    const problem = { ...exampleProblem(model, 60, 7, 3), precision: "f64" as const };
    const copies = 64;
    const many = {
      ...withColumns(
        problem,
        Array.from({ length: 7 * copies }, (_, i) => [i % 7, 1]),
      ),
      precision: "f64" as const,
    };
    const once = solve(problem, { l2: 1e-2 }, 1e-6);
    const often = solve(many, { l2: 1e-2 * copies }, 1e-6);
    expect(often.value).toBeCloseTo(once.value, 9);
    // What the columns have in common says nothing of the intercept, which is there once; their bound is found by a few tries.
    expect(often.passes).toBeLessThan(1.3 * once.passes + 5);
  });

  test(`${model}: without a penalty, X in units of powers of 2 has the same iterates, bit for bit`, () => {
    const problem = exampleProblem(model, 60, 7, 3);
    const iterates = (given: Problem, unit: number) => {
      using arena = new Arena(kernels());
      // Two groups of rows: of one, second moments would be known soon.
      const rowGroups = { map: Int32Array.from({ length: 60 }, (_, i) => i % 2), count: 2 };
      const objective = new Objective(arena, { ...given, rowGroups, precision: "f64" });
      const solver = new Solver(arena, objective, { tolerance: 1e-15 });
      solver.start(0);
      return Array.from({ length: 12 }, () => {
        solver.step(1);
        const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
        return [solver.value, ...theta.map((w, i) => (i < 7 * given.outputs ? w * unit : w))];
      });
    };
    for (const unit of [2 ** -100, 2 ** 9]) {
      const all = Array.from({ length: 7 }, (_, j): [number, number] => [j, unit]);
      expect(iterates(withColumns(problem, all), unit)).toEqual(iterates(problem, 1));
    }
  });
}

for (const model of kinds) {
  // In coordinate descent's f32, too: its numbers have no units.
  test(`${model}: under kinks, X in units of powers of 2 has the same iterates, bit for bit`, () => {
    const problem = exampleProblem(model, 60, 9, 3);
    const iterates = (unit: number, weights: ObjectiveWeights) => {
      using arena = new Arena(kernels());
      const all = Array.from({ length: 9 }, (_, j): [number, number] => [j, unit]);
      const objective = new Objective(arena, { ...withColumns(problem, all), precision: "f64" });
      objective.setWeights(weights);
      const solver = new Solver(arena, objective, { tolerance: 1e-15 });
      solver.start(0);
      return Array.from({ length: 12 }, () => {
        solver.step(1);
        const theta = arena.viewF64(solver.theta, objective.thetaCount).slice();
        return [solver.value, ...theta.map((w, i) => (i < 9 * problem.outputs ? w * unit : w))];
      });
    };
    for (const unit of [2 ** -100, 2 ** 100]) {
      for (const [l1, l2, groupNorm] of [
        [0.01, 0, 0],
        [0.002, 0.01, 0.004],
      ] as const) {
        const there = { l1: l1 * unit, l2: l2 * unit ** 2, groupNorm: groupNorm * unit };
        expect(iterates(unit, there)).toEqual(iterates(1, { l1, l2, groupNorm }));
      }
    }
  });
}

for (const { name, weights } of penaltyCases.filter(({ columnGroups }) => !columnGroups)) {
  test(`${name}: nearly separated classes, columns of all scales: a small gradient alone does not end it`, () => {
    const random = new Random(2);
    const plain = exampleProblem("logistic", 80, 40, 2);
    const problem = {
      ...withColumns(
        plain,
        Array.from({ length: 40 }, (_, j) => [j, 2 ** (20 * random.uniform() - 10)]),
      ),
      precision: "f64" as const,
    };
    const { l1 = 0, l2 = 0, groupNorm = 0 } = weights;
    const weak = { ...weights, l1: 0.01 * l1, l2: 0.01 * l2, groupNorm: 0.01 * groupNorm };
    const loose = solve(problem, weak, 1e-4);
    const best = solve(problem, weak, 1e-9);
    expect(loose.status).toBe("converged");
    expect(loose.residual).toBeLessThan(1e-4);
    expect(loose.value).toBeLessThan(1.1 * best.value);
  });
}

test("a column given twice shares its weight, and costs no more", () => {
  const problem = exampleProblem("softmax", 60, 7, 3);
  const { values } = problem.dataset.x as { values: Float64Array };
  const twice = Float64Array.from({ length: 60 * 8 }, (_, e) => values[Math.floor(e / 8) * 7 + Math.min(e % 8, 6)]!);
  const dataset = { ...problem.dataset, columns: 8, x: { kind: "dense" as const, values: twice } };
  const once = solve({ ...problem, precision: "f64" }, { l2: 0.01 }, 1e-9);
  const double = solve({ ...problem, dataset, precision: "f64" }, { l2: 0.01 }, 1e-9);
  expect(double.status).toBe("converged");
  for (let c = 0; c < 3; c++) expect(double.theta[c * 8 + 6]!).toBeCloseTo(double.theta[c * 8 + 7]!, 7);
  expect(double.value).toBeLessThanOrEqual(once.value);
  expect(double.passes).toBeLessThan(2 * once.passes);
});

test("separable classes without a penalty: unbounded, said so", () => {
  const rows = 40;
  const values = Float64Array.from({ length: rows * 2 }, (_, e) => (e % 2 === 0 ? (e % 4 === 0 ? 1 : -1) : e / rows));
  const targets = Float64Array.from({ length: rows }, (_, i) => i % 2);
  for (const model of ["softmax", "logistic"] as const) {
    for (const precision of ["f32", "f64"] as const) {
      const dataset = { rows, columns: 2, x: { kind: "dense" as const, values } };
      const problem = { model, dataset, targets, outputs: model === "softmax" ? 2 : 1, precision };
      const { status, passes } = solve(problem, {}, 1e-8);
      expect(status).toBe("unbounded");
      expect(passes).toBeLessThan(100);
    }
  }
});

test("slow progress is no stall: degree-2 columns, 3 % apart, go on to 1e-8", () => {
  const problem = exampleProblem("squared", 60, 7, 3);
  const { values } = problem.dataset.x as { values: Float64Array };
  const near = Float64Array.from({ length: 60 * 14 }, (_, e) => {
    const [i, j] = [Math.floor(e / 14), e % 14];
    const x = values[i * 7 + (j % 7)]!;
    return j < 7 ? x : x + 0.03 * x * x;
  });
  const dataset = { ...problem.dataset, columns: 14, x: { kind: "dense" as const, values: near } };
  for (const precision of ["f32", "f64"] as const) {
    expect(solve({ ...problem, dataset, precision }, { l2: 1e-7 }, 1e-8).status).toBe("converged");
  }
});

test("a contingency table row by row, whose equal rows are rounded alike, is solved to 1e-8 as any other", () => {
  // UC Berkeley's admissions in 1973 by sex, in six departments.
  const admitted = [512, 89, 353, 17, 120, 202, 138, 131, 53, 94, 22, 24];
  const rejected = [313, 19, 207, 8, 205, 391, 279, 244, 138, 299, 351, 317];
  const labels: number[] = [];
  const x: number[] = [];
  for (let kind = 0; kind < 12; kind++) {
    for (const [label, counts] of [admitted, rejected].entries()) {
      for (let i = 0; i < counts[kind]!; i++) {
        labels.push(label);
        x.push(kind % 2, ...[1, 2, 3, 4, 5].map((department) => (kind >> 1 === department ? 1 : 0)));
      }
    }
  }
  const values = Float64Array.from(x);
  const dataset = { rows: labels.length, columns: 6, x: { kind: "dense", values } as const };
  const targets = Float64Array.from(labels);
  const problem = { model: "logistic", dataset, targets, outputs: 1, precision: "f64" } as const;
  for (let i = 0; i < 20; i++) {
    const weights = { l1: 10 ** (-5 + (i % 5)), l2: 10 ** (-5 + i / 5) };
    const { status, passes } = solve(problem, weights, 1e-8);
    expect(status).toBe("converged");
    expect(passes).toBeLessThan(60);
  }
});

test("where rows cease to count, or begin to, what was learned of their curvature is forgotten: a solve takes no longer than a new solver's", () => {
  // The columns of the second half of the rows are in other units.
  const wide = (problem: Problem): Problem => {
    const values = Float64Array.from(problem.dataset.x.values, (x, e) => (e < 150 * 20 ? x : 30 * x));
    return { ...problem, dataset: { ...problem.dataset, x: { kind: "dense", values } } };
  };
  for (let seed = 1; seed <= 4; seed++) {
    using arena = new Arena(kernels());
    const rowGroups = { count: 2, map: Int32Array.from({ length: 300 }, (_, i) => (i < 150 ? 0 : 1)) };
    const problem = wide(exampleProblem("squared", 300, 20, 1, seed));
    const objective = new Objective(arena, { ...problem, rowGroups, precision: "f64" });
    const warm = new Solver(arena, objective, { tolerance: 1e-6 });
    const spent = (solver: Solver, from: number) => {
      const before = objective.passes;
      solver.start(from);
      while (solver.step(10) === "running");
      expect(solver.status).toBe("converged");
      return objective.passes - before;
    };
    objective.setWeights({ l2: 1e-3, groups: [1, 1] });
    spent(warm, 0);
    for (const groups of [
      [1, 0],
      [0, 1],
      [1, 1],
    ]) {
      objective.setWeights({ l2: 1e-3, groups });
      const theta = arena.copy(arena.viewF64(warm.theta, objective.thetaCount).slice());
      const after = spent(warm, warm.theta);
      const anew = spent(new Solver(arena, objective, { tolerance: 1e-6 }), theta);
      // 9 or 10 passes of the first half alone, 15 with what was learned of both.
      expect(after).toBeLessThan(anew + 1);
    }
  }
});
