import { describe, expect, test } from "vitest";
import { type Dataset, dense } from "../src/data/dataset.ts";
import { rescale } from "../src/data/standardize.ts";
import {
  classWeights,
  convexPenalty,
  createTuner,
  groupWeights,
  LinearLoss,
  l1,
  l2,
  labelSmoothing,
  type Metric,
  fit as minimize,
  type Scores,
  tune,
} from "../src/index.ts";
import { Random } from "../src/random.ts";
import { kernels } from "../src/wasm/kernels.ts";
import { blobs } from "./reference/blobs.ts";

const train = blobs(90, 12, 3, 1);
const validation = blobs(150, 12, 3, 2);
const setting = { model: "softmax", train, validation, features: { l1: l1(), l2: l2() } } as const;

type Coarse = Pick<Parameters<typeof tune>[0], "model" | "train" | "features"> & {
  readonly validation: Dataset;
  readonly metric?: Metric | undefined;
};

/**
 * A twentieth of their range above the least error with one weight for all penalties, one of five, groups alike and a tenth of
 * smoothing: a search may end in another minimum than the least.
 */
async function coarseGrid({ model, train, validation, features, metric }: Coarse): Promise<number> {
  const groups = Object.values(features).filter(({ kind }) => kind === "group-loss").length;
  const errors: number[] = [];
  for (const weight of [1e-4, 1e-3, 1e-2, 0.1, 1]) {
    const weights = { "group-loss": 1 / groups, "uniform-loss": 0.1 } as Partial<Record<string, number>>;
    const lambda = Object.entries(features).map(([name, { kind }]) => [name, weights[kind] ?? weight]);
    const plain = model === "squared" ? "squaredError" : "logLoss";
    const loss = new LinearLoss(plain, features, Object.fromEntries(lambda));
    errors.push((await minimize({ model, train, loss })).model.error(validation, metric));
  }
  const least = Math.min(...errors);
  return least + (Math.max(...errors) - least) / 20;
}

describe("tune", () => {
  test("λ has the names of the features, those of classes too, and no others", async () => {
    const features = { ...classWeights(train), ridge: l2() };
    const { lambda, best } = await tune({ ...setting, features, trials: 1 });
    const weights = [lambda["class:0"], lambda["class:1"], lambda["class:2"], lambda.ridge, best.lambda.ridge];
    expect(weights).toEqual([...Object.values(lambda), expect.any(Number)]);
    // @ts-expect-error: the ridge has another name here
    expect(lambda.l2).toBeUndefined();
  });

  test("ends by itself with a λ within bounds and the cost of everything", async () => {
    const result = await tune(setting);
    expect(result).toMatchObject({ status: "complete", metric: "log-loss" });
    for (const name of ["l1", "l2"] as const) {
      expect(result.lambda[name]).toBeGreaterThanOrEqual(1e-6);
      expect(result.lambda[name]).toBeLessThanOrEqual(1);
    }
    expect(result.best.error).toBeLessThanOrEqual(result.error);
    expect(result.passes).toBeCloseTo(result.trainingPasses + result.reducedPasses, 9);
    expect(result.best.coefficients).toHaveLength(3 * 12);
    expect(result.best.classes).toEqual([0, 1, 2]);
    const { features: phi, objective } = await minimize({ model: "softmax", train, loss: result.loss });
    const [, a, b] = /^logLoss \+ (\S+)·‖W‖₁ \+ (\S+)·½‖W‖²$/.exec(String(result.loss))!;
    expect((phi.logLoss! + Number(a) * phi.l1! + Number(b) * phi.l2!) / objective).toBeCloseTo(1, 3);
  });

  test("better than the ends of the range and than no training at all", async () => {
    const result = await tune(setting);
    for (const value of [1e-6, 1]) {
      const end = await tune({
        ...setting,
        features: { l1: l1({ min: value, max: value }), l2: l2({ min: value, max: value }) },
      });
      expect(result.error).toBeLessThan(end.error);
    }
    expect(result.error).toBeLessThan(Math.log(3));
  });

  test.each([1, 2, 3])("what all classes share of unpenalized weights stays small, rows %i", async (seed) => {
    const train = blobs(80, 2, 3, seed, 3);
    const validation = blobs(80, 2, 3, seed + 10, 3);
    for (const features of [classWeights(train), { smoothing: labelSmoothing() }]) {
      const { model, error } = await tune({ model: "softmax", train, validation, features });
      const { coefficients: w } = model;
      for (const j of [0, 1]) expect(Math.abs(w[j]! + w[2 + j]! + w[4 + j]!)).toBeLessThan(100);
      expect(model.error(validation, "log-loss")).toBeCloseTo(error, 5);
    }
  });

  test.each([
    ["error-rate", { ...setting, metric: "error-rate" }],
    ["balanced-error", { ...setting, metric: "balanced-error", features: { ...classWeights(train), l2: l2() } }],
    ["macro-f1", { ...setting, metric: "macro-f1" }],
    ["auc", { ...setting, metric: "auc" }],
    [
      "a function",
      {
        ...setting,
        passes: 300, // and 11,000 calls of it: enough to search what is interpolated
        metric: ({ rows, values }: { rows: number; values: Float64Array }) =>
          values.reduce((sum, s) => sum + Math.abs(s), 0) / rows,
      },
    ],
    ["label smoothing", { ...setting, features: { smoothing: labelSmoothing(), l2: l2() } }],
    ["a convex penalty", { ...setting, features: convexPenalty({ knots: 5 }) }],
  ] as const)("%s", async (_, options) => {
    const result = await tune({ passes: 600, ...options } as Parameters<typeof tune>[0]);
    const { model, features, metric } = { metric: undefined, ...options } as Coarse;
    expect(result.error).toBeLessThanOrEqual(await coarseGrid({ model, features, metric, train, validation }));
  });

  test("worst-group error with group weights", async () => {
    const grouped = (rows: typeof train) => ({
      ...rows,
      groups: Int32Array.from({ length: rows.rows }, (_, i) => i % 2),
    });
    const [a, b] = [grouped(train), grouped(validation)];
    const features = { ...groupWeights(a), l2: l2() };
    const result = await tune({
      model: "softmax",
      train: a,
      validation: b,
      features,
      metric: "worst-group-error",
      passes: 600,
    });
    const lambda: Record<string, number> = result.lambda;
    expect(lambda["group:0"]! + lambda["group:1"]!).toBeCloseTo(1, 9);
    const coarse = { model: "softmax", train: a, validation: b, features, metric: "worst-group-error" } as const;
    expect(result.error).toBeLessThanOrEqual(await coarseGrid(coarse));
    expect(result.model.error(b, "worst-group-error")).toBeCloseTo(result.error, 9);
  });

  test("logistic and squared", async () => {
    const two = (rows: number, seed: number) => blobs(rows, 8, 2, seed, 2);
    for (const model of ["logistic", "squared"] as const) {
      const some = { model, train: two(60, 1), validation: two(90, 2), features: { l1: l1(), l2: l2() } };
      const result = await tune(some);
      expect(result.error).toBeLessThanOrEqual(await coarseGrid(some));
      expect(result.status).toBe("complete");
      expect(result.metric).toBe(model === "squared" ? "mean-squared-error" : "log-loss");
    }
  });

  test("penalties too weak to matter at first are strengthened until no multiple of them is better", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed);
      const weights = Array.from({ length: 6 }, () => 0.15 * random.normal());
      const draw = (rows: number) => {
        const x = Array.from({ length: rows }, () => weights.map(() => random.normal()));
        return dense({
          x,
          y: x.map((row) => row.reduce((sum, v, j) => sum + weights[j]! * v, random.normal())),
        });
      };
      const [train, validation] = [draw(40), draw(120)];
      const { error, lambda } = await tune({ model: "squared", train, validation, features: { l2: l2() } });
      for (let multiple = 1 / 64; multiple <= 64; multiple *= 4) {
        const loss = { l2: Math.min(multiple * lambda.l2, 1) };
        const { model } = await minimize({ model: "squared", train, loss });
        expect(model.error(validation)).toBeGreaterThan(0.99 * error);
      }
    }
  });

  test.each([25, 55, 56, 96])(
    "a lasso of more columns than rows does not end on the plateau of weak penalties, rows %i",
    async (seed) => {
      const draw = (rows: number, random: Random) => {
        const x = Array.from({ length: rows }, () => Array.from({ length: 100 }, () => random.normal()));
        return dense({ x, y: x.map((row) => 3 * row[0]! + 2 * row[1]! + random.normal()) });
      };
      const [train, validation] = [draw(30, new Random(seed)), draw(60, new Random(seed, 1))];
      const { error } = await tune({ model: "squared", train, validation, features: { l1: l1() } });
      for (let exponent = -3; exponent <= 0.5; exponent += 0.25) {
        const { model } = await minimize({ model: "squared", train, loss: { l1: 10 ** exponent } });
        expect(model.error(validation)).toBeGreaterThan(0.97 * error);
      }
    },
  );

  test.each([1, 2, 3, 4])("class weights do not hide that a ridge is far too weak, rows %i", async (seed) => {
    const draw = (rows: number, seed: number) => rescale(blobs(rows, 6, 3, seed, 6), 6);
    const [train, validation] = [draw(60, seed), draw(150, seed + 100)];
    const features = { ...classWeights(train), l2: l2() };
    const { error, loss } = await tune({ model: "softmax", train, validation, features });
    for (let multiple = 1 / 1024; multiple <= 1024; multiple *= 4) {
      const lambda = { ...loss.lambda, l2: Math.min(multiple * loss.lambda.l2!, 1) };
      const other = new LinearLoss(loss.lossName, loss.features, lambda);
      const { model } = await minimize({ model: "softmax", train, loss: other });
      expect(model.error(validation)).toBeGreaterThan(0.99 * error);
    }
  });

  test("features with whole numbers for names, which objects list first, weigh what they are", async () => {
    const { l1, l2 } = setting.features;
    const named = await tune({ ...setting, features: { ridge: l2, lasso: l1 } });
    const numbered = await tune({ ...setting, features: { "2": l2, "10": l1 } });
    // In another order the search rounds otherwise.
    expect(numbered.error / named.error).toBeCloseTo(1, 2);
    const { loss } = numbered;
    const { model, features } = await minimize({ model: "softmax", train, loss });
    expect(model.error(validation)).toBeCloseTo(numbered.error, 3);
    const half = model.coefficients.reduce((sum, w) => sum + w * w, 0) / 2;
    expect(features["2"]! / half).toBeCloseTo(1, 5);
  });

  test("the same seed gives the same study, bit for bit", async () => {
    const run = async (seed: number) => {
      using tuner = createTuner({ ...setting, metric: "error-rate", seed });
      const { milliseconds: _, ...result } = await tuner.run();
      return JSON.stringify([result, tuner.study]);
    };
    expect(await run(3)).toBe(await run(3));
  });

  test("another seed leads elsewhere, where a metric moves in steps", async () => {
    const studies = new Set<string>();
    for (const seed of [0, 1, 2, 3, 4]) {
      const features = { ...classWeights(train), l2: l2() };
      using tuner = createTuner({ ...setting, features, metric: "error-rate", seed });
      await tuner.run({ trials: 5 });
      studies.add(JSON.stringify(tuner.study.observations.map(({ error, features }) => [error, features])));
    }
    expect(studies.size).toBeGreaterThan(1);
  });

  test("adding a constant to a column, or another order of columns, changes nothing that matters", async () => {
    const { columns } = train;
    const change = (rows: typeof train) => {
      const values = rows.x.values.slice();
      for (let i = 0; i < rows.rows; i++) {
        for (let j = 0; j < columns; j++) values[i * columns + j] = rows.x.values[i * columns + (columns - 1 - j)]! + 3;
      }
      return { ...rows, x: { kind: "dense", values } as const };
    };
    const plain = await tune({ ...setting, precision: "f64", tolerance: 1e-7 });
    const shifted = await tune({
      ...setting,
      precision: "f64",
      tolerance: 1e-7,
      train: change(train),
      validation: change(validation),
    });
    expect(Math.abs(shifted.error / plain.error - 1)).toBeLessThan(2e-3);
  });
});

test("1,000 create, tune and dispose cycles leave no byte behind", async () => {
  const small = { ...setting, train: blobs(30, 5, 3, 1), validation: blobs(40, 5, 3, 2), trials: 2 };
  await tune(small);
  const before = [kernels().allocatedBytes(), kernels().memory.buffer.byteLength];
  for (let i = 0; i < 1000; i++) await tune({ ...small, seed: i });
  const after = [kernels().allocatedBytes(), kernels().memory.buffer.byteLength];
  expect(after).toEqual(before);
});

test("an error that is negative, as a function's may be, ends a run as one that is not", async () => {
  const wrong = ({ rows, outputs, values }: Scores, { y }: Dataset) => {
    let count = 0;
    for (let i = 0; i < rows; i++) {
      const own = values.subarray(i * outputs, (i + 1) * outputs);
      if (own.indexOf(Math.max(...own)) !== y[i]) count++;
    }
    return count / rows;
  };
  for (const [seed, count, columns, classes] of [
    [4, 90, 12, 3],
    [2, 200, 30, 6],
  ] as const) {
    const rows = blobs(count, columns, classes, seed);
    const judging = blobs(400, columns, classes, seed + 50);
    const options = { model: "softmax", train: rows, validation: judging, schedule: "on-the-fly" } as const;
    const features = { ...classWeights(rows), l2: l2() };
    const above = await tune({ ...options, features, metric: wrong });
    const below = await tune({ ...options, features, metric: (scores, dataset) => wrong(scores, dataset) - 1 });
    expect(below.trials).toBeLessThan(above.trials + 6);
    expect(below.error + 1).toBeLessThan(above.error + 0.02);
  }
});
