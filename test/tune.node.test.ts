import { expect, test } from "vitest";
import { grid, tryAll } from "../src/cli/baselines.ts";
import { data, l1, l2, tune } from "../src/index.ts";

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
