import { describe, expect, test } from "vitest";
import {
  classWeights,
  createTuner,
  data,
  type LinearLoss,
  type LinearModel,
  l2,
  labelSmoothing,
  fit as minimize,
  tune,
} from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { isMinimal } from "../../src/tuning/trainer.ts";

/** Two columns, the first of which says a little of the label. */
function rows(count: number, random: Random) {
  const x = Array.from({ length: count }, () => [random.normal(), random.normal()]);
  const y = x.map(([a], i) => (i < 2 ? i : Number(0.4 * a! + 3 * random.normal() > 0)));
  return data.dense({ x, y });
}

/** λ·φ in plain arithmetic: smoothed log loss, and the ridge. */
function objective(loss: LinearLoss, model: LinearModel, train: ReturnType<typeof rows>): number {
  const { smoothing = 0, l2: ridge = 0 } = loss.lambda as Record<string, number>;
  const probabilities = model.probabilities(train);
  let sum = 0;
  for (let i = 0; i < train.rows; i++) {
    const [p, q] = [probabilities[2 * i]!, probabilities[2 * i + 1]!];
    const label = (train.y as Float64Array)[i] === model.classes![0] ? p : q;
    sum -= (1 - smoothing) * Math.log(label) + (smoothing / 2) * (Math.log(p) + Math.log(q));
  }
  return sum / train.rows + 0.5 * ridge * model.coefficients.reduce((total, w) => total + w * w, 0);
}

/** Three classes that a column tells apart, and rows beside them. */
function separable() {
  const rows = Array.from({ length: 60 }, (_, i) => [i % 3, (i * 7) % 5]);
  const y = rows.map(([label]) => label!);
  return { train: data.dense({ x: rows, y }), validation: data.dense({ x: rows.map(([a, b]) => [a!, b! + 0.5]), y }) };
}

describe("where a loss has no minimizer, none is claimed", () => {
  const { train, validation } = separable();
  const features = classWeights(train);
  test.each([
    ["a validation set", { validation }],
    ["folds", { folds: 3 }],
    ["folds, and the strongest penalties", { folds: 3, choice: "one-standard-error" }],
    ["a validation set, exploring", { validation, explore: true }],
  ] as const)("%s", async (_, judging) => {
    using tuner = createTuner({ model: "softmax", train, features, metric: "log-loss", ...judging });
    const { status, best, warnings, errorBounds, model } = await tuner.run({ passes: 2000 });
    expect(warnings.map((warning) => warning.split(":")[0])).toContain("UNBOUNDED");
    expect(warnings.map((warning) => warning.split(":")[0])).not.toContain("CHOICE");
    expect(status).toBe("explore" in judging ? "passes" : "complete");
    expect([best.converged, errorBounds]).toEqual([false, undefined]);
    expect(tuner.study.observations.filter(({ converged }) => converged)).toEqual([]);
    expect(model.coefficients.every(Number.isFinite)).toBe(true);
  });

  test("what the status and the residual of a solver say", () => {
    expect(isMinimal({ status: "converged", residual: 1e-5 })).toBe(true);
    expect(isMinimal({ status: "stalled", residual: 1e-5 })).toBe(true);
    for (const residual of [1, Number.POSITIVE_INFINITY, Number.NaN])
      expect(isMinimal({ status: "stalled", residual })).toBe(false);
    for (const status of ["running", "unbounded"] as const) expect(isMinimal({ status, residual: 1e-5 })).toBe(false);
  });
});

describe("a tuned model minimizes its loss", () => {
  // The span of nearly empty models knows few digits of their scores, which trainings begin with.
  test.each(["error-rate", "auc", "log-loss"] as const)("label smoothing and a ridge, %s", async (metric) => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(seed);
      const [train, validation] = [rows(48, random), rows(12, random)];
      const features = { smoothing: labelSmoothing(), l2: l2() };
      const { model, loss } = await tune({ model: "softmax", train, validation, features, metric });
      const least = await minimize({ model: "softmax", train, loss, tolerance: 1e-9 });
      expect(objective(loss, model, train) / objective(loss, least.model, train)).toBeLessThan(1 + 2e-4);
    }
  });
});
