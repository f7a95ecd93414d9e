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

test("default bounds see rows by their weights: one of 0 is not there, one of 2 is there twice", () => {
  const all = [0, 9, 1, 2, 4];
  const bounds = (unit: number, rows: readonly number[], weights?: readonly number[]) => {
    const at = { x: rows.map((i) => [i]), y: rows.map((i) => unit * all[i]!), ...(weights ? { weights } : {}) };
    return inUnits({ l1: l1() }, "squared", data.dense(at));
  };
  // The deviations are on two sides of √10 times a power of ten.
  expect(bounds(1000, [0, 2, 3, 4])).not.toEqual(bounds(1000, [0, 1, 2, 3, 4]));
  expect(bounds(1000, [0, 1, 2, 3, 4], [1, 0, 1, 1, 1])).toEqual(bounds(1000, [0, 2, 3, 4]));
  expect(bounds(800, [0, 0, 1, 2])).not.toEqual(bounds(800, [0, 1, 2]));
  expect(bounds(800, [0, 1, 2], [2, 1, 1])).toEqual(bounds(800, [0, 0, 1, 2]));
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

test("default bounds of penalties follow the unit of dense columns that are of one, weights of 0 apart", () => {
  const features = { l1: l1(), l2: l2(), given: l2({ max: 5 }), groupNorm: groupNorm(), smoothing: labelSmoothing() };
  const bounds = (train: Dataset, model: "squared" | "softmax" = "softmax") =>
    Object.values(inUnits(features, model, train)).map(({ max }) => max);
  const ordinary = Object.values(features).map(({ max }) => max);
  const rows = regression(200, 1, 1);
  const times = (factor: number) => data.rescale(rows, 1 / factor);
  for (const factor of [0.2, 1, 2]) expect(bounds(times(factor))).toEqual(ordinary);
  // Half a power of ten in W is one in its square.
  expect(bounds(times(5))).toEqual([1, 10, 5, 1, 1]);
  expect(bounds(times(20))).toEqual([10, 100, 5, 10, 1]);
  expect(bounds(times(50))).toEqual([10, 1000, 5, 10, 1]);
  expect(bounds(times(0.002)).map((max) => Math.round(1e6 * max) / 1e6)).toEqual([0.01, 0.0001, 5, 0.01, 1]);
  expect(bounds({ ...times(50), y: rows.y.map((y) => 100 * (y as number)) as Float64Array }, "squared")).toEqual([
    1000, 1000, 5, 1000, 1,
  ]);
  const { values } = rows.x as { readonly values: Float64Array };
  const mixed = data.dense({ x: values.map((v, e) => (e % 8 === 0 ? 1e5 * v : v)), columns: 8, y: rows.y });
  expect(bounds(mixed)).toEqual(ordinary);
});

test.each([1e-3, 255])("columns %s times as large: as good a model", async (scale) => {
  const tuned = (factor: number) => {
    const [train, validation] = [regression(40, 1, 1), regression(200, 2, 1)].map((rows) =>
      data.rescale(rows, 1 / factor),
    );
    return tune({ model: "squared", train: train!, validation: validation!, features: { l1: l1(), l2: l2() } });
  };
  const [plain, scaled] = [await tuned(1), await tuned(scale)];
  expect(scaled.error / plain.error).toBeLessThan(1.01);
});

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
