import { expect, test } from "vitest";
import {
  classWeights,
  type Dataset,
  data,
  groupWeights,
  LinearLoss,
  l2,
  fit as minimize,
  tune,
} from "../../src/index.ts";
import { blobs } from "../reference/blobs.ts";

const withGroups = (dataset: Dataset, by: number): Dataset => ({
  ...dataset,
  groups: Int32Array.from({ length: dataset.rows }, (_, i) => Number(i % by === 0)),
});
const train = withGroups(blobs(60, 4, 3, 1), 3);
const { rows } = train;
const reversed = Array.from({ length: rows }, (_, i) => rows - 1 - i);
const other = withGroups(data.take(blobs(rows, 4, 3, 2), reversed), 4);

test.each([
  ["classes", classWeights],
  ["groups", groupWeights],
])(
  "weights of %s are those of the rows they are used on, be these as many as those they were made for",
  async (_, weights) => {
    const features = { ...weights(train), l2: l2() };
    const shares = Object.keys(weights(train)).map((name, g) => [name, 0.1 * (g + 1)]);
    const loss = new LinearLoss("logLoss", features, { ...Object.fromEntries(shares), l2: 0.1 });
    const live = await minimize({ model: "softmax", train: other, loss });
    const stored = await minimize({ model: "softmax", train: other, loss: LinearLoss.fromJSON(JSON.stringify(loss)) });
    expect(live.model.coefficients).toEqual(stored.model.coefficients);

    const setting = { model: "softmax", train: other, validation: train, passes: 40 } as const;
    const borrowed = await tune({ ...setting, features });
    const own = await tune({ ...setting, features: { ...weights(other), l2: l2() } });
    expect(borrowed.lambda).toEqual(own.lambda);
    expect(borrowed.model.coefficients).toEqual(own.model.coefficients);
  },
);

test("groups under the caller's own names stay what they are", async () => {
  const [first, second, third] = Object.values(classWeights(train));
  const features = { rest: first!, rare: second!, last: third! };
  const { lambda } = await tune({ model: "softmax", train, validation: other, features, passes: 40 });
  expect(Object.keys(lambda)).toEqual(["rest", "rare", "last"]);
});
