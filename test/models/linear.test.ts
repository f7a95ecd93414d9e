import { expect, test } from "vitest";
import { LinearModel, l1, l2, type MetricName, fit as minimize, tune } from "../../src/index.ts";
import { blobs } from "../reference/blobs.ts";

const code = (expected: string) => expect.objectContaining({ name: "LearnLossError", code: expected });
const train = blobs(90, 6, 3, 1);
const validation = blobs(120, 6, 3, 2);

test.each(["log-loss", "error-rate", "macro-f1", "auc"] satisfies MetricName[])(
  "the model of a tuning has the error that was reported, %s, stored or not",
  async (metric) => {
    const features = { l1: l1(), l2: l2() };
    const { model, error } = await tune({ model: "softmax", train, validation, features, metric, precision: "f64" });
    expect(model.error(validation, metric)).toBeCloseTo(error, 10);
    expect(LinearModel.fromJSON(JSON.stringify(model)).error(validation, metric)).toBe(model.error(validation, metric));
  },
);

test("on the fly and with folds too; squared loss by mean squared error", async () => {
  const features = { l2: l2() };
  const flown = await tune({ model: "softmax", train, validation, features, schedule: "on-the-fly", precision: "f64" });
  expect(flown.model.error(validation)).toBeCloseTo(flown.error, 10);
  const folded = await tune({ model: "softmax", train, folds: 3, features, precision: "f64", tolerance: 1e-8 });
  const { model } = await minimize({ model: "softmax", train, loss: folded.loss, tolerance: 1e-8 });
  expect(folded.model.error(validation)).toBeCloseTo(model.error(validation), 6);
  const line = await tune({ model: "squared", train, validation, features, precision: "f64" });
  expect(line.model.error(validation)).toBeCloseTo(line.error, 10);
});

test("rows that do not fit the model", async () => {
  const { model } = await minimize({ model: "softmax", train, loss: { l2: 0.1 } });
  const other = { ...validation, y: (validation.y as Float64Array).map((label) => label + 1) };
  expect(() => model.error(other)).toThrow(code("LABEL"));
  expect(() => model.error(blobs(20, 5, 3, 1))).toThrow(code("SHAPE"));
  expect(() => model.error(validation, "mean-squared-error")).toThrow(code("OPTION"));
});
