// An augmentation policy: how much of the loss comes from the training images moved, turned, blurred …, learned on
// validation rows. What helps gets weight, what turns digits into other digits gets next to none.
import assert from "node:assert/strict";
import {
  augmentation,
  blur,
  contrast,
  cutout,
  data,
  either,
  type Features,
  fit,
  LinearLoss,
  l2,
  mirror,
  noise,
  rotate,
  scale,
  shear,
  shift,
  tune,
} from "learnloss";

const digits = data.rescale(await data.csv(new URL("../data/digits.csv.gz", import.meta.url), { target: "digit" }), 16);
const { train, validation: rest } = data.split(digits, { validation: digits.rows - 150, seed: 1 });
const { train: validation, validation: test } = data.split(rest, { validation: 0.5, seed: 1 });

const transformations = {
  moved: either(shift(0.7, 0), shift(-0.7, 0), shift(0, 0.7), shift(0, -0.7)),
  turned: either(rotate(10), rotate(-10)),
  slanted: either(shear(0.2), shear(-0.2)),
  larger: scale(1.1),
  blurred: blur(0.6),
  noisy: noise(0.15),
  pale: contrast(0.6),
  holed: cutout(2),
  mirrored: mirror(),
  "upside down": rotate(180),
};

const setting = { model: "softmax", train, validation, seed: 1 } as const;
const spaces: Record<string, Features> = {
  "as they are": { l2: l2() },
  "one policy": { ...augmentation(train, transformations), l2: l2() },
};
const results = [];
for (const [name, features] of Object.entries(spaces)) {
  const { error, model, loss, lambda, passes } = await tune({ ...setting, features });
  const [logLoss, errorRate] = [model.error(test, "log-loss"), model.error(test, "error-rate")];
  results.push({ lambda, loss, logLoss, errorRate });
  console.log(`${name}: log loss ${error.toFixed(4)}, on test rows ${logLoss.toFixed(4)}`);
  console.log(`  ${(100 * errorRate).toFixed(1)} % of the test rows wrong; ${passes.toFixed(0)} passes`);
}

const [plain, policy] = results;
const { lambda, loss } = policy!;
const policyOf = Object.keys(augmentation(train, transformations));
console.log(policyOf.map((name) => `${name} ${lambda[name]!.toFixed(3)}`).join(", "));
assert(policy!.logLoss < 0.95 * plain!.logLoss && policy!.errorRate <= plain!.errorRate);
assert(lambda.mirrored! < 0.02 && lambda["upside down"]! < 0.02);

// The policy is stored without data, and used on other images of the same shape: here all that were held back.
const stored = JSON.stringify(loss);
const other = await fit({ model: "softmax", train: rest, loss: LinearLoss.fromJSON(stored) });
console.log(`${stored.length} bytes of JSON, ${other.status} on ${rest.rows} other images`);

// Some digits under each transformation, as the training sees them.
const shown = data.augment(data.take(train, [0, 1, 2, 3, 4, 5, 6, 7]), transformations, { range: [0, 1] });
export const figure = {
  x: { label: "weight (log scale, least 0.001)" },
  bars: policyOf.map((label, group) => ({
    label,
    value: lambda[label]!,
    images: Array.from({ length: 8 }, (_, i) => {
      const at = (group * 8 + i) * shown.columns;
      return Array.from(shown.x.values.subarray(at, at + shown.columns));
    }),
  })),
};
