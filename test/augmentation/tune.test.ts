import { describe, expect, test } from "vitest";
import {
  augmentation,
  createTuner,
  data,
  either,
  groupWeights,
  LinearLoss,
  l2,
  labelSmoothing,
  fit as minimize,
  mirror,
  noise,
  rotate,
  shift,
  tune,
} from "../../src/index.ts";
import { RowGenerator } from "../../src/models/row-generator.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";

/**
 * Pictures of 6 × 6 pixels: a bar that stands or lies, an L and an L in a mirror, moved about and noisy. Where they
 * are does not matter, which way they look does: moves help, the mirror harms.
 */
function pictures(rows: number, seed: number) {
  const random = new Random(seed);
  const x = new Float64Array(rows * 36);
  const y = new Float64Array(rows);
  const shapes = [
    [0, 6, 12, 18],
    [0, 1, 2, 3],
    [0, 6, 12, 18, 19, 20],
    [2, 8, 14, 20, 19, 18],
  ];
  for (let i = 0; i < rows; i++) {
    const label = i % 4;
    y[i] = label;
    const corner = random.below(3) + 6 * random.below(3);
    for (let j = 0; j < 36; j++) x[36 * i + j] = 0.25 * Math.abs(random.normal());
    for (const pixel of shapes[label]!) x[36 * i + corner + pixel]! += 0.8;
  }
  return data.dense({ x, columns: 36, y });
}

const train = pictures(24, 11);
const validation = pictures(400, 2);
const policy = {
  right: shift(1, 0),
  left: shift(-1, 0),
  down: shift(0, 1),
  up: shift(0, -1),
  mirror: mirror(),
};
const features = { ...augmentation(train, policy), l2: l2() };

describe("an augmentation policy", () => {
  test("moves help and get weight, the mirror harms and gets none", async () => {
    const plain = await tune({ model: "softmax", train, validation, features: { l2: l2() } });
    const result = await tune({ model: "softmax", train, validation, features });
    const { original, right, left, down, up, mirror: mirrored } = result.lambda;
    expect(original + right + left + down + up + mirrored).toBeCloseTo(1, 9);
    expect(right + left + down + up).toBeGreaterThan(0.5);
    expect(mirrored).toBeLessThan(0.02);
    expect(result.error).toBeLessThan(0.8 * plain.error);
    expect(result.best.coefficients.length).toBe(4 * 36);
  });

  test("is tuned to the bits of groups of rows that are held", async () => {
    const { of } = features.mirror as Extract<typeof features.mirror, { kind: "group-loss" }>;
    using arena = new Arena(kernels());
    const { sources, transformations: groups } = new RowGenerator(arena, train, of.augmentation!, 8);
    const order = Array.from(sources, (source, i) => groups[i]! * train.rows + source);
    const f32 = { ...train, x: { kind: "dense" as const, values: Float32Array.from(train.x.values) } };
    const range = [of.augmentation!.image.low, of.augmentation!.image.high] as const;
    const held = data.take(data.augment(f32, policy, { range }), order);
    const setting = { model: "softmax", validation } as const;
    using made = createTuner({ ...setting, train, features });
    using copies = createTuner({ ...setting, train: held, features: { ...groupWeights(held), l2: l2() } });
    const [a, b] = [await made.run(), await copies.run()];
    expect(Object.values(a.lambda)).toEqual(Object.values(b.lambda));
    expect(a.error).toBe(b.error);
    const phi = (tuner: typeof made | typeof copies) =>
      tuner.study.observations.map(({ features }) => Object.values(features));
    expect(phi(made)).toEqual(phi(copies));
    // Each copy counts as a pass over the rows.
    expect(a.passes).toBeCloseTo(6 * b.passes, 6);
  });

  test("is cross-validated, and beside label smoothing", async () => {
    const result = await tune({
      model: "softmax",
      train,
      folds: 3,
      features: {
        ...augmentation(train, { right: shift(1, 0), mirror: mirror() }),
        smooth: labelSmoothing(),
        l2: l2(),
      },
      tolerance: 1e-3,
    });
    expect(result.standardError).toBeGreaterThan(0);
    expect(result.lambda.original + result.lambda.right + result.lambda.mirror + result.lambda.smooth).toBeCloseTo(
      1,
      9,
    );
    expect(result.lambda.mirror).toBeLessThan(result.lambda.right);
    const { model } = await minimize({ model: "softmax", train, loss: result.loss }); // of all rows
    expect(result.model.error(train)).toBeCloseTo(model.error(train), 2);
  });

  test("is stored without data and used on other images of the same shape", async () => {
    const chance = augmentation(
      train,
      { turn: either(rotate(20), rotate(-20)), noisy: noise(0.2) },
      { seed: 7, range: [0, 2] },
    );
    const lambda = { original: 0.5, turn: 0.3, noisy: 0.2, l2: 0.01 };
    const loss = new LinearLoss("logLoss", { ...chance, l2: l2() }, lambda);
    const text = JSON.stringify(loss);
    expect(text.length).toBeLessThan(1500);
    const read = LinearLoss.fromJSON(text);
    expect(JSON.stringify(read)).toBe(text);
    const first = await minimize({ model: "softmax", train, loss });
    const again = await minimize({ model: "softmax", train, loss: read });
    expect(again.model.coefficients).toEqual(first.model.coefficients);
    expect(again.status).toBe("converged");

    const other = pictures(60, 5);
    const fitted = await minimize({ model: "softmax", train: other, loss: read });
    expect(fitted.features.turn).not.toBe(fitted.features.original);
    // The same minimum from rows that are held, weighed by hand.
    const copies = data.augment(
      other,
      { turn: either(rotate(20), rotate(-20)), noisy: noise(0.2) },
      { seed: 7, range: [0, 2] },
    );
    const weights = Float64Array.from(copies.groups!, (g) => [0.5, 0.3, 0.2][g]!);
    const weighed = await minimize({ model: "softmax", train: { ...copies, weights }, loss: { l2: 0.01 } });
    expect(weighed.objective).toBeCloseTo(fitted.objective, 9);
    for (const [i, w] of fitted.model.coefficients.entries()) expect(weighed.model.coefficients[i]!).toBeCloseTo(w, 4);

    const narrow = data.dense({ x: new Float64Array(60), columns: 10, y: [0, 1, 2, 3, 0, 1] });
    await expect(minimize({ model: "softmax", train: narrow, loss: read })).rejects.toMatchObject({
      code: "SHAPE",
      message: /6 × 6 pixels/,
    });
    const corrupt = LinearLoss.fromJSON(text.replace('"rotate"', '"explode"'));
    await expect(minimize({ model: "softmax", train, loss: corrupt })).rejects.toMatchObject({ code: "OPTION" });
  });

  test("costs nothing for a transformation without weight, whose φ is known all the same", async () => {
    const given = { ...augmentation(train, policy), l2: l2() };
    const names = Object.keys(given).filter((name) => name !== "l2");
    const none = Object.fromEntries(names.map((name) => [name, name === "original" ? 1 : 0]));
    const options = { model: "softmax", train, tolerance: 1e-5 } as const;
    const plain = await minimize({ ...options, loss: { l2: 0.01 } });
    const weighed = await minimize({ ...options, loss: new LinearLoss("logLoss", given, { ...none, l2: 0.01 }) });
    expect(weighed.objective).toBeCloseTo(plain.objective, 6);
    const alike = Object.fromEntries(names.map((name) => [name, 1 / names.length]));
    const whole = await minimize({ ...options, loss: new LinearLoss("logLoss", given, { ...alike, l2: 0.01 }) });
    expect(weighed.passes / weighed.iterations).toBeLessThan((0.5 * whole.passes) / whole.iterations);
    for (const name of names) {
      const all = data.augment(train, policy);
      const group = names.indexOf(name);
      const rows = Array.from(all.groups!, (g, i) => (g === group ? i : -1)).filter((i) => i >= 0);
      expect(weighed.features[name]).toBeCloseTo(weighed.model.error(data.take(all, rows)), 4);
    }
  });
});

describe("warnings about images", () => {
  /** One row of pixels is blank in all pictures. */
  const blank = data.dense({
    x: (train.x.values as Float64Array).map((value, at) => (at % 36 < 30 ? value : 0)),
    columns: 36,
    y: train.y as Float64Array,
  });
  const shares = { original: 0.5, down: 0.5, l2: 0.01 };
  const codes = (warnings: readonly string[]) => warnings.map((warning) => warning.split(":")[0]);

  test("pixels that are blank in all rows get weights where transformations fill them: they are not called constant", async () => {
    const loss = new LinearLoss("logLoss", { ...augmentation(blank, { down: shift(0, 1) }), l2: l2() }, shares);
    const { model, warnings } = await minimize({ model: "softmax", train: blank, loss });
    expect(model.coefficients.subarray(30, 36).some((w) => Math.abs(w) > 1e-3)).toBe(true);
    expect(codes(warnings)).toEqual([]);
    expect(codes((await minimize({ model: "softmax", train: blank, loss: { l2: 0.01 } })).warnings)).toEqual([
      "CONSTANT",
    ]);
    const features = { ...augmentation(blank, { down: shift(0, 1) }), l2: l2() };
    const tuned = await tune({ model: "softmax", train: blank, validation, features, passes: 5 });
    expect(codes(tuned.warnings)).not.toContain("CONSTANT");
  });

  test("images of another unit than the augmentation's are told, others of the same unit are not", async () => {
    const of = (rows: typeof train) =>
      new LinearLoss("logLoss", { ...augmentation(rows, { down: shift(0, 1) }), l2: l2() }, shares);
    const warnings = async (rows: typeof train, other: typeof train) =>
      codes((await minimize({ model: "softmax", train: rows, loss: of(other) })).warnings);
    expect(await warnings(data.rescale(train, 1 / 255), train)).toEqual(["RANGE"]);
    expect(await warnings(train, data.rescale(train, 1 / 255))).toEqual(["RANGE"]);
    expect(await warnings(validation, train)).toEqual([]);
    expect(await warnings(train, validation)).toEqual([]);
  });
});
