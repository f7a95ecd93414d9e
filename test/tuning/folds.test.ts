import { describe, expect, test } from "vitest";
import { checkOptions } from "../../src/check-options.ts";
import { LearnLossError } from "../../src/errors.ts";
import {
  classWeights,
  createTuner,
  type Dataset,
  data,
  groupNorm,
  groupWeights,
  LinearLoss,
  l1,
  l2,
  fit as minimize,
  type Scores,
  tune,
} from "../../src/index.ts";
import type { TrainingSolver, Workers } from "../../src/inner/training-solver.ts";
import { Random } from "../../src/random.ts";
import { Session } from "../../src/tuning/session.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";

const rows = blobs(120, 6, 3, 3);
const setting = { model: "softmax", train: rows, folds: 4, features: { l1: l1(), l2: l2() }, seed: 5 } as const;

/** Columns with much in common, half of them weighing against the others: a lasso may be much stronger than the best one. */
function regression(seed: number) {
  const random = new Random(seed);
  const x = Array.from({ length: 200 }, () => {
    const shared = random.normal();
    return Array.from({ length: 10 }, () => shared + random.normal());
  });
  const y = x.map((row) => row.reduce((sum, value, j) => sum + (j % 2 ? -0.3 : 0.7) * value, 3 * random.normal()));
  return { model: "squared", train: data.dense({ x, y }), features: { l1: l1() } } as const;
}

/** The same rows, some of which weigh thirty times as much as others, and some nothing. */
const weighed = { ...rows, weights: Float64Array.from({ length: 120 }, (_, i) => [0.1, 3, 1, 0, 0.3][(7 * i) % 5]!) };

/** Mean −log p(label), in plain arithmetic. */
function logLoss(probabilities: Float64Array, { y, weights }: Dataset, classes: readonly unknown[]): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < y.length; i++) {
    const weight = weights?.[i] ?? 1;
    sum -= weight * Math.log(probabilities[i * classes.length + classes.indexOf(y[i])]!);
    total += weight;
  }
  return sum / total;
}

/** The same as a user would write it, who keeps what it is asked about. */
function asFunction(asked: Set<Dataset>) {
  return ({ outputs, values }: Scores, dataset: Dataset) => {
    asked.add(dataset);
    const shares = values.map((_, at) => {
      const row = values.subarray(at - (at % outputs), at - (at % outputs) + outputs);
      return 1 / row.reduce((sum, score) => sum + Math.exp(score - values[at]!), 0);
    });
    return logLoss(shares, dataset, [0, 1, 2]);
  };
}

describe("cross-validation", () => {
  test.each([
    ["rows alike", rows, {}],
    ["rows that weigh what they weigh", weighed, {}],
    [
      "rows that a function judges by",
      weighed,
      { metric: asFunction(new Set()), features: { l2: l2({ min: 0.01, max: 0.01 }) } },
    ],
  ] as const)(
    "the error is the mean over the folds of what models of λ make on %s that they have not seen",
    async (_, train, more) => {
      const result = await tune({ ...setting, train, precision: "f64", tolerance: 1e-6, ...more });
      const errors = [];
      for (const { train: others, validation } of data.folds(train, 4, { seed: 5 })) {
        const { model } = await minimize({ model: "softmax", train: others, loss: result.loss });
        errors.push(logLoss(model.probabilities(validation), validation, model.classes!));
      }
      const mean = errors.reduce((sum, error) => sum + error, 0) / 4;
      const variance = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / 3;
      expect(result.error / mean).toBeCloseTo(1, 4);
      expect(result.standardError! / Math.sqrt(variance / 4)).toBeCloseTo(1, 3);
    },
  );

  test("a function is handed the rows that judge a fold, as they were given", async () => {
    const asked = new Set<Dataset>();
    await tune({ ...setting, train: weighed, metric: asFunction(asked), trials: 1 });
    const parts = ({ x, y, weights }: Dataset) => ({ x: x.values, y, weights });
    const expected = data.folds(weighed, 4, { seed: 5 }).map(({ validation }) => parts(validation));
    expect([...asked].map(parts)).toEqual(expected);
  });

  test.each([
    ["alike", rows],
    ["that weigh what they weigh", weighed],
  ] as const)("the model at the end is that of all rows, %s", async (_, train) => {
    const result = await tune({
      ...setting,
      train,
      features: { ...classWeights(train), l2: l2() },
      precision: "f64",
      tolerance: 1e-8,
    });
    const { model } = await minimize({ model: "softmax", train, loss: result.loss, tolerance: 1e-8 });
    for (const [i, w] of model.coefficients.entries()) expect(result.best.coefficients[i]!).toBeCloseTo(w, 5);
  });

  test.each([1e-4, 1e-5, 1e-6])(
    "a penalty of %f: the model at the end has the least loss, as that of `fit`",
    async (weight) => {
      // Where the tolerance of tunings leaves 1e-3 to 1e-2 of it: the folds' mean is no start for rows that are nearly separable.
      const train = blobs(80, 20, 3, 3, 2);
      const features = { l1: l1({ min: weight, max: weight }) };
      const { model, loss } = await tune({ model: "softmax", train, folds: 3, features, seed: 3 });
      const { objective } = await minimize({ model: "softmax", train, loss, tolerance: 1e-9 });
      const penalty = model.coefficients.reduce((sum, w) => sum + loss.penalty(w), 0);
      expect((model.error(train) + penalty) / objective).toBeCloseTo(1, 5);
    },
  );

  test("a model that leads has the mean of the weights that it has in the folds", async () => {
    const session = new Session(checkOptions({ ...setting, precision: "f64", tolerance: 1e-8 }));
    const lambda = session.space.normalize(Float64Array.of(1, 0.01, 0.01));
    for (const _ of session.train(lambda, [0, 0, 0, 0], {}));
    const { theta } = session.leaders.chosen!;
    const loss = new LinearLoss("logLoss", setting.features, session.user(lambda));
    session.dispose();
    const fits = data
      .folds(rows, 4, { seed: 5 })
      .map(({ train }) => minimize({ model: "softmax", train, loss, tolerance: 1e-8 }));
    const models = (await Promise.all(fits)).map(({ model }) => model.coefficients);
    for (const i of models[0]!.keys()) {
      expect(theta[i]!).toBeCloseTo(
        models.reduce((sum, weights) => sum + weights[i]! / 4, 0),
        5,
      );
    }
    expect(Math.max(...models[0]!.map((w, i) => Math.abs(w - theta[i]!)))).toBeGreaterThan(0.01);
  });

  test("the model is that of all rows, too, when a budget ends the run, which then goes on as if it had not", async () => {
    const whole = await tune({ ...setting, choice: "one-standard-error" });
    using tuner = createTuner({ ...setting, choice: "one-standard-error" });
    for (const passes of [10, 60, 20]) {
      const ended = await tuner.run({ passes });
      expect([ended.status, ended.warnings.some((text) => text.startsWith("CHOICE"))]).toEqual(["passes", true]);
      const { model, objective } = await minimize({ model: "softmax", train: rows, loss: ended.loss });
      expect(ended.model.nonzeros).toBe(model.nonzeros);
      const penalty = ended.model.coefficients.reduce((sum, w) => sum + ended.loss.penalty(w), 0);
      expect((ended.model.error(rows) + penalty) / objective).toBeCloseTo(1, 5);
    }
    const last = await tuner.run();
    expect([last.status, last.warnings]).toEqual(["complete", whole.warnings]);
    expect(last.model.coefficients).toEqual(whole.model.coefficients);
    expect(last.passes).toBeGreaterThan(whole.passes);
  });

  test("one standard error: stronger penalties in the same mix, an error within the bound", async () => {
    const best = await tune(setting);
    const simple = await tune({ ...setting, choice: "one-standard-error" });
    expect(simple.lambda.l2).toBeGreaterThan(best.lambda.l2);
    expect(simple.lambda.l1 / simple.lambda.l2).toBeCloseTo(best.lambda.l1 / best.lambda.l2, 6);
    expect(simple.error).toBeLessThanOrEqual(best.error + best.standardError!);
    expect(simple.error).toBeGreaterThanOrEqual(best.error);
  });

  test.each([
    ...[1, 2, 4, 5, 7, 9].map((seed) => ["classes", seed, { ...setting, train: blobs(120, 6, 3, seed) }] as const),
    ...[2, 6, 7, 9].map((seed) => ["numbers", seed, { ...setting, ...regression(seed) }] as const),
  ])("one standard error: within it, and a quarter more would be too strong, %s %i", async (_, __, some) => {
    const best = await tune(some);
    const { lambda, error: chosen } = await tune({ ...some, choice: "one-standard-error" });
    expect(chosen).toBeLessThanOrEqual(best.error + best.standardError!);
    const stronger = Object.entries(lambda).map(([name, weight]) => {
      const fixed = { min: 1.25 * weight, max: 1.25 * weight };
      return [name, name === "l1" ? l1(fixed) : l2(fixed)] as const;
    });
    const { error } = await tune({ ...some, features: Object.fromEntries(stronger) });
    expect(error).toBeGreaterThan(best.error + best.standardError!);
  });

  test("one standard error: from a minimizer at the bound, whose neighbors the span knows by the way to them only", async () => {
    const train = blobs(80, 8, 4, 2, 0.4);
    const some = { ...setting, seed: 0, train, features: { ...classWeights(train), l2: l2() } };
    const best = await tune(some);
    expect(best.lambda.l2).toBeLessThan(1.1e-6);
    const { lambda, error } = await tune({ ...some, choice: "one-standard-error" });
    expect(lambda.l2 / best.lambda.l2).toBeGreaterThan(10);
    expect(error).toBeLessThanOrEqual(best.error + best.standardError!);
  });

  test("one standard error: as strong as is allowed, however much that is, and after one that was too strong", async () => {
    // Far apart: no ridge is too strong for the error rate.
    const apart = { ...setting, train: blobs(60, 3, 2, 1, 0.1), features: { l2: l2() }, metric: "error-rate" } as const;
    expect((await tune({ ...apart, choice: "one-standard-error" })).lambda.l2).toBeCloseTo(1, 9);
    let twice = 0;
    for (let seed = 1; seed <= 24; seed++) {
      const near = {
        ...setting,
        model: "logistic",
        train: blobs(60, 3, 2, seed, 5),
        features: { l1: l1() },
      } as const;
      const best = await tune(near);
      const { lambda } = await tune({ ...near, choice: "one-standard-error" });
      const fixed = { min: 2 * best.lambda.l1, max: 2 * best.lambda.l1 };
      if (
        2 * best.lambda.l1 > 1 ||
        (await tune({ ...near, features: { l1: l1(fixed) } })).error > best.error + best.standardError!
      )
        continue;
      twice++;
      expect(lambda.l1).toBeGreaterThan(1.5 * best.lambda.l1);
    }
    expect(twice).toBeGreaterThan(5);
  });

  test("the model tells what is a class: counts are quantities, and labels that are no whole numbers are stratified", async () => {
    const x = Array.from({ length: 40 }, (_, i) => [i % 7, i % 11]);
    const counts = data.dense({ x, y: x.map(([a], i) => (i === 5 ? 20 : a!)) });
    const { error } = await tune({ model: "squared", train: counts, folds: 5, features: { l2: l2() } });
    expect(error).toBeGreaterThan(0);
    expect(() => data.folds(counts, 5)).toThrow(/stratified: false/);
    const labels = data.dense({ x, y: x.map((_, i) => (i === 5 ? 2.5 : (i % 2) + 0.5)) });
    await expect(tune({ ...setting, train: labels })).rejects.toMatchObject({ code: "FOLD" });
  });

  test("either validation rows or folds", async () => {
    const { folds: _, ...neither } = setting;
    await expect(tune(neither)).rejects.toMatchObject({ code: "OPTION" });
    await expect(tune({ ...setting, validation: rows })).rejects.toMatchObject({ code: "OPTION" });
    await expect(tune({ ...setting, folds: 1 })).rejects.toMatchObject({ code: "OPTION" });
    await expect(tune({ ...neither, validation: rows, choice: "one-standard-error" })).rejects.toMatchObject({
      code: "OPTION",
    });
  });
});

test("solvers in workers end where a later fold has no memory", () => {
  for (const last of [3, 5]) {
    let [opened, ended] = [0, 0];
    const memory = new LearnLossError("OUT_OF_MEMORY", "no room");
    const workers: Workers = {
      solver(arena) {
        if (++opened === last) throw memory;
        if (opened === 4)
          arena.bytes = () => {
            throw memory;
          }; // for its span
        return { dispose: () => void ended++ } as unknown as TrainingSolver;
      },
    };
    const before = kernels().allocatedBytes();
    expect(() => createTuner({ ...setting, workers })).toThrow(memory);
    expect([opened, ended]).toEqual(last === 3 ? [3, 2] : [4, 4]);
    expect(kernels().allocatedBytes()).toBe(before);
  }
});

describe("what a fold trains without", () => {
  const part = (weights: number[] | undefined, groups: number[] | undefined, y = weights!.map((_, i) => i % 2)) =>
    data.dense({
      x: y.map((_, i) => [Math.sin(7 * i), Math.cos(3 * i)]),
      y,
      ...(weights ? { weights } : {}),
      ...(groups ? { groups } : {}),
    });

  test("a class needs two rows that count", async () => {
    const weights = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 || i === 7 ? 1 : 0));
    expect(() => data.folds(part(weights, undefined), 4)).toThrow(/one row only with a weight/);
    weights[9] = 1;
    for (let seed = 0; seed < 20; seed++) {
      for (const { train } of data.folds(part(weights, undefined), 2, { seed })) {
        expect([0, 1].every((label) => train.y.some((y, i) => y === label && train.weights![i]! > 0))).toBe(true);
      }
    }
  });

  test("groups are dealt evenly, and one that a fold would train without is refused", async () => {
    const groups = Array.from({ length: 60 }, (_, i) => (i % 20 === 3 ? 1 : i === 30 ? 2 : 0));
    for (let seed = 0; seed < 20; seed++) {
      for (const { train } of data.folds(part(undefined, groups, Array(60).fill(0)), 3, { seed, stratified: false })) {
        expect(train.groups!.filter((group) => group === 1).length).toBe(2);
      }
    }
    const train = part(
      undefined,
      groups,
      groups.map((_, i) => i % 2),
    );
    const features = { ...groupWeights(train), l2: l2() };
    await expect(tune({ model: "logistic", train, folds: 4, features })).rejects.toMatchObject({ code: "FOLD" });
  });

  test("rows of a group that weigh nothing are as good as none", async () => {
    const groups = Array.from({ length: 60 }, (_, i) => (i % 10 === 3 ? 1 : 0));
    const tuned = (counts: (i: number) => boolean) => {
      const train = part(
        groups.map((group, i) => (group === 0 || counts(i) ? 1 : 0)),
        groups,
      );
      return tune({ model: "logistic", train, folds: 3, features: { ...groupWeights(train), l2: l2() }, trials: 1 });
    };
    expect((await tuned(() => true)).error).toBeGreaterThan(0);
    await expect(tuned((i) => i === 23)).rejects.toMatchObject({ code: "FOLD" });
  });
});

test("a run ends though the model of all rows never comes to its tolerance, and says that it did not", async () => {
  const random = new Random(182);
  const x = Array.from({ length: 20 }, () => {
    const v = random.normal();
    const first = [v * Math.exp(4 * Math.abs(v)), 1e6 + random.normal(), 1e-13 * random.normal()];
    const next = [1e12 * random.normal(), random.normal(), v, 1e-12 * random.normal()];
    return [...first, ...next, 1e6 + random.normal(), random.normal()];
  });
  const weights = x.map((_, i) => [1e6, 1e-6, 1, 0.5, 2][(i * 7) % 5]!);
  const y = x.map(([v, , , , u]) => (random.uniform() < 0.3 ? "a" : v! > 0 ? "b" : u! > 0 ? "c" : "a"));
  const train = data.dense({ x, y, weights });
  const features = { l1: l1(), l2: l2(), groupNorm: groupNorm() };
  const { best } = await tune({ model: "softmax", train, folds: 3, features, trials: 8, passes: 5000 });
  expect(best.converged).toBe(false);
});
