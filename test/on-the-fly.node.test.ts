import { expect, test } from "vitest";
import { tryAll } from "../src/cli/baselines.ts";
import {
  classWeights,
  convexPenalty,
  data,
  type Features,
  l1,
  l2,
  fit as minimize,
  type TunerOptions,
  tune,
} from "../src/index.ts";

const digits = data.rescale(await data.csv(new URL("../data/digits.csv.gz", import.meta.url), { target: "digit" }), 16);
const cancer = await data.csv(new URL("../data/breast-cancer.csv", import.meta.url), { target: "diagnosis" });

type Setting = Required<Pick<TunerOptions, "model" | "train" | "metric" | "features" | "tolerance" | "precision">> & {
  readonly validation: TunerOptions["train"];
};

function parts(dataset: typeof digits, rows: number, seed: number) {
  return data.split(dataset, { validation: dataset.rows - rows, seed });
}

const CLASS_WEIGHTS = "digits, 300 rows, class weights and l2";

/** Few rows for many weights: plain training over-fits on all of these. */
const problems: readonly (readonly [
  string,
  (seed: number) => Pick<Setting, "model" | "train" | "validation" | "features">,
])[] = [
  [
    "digits, 300 rows, l1 and l2",
    (seed) => ({ model: "softmax", ...parts(digits, 300, seed), features: { l1: l1(), l2: l2() } }),
  ],
  ["digits, 150 rows, l2", (seed) => ({ model: "softmax", ...parts(digits, 150, seed), features: { l2: l2() } })],
  [
    CLASS_WEIGHTS,
    (seed) => {
      const split = parts(digits, 300, seed);
      return { model: "softmax", ...split, features: { ...classWeights(split.train), l2: l2() } };
    },
  ],
  [
    "digits, 300 rows, convex penalty",
    (seed) => ({ model: "softmax", ...parts(digits, 300, seed), features: convexPenalty() }),
  ],
  [
    "breast cancer, 100 rows",
    (seed) => ({ model: "logistic", ...standardized(parts(cancer, 100, seed)), features: { l1: l1(), l2: l2() } }),
  ],
  [
    "breast cancer, 200 rows",
    (seed) => ({ model: "logistic", ...standardized(parts(cancer, 200, seed)), features: { l1: l1(), l2: l2() } }),
  ],
];

function standardized({ train, validation }: ReturnType<typeof parts>) {
  const fitted = data.standardization(train);
  return { train: data.standardize(train, fitted), validation: data.standardize(validation, fitted) };
}

/** Plain training with the smallest penalties, stopped where the validation error is least. */
function earlyStopping(setting: Setting): number {
  let best = Number.POSITIVE_INFINITY;
  const plain = (space: { lower: Float64Array; data: Float64Array; normalize(x: Float64Array): Float64Array }) => [
    space.normalize(space.lower.map((low, j) => (space.data[j] ? 0.1 : low))),
  ];
  tryAll(setting, plain, {
    observe: ({ error }) => {
      best = Math.min(best, error);
    },
  });
  return best;
}

test("on the fly is at least as good as early stopping on 5 of 6 over-fitting problems, clearly better on class weights, for about one training", async () => {
  let won = 0;
  const medians: Record<string, number> = {};
  const costs: number[] = [];
  for (const [name, make] of problems) {
    const ratios: number[] = [];
    for (const seed of [1, 2, 3]) {
      const setting: Setting = { ...make(seed), metric: "log-loss", tolerance: 1e-4, precision: "f32" };
      const result = await tune({ ...setting, schedule: "on-the-fly" });
      const tuned = await tune<Features>(setting);
      const cold = await minimize({ model: setting.model, train: setting.train, loss: tuned.loss, tolerance: 1e-4 });
      ratios.push(result.error / earlyStopping(setting));
      costs.push(result.passes / cold.passes);
    }
    ratios.sort((a, b) => a - b);
    medians[name] = ratios[1]!;
    if (ratios[1]! <= 1) won++;
  }
  expect(won, JSON.stringify(medians)).toBeGreaterThanOrEqual(5);
  expect(medians[CLASS_WEIGHTS]).toBeLessThan(0.92);
  costs.sort((a, b) => a - b);
  expect(costs[costs.length >> 1]!).toBeLessThanOrEqual(1.1);
});
