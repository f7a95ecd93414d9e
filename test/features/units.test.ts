import { expect, test } from "vitest";
import { inUnits } from "../../src/features/units.ts";
import { type Dataset, data, groupNorm, l1, l2, labelSmoothing, fit as minimize, tune } from "../../src/index.ts";
import { Random } from "../../src/random.ts";

/** y of a size of `scale`, in part explained by two of eight columns. */
function regression(rows: number, seed: number, scale: number): Dataset {
  const random = new Random(seed);
  const x = Array.from({ length: rows }, () => Array.from({ length: 8 }, () => random.normal()));
  return data.dense({ x, y: x.map(([a, b]) => scale * (0.7 * a! + 0.4 * b! + 0.6 * random.normal())) });
}

test("default bounds of penalties follow the targets' variance, in powers of ten; given ones do not", () => {
  const features = { l1: l1(), l2: l2({ max: 5 }), groupNorm: groupNorm(), smoothing: labelSmoothing() };
  const bounds = (scale: number, model: "squared" | "softmax") =>
    Object.values(inUnits(features, model, regression(200, 1, scale))).map(({ min, max }) => [min, max]);
  const ordinary = Object.values(features).map(({ min, max }) => [min, max]);
  expect(bounds(1, "squared")).toEqual(ordinary);
  expect(bounds(100, "softmax")).toEqual(ordinary);
  const scaled = bounds(100, "squared");
  expect(scaled[0]![1]).toBe(1e4);
  expect(scaled[0]![0]).toBeCloseTo(1e-2, 12);
  expect(scaled[2]).toEqual(scaled[0]);
  expect([scaled[1], scaled[3]]).toEqual([ordinary[1], ordinary[3]]);
  expect(inUnits(features, "squared", regression(200, 1, 100)).l1).not.toHaveProperty("relative");
});

test("targets in other units: the same model, and no worse than a grid of λ", async () => {
  const results = [];
  for (const scale of [1, 100]) {
    const [train, validation] = [regression(40, 1, scale), regression(200, 2, scale)];
    const { error } = await tune({ model: "squared", train, validation, features: { l2: l2() }, precision: "f64" });
    let best = Number.POSITIVE_INFINITY;
    for (let power = -4; power <= 0; power += 0.25) {
      const { model } = await minimize({ model: "squared", train, loss: { l2: 10 ** power * scale ** 2 } });
      const judged = model.predict(validation).reduce<number>((sum, value, i) => {
        return sum + (Number(value) - (validation.y[i] as number)) ** 2 / validation.rows;
      }, 0);
      best = Math.min(best, judged);
    }
    expect(error).toBeLessThan(1.005 * best);
    results.push(error / scale ** 2);
  }
  expect(Math.abs(results[1]! / results[0]! - 1)).toBeLessThan(0.005);
});
