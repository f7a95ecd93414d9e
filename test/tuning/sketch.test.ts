import { expect, test } from "vitest";
import { createTuner, l1, l2, type TuneResult } from "../../src/index.ts";
import { blobs } from "../reference/blobs.ts";

/** Classes whose columns are running means of what they were: alike, so that a training takes long. */
function alike(columns: number, seed: number) {
  const dataset = blobs(600, columns, 4, seed, 8);
  const x = dataset.x.values;
  for (let i = 0; i < dataset.rows; i++) {
    for (let j = 1; j < columns; j++) x[i * columns + j] = 0.9 * x[i * columns + j - 1]! + 0.45 * x[i * columns + j]!;
  }
  return dataset;
}

/** A tuning, and the errors that its trainings before the first converged one were predicted to have, and had. */
async function tuning(columns: number): Promise<{ result: TuneResult; predicted: number[]; had: number[] }> {
  using tuner = createTuner({
    model: "softmax",
    train: alike(columns, 1),
    validation: alike(columns, 2),
    features: { l1: l1(), l2: l2() },
  });
  const promises: (number | undefined)[] = [];
  tuner.on("trial", ({ trial, predicted }) => {
    promises[trial] = predicted;
  });
  const result = await tuner.run();
  const last = tuner.study.trials.map(({ observations }) => observations.at(-1)!);
  const brief = last.findIndex(({ converged }) => converged);
  return {
    result,
    predicted: promises.slice(0, brief).filter((error) => error !== undefined),
    had: last.slice(0, brief).map(({ error }) => error),
  };
}

test("where the span is cheap to search, the first training follows it, and comes to where it was promised", async () => {
  const { result, predicted, had } = await tuning(300);
  expect(predicted.length).toBeGreaterThan(3);
  expect(Math.abs(had.at(-1)! / predicted.at(-1)! - 1)).toBeLessThan(0.015);
  expect(Math.abs(had.at(-1)! / result.error - 1)).toBeLessThan(0.05);
  expect(result.reducedPasses).toBeLessThan(0.2 * result.trainingPasses);
});

test("where it is not, three brief trainings do", async () => {
  const { predicted } = await tuning(10);
  expect(predicted.length).toBeLessThanOrEqual(3);
});
