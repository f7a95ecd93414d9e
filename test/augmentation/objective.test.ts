import { expect, test } from "vitest";
import { augment } from "../../src/data/augment.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { dense, sparse, take } from "../../src/data/index.ts";
import { type Augmentation, augmentedGroups } from "../../src/features/augmentation.ts";
import {
  blur,
  cutout,
  either,
  mirror,
  noise,
  rotate,
  shift,
  type Transformation,
} from "../../src/features/transformation.ts";
import { Objective, type ObjectiveOptions } from "../../src/models/objective.ts";
import { RowGenerator } from "../../src/models/row-generator.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, kinds } from "../reference/example-problem.ts";
import { dataLoss } from "../reference/loss.ts";

const transformations: Record<string, Transformation> = {
  right: shift(1, 0.5),
  turn: either(rotate(10), rotate(-10)),
  mirror: mirror(),
  soft: blur(0.8),
  noisy: noise(0.1),
  holes: cutout(2),
};
const count = 7;
const lambda = { groups: [0.3, 0.1, 0.25, 0, 0.2, 0.1, 0.05], uniform: 0.1 };

/** Rows whose images have 6 × 5 pixels, with sample weights. */
function problemOf(model: (typeof kinds)[number], rows: number) {
  const { dataset, targets, outputs } = exampleProblem(model, rows, 30, 3);
  const random = new Random(8);
  const images: Dataset = dense({
    x: dataset.x.values,
    columns: 30,
    y: targets,
    weights: Float64Array.from({ length: rows }, () => random.uniform()),
  });
  return { model, dataset: images, targets, outputs };
}

const options = { width: 6, seed: 3 };
const rowGroupsOf = (dataset: Dataset) => augmentedGroups(dataset, transformations, options);

/** The same rows held as copies, in the generator's order. */
function held(problem: ReturnType<typeof problemOf>, precision: "f32" | "f64"): ObjectiveOptions {
  const { dataset } = problem;
  const values = precision === "f32" ? Float32Array.from(dataset.x.values) : dataset.x.values;
  const copies = augment({ ...dataset, x: { kind: "dense", values } }, transformations, {
    ...options,
    range: rangeOf(rowGroupsOf(dataset).augmentation),
  });
  const order = orderOf(dataset);
  const rows = take(copies, order);
  return { ...problem, dataset: rows, targets: rows.y as Float64Array, rowGroups: { map: rows.groups!, count } };
}

const rangeOf = ({ image }: Augmentation) => [image.low, image.high] as const;

function orderOf(dataset: Dataset): number[] {
  using arena = new Arena(kernels());
  const { transformations: groups, sources } = new RowGenerator(arena, dataset, rowGroupsOf(dataset).augmentation, 8);
  return Array.from(sources, (source, i) => groups[i]! * dataset.rows + source);
}

function evaluate(given: ObjectiveOptions, theta: Float64Array, weights = lambda) {
  using arena = new Arena(kernels());
  const objective = new Objective(arena, given);
  objective.setWeights(given.model === "squared" ? { groups: weights.groups } : weights);
  const [at, out, z] = [arena.copy(theta), arena.f64(theta.length), arena.f64(objective.outputs * objective.rows)];
  const loss = objective.gradient(at, out);
  const gradient = arena.viewF64(out, theta.length).slice();
  const { passes } = objective;
  objective.gradient(at, 0, "f64");
  const seen = objective.groupLosses();
  const losses = objective.allGroupLosses(at);
  // Those of weight 0 were passed over, unless label smoothing needs their rows.
  for (const [g, weight] of weights.groups.entries()) if (weight > 0) expect(seen[g]).toBe(losses[g]);
  objective.scores(at, z);
  const scores = arena.viewF64(z, objective.outputs * objective.rows).slice();
  const moments = arena.viewF64(objective.moments(), 2 * objective.columns).slice();
  return { loss, losses, gradient, scores, moments, passes };
}

const thetaOf = (length: number) => {
  const random = new Random(4);
  return Float64Array.from({ length }, () => random.uniform() - 0.5);
};

for (const model of kinds) {
  test(`${model}: generated rows give the bits of rows that are held`, () => {
    for (const rows of [3, 32, 45, 70]) {
      const problem = problemOf(model, rows);
      const theta = thetaOf(problem.outputs * 31);
      for (const precision of ["f32", "f64"] as const) {
        const uniform = model !== "squared";
        const rowGroups = rowGroupsOf(problem.dataset);
        const made = evaluate({ ...problem, precision, uniform, rowGroups }, theta);
        const copies = evaluate({ ...held(problem, precision), precision, uniform }, theta);
        for (const what of ["loss", "losses", "gradient", "scores", "moments"] as const) {
          expect(made[what], `${rows} rows, ${precision}, ${what}`).toEqual(copies[what]);
        }
        // One pass over all copies is as many passes over the rows.
        expect(made.passes).toBeCloseTo(count * copies.passes, 10);
      }
    }
  });

  test(`${model}: transformations without weight are not made, and change nothing`, () => {
    for (const rows of [32, 45]) {
      const problem = problemOf(model, rows);
      const theta = thetaOf(problem.outputs * 31);
      const rowGroups = rowGroupsOf(problem.dataset);
      const groups = [0.5, 0, 0, 0, 0, 0.5, 0];
      const { gradient, passes } = evaluate({ ...problem, precision: "f64", rowGroups }, theta, { groups, uniform: 0 });
      // The others are at weights so small that they drown in rounding.
      const all = evaluate({ ...problem, precision: "f64", rowGroups }, theta, {
        groups: groups.map((weight) => weight || 1e-300),
        uniform: 0,
      });
      expect(gradient).toEqual(all.gradient);
      expect(all.passes).toBe(count);
      // Blocks of 32 rows that straddle two transformations, at the end, are read for either.
      expect(passes).toBeGreaterThanOrEqual(2);
      expect(passes).toBeLessThanOrEqual(2 + (rows % 32 === 0 ? 0 : (4 * 32) / rows));
      if (rows % 32 === 0) expect(passes).toBe(2);
    }
  });

  test(`${model}: φ of a transformation is the plain mean loss over the transformed rows`, () => {
    const problem = problemOf(model, 37);
    const theta = thetaOf(problem.outputs * 31);
    const rowGroups = rowGroupsOf(problem.dataset);
    const { losses, gradient, loss } = evaluate({ ...problem, precision: "f64", rowGroups }, theta, {
      ...lambda,
      uniform: 0,
    });
    const copies = augment(problem.dataset, transformations, options);
    const sum = new Float64Array(theta.length);
    let total = 0;
    for (let g = 0; g < count; g++) {
      const rows = take(
        copies,
        Array.from({ length: 37 }, (_, i) => g * 37 + i),
      );
      const reference = dataLoss({ ...problem, dataset: rows, targets: rows.y as Float64Array }, theta);
      expect(losses[g]! / reference.loss).toBeCloseTo(1, 12);
      for (let i = 0; i < sum.length; i++) sum[i]! += lambda.groups[g]! * reference.gradient[i]!;
      total += lambda.groups[g]! * reference.loss;
    }
    expect(loss / total).toBeCloseTo(1, 12);
    for (let i = 0; i < sum.length; i++) expect(gradient[i]!).toBeCloseTo(sum[i]!, 11);
  });

  test(`${model}: the gradients of the transformations sum to the whole, and cost one evaluation`, () => {
    for (const rows of [9, 32, 45]) {
      const problem = problemOf(model, rows);
      const theta = thetaOf(problem.outputs * 31);
      using arena = new Arena(kernels());
      const objective = new Objective(arena, { ...problem, precision: "f64", rowGroups: rowGroupsOf(problem.dataset) });
      objective.setWeights({ groups: lambda.groups });
      const [at, out] = [arena.copy(theta), arena.f64(theta.length)];
      objective.gradient(at, out);
      const whole = arena.viewF64(out, theta.length).slice();
      const before = objective.passes;
      const sum = new Float64Array(theta.length);
      for (let g = 0; g < count; g++) {
        objective.groupGradient(g, at, out);
        for (const [i, slope] of arena.viewF64(out, theta.length).entries()) sum[i]! += lambda.groups[g]! * slope;
      }
      const spent = objective.passes - before;
      for (let i = 0; i < sum.length; i++) expect(sum[i]!).toBeCloseTo(whole[i]!, 12);
      // A block at the end may have rows of several transformations, and is then looked at for each.
      if (rows === 32) expect(spent).toBeCloseTo(count, 12);
      objective.gradient(at, out);
      expect(arena.viewF64(out, theta.length)).toEqual(whole);
    }
  });

  test(`${model}: the gradient is the central difference of the loss`, () => {
    const problem = problemOf(model, 21);
    const theta = thetaOf(problem.outputs * 31);
    const given = { ...problem, precision: "f64", rowGroups: rowGroupsOf(problem.dataset) } as const;
    const { gradient } = evaluate(given, theta);
    const scale = Math.max(...gradient.map(Math.abs));
    for (let i = 0; i < theta.length; i += 7) {
      const at = (to: number) => evaluate(given, theta.with(i, to)).loss;
      const slope = (at(theta[i]! + 1e-5) - at(theta[i]! - 1e-5)) / 2e-5;
      expect(Math.abs(gradient[i]! - slope)).toBeLessThan(1e-7 * scale);
    }
  });
}

test("sparse images are filled up", () => {
  const problem = problemOf("softmax", 40);
  const values = problem.dataset.x.values.map((value, i) => (i % 3 === 0 ? value : 0));
  const full = { ...problem.dataset, x: { kind: "dense" as const, values } };
  const indices = Int32Array.from({ length: 40 * 10 }, (_, e) => 3 * (e % 10));
  const csr = sparse({
    values: values.filter((_, i) => i % 3 === 0),
    indices,
    starts: Int32Array.from({ length: 41 }, (_, i) => 10 * i),
    columns: 30,
    y: problem.targets,
    weights: problem.dataset.weights!,
  });
  const theta = thetaOf(93);
  const [a, b] = [full, csr].map((dataset) =>
    evaluate({ ...problem, dataset, precision: "f64", rowGroups: rowGroupsOf(dataset) }, theta),
  );
  expect(a!.gradient).toEqual(b!.gradient);
});

test("no copy of the data is held", () => {
  const rows = 512;
  const problem = exampleProblem("softmax", rows, 784, 10);
  const images = dense({ x: problem.dataset.x.values, columns: 784, y: problem.targets });
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, t) => [`shift${t}`, shift(t / 10, 0)]));
  const bytes = (rowGroups?: ObjectiveOptions["rowGroups"]) => {
    const before = kernels().allocatedBytes();
    using arena = new Arena(kernels());
    new Objective(arena, { ...problem, dataset: images, ...(rowGroups ? { rowGroups } : {}) });
    return kernels().allocatedBytes() - before;
  };
  const plain = bytes();
  const augmented = bytes(augmentedGroups(images, many, {}));
  const copy = rows * 784 * 4;
  // 30 copies would be 48 MB. What is held: 20 bytes for each generated row, taps of 2–4 pixels for each pixel, a panel.
  expect(augmented - plain).toBeLessThan(31 * rows * 20 + 30 * 784 * 4 * 12 + 60 * 784 * 4 + 10_000);
  expect(augmented - plain).toBeLessThan(copy);
});
