// Every sixth picture comes from a scanner that lies on its side. A model is judged by its worst scanner; the weights of
// the two in the loss are learned for that.
import assert from "node:assert/strict";
import { data, type Features, groupWeights, type LinearModel, l2, tune } from "learnloss";

const digits = data.rescale(await data.csv(new URL("../data/digits.csv.gz", import.meta.url), { target: "digit" }), 16);
const values = digits.x.values.slice();
const groups = Int32Array.from({ length: digits.rows }, (_, i) => (i % 6 === 0 ? 1 : 0));
for (const [i, group] of groups.entries()) {
  if (group === 0) continue;
  for (let p = 0; p < 64; p++) values[64 * i + p] = digits.x.values[64 * i + (p % 8) * 8 + Math.floor(p / 8)]!;
}
const scanned = data.dense({ x: values, columns: 64, y: digits.y, groups });
const { train, validation: rest } = data.split(scanned, { validation: scanned.rows - 600, seed: 1 });
const { train: validation, validation: test } = data.split(rest, { validation: 0.5, seed: 1 });

const spaces: Record<string, Features> = {
  "all rows alike": { l2: l2() },
  "learned group weights": { ...groupWeights(train), l2: l2() },
};

/** Error rates of the upright scanner and of the one on its side. */
function groupErrors(model: LinearModel, rows: typeof test): [upright: number, turned: number] {
  const error = (group: number) => {
    const own = Array.from(rows.groups!, (g, i) => (g === group ? i : -1)).filter((i) => i >= 0);
    return model.error(data.take(rows, own), "error-rate");
  };
  return [error(0), error(1)];
}

const worst: number[] = [];
let chosen = { weight: 0, l2: 0 };
for (const [name, features] of Object.entries(spaces)) {
  const metric = "worst-group-error";
  const { model, error, lambda } = await tune({ model: "softmax", train, validation, features, metric, seed: 1 });
  const [upright, turned] = groupErrors(model, test);
  worst.push(Math.max(upright, turned));
  console.log(`${name}: worst group ${error.toFixed(3)}, on test rows ${upright.toFixed(3)} and ${turned.toFixed(3)}`);
  chosen = { weight: lambda["group:1"] ?? 0, l2: lambda.l2! };
}
console.log(`the one on its side weighs ${chosen.weight.toFixed(2)} of 1, and has a sixth of the rows`);

// Other weights, with the same penalty.
const [upright, turned]: [number, number][][] = [[], []];
for (const weight of [0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 0.99]) {
  const fixed = (value: number) => ({ min: value, max: value });
  const weights = groupWeights(train);
  const features = {
    "group:0": { ...weights["group:0"]!, ...fixed(1 - weight) },
    "group:1": { ...weights["group:1"]!, ...fixed(weight) },
    l2: l2(fixed(chosen.l2)),
  };
  const { model } = await tune({ model: "softmax", train, validation, features });
  const errors = groupErrors(model, validation);
  upright!.push([weight, errors[0]]);
  turned!.push([weight, errors[1]]);
}
export const figure = {
  x: { label: "weight of the scanner on its side" },
  y: { label: "error rate on validation rows" },
  series: [
    { label: "upright", kind: "line", points: upright! },
    { label: "on its side", kind: "line", points: turned! },
    {
      label: "chosen weight",
      kind: "line",
      dashed: true,
      points: [
        [chosen.weight, 0],
        [chosen.weight, 0.3],
      ],
    },
  ],
} as const;

assert(worst[1]! < 0.8 * worst[0]!);
