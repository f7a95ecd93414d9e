import { expect, test } from "vitest";
import { FeatureSpace } from "../../src/features/space.ts";
import { l1, l2 } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { Interpolation } from "../../src/reduced/interpolation.ts";
import { VirtualModels } from "../../src/reduced/virtual-models.ts";
import { Fold } from "../../src/tuning/fold.ts";
import { Arena, type Pointer } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem, type Problem } from "../reference/example-problem.ts";

/** Minimizers in as many folds as there are sets of rows to judge by. */
function interpolated(judging: readonly number[] = [200]) {
  const arena = new Arena(kernels());
  const space = new FeatureSpace({ l1: l1(), l2: l2() }, "softmax");
  const rows = ({ dataset: { rows, columns, x }, targets }: Problem) => ({ rows, columns, x, y: targets });
  const folds = judging.map((count, f) => {
    const train = exampleProblem("softmax", 60, 7, 3, 1 + 2 * f);
    const validation = exampleProblem("softmax", count, 7, 3, 2 + 2 * f);
    return new Fold(
      arena,
      space,
      {
        model: "softmax",
        metric: "error-rate",
        train: rows(train),
        validation: rows(validation),
        targets: { outputs: train.outputs, train: train.targets, validation: validation.targets },
        rowGroups: undefined,
        tolerance: 1e-8,
        precision: "f64",
      },
      1,
    );
  });
  const interpolation = new Interpolation(arena, new VirtualModels(arena, space, folds), folds);
  const [fold] = folds as [Fold];
  const { trainer } = fold;
  const minimize = (lambda: Float64Array) => {
    for (const { trainer } of folds) {
      trainer.start(lambda, 0);
      trainer.solver.step(10_000);
    }
    return arena.viewF64(trainer.solver.theta, trainer.objective.thetaCount).slice();
  };
  const judge = (thetas: readonly Pointer[]) =>
    folds.reduce((sum, { trainer }, f) => sum + trainer.judge(thetas[f]!), 0) / folds.length;
  const learn = (lambda: Float64Array) => {
    const theta = minimize(lambda);
    const thetas = folds.map(({ trainer }) => trainer.solver.theta);
    interpolation.add(lambda, judge(thetas), thetas);
    return theta;
  };
  const random = new Random(4);
  const chance = () =>
    space.normalize(Float64Array.of(1, 10 ** (-4 + 3 * random.uniform()), 10 ** (-4 + 3 * random.uniform())));
  const start = (lambda: Float64Array) =>
    arena.viewF64(interpolation.start(lambda)[0]!, trainer.objective.thetaCount).slice();
  return { arena, fold, interpolation, minimize, judge, learn, chance, start, random };
}

/** Of the weights: all intercepts may be moved alike. */
function gap(theta: Float64Array, other: Float64Array): number {
  const [a, b] = [theta.subarray(0, 21), other.subarray(0, 21)];
  return Math.hypot(...a.map((x, i) => x - b[i]!)) / Math.hypot(...b);
}

test("minimizers are given back, and between them models come near to minimizers as more are known", () => {
  const { arena, interpolation, minimize, learn, chance, start } = interpolated();
  const places = Array.from({ length: 40 }, chance);
  const tests = Array.from({ length: 10 }, chance);
  const gaps: number[] = [];
  const learned: Float64Array[] = [];
  for (const [i, lambda] of places.entries()) {
    learned.push(learn(lambda));
    if (i === 9 || i === 39) gaps.push(Math.max(...tests.map((test) => gap(start(test), minimize(test)))));
  }
  for (const [i, lambda] of places.entries()) expect(gap(start(lambda), learned[i]!)).toBeLessThan(1e-8);
  expect(gaps[0]).toBeLessThan(0.5);
  expect(gaps[1]).toBeLessThan(0.5 * gaps[0]!);
  expect(interpolation.validationPasses).toBe(0);
  arena.dispose();
});

test.each([
  ["a validation set", [200]],
  ["two folds", [200, 90]],
])(
  "%s: a proposal is within F, is judged as the models interpolated there are, and is no minimizer seen",
  (_, judging) => {
    const { arena, interpolation, judge, learn, chance, random } = interpolated(judging);
    const places = Array.from({ length: 12 }, chance);
    for (const lambda of places) learn(lambda);
    const work = interpolation.propose(random);
    let step = work.next();
    while (!step.done) step = work.next();
    const { lambda, error, bound } = step.value!;
    const { lower, upper } = new FeatureSpace({ l1: l1(), l2: l2() }, "softmax");
    for (const [j, weight] of lambda.entries()) {
      expect(weight).toBeGreaterThanOrEqual(lower[j]! * (1 - 1e-12));
      expect(weight).toBeLessThanOrEqual(upper[j]! * (1 + 1e-12));
    }
    expect(judge(interpolation.start(lambda))).toBeCloseTo(error, 12);
    // Minimizers are not interpolated exactly by the others, so that between them e is in doubt.
    expect(bound).toBeLessThan(error);
    const farthest = (other: Float64Array) => Math.max(...other.map((w, j) => Math.abs(Math.log(w / lambda[j]!))));
    for (const other of places) expect(farthest(other)).toBeGreaterThan(0.0199);
    expect(interpolation.validationPasses).toBeGreaterThan(0);
    arena.dispose();
  },
);

test("models that failed are not remembered", () => {
  const { arena, fold, interpolation, learn, chance, start } = interpolated();
  const [a, b] = [chance(), chance()];
  learn(a);
  const before = start(a);
  interpolation.add(b, Number.NaN, [fold.trainer.solver.theta]);
  interpolation.add(b, Number.POSITIVE_INFINITY, [fold.trainer.solver.theta]);
  expect(start(b)).toEqual(before);
  arena.dispose();
});

test("where there is no room for more, the worst model is forgotten, the others are not", () => {
  const { arena, fold, interpolation, start } = interpolated();
  const { thetaCount } = fold.trainer.objective;
  const random = new Random(8);
  // Places far from each other, which interpolation of the others does not give back.
  const models = Array.from({ length: 70 }, (_, i) => ({
    lambda: Float64Array.of(1, 1e-5 * 2 ** (i % 9), 1e-5 * 2 ** Math.floor(i / 9)),
    error: ((i * 29) % 71) / 71,
    theta: Float64Array.from({ length: thetaCount }, () => random.normal()),
  }));
  for (const { lambda, error, theta } of models) interpolation.add(lambda, error, [arena.copy(theta)]);
  const known = ({ lambda, theta }: (typeof models)[number]) => gap(start(lambda), theta) < 1e-6;
  // 64 are remembered: as one comes, the worst of those there goes.
  const remembered = new Set(models.slice(0, 64));
  for (const next of models.slice(64)) {
    remembered.delete([...remembered].reduce((worst, model) => (model.error > worst.error ? model : worst)));
    remembered.add(next);
  }
  expect(models.filter(known)).toEqual([...remembered].sort((a, b) => models.indexOf(a) - models.indexOf(b)));
  arena.dispose();
});
