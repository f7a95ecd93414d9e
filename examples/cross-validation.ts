// Few rows, so cross-validation judges: φ and e are means over five folds. The choice is the best λ, or the simplest whose
// error is within one standard error of the best.
import assert from "node:assert/strict";
import { data, l1, tune } from "learnloss";

const all = await data.csv(new URL("../data/breast-cancer.csv", import.meta.url), { target: "diagnosis" });
const { train: raw, validation: rest } = data.split(all, { validation: all.rows - 120, seed: 1 });
const scaling = data.standardization(raw);
const [train, test] = [data.standardize(raw, scaling), data.standardize(rest, scaling)];

const setting = { model: "logistic", train, folds: 5, seed: 1 } as const;
const features = { l1: l1() };
const best = await tune({ ...setting, features });
const simple = await tune({ ...setting, features, choice: "one-standard-error" });
for (const [name, { error, standardError, model, lambda, passes }] of Object.entries({ best, simple })) {
  console.log(`${name}: log loss ${error.toFixed(4)} ± ${standardError!.toFixed(4)}, ${passes.toFixed(0)} passes`);
  console.log(
    `  l1 ${lambda.l1.toPrecision(2)}: ${model.nonzeros} of 30 weights are not 0, log loss on test rows ${model.error(test).toFixed(4)}`,
  );
}

// The error of other weights, each trained to the end on every fold.
const ray: [number, number, number][] = [];
for (let exponent = -1; exponent <= 1; exponent += 0.125) {
  const weight = best.lambda.l1 * 10 ** exponent;
  const { error, standardError } = await tune({ ...setting, features: { l1: l1({ min: weight, max: weight }) } });
  ray.push([weight, error, standardError!]);
}
const bound = best.error + best.standardError!;
export const figure = {
  x: { label: "weight of ‖W‖₁", log: true },
  y: { label: "log loss, mean of five folds" },
  series: [
    { label: "mean", kind: "line", points: ray.map(([x, error]): [number, number] => [x, error]) },
    {
      label: "± one standard error",
      kind: "line",
      dashed: true,
      points: ray.map(([x, e, s]): [number, number] => [x, e + s]),
    },
    {
      kind: "line",
      dashed: true,
      points: ray.map(([x, e, s]): [number, number] => [x, e - s]),
    },
    {
      label: "bound",
      kind: "line",
      width: 1,
      points: [
        [ray[0]![0], bound],
        [ray.at(-1)![0], bound],
      ],
    },
    { label: "best", kind: "dots", width: 6, points: [[best.lambda.l1, best.error]] },
    { label: "simplest", kind: "dots", width: 6, points: [[simple.lambda.l1, simple.error]] },
  ],
} as const;

assert(simple.error <= bound && simple.lambda.l1 > best.lambda.l1 && simple.model.nonzeros < best.model.nonzeros);
