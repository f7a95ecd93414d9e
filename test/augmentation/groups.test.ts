import { describe, expect, test } from "vitest";
import { FeatureSpace } from "../../src/features/space.ts";
import {
  augmentation,
  classWeights,
  data,
  groupWeights,
  LinearLoss,
  l2,
  fit as minimize,
  mirror,
  noise,
  shift,
  tune,
} from "../../src/index.ts";
import { Random } from "../../src/random.ts";

/** Noisy bars that stand or lie, and a cross, of which there are few; every third row from another camera. */
function pictures(rows: number, seed: number, names: readonly string[] = ["bar", "beam", "cross"]) {
  const random = new Random(seed);
  const x = new Float64Array(rows * 16);
  const kinds = Array.from({ length: rows }, (_, i) => (i % 6 === 5 ? 2 : i % 2));
  for (const [i, kind] of kinds.entries()) {
    const at = random.below(4);
    for (let p = 0; p < 16; p++) {
      const lit = (kind !== 1 && p % 4 === at) || (kind !== 0 && p >> 2 === at);
      x[16 * i + p] = (lit ? 1 : 0) + 0.4 * random.normal();
    }
  }
  const groups = Int32Array.from(kinds, (_, i) => (i % 3 === 0 ? 1 : 0));
  return data.dense({ x, columns: 16, y: kinds.map((kind) => names[kind]!), groups });
}

const policy = { right: shift(1, 0), mirrored: mirror(), noisy: noise(0.1) };
const train = pictures(72, 1);
const validation = pictures(300, 2);
const classes = ["class:bar", "class:beam", "class:cross"];

/** Shares that sum to 1 for every feature, all different. */
function sharesOf(names: readonly string[]): Record<string, number> {
  const total = (names.length * (names.length + 1)) / 2;
  return Object.fromEntries(names.map((name, i) => [name, (i + 1) / total]));
}

/** The same loss over rows that are held: λ of each as a sample weight. */
async function byHand(weightOf: (t: number, kind: string, sizes: { all: number; kind: number }) => number) {
  const copies = data.augment(train, policy);
  const labels = copies.y as readonly string[];
  const count = (kind: string) => (train.y as readonly string[]).filter((label) => label === kind).length;
  const weights = Float64Array.from(labels, (kind, i) =>
    weightOf(copies.groups![i]!, kind, { all: train.rows, kind: count(kind) }),
  );
  const loss = { l2: 0.02 };
  return minimize({ model: "softmax", train: { ...copies, weights }, loss, tolerance: 1e-8 });
}

describe("transformations and groups on one simplex", () => {
  test("class losses of the rows as they are, beside the transformations' losses", async () => {
    const features = { ...augmentation(train, policy, { groups: classWeights(train) }), l2: l2() };
    expect(Object.keys(features)).toEqual([...classes, "right", "mirrored", "noisy", "l2"]);
    const names = [...classes, "right", "mirrored", "noisy"];
    const lambda: Record<string, number> = { ...sharesOf(names), l2: 0.02 };
    const loss = new LinearLoss("logLoss", features, lambda);
    const fitted = await minimize({ model: "softmax", train, loss, tolerance: 1e-8 });
    const held = await byHand((t, kind, sizes) =>
      t === 0 ? lambda[`class:${kind}`]! / sizes.kind : lambda[names[2 + t]!]! / sizes.all,
    );
    expect(fitted.objective).toBeCloseTo(held.objective, 9);
    for (const [i, w] of held.model.coefficients.entries()) expect(fitted.model.coefficients[i]!).toBeCloseTo(w, 5);
  });

  test("crossed: a loss for every class under every transformation", async () => {
    const given = augmentation(train, policy, { groups: classWeights(train), crossed: true });
    const names = Object.keys(given);
    expect(names).toEqual(
      ["original", "right", "mirrored", "noisy"].flatMap((name) => classes.map((kind) => `${name}/${kind}`)),
    );
    const lambda: Record<string, number> = { ...sharesOf(names), l2: 0.02 };
    const loss = new LinearLoss("logLoss", { ...given, l2: l2() }, lambda);
    const fitted = await minimize({ model: "softmax", train, loss, tolerance: 1e-8 });
    const held = await byHand(
      (t, kind, sizes) => lambda[names[3 * t + classes.indexOf(`class:${kind}`)]!]! / sizes.kind,
    );
    expect(fitted.objective).toBeCloseTo(held.objective, 9);
    for (const [i, w] of held.model.coefficients.entries()) expect(fitted.model.coefficients[i]!).toBeCloseTo(w, 5);
  });

  test("are tuned, on a validation set and by folds", async () => {
    const of = { ...augmentation(train, policy, { groups: groupWeights(train) }), l2: l2() };
    const setting = { model: "softmax", train, metric: "worst-group-error", seed: 1 } as const;
    const result = await tune({ ...setting, validation, features: of });
    const shares: Record<string, number> = { ...result.lambda, l2: 0 };
    expect(Object.keys(shares)).toEqual(["group:0", "group:1", "right", "mirrored", "noisy", "l2"]);
    expect(Object.values(shares).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
    const plain = await tune({ ...setting, validation, features: { l2: l2() } });
    expect(result.error).toBeLessThanOrEqual(plain.error);

    const crossed = augmentation(train, { right: shift(1, 0) }, { groups: classWeights(train), crossed: true });
    const folded = await tune({ model: "softmax", train, folds: 3, features: { ...crossed, l2: l2() } });
    expect(folded.standardError).toBeGreaterThan(0);
    expect(folded.loss.features["right/class:cross"]).toBeDefined();
  });

  test("are stored without data, and find the classes of other data by their labels", async () => {
    const other = pictures(90, 3);
    for (const crossed of [false, true]) {
      const given = augmentation(train, policy, { groups: classWeights(train), crossed });
      const names = Object.keys(given);
      const loss = new LinearLoss("logLoss", { ...given, l2: l2() }, { ...sharesOf(names), l2: 0.02 });
      const text = JSON.stringify(loss);
      const read = LinearLoss.fromJSON(text);
      expect(JSON.stringify(read)).toBe(text);
      const again = await minimize({ model: "softmax", train, loss: read });
      expect(again.model.coefficients).toEqual((await minimize({ model: "softmax", train, loss })).model.coefficients);
      const fresh = augmentation(other, policy, { groups: classWeights(other), crossed, range: rangeOf(given) });
      const known = new LinearLoss("logLoss", { ...fresh, l2: l2() }, loss.lambda);
      const used = await minimize({ model: "softmax", train: other, loss: read });
      expect(used.objective).toBe((await minimize({ model: "softmax", train: other, loss: known })).objective);
      await expect(
        minimize({ model: "softmax", train: pictures(90, 3, ["bar", "beam", "ring"]), loss: read }),
      ).rejects.toMatchObject({ code: "LABEL" });
    }
  });

  test("what cannot be one partition of the rows is refused", () => {
    const both = { ...augmentation(train, policy), ...classWeights(train) };
    expect(() => new FeatureSpace(both, "softmax")).toThrow(
      /augmentation\(train, …, \{ groups: classWeights\(train\) \}\)/,
    );
    const wrong = [
      { l2: l2() },
      {},
      classWeights(validation),
      { ...classWeights(train), l2: l2() },
      { "class:bar": classWeights(train)["class:bar"]! },
      augmentation(train, policy),
    ];
    for (const groups of wrong) {
      expect(() => augmentation(train, policy, { groups })).toThrow(
        expect.objectContaining({ code: "OPTION", message: expect.stringMatching(/classWeights or groupWeights/) }),
      );
    }
    const named = { "class:bar": mirror() };
    expect(() => augmentation(train, named, { groups: classWeights(train) })).toThrow(
      expect.objectContaining({ code: "OPTION", message: expect.stringMatching(/class:bar is a group/) }),
    );
  });
});

function rangeOf(features: Readonly<Record<string, unknown>>): readonly [number, number] {
  const { of } = Object.values(features)[0] as { of: { augmentation: { image: { low: number; high: number } } } };
  return [of.augmentation.image.low, of.augmentation.image.high];
}
