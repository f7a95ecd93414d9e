import { expect, test } from "vitest";
import { createTuner, data, l1, l2, labelSmoothing, tune } from "../src/index.ts";
import { kernels } from "../src/wasm/kernels.ts";

async function wines(seed: number) {
  const rows = await data.csv(new URL("../data/wine.csv", import.meta.url), { target: "cultivar" });
  const parts = data.split(rows, { validation: rows.rows - 60, seed });
  const scaling = data.standardization(parts.train);
  return { train: data.standardize(parts.train, scaling), validation: data.standardize(parts.validation, scaling) };
}

const features = { l1: l1(), l2: l2(), smoothing: labelSmoothing() };

test("exploration leaves basins that the search ended in (wines, twenty splits), goes on doing so, and never loses the best", async () => {
  const bytes = kernels().allocatedBytes();
  let gain = 0;
  let later = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const setting = { model: "softmax", ...(await wines(seed)), features, seed } as const;
    const local = await tune(setting);
    using tuner = createTuner({ ...setting, explore: true });
    let before = Number.POSITIVE_INFINITY;
    for (const passes of [1000, 1000]) {
      const result = await tuner.run({ passes });
      expect(result.status).toBe("passes");
      expect(result.error).toBeLessThanOrEqual(before);
      if (result.error < before && Number.isFinite(before)) later++;
      before = result.error;
    }
    // It begins as tuning does, trial by trial.
    expect(before).toBeLessThanOrEqual(local.error);
    expect(local.unexplored).toBeUndefined();
    gain -= Math.log(before / local.error) / 20;
  }
  // All over F alone, ten splits: 3.6 % less error, none of it for the second half of the passes; and searches ended higher then.
  expect(gain).toBeGreaterThan(0.025);
  expect(later).toBeGreaterThanOrEqual(6);
  // One of these budgets ends in the middle of a proof.
  expect(kernels().allocatedBytes()).toBe(bytes);
});

test("exploration begins as tuning does", async () => {
  for (const seed of [1, 2, 3, 4]) {
    const setting = { model: "softmax", ...(await wines(seed)), features, seed } as const;
    const [tuned, explored] = await Promise.all(
      [{}, { explore: true }].map(async (options) => {
        using tuner = createTuner({ ...setting, ...options });
        await tuner.run(options.explore ? { passes: 2000 } : {});
        return tuner.study.trials.map(({ lambda, observations }) => ({ lambda, last: observations.at(-1) }));
      }),
    );
    expect(tuned!.length).toBeGreaterThan(3);
    expect(explored!.slice(0, tuned!.length)).toEqual(tuned);
    expect(explored!.length).toBeGreaterThan(tuned!.length);
  }
});

test("one pass tells how far a virtual model is from its minimizer", async () => {
  using tuner = createTuner({ model: "softmax", ...(await wines(1)), features, seed: 1, explore: true });
  let { unexplored } = await tuner.run({ passes: 3000 });
  // Told by the first round of exploration, which begins when the search has ended.
  while (unexplored === undefined) ({ unexplored } = await tuner.run({ passes: 1000 }));
  expect(unexplored).toBeGreaterThan(0);
  expect(unexplored).toBeLessThan(Number.POSITIVE_INFINITY);
});

test("a training far above the best, whose error hardly falls, is given up: at tiny penalties it would take thousands of passes", async () => {
  for (const seed of [2, 3]) {
    using tuner = createTuner({
      model: "softmax",
      ...(await wines(seed)),
      features,
      seed,
      explore: true,
      tolerance: 1e-5,
    });
    let longest = 0;
    tuner.on("checkpoint", ({ iteration, error }) => {
      if (error > 5 * (tuner.best?.error ?? error)) longest = Math.max(longest, iteration);
    });
    await tuner.run({ passes: 4000 });
    expect(longest).toBeGreaterThan(10);
    expect(longest).toBeLessThan(1000);
  }
});

test("exploration needs a budget, and neither folds nor one training run", async () => {
  const { train, validation } = await wines(3);
  const setting = { model: "softmax", train, features, explore: true } as const;
  await expect(tune({ ...setting, validation })).rejects.toMatchObject({ code: "OPTION" });
  await expect(tune({ ...setting, folds: 3, passes: 100 })).rejects.toMatchObject({ code: "OPTION" });
  await expect(tune({ ...setting, validation, schedule: "on-the-fly", passes: 100 })).rejects.toMatchObject({
    code: "OPTION",
  });
});
