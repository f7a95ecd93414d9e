import { expect, test } from "vitest";
import { data, LinearModel, l1, l2, type MetricName, fit as minimize, tune } from "../../src/index.ts";
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

test("a model of standardized rows, as one of the rows as they are", async () => {
  const { values } = train.x as { values: Float64Array };
  // Columns far from 0 and of other sizes, one of them constant.
  const moved = values.map((value, i) => (i % 6 === 3 ? 7 : 1000 * (i % 6) + value * 10 ** ((i % 6) - 2)));
  const raw = data.dense({ x: moved, columns: 6, y: train.y });
  const scaling = data.standardization(raw);
  const { model } = await minimize({ model: "softmax", train: data.standardize(raw, scaling), loss: { l2: 0.01 } });
  const ofRaw = model.unstandardized(scaling);
  const scores = model.scores(data.standardize(raw, scaling));
  for (const [i, score] of ofRaw.scores(raw).entries()) expect(score).toBeCloseTo(scores[i]!, 9);
  expect(ofRaw.nonzeros).toBe(model.nonzeros);
  expect(() => model.unstandardized(data.standardization(blobs(20, 5, 3, 1)))).toThrow(code("SHAPE"));
});

test("labels are the same as numbers and as text, as a CSV has them by what else is in the file", async () => {
  const [numbers, texts] = [train, { ...train, y: Array.from(train.y as Float64Array, (y) => String(y)) }];
  for (const [own, other] of [[numbers, texts] as const, [texts, numbers] as const]) {
    const { model } = await minimize({ model: "softmax", train: own, loss: { l2: 0.1 } });
    expect(model.error(other)).toBe(model.error(own));
  }
  const { model } = await minimize({ model: "softmax", train, loss: { l2: 0.1 } });
  const [first, ...rest] = texts.y;
  for (const odd of ["x", "", " ", "-"]) {
    expect(() => model.error({ ...train, y: [first!, odd, ...rest.slice(1)] })).toThrow(/row 2/);
  }
});

test("rows that do not fit the model", async () => {
  const { model } = await minimize({ model: "softmax", train, loss: { l2: 0.1 } });
  const other = { ...validation, y: (validation.y as Float64Array).map((label) => label + 1) };
  expect(() => model.error(other)).toThrow(code("LABEL"));
  expect(() => model.error(blobs(20, 5, 3, 1))).toThrow(code("SHAPE"));
  expect(() => model.error(validation, "mean-squared-error")).toThrow(code("OPTION"));
});
