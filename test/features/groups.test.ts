import { expect, test } from "vitest";
import { data, groupWeights, LinearLoss, l2, fit as minimize } from "../../src/index.ts";
import { Random } from "../../src/random.ts";

test("φ of rows that weigh nothing is of f64 arithmetic, as that of the others is, on an X in f32", async () => {
  const random = new Random(1);
  const x = Float32Array.from({ length: 90 * 4 }, () => 300 + 10 * random.normal());
  const y = Array.from({ length: 90 }, (_, i) => x[4 * i]! - x[4 * i + 1]! + random.normal());
  const rows = data.dense({ x, columns: 4, y, groups: Array.from({ length: 90 }, (_, i) => i % 3) });
  const loss = new LinearLoss(
    "squaredError",
    { ...groupWeights(rows), l2: l2() },
    { "group:0": 0, "group:1": 0.4, "group:2": 0.6, l2: 1e-3 },
  );
  const { model, features } = await minimize({ model: "squared", train: rows, loss, precision: "f32" });
  const scores = model.scores(rows);
  for (const g of [0, 1, 2]) {
    let sum = 0;
    for (let i = g; i < 90; i += 3) sum += 0.5 * (scores[i]! - y[i]!) ** 2;
    expect(Math.abs(features[`group:${g}`]! / (sum / 30) - 1)).toBeLessThan(1e-9);
  }
});

test("a group that a split left without a row is named, wherever its name is among the others", async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i % 7},${i % 2},${i === 7 ? "lone" : i % 3 ? "me" : "ma"}`);
  for (const lone of ["a", "mb", "z"]) {
    const all = await data.csv(`x,y,g\n${rows.join("\n").replace("lone", lone)}\n`, { target: "y", groups: "g" });
    const without = Int32Array.from({ length: 39 }, (_, i) => (i < 7 ? i : i + 1));
    expect(() => groupWeights(data.take(all, without))).toThrow(
      expect.objectContaining({ code: "SHAPE", message: expect.stringContaining(`"${lone}" has no training row`) }),
    );
    expect(Object.keys(groupWeights(all))).toEqual(["group:0", "group:1", "group:2"]);
  }
});
