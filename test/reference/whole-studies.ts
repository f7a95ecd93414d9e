import {
  atLeast,
  augmentation,
  between,
  blur,
  classWeights,
  convexPenalty,
  createStudy,
  createTuner,
  data,
  either,
  fixed,
  l1,
  l2,
  labelSmoothing,
  noise,
  rotate,
  type Study,
  type TunerOptions,
} from "../../src/index.ts";
import { blobs } from "./blobs.ts";

const train = blobs(90, 10, 3, 1);
const validation = blobs(120, 10, 3, 2);
const two = { train: blobs(70, 6, 2, 3), validation: blobs(90, 6, 2, 4) };

/** The nonzeros of a dense dataset above a threshold, as compressed rows. */
function sparse(dataset: typeof train) {
  const { rows, columns, x, y } = dataset;
  const kept = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => j).filter((j) => Math.abs(x.values[i * columns + j]!) > 0.5),
  );
  const starts = new Int32Array(rows + 1);
  for (const [i, row] of kept.entries()) starts[i + 1] = starts[i]! + row.length;
  return data.sparse({
    values: Float64Array.from(kept.flatMap((row, i) => row.map((j) => x.values[i * columns + j]!))),
    indices: Int32Array.from(kept.flat()),
    starts,
    columns,
    y: y as Float64Array,
  });
}

const chance = { turned: either(rotate(10), rotate(-25)), noisy: noise(0.2), soft: blur(0.8) };

const settings: readonly TunerOptions[] = [
  { model: "softmax", train, validation, features: { l1: l1(), l2: l2() }, seed: 1 },
  {
    model: "softmax",
    train,
    validation,
    features: { ...classWeights(train), smoothing: labelSmoothing(), l2: l2() },
    metric: "error-rate",
    precision: "f64",
    seed: 2,
  },
  { model: "logistic", ...two, features: { ...convexPenalty({ knots: 4 }) }, metric: "auc", seed: 3 },
  { model: "squared", ...two, features: { l2: l2() }, seed: 4 },
  {
    model: "softmax",
    train: sparse(train),
    validation: sparse(validation),
    features: { l1: l1() },
    schedule: "on-the-fly",
  },
  {
    model: "softmax",
    train,
    validation,
    features: { ...augmentation(train, chance, { width: 5, seed: 5 }), l2: l2() },
    seed: 6,
  },
];

/** A study that is asked and told, here by formulas of φ and e whose trust region shrinks and grows on the way. */
function asked(seed: number): Study {
  const study = createStudy({
    lambda: { logLoss: fixed(1), l1: between(1e-4, 10), l2: atLeast(0), w: between(0.1, 5) },
    seed,
    trials: 40,
  });
  while (!study.done) {
    const trial = study.ask();
    const { l1: a = 0, l2: b = 0, w = 1 } = trial.lambda;
    const u = (1 - a * 0.3) / (1 + b);
    const v = (2 - a) / (1 + b + w * 0.2);
    const logLoss = 0.5 * (u - 1) * (u - 1) + 0.5 * (v - 2) * (v - 2);
    const features = { logLoss, l1: Math.abs(u) + Math.abs(v), l2: 0.5 * (u * u + v * v), w: 0.1 * v * v };
    study.tell(trial, { features, error: Math.abs(u - 0.4) + (v - 0.7) * (v - 0.7) + 0.05 * Math.abs(a - b) });
  }
  return study;
}

/** Everything that whole studies were asked and told, and the models that they ended with, as text: every bit counts. */
export async function wholeStudies(): Promise<string> {
  const studies = [];
  for (const options of settings) {
    using tuner = createTuner(options);
    const { lambda, error, best, certificate, passes } = await tuner.run({ passes: 800 });
    const weights = [best.coefficients, best.intercepts].map((list) => Array.from(list));
    studies.push({ lambda, error, weights, certificate, passes, study: tuner.study });
  }
  return JSON.stringify([...studies, ...[1, 2, 3].map(asked)]);
}
