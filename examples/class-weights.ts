// A weight per class where some classes are rare, learned for balanced error: the mean over the classes of the share that
// is missed. Against no weights, and against the usual rule that all classes weigh the same.
import assert from "node:assert/strict";
import { classWeights, data, type Features, l2, tune } from "learnloss";

const digits = data.rescale(await data.csv(new URL("../data/digits.csv.gz", import.meta.url), { target: "digit" }), 16);
const { train: pool, validation: rest } = data.split(digits, { validation: 0.7, seed: 1 });
const { train: validation, validation: test } = data.split(rest, { validation: 0.5, seed: 1 });

// The larger a digit the rarer it is in training: 0.7^digit of its rows are left.
const rows = Array.from(pool.y as Float64Array, (digit, i) => ((i * 0.618034) % 1 < 0.7 ** digit ? i : -1));
const train = data.take(
  pool,
  rows.filter((i) => i >= 0),
);

const weights = classWeights(train);
const equal = Object.entries(weights).map(([name, weight]) => [name, { ...weight, min: 0.1, max: 0.1 }]);
const spaces: Record<string, Features> = {
  "no class weights": { l2: l2() },
  "equal class weights": { ...Object.fromEntries(equal), l2: l2() },
  "learned class weights": { ...weights, l2: l2() },
};

export const figure = {
  x: { label: "digit, ever rarer in training" },
  y: { label: "recall on test rows" },
  series: [] as { label: string; kind: "line"; points: [number, number][] }[],
};

const errors: { validation: number; test: number }[] = [];
for (const [name, features] of Object.entries(spaces)) {
  const metric = "balanced-error";
  const { model, error, passes } = await tune({ model: "softmax", train, validation, features, metric, seed: 1 });
  errors.push({ validation: error, test: model.error(test, metric) });
  console.log(`${name}: balanced error ${error.toFixed(3)}, on test rows ${model.error(test, metric).toFixed(3)}`);
  if (name === "learned class weights") console.log(`  10 weights and l2 in ${passes.toFixed(0)} passes`);

  const recall = Array.from({ length: 10 }, (_, digit): [number, number] => {
    const own = Array.from(test.y as Float64Array, (y, i) => (y === digit ? i : -1)).filter((i) => i >= 0);
    return [digit, 1 - model.error(data.take(test, own), "error-rate")];
  });
  figure.series.push({ label: name, kind: "line", points: recall });
}

const [none, same, learned] = errors;
assert(learned!.validation < same!.validation && same!.validation < none!.validation);
assert(learned!.test < none!.test - 0.01);
