// One label in ten is wrong. Without a penalty a model learns the mistakes by heart; label smoothing, its strength learned,
// takes half of the harm away. Ridge does better, and beside it smoothing is given next to no weight: it is not needed.
import assert from "node:assert/strict";
import { data, type Features, l2, labelSmoothing, tune } from "learnloss";

const digits = data.rescale(await data.csv(new URL("../data/digits.csv.gz", import.meta.url), { target: "digit" }), 16);
const wrong = (digits.y as Float64Array).map((y, i) => ((i * 0.618034) % 1 < 0.1 ? (y + 1 + (i % 9)) % 10 : y));
const { train, validation: rest } = data.split({ ...digits, y: wrong }, { validation: digits.rows - 600, seed: 1 });
const { train: validation, validation: test } = data.split(rest, { validation: 0.5, seed: 1 });

const learn = (features: Features) => tune({ model: "softmax", train, validation, features, seed: 1 });
const none = l2({ min: 1e-5, max: 1e-5 });
const plain = await learn({ none });
const smoothed = await learn({ smoothing: labelSmoothing(), none });
const ridge = await learn({ ridge: l2() });
const both = await learn({ smoothing: labelSmoothing(), ridge: l2() });
for (const [name, { error, model, lambda }] of Object.entries({ plain, smoothed, ridge, both })) {
  const weight = lambda.smoothing === undefined ? "" : `, smoothing ${lambda.smoothing.toFixed(3)}`;
  console.log(`${name}: log loss ${error.toFixed(3)}, on test rows ${model.error(test).toFixed(3)}${weight}`);
}

const points: [number, number][] = [];
for (const weight of [0.003, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6]) {
  const { error } = await learn({ smoothing: labelSmoothing({ min: weight, max: weight }), none });
  points.push([weight, error]);
}
export const figure = {
  x: { label: "weight of the uniform cross-entropy", log: true },
  y: { label: "validation log loss", log: true },
  series: [
    { label: "label smoothing, no penalty", kind: "line", points },
    { label: "chosen", kind: "dots", width: 6, points: [[smoothed.lambda.smoothing!, smoothed.error]] },
  ],
} as const;

assert(smoothed.model.error(test) < 0.6 * plain.model.error(test));
assert(smoothed.error < 1.01 * Math.min(...points.map(([, error]) => error)));
assert(both.lambda.smoothing! < 0.02);
