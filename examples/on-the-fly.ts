// The loss is learned inside one training run: against plain training, and against plain training stopped where the
// validation error is least. 300 rows for 650 weights, so plain training over-fits.
import assert from "node:assert/strict";
import { classWeights, createTuner, data, type Features, l2 } from "learnloss";

const digits = data.rescale(await data.csv(new URL("../data/digits.csv.gz", import.meta.url), { target: "digit" }), 16);
const { train, validation } = data.split(digits, { validation: digits.rows - 300, seed: 1 });

/** Validation errors on the way, as [passes, error]. */
async function errors(features: Features, schedule: "tune" | "on-the-fly") {
  using tuner = createTuner({ model: "softmax", train, validation, features, schedule, seed: 1 });
  const points: [number, number][] = [];
  tuner.on("checkpoint", ({ passes, error }) => points.push([Math.max(passes, 0.5), error]));
  return { result: await tuner.run(), points };
}

const none = l2({ min: 1e-6, max: 1e-6 });
const plain = await errors({ none }, "tune");
const flown = await errors({ ...classWeights(train), l2: l2() }, "on-the-fly");
const least = Math.min(...plain.points.map(([, error]) => error));
const stopped = plain.points.findIndex(([, error]) => error === least);

console.log(`plain training: log loss ${plain.result.error.toFixed(4)}, ${plain.result.passes.toFixed(0)} passes`);
console.log(`stopped early: ${least.toFixed(4)}, ${plain.points[stopped]![0].toFixed(0)} passes`);
console.log(
  `11 weights learned on the fly: ${flown.result.error.toFixed(4)}, ${flown.result.passes.toFixed(0)} passes`,
);

const best = (points: [number, number][]) =>
  points.map(([passes], i): [number, number] => [
    passes,
    Math.min(...points.slice(0, i + 1).map(([, error]) => error)),
  ]);
export const figure = {
  x: { label: "passes over the training rows", log: true },
  y: { label: "validation log loss", log: true },
  series: [
    { label: "plain training", kind: "line", points: plain.points },
    { label: "early stopping", kind: "step", dashed: true, points: best(plain.points) },
    { label: "on the fly, the best so far", kind: "step", width: 3, points: best(flown.points) },
  ],
} as const;

assert(flown.result.error < 0.98 * least && least < plain.result.error);
