import { expect, test } from "vitest";
import {
  augmentation,
  classWeights,
  type Dataset,
  data,
  groupWeights,
  LinearLoss,
  l2,
  fit as minimize,
  shift,
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

test.each([
  ["classes", classWeights],
  ["groups", groupWeights],
])(
  "weights of %s under the caller's own names are those of the rows they are used on, stored too",
  async (_, weights) => {
    const shares = Object.entries(weights(train)).map(([name, of], g) => ({ name, of, share: 0.1 * (g + 1) }));
    const lossOf = (nameOf: (name: string) => string) =>
      new LinearLoss(
        "logLoss",
        { ...Object.fromEntries(shares.map(({ name, of }) => [nameOf(name), of])), l2: l2() },
        { ...Object.fromEntries(shares.map(({ name, share }) => [nameOf(name), share])), l2: 0.1 },
      );
    const own = lossOf((name) => `weight of ${name.split(":")[1]}`);
    for (const rows of [train, other]) {
      const { model } = await minimize({ model: "softmax", train: rows, loss: lossOf((name) => name) });
      for (const loss of [own, LinearLoss.fromJSON(JSON.stringify(own))]) {
        expect((await minimize({ model: "softmax", train: rows, loss })).model).toEqual(model);
      }
    }
  },
);

test("weights of domains are found by their names where data have them, under every transformation too", async () => {
  const named = (dataset: Dataset, ...groupNames: string[]): Dataset => ({ ...dataset, groupNames });
  const features = { ...groupWeights(named(train, "north", "south")), l2: l2() };
  const loss = new LinearLoss("logLoss", features, { "group:0": 0.2, "group:1": 0.8, l2: 0.1 });
  const back = LinearLoss.fromJSON(JSON.stringify(LinearLoss.fromJSON(JSON.stringify(loss))));
  const swapped = { ...other, groups: other.groups!.map((group) => 1 - group) };
  for (const each of [loss, back]) {
    const use = async (dataset: Dataset) => (await minimize({ model: "softmax", train: dataset, loss: each })).model;
    const expected = await use(named(other, "north", "south"));
    expect(await use(other)).toEqual(expected);
    expect(await use(named(swapped, "south", "north"))).toEqual(expected);
    await expect(use(named(other, "east", "south"))).rejects.toThrow(/such as north, these data have east, south/);
  }
  const images = data.rescale(
    await data.csv(new URL("../../data/digits.csv.gz", import.meta.url), { target: "digit" }),
    16,
  );
  const of = (names: string[], flip: number) => {
    const groups = Int32Array.from({ length: images.rows }, (_, i) => (i % 3 === 0 ? 1 - flip : flip));
    return data.take(
      { ...images, groups, groupNames: names },
      Int32Array.from({ length: 150 }, (_, i) => i),
    );
  };
  const [first, second] = [of(["a", "b"], 0), of(["b", "a"], 1)];
  const policy = { ...augmentation(first, { moved: shift(1, 0) }, { groups: groupWeights(first) }), l2: l2() };
  const shares = { "group:0": 0.5, "group:1": 0.2, moved: 0.3, l2: 0.1 };
  const text = JSON.stringify(new LinearLoss("logLoss", policy, shares));
  const [here, there] = await Promise.all(
    [first, second].map((train) => minimize({ model: "softmax", train, loss: LinearLoss.fromJSON(text) })),
  );
  expect(there!.model).toEqual(here!.model);
});
