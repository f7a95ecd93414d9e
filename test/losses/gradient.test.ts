import { expect, test } from "vitest";
import type { ModelKind } from "../../src/models/model-kind.ts";
import { Objective, type ObjectiveOptions, type Rows } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { type Kernels, kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, kinds, type Problem } from "../reference/example-problem.ts";
import { relaxed, scalar } from "../reference/kernel-builds.ts";
import { dataLoss } from "../reference/loss.ts";

/** Rows around the tile of 4 and the block of 32, columns around 1, 2 and 4 vectors, classes in all sums of tiles. */
const sizes: readonly (readonly [rows: number, columns: number, classes: number])[] = [
  [3, 1, 2],
  [4, 2, 3],
  [5, 3, 10],
  [31, 7, 4],
  [32, 16, 5],
  [33, 17, 26],
  [61, 8, 2],
  [97, 35, 3],
  [70, 64, 10],
  [40, 13, 100],
  [33, 21, 6],
  [34, 22, 7],
  [35, 23, 8],
  [36, 24, 9],
  [289, 19, 12],
];

const outputsOf = (model: ModelKind, classes: number): number => (model === "softmax" ? classes : 1);

function randomTheta(length: number, seed = 3, size = 0.5): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length }, () => size * (2 * random.uniform() - 1));
}

function evaluate(
  options: ObjectiveOptions,
  theta: Float64Array,
  weights: { groups?: number[]; uniform?: number } = {},
  k: Kernels = kernels(),
): { loss: number; gradient: Float64Array; losses: Float64Array; scores: Float64Array } {
  const arena = new Arena(k);
  const objective = new Objective(arena, options);
  objective.setWeights(weights);
  const at = arena.copy(theta);
  const out = arena.f64(theta.length);
  const z = arena.f64(options.outputs * options.dataset.rows);
  const loss = objective.gradient(at, out);
  objective.scores(at, z);
  const gradient = arena.viewF64(out, theta.length).slice();
  const scores = arena.viewF64(z, options.outputs * options.dataset.rows).slice();
  const losses = objective.groupLosses();
  arena.dispose();
  return { loss, gradient, losses, scores };
}

/** Largest difference, relative to the largest entry. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  let scale = 1e-300;
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return a.length === b.length && !Number.isNaN(worst) ? worst / scale : Infinity;
}

/** The same rows with about two thirds of the entries left out, dense and as CSR. */
function sparsePair(dataset: Rows): { dense: Rows; csr: Rows } {
  const random = new Random(5);
  const { rows, columns } = dataset;
  const values = Float64Array.from(dataset.x.values, (value) => (random.uniform() < 0.35 ? value : 0));
  const starts = new Int32Array(rows + 1);
  const indices: number[] = [];
  const kept: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = values[i * columns + j]!;
      if (value === 0) continue;
      indices.push(j);
      kept.push(value);
    }
    starts[i + 1] = kept.length;
  }
  const x = { kind: "csr", values: Float64Array.from(kept), indices: Int32Array.from(indices), starts } as const;
  return { dense: { rows, columns, x: { kind: "dense", values } }, csr: { rows, columns, x } };
}

test("rows that are brought from memory, in sweeps or touched ahead, are those of the plain reference", () => {
  // More than a MiB: panels of 38 KiB with time to touch the next, and without; panels smaller than a sweep.
  for (const [rows, columns, classes] of [
    [1111, 300, 10],
    [1111, 300, 4],
    [2111, 140, 10],
  ] as const) {
    const problem = exampleProblem("softmax", rows, columns, classes);
    const theta = randomTheta(classes * (columns + 1), 3, 0.02);
    const expected = dataLoss(problem, theta);
    for (const precision of ["f64", "f32"] as const) {
      const actual = evaluate({ ...problem, precision }, theta);
      const tolerance = precision === "f64" ? 1e-12 : 2e-5;
      expect(distance([actual.loss], [expected.loss]), `${rows}×${columns} loss`).toBeLessThan(tolerance);
      expect(distance(actual.gradient, expected.gradient), `${rows}×${columns}`).toBeLessThan(tolerance);
    }
  }
});

for (const model of kinds) {
  test(`${model}: loss and gradient equal the plain reference at odd sizes, dense and CSR, f64 and f32`, () => {
    for (const [rows, columns, classes] of sizes) {
      const problem: Problem = exampleProblem(model, rows, columns, classes);
      const outputs = outputsOf(model, classes);
      const theta = randomTheta(outputs * (columns + 1));
      const { dense, csr } = sparsePair(problem.dataset);
      for (const dataset of [problem.dataset, dense, csr]) {
        const expected = dataLoss({ ...problem, dataset }, theta);
        for (const precision of ["f64", "f32"] as const) {
          const actual = evaluate({ ...problem, dataset, precision }, theta);
          const tolerance = precision === "f64" ? 1e-12 : 2e-5;
          expect(distance([actual.loss], [expected.loss]), `${rows}×${columns} loss`).toBeLessThan(tolerance);
          expect(distance(actual.gradient, expected.gradient), `${rows}×${columns}`).toBeLessThan(tolerance);
        }
      }
    }
  });

  for (const [name, other] of [
    ["scalar", scalar],
    ["relaxed SIMD", relaxed],
  ] as const) {
    test.skipIf(!other)(`${model}: the SIMD build agrees with the ${name} build`, () => {
      for (const [rows, columns, classes] of sizes) {
        const problem = exampleProblem(model, rows, columns, classes, 2);
        const theta = randomTheta(outputsOf(model, classes) * (columns + 1), 4);
        const weights = { groups: [0.7], uniform: model === "squared" ? 0 : 0.4 };
        const { csr } = sparsePair(problem.dataset);
        for (const dataset of [problem.dataset, csr]) {
          for (const precision of ["f64", "f32"] as const) {
            const options = { ...problem, dataset, precision, uniform: model !== "squared" };
            const simd = evaluate(options, theta, weights);
            const there = evaluate(options, theta, weights, other);
            const tolerance = precision === "f64" ? 1e-13 : 2e-5;
            expect(distance(simd.scores, there.scores)).toBeLessThan(tolerance);
            expect(distance(simd.losses, there.losses)).toBeLessThan(tolerance);
            expect(distance(simd.gradient, there.gradient)).toBeLessThan(tolerance);
          }
        }
      }
    });
  }

  test(`${model}: the gradient is the central difference of the loss`, () => {
    const problem = exampleProblem(model, 37, 6, 3);
    const options: ObjectiveOptions = { ...problem, precision: "f64", uniform: model !== "squared" };
    const weights = { groups: [0.7], uniform: model === "squared" ? 0 : 0.4 };
    for (let point = 0; point < 10; point++) {
      const theta = randomTheta(problem.outputs * 7, 10 + point, 0.3);
      const { gradient } = evaluate(options, theta, weights);
      const h = 1e-5;
      const difference = theta.map((value, i) => {
        const moved = (to: number) => evaluate(options, theta.with(i, to), weights).loss;
        return (moved(value + h) - moved(value - h)) / (2 * h);
      });
      expect(distance(gradient, difference)).toBeLessThan(1e-7);
    }
  });

  test(`${model}: so it is at 1,000 points, along a random direction at each`, () => {
    const problem = exampleProblem(model, 29, 5, 4);
    const options: ObjectiveOptions = { ...problem, precision: "f64" };
    const h = 1e-5;
    for (let point = 0; point < 1000; point++) {
      const theta = randomTheta(problem.outputs * 6, 100 + point, 0.01 * (point + 1) ** 0.7);
      const direction = randomTheta(theta.length, 5000 + point, 1);
      const { gradient } = evaluate(options, theta);
      const along = (to: number) =>
        evaluate(
          options,
          theta.map((value, i) => value + to * direction[i]!),
        ).loss;
      const slope = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      const size = Math.hypot(...gradient) * Math.hypot(...direction);
      expect(Math.abs((along(h) - along(-h)) / (2 * h) - slope), `point ${point}`).toBeLessThan(1e-7 * size);
    }
  });

  test(`${model}: row groups weighed apart sum to the whole, and each φ is the mean of its rows`, () => {
    const problem = exampleProblem(model, 67, 9, 4);
    const theta = randomTheta(problem.outputs * 10);
    const map = Int32Array.from({ length: 67 }, (_, i) => (i % 5) % 3);
    const options: ObjectiveOptions = { ...problem, precision: "f64", rowGroups: { map, count: 3 } };
    const lambda = [0.2, 1.5, 0.6];
    const whole = evaluate(options, theta, { groups: lambda });
    const sum = new Float64Array(theta.length);
    for (let g = 0; g < 3; g++) {
      const one = evaluate(options, theta, { groups: lambda.map((value, h) => (h === g ? value : 0)) });
      for (let i = 0; i < sum.length; i++) sum[i]! += one.gradient[i]!;
      const weights = Float64Array.from(map, (group) => (group === g ? 1 : 0));
      const mean = dataLoss({ ...problem, dataset: { ...problem.dataset, weights } }, theta);
      expect(distance([whole.losses[g]!], [mean.loss])).toBeLessThan(1e-12);
      expect(
        distance(
          one.gradient,
          mean.gradient.map((value) => lambda[g]! * value),
        ),
      ).toBeLessThan(1e-12);
    }
    expect(distance(whole.gradient, sum)).toBeLessThan(1e-12);
  });

  test.each([
    ["f64", "dense"],
    ["f32", "dense"],
    ["f64", "csr"],
    ["f32", "csr"],
  ] as const)(`${model}, %s, %s: scores that are kept or known are those of θ, for less`, (precision, form) => {
    const given = exampleProblem(model, 67, 9, 4);
    const problem = { ...given, dataset: { ...given.dataset, ...sparsePair(given.dataset)[form] } };
    const map = Int32Array.from({ length: 67 }, (_, i) => (i < 32 ? 0 : 1));
    const theta = randomTheta(problem.outputs * 10);
    using arena = new Arena(kernels());
    const objective = new Objective(arena, { ...problem, precision, rowGroups: { map, count: 2 } });
    const [at, other] = [arena.copy(theta), arena.copy(theta)];
    const [gradient, again] = [arena.f64(theta.length), arena.f64(theta.length)];
    const [scores, kept] = [arena.f64(problem.outputs * 67), arena.f64(problem.outputs * 67)];
    const near = precision === "f64" ? 1e-13 : 1e-6;
    const view = (pointer: number, length: number) => arena.viewF64(pointer, length).slice();
    objective.scores(at, scores);
    objective.gradient(at, gradient);
    expect(objective.keptScores(at, kept)).toBe(false); // nobody asked for it
    objective.keepScores();
    const loss = objective.gradient(at, gradient);
    const before = objective.passes;
    expect(objective.keptScores(at, kept)).toBe(true);
    expect(objective.passes - before).toBeCloseTo(model === "softmax" && form === "dense" ? 0.5 / 4 : 0, 12);
    expect(distance(view(kept, problem.outputs * 67), view(scores, problem.outputs * 67))).toBeLessThan(near);
    expect(objective.keptScores(other, kept)).toBe(false);

    objective.know(at, scores);
    for (const passes of [0.5, 1]) {
      const spent = objective.passes;
      expect(Math.abs(objective.gradient(at, again) - loss)).toBeLessThan(near * loss);
      expect(distance(view(again, theta.length), view(gradient, theta.length))).toBeLessThan(near);
      expect(objective.passes - spent).toBeCloseTo(passes, 12); // known once
    }
    objective.setWeights({ groups: [1, 0] }); // the second half is passed over
    objective.gradient(at, gradient);
    expect(objective.keptScores(at, kept)).toBe(false);
  });

  test(`${model}: a sample weight of k is the row repeated k times`, () => {
    const problem = exampleProblem(model, 41, 5, 3);
    const theta = randomTheta(problem.outputs * 6);
    const weights = Float64Array.from({ length: 41 }, (_, i) => i % 4);
    const from = [...weights].flatMap((times, i) => Array<number>(times).fill(i));
    const values = Float64Array.from(from.flatMap((i) => [...problem.dataset.x.values.subarray(5 * i, 5 * i + 5)]));
    const repeated: Rows = { rows: from.length, columns: 5, x: { kind: "dense", values } };
    const targets = Float64Array.from(from, (i) => problem.targets[i]!);
    const a = evaluate({ ...problem, dataset: { ...problem.dataset, weights }, precision: "f64" }, theta);
    const b = evaluate({ ...problem, dataset: repeated, targets, precision: "f64" }, theta);
    expect(distance([a.loss], [b.loss])).toBeLessThan(1e-12);
    expect(distance(a.gradient, b.gradient)).toBeLessThan(1e-12);
  });
}

test("softmax does not change when the same vector is added to every class, and survives huge scores", () => {
  const problem = exampleProblem("softmax", 50, 7, 5);
  const theta = randomTheta(5 * 8);
  const shift = randomTheta(8, 9);
  const moved = theta.map((value, i) => value + (i < 35 ? shift[i % 7]! : shift[7]!));
  const a = evaluate({ ...problem, precision: "f64" }, theta);
  const b = evaluate({ ...problem, precision: "f64" }, moved);
  expect(distance(a.gradient, b.gradient)).toBeLessThan(1e-12);
  const huge = evaluate(
    { ...problem, precision: "f64" },
    theta.map((value) => 1e5 * value),
  );
  expect(Number.isFinite(huge.loss)).toBe(true);
  expect(huge.gradient.every(Number.isFinite)).toBe(true);
});

test("subnormal numbers in X count as 0, slopes of well-separated rows vanish, NaN stays", () => {
  for (const [precision, tiny] of [
    ["f32", 1e-40],
    ["f64", 1e-310],
  ] as const) {
    const problem = exampleProblem("softmax", 33, 5, 3);
    const theta = randomTheta(3 * 6);
    const filled = (fill: number) => problem.dataset.x.values.map((value, i) => (i % 2 ? fill : value));
    const on = (values: Float64Array, at = theta) =>
      evaluate({ ...problem, dataset: { rows: 33, columns: 5, x: { kind: "dense", values } }, precision }, at);
    expect([...on(filled(tiny) as Float64Array).gradient]).toEqual([...on(filled(0) as Float64Array).gradient]);
    const separated = on(
      filled(0) as Float64Array,
      theta.map((_, i) => (i >= 15 ? -95 * (i - 15) : 0)),
    );
    const slopes = separated.gradient.map(Math.abs);
    expect(slopes.every((value) => value === 0 || value > 1e-30)).toBe(true);
    expect(on(filled(0) as Float64Array, theta.with(16, NaN)).loss).toBeNaN();
  }
});

test("an objective holds X once: at most 1.1 bytes per byte of dense or CSR data", () => {
  const { dataset, targets, outputs } = exampleProblem("softmax", 2000, 60, 3);
  for (const rows of [dataset, sparsePair(dataset).csr]) {
    const { x } = rows;
    const bytes = x.values.byteLength + (x.kind === "csr" ? x.indices.byteLength + x.starts.byteLength : 0);
    const before = kernels().allocatedBytes();
    const arena = new Arena(kernels());
    new Objective(arena, { model: "softmax", dataset: rows, targets, outputs, precision: "f64" });
    const held = kernels().allocatedBytes() - before;
    arena.dispose();
    expect(held / bytes).toBeGreaterThan(0.9);
    expect(held / bytes).toBeLessThan(1.1);
  }
});
