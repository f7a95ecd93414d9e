import { describe, expect, test } from "vitest";
import { data, type LinearLoss, type LinearModel, l2, labelSmoothing, fit as minimize, tune } from "../../src/index.ts";
import { Random } from "../../src/random.ts";

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
