import { expect, test } from "vitest";
import {
  classWeights,
  costMatrix,
  createTuner,
  data,
  LinearLoss,
  l1,
  l2,
  labelSmoothing,
  type Metric,
  fit as minimize,
  tune,
} from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { blobs } from "../reference/blobs.ts";

test("where a model on its way was better than every minimizer, a search begins there in the end", async () => {
  // Few rows for many columns: trainings over-fit, and pass models that are better than where they end.
  for (const seed of [4, 9]) {
    using tuner = createTuner({
      model: "softmax",
      train: blobs(30, 60, 3, seed),
      validation: blobs(60, 60, 3, seed + 90),
      features: { l1: l1(), l2: l2() },
      seed,
    });
    await tuner.run();
    const { trials } = tuner.study;
    const ends = trials.map(({ observations }) => observations.at(-1)!);
    const isSame = (i: number, j: number) => trials[i]!.lambda.every((w, at) => w === trials[j]!.lambda[at]);
    // Trainings at a λ that others have been at before, the one right before excepted, which they may have gone on with.
    const begun = trials.flatMap((_, j) => {
      const least = Math.min(...ends.slice(0, j).map(({ converged, error }) => (converged ? error : Infinity)));
      return [...trials.keys()].slice(0, Math.max(j - 1, 0)).filter((i) => isSame(i, j) && ends[i]!.error < least);
    });
    expect(begun.length, `seed ${seed}`).toBeGreaterThan(0);
    for (const i of begun) expect(ends[i]!.converged).toBe(false);
  }
});

test("a search that is promised little has looked at stronger penalties, too", async () => {
  // Weak signals, of which weak penalties make models worse than none, and class weights that are searched first.
  for (const seed of [5, 50, 133, 223]) {
    const random = new Random(seed, 5);
    const columns = 5 + Math.floor(10 * random.uniform());
    const [count, judging] = [60 + Math.floor(200 * random.uniform()), 60 + Math.floor(200 * random.uniform())];
    const size = 0.4 * random.uniform();
    const beta = Array.from({ length: 3 * columns }, () => size * random.normal());
    const rows = (count: number) => {
      const x = Array.from({ length: count }, () => Array.from({ length: columns }, () => random.normal()));
      const score = (row: readonly number[], c: number) =>
        row.reduce((sum, value, j) => sum + value * beta[c * columns + j]!, 0) - Math.log(-Math.log(random.uniform()));
      const scores = x.map((row) => [0, 1, 2].map((c) => score(row, c)));
      return data.dense({ x, y: scores.map((s) => "abc"[s.indexOf(Math.max(...s))]!) });
    };
    const [train, validation] = [rows(count), rows(judging)];
    const features = { ...classWeights(train), l1: l1(), l2: l2() };
    const { lambda, error } = await tune({ model: "softmax", train, validation, features, seed });
    for (const strength of [0.01, 0.03, 0.1, 0.3]) {
      const loss = new LinearLoss("logLoss", features, { ...lambda, l2: strength });
      const { model } = await minimize({ model: "softmax", train, loss });
      expect(model.error(validation, "log-loss"), `seed ${seed}, l2 ${strength}`).toBeGreaterThan(0.99 * error);
    }
  }
});

/** Correlated columns, of which some tell of the target: its value, whether it is above one half, or which of three ranges it is in. */
function regressions(model: "squared" | "logistic" | "softmax", seed: number) {
  const random = new Random(seed);
  const within = (low: number, factor: number) => Math.round(low * factor ** random.uniform());
  const [count, columns] = [within(20, 15), within(2, 25)];
  const [common, noise, density] = [random.uniform(), Math.exp(3 * random.uniform() - 1), random.uniform()];
  const w = Array.from({ length: columns }, () => (random.uniform() < density ? random.normal() : 0));
  const rows = () => {
    const x: number[][] = [];
    const y = Array.from({ length: count }, () => {
      const all = Math.sqrt(common) * random.normal();
      const row = w.map(() => all + Math.sqrt(1 - common) * random.normal());
      x.push(row);
      return row.reduce((sum, value, j) => sum + value * w[j]!, 0) + noise * random.normal();
    });
    if (model === "squared") return data.dense({ x, y });
    if (model === "logistic") return data.dense({ x, y: y.map((score) => (score > 0.5 ? "a" : "b")) });
    return data.dense({ x, y: y.map((score, i) => "abc"[i] ?? (score > 1 ? "a" : score > -1 ? "b" : "c")) });
  };
  return { train: rows(), validation: rows() };
}

test.each([
  ["the best minimizer is one of a first sketch", "squared", ["l2"], [1161]],
  ["the best minimizer is one of a first sketch, and better ones are beside it", "squared", ["l1", "l2"], [1161]],
  ["a stronger L1 is better, a stronger L2 worse", "squared", ["l1", "l2"], [1145, 1252]],
  ["a stronger L2 is as good, and better with a weaker L1", "softmax", ["l1", "l2"], [1022, 1183]],
  ["penalties that leave no weight are better than the others looked at", "logistic", ["l1"], [1195, 1074]],
] as const)("%s, %s loss, %s: no λ of a scan is better by a hundredth", async (_, model, names, seeds) => {
  for (const seed of seeds) {
    const { train, validation } = regressions(model, seed);
    const features = Object.fromEntries(names.map((name) => [name, { l1, l2 }[name]()]));
    const { error, lambda } = await tune({ model, train, validation, features });
    const plain = model === "squared" ? "squaredError" : "logLoss";
    const scan = Array.from({ length: 25 }, (_, i) => 10 ** (-6 + i / 4));
    const others = names.length > 1 ? scan : [0];
    for (const value of scan) {
      for (const other of others) {
        const loss = new LinearLoss(plain, features, { [names[0]]: value, ...(names[1] ? { [names[1]]: other } : {}) });
        const { model: found } = await minimize({ model, train, loss, tolerance: 1e-5 });
        const metric = model === "squared" ? "mean-squared-error" : "log-loss";
        const message = `seed ${seed}: ${loss} beside ${JSON.stringify(lambda)}`;
        expect(found.error(validation, metric), message).toBeGreaterThan(0.99 * error);
      }
    }
  }
});

test("nothing better is looked for than no error, whatever it is counted by, nor with a budget to explore", async () => {
  const metrics: Metric[] = ["error-rate", "balanced-error", "macro-f1", "auc", costMatrix({ a: { b: 5 } })];
  const [train, validation] = [1, 2].map((seed) => {
    const random = new Random(seed, 7);
    const y = Array.from({ length: 40 }, (_, i) => (i % 2 ? "a" : "b"));
    return data.dense({ x: y.map((label) => [label === "a" ? 4 + random.normal() : random.normal() - 4]), y });
  });
  for (const metric of metrics) {
    for (const explore of [false, true]) {
      const options = {
        model: "logistic",
        train: train!,
        validation: validation!,
        features: { l1: l1(), l2: l2() },
      } as const;
      const { error, trials, status } = await tune({ ...options, metric, explore, passes: 5000 });
      expect([error, status]).toEqual([0, "complete"]);
      expect(trials).toBeLessThan(10);
    }
  }
});

test("what is found far from all searches, by interpolation, is searched beside in the end", async () => {
  const all = await data.csv(new URL("../../data/wine.csv", import.meta.url), { target: "cultivar" });
  const parts = data.split(all, { validation: all.rows - 60, seed: 3 });
  const half = data.split(parts.validation, { validation: 0.5, seed: 3 }).validation;
  const scaling = data.standardization(parts.train);
  const [train, validation] = [data.standardize(parts.train, scaling), data.standardize(half, scaling)];
  const features = { l1: l1(), l2: l2(), smoothing: labelSmoothing() };
  const options = {
    model: "softmax",
    train,
    validation,
    features,
    seed: 3,
    tolerance: 1e-5,
    precision: "f32",
  } as const;
  const { error, lambda } = await tune(options);
  for (const name of ["l1", "l2", "smoothing"] as const) {
    for (const factor of [Math.exp(-1), Math.exp(1)]) {
      const loss = new LinearLoss("logLoss", features, { ...lambda, [name]: factor * lambda[name] });
      const { model } = await minimize({ model: "softmax", train, loss, tolerance: 1e-5 });
      expect(model.error(validation, "log-loss"), `${name} × ${factor.toFixed(2)}`).toBeGreaterThan(0.95 * error);
    }
  }
});
