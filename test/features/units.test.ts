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

test("default bounds of penalties of first degree follow the targets' deviation, in powers of ten; others do not", () => {
  const features = { l1: l1(), l2: l2(), given: l1({ max: 5 }), groupNorm: groupNorm(), smoothing: labelSmoothing() };
  const bounds = (scale: number, model: "squared" | "softmax") =>
    Object.values(inUnits(features, model, regression(200, 1, scale))).map(({ min, max }) => [min, max]);
  const ordinary = Object.values(features).map(({ min, max }) => [min, max]);
  expect(bounds(1, "squared")).toEqual(ordinary);
  expect(bounds(100, "softmax")).toEqual(ordinary);
  const scaled = bounds(100, "squared");
  expect(scaled[0]![1]).toBe(100);
  expect(scaled[0]![0]).toBeCloseTo(1e-4, 12);
  expect(scaled[3]).toEqual(scaled[0]);
  expect([scaled[1], scaled[2], scaled[4]]).toEqual([ordinary[1], ordinary[2], ordinary[4]]);
  expect(inUnits(features, "squared", regression(200, 1, 100)).l1).not.toHaveProperty("relative");
});

test.each([1e-8, 100, 1e5])(
  "targets %s times as large: the same model, that of λ.l1 as many times as large",
  async (scale) => {
    const tuned = (scale: number) => {
      const [train, validation] = [regression(40, 1, scale), regression(200, 2, scale)];
      return tune({ model: "squared", train, validation, features: { l1: l1(), l2: l2() }, precision: "f64" });
    };
    const [plain, scaled] = [await tuned(1), await tuned(scale)];
    expect(scaled.error / scale ** 2 / plain.error).toBeCloseTo(1, 2);
    expect(Math.abs(Math.log(scaled.lambda.l1 / scale / plain.lambda.l1))).toBeLessThan(0.2);
  },
);

test("no worse than a grid of λ", async () => {
  const [train, validation] = [regression(40, 1, 100), regression(200, 2, 100)];
  const { error } = await tune({ model: "squared", train, validation, features: { l2: l2() }, precision: "f64" });
  let best = Number.POSITIVE_INFINITY;
  for (let power = -4; power <= 0; power += 0.25) {
    const { model } = await minimize({ model: "squared", train, loss: { l2: 10 ** power } });
    best = Math.min(best, model.error(validation));
  }
  expect(error).toBeLessThan(1.005 * best);
});
