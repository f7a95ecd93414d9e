import { expect, test } from "vitest";
import { grid, tryAll } from "../src/cli/baselines.ts";
import { type Dataset, data, type Features, groupNorm, l1, l2, type ModelKind, tune } from "../src/index.ts";

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

test("digits, 300 training rows: within 1 % of the best of a 13 × 13 grid, in at most 6 trainings (median of 5 seeds)", async () => {
  const digits = data.rescale(
    await data.csv(new URL("../data/digits.csv.gz", import.meta.url), { target: "digit" }),
    16,
  );
  const seeds = [1, 2, 3, 4, 5];
  const results = [];
  for (const seed of seeds) {
    const { train, validation } = data.split(digits, { validation: digits.rows - 300, seed });
    const setting = {
      model: "softmax",
      train,
      validation,
      features: { l1: l1(), l2: l2() },
      metric: "log-loss",
      tolerance: 1e-4,
      precision: "f32",
    } as const;
    const result = await tune({ ...setting, seed });
    const best = tryAll(setting, (space) => grid(space, 13));
    results.push({ ratio: result.error / best.error, trials: result.trials, cost: best.passes / result.passes });
  }
  expect(median(results.map(({ ratio }) => ratio))).toBeLessThan(1.01);
  expect(median(results.map(({ trials }) => trials))).toBeLessThanOrEqual(6);
  expect(median(results.map(({ cost }) => cost))).toBeGreaterThan(8);
  for (const { ratio } of results) expect(ratio).toBeLessThan(1.02);
});

const read = (file: string, target: string) => data.csv(new URL(`../data/${file}`, import.meta.url), { target });
const bounded = { l1: l1({ max: 100 }), l2: l2({ max: 10 }) };
const others: readonly (readonly [string, ModelKind, Dataset, number, Features, number])[] = [
  [
    "digits, group norm and l2",
    "softmax",
    await read("digits.csv.gz", "digit"),
    200,
    { groups: groupNorm(), l2: l2() },
    7,
  ],
  [
    "breast cancer, l1 and l2",
    "logistic",
    await read("breast-cancer.csv", "diagnosis"),
    150,
    { l1: l1(), l2: l2() },
    13,
  ],
  ["diabetes, l1 and l2", "squared", await read("diabetes.csv", "progression"), 150, bounded, 13],
];

for (const [name, model, rows, size, features, count] of others) {
  test(`${name}: within 1 % of the best of a grid (${model})`, async () => {
    const ratios: number[] = [];
    for (const seed of [1, 2, 3]) {
      const parts = data.split(rows, { validation: rows.rows - size, seed });
      const scaling = data.standardization(parts.train);
      const [train, validation] = [data.standardize(parts.train, scaling), data.standardize(parts.validation, scaling)];
      const metric = model === "squared" ? "mean-squared-error" : "log-loss";
      const setting = { model, train, validation, features, metric, tolerance: 1e-4, precision: "f32" } as const;
      const result = await tune({ ...setting, seed });
      ratios.push(result.error / tryAll(setting, (space) => grid(space, count)).error);
    }
    expect(median(ratios)).toBeLessThan(1.01);
    expect(Math.max(...ratios)).toBeLessThan(1.03);
  });
}

test("digits, error rate: no worse than the best of a 9 × 9 grid, for less work", async () => {
  const digits = data.rescale(await read("digits.csv.gz", "digit"), 16);
  for (const seed of [1, 2]) {
    const { validation: some } = data.split(digits, { validation: 900, seed });
    const { train, validation } = data.split(some, { validation: 600, seed });
    const features = { l1: l1(), l2: l2() };
    const setting = { model: "softmax", train, validation, features, metric: "error-rate", tolerance: 1e-4 } as const;
    const result = await tune({ ...setting, seed });
    const best = tryAll({ ...setting, precision: "f32" }, (space) => grid(space, 9));
    expect(result.error).toBeLessThanOrEqual(best.error);
    expect(result.passes).toBeLessThan(best.passes);
  }
});
