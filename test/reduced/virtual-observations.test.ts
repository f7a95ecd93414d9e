import { expect, test } from "vitest";
import { Polyhedron } from "../../src/features/polyhedron.ts";
import { atLeast, classWeights, createTuner, fixed, l2 } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { VirtualObservations } from "../../src/reduced/virtual-observations.ts";
import { blobs } from "../reference/blobs.ts";

/** Rows that judge like a mix of the classes' losses: e = Σ_c share_c·φ_c, affine in φ. */
function affine(classes: number, seed: number) {
  const train = blobs(40 * classes, 8, classes, seed);
  const parts = Array.from({ length: classes }, (_, c) => 1 + ((c * 7 + seed) % 5));
  const total = parts.reduce((sum, part) => sum + part, 0);
  const weights = Float64Array.from(train.y as Float64Array, (label) => parts[label]!);
  return { train, validation: { ...train, weights }, shares: parts.map((part) => part / total) };
}

test.each([2, 3, 5, 8])(
  "an error that is affine in φ is solved in k + 2 trainings: %i classes and L2",
  async (classes) => {
    for (const seed of [1, 2, 3]) {
      const { train, validation, shares } = affine(classes, seed);
      using tuner = createTuner({
        model: "softmax",
        train,
        validation,
        features: { ...classWeights(train), l2: l2({ min: 1e-8 }) },
        seed,
      });
      const { lambda, trials, status } = await tuner.run();
      expect(status).toBe("complete");
      expect(trials).toBeLessThanOrEqual(classes + 1 + 2);
      const found = lambda as Readonly<Record<string, number>>;
      for (const [c, share] of shares.entries()) expect(Math.abs(found[`class:${c}`]! / share - 1)).toBeLessThan(1e-3);
      expect(found.l2!).toBeLessThan(2e-7); // the least is 1e-8: a plateau
    }
  },
);

const F = new Polyhedron({ loss: fixed(1), a: atLeast(0), b: atLeast(0) });

/** Virtual models by chance, with their errors. */
function observed(count: number, error: (phi: Float64Array) => number) {
  const random = new Random(4, 4);
  const seen = new VirtualObservations();
  for (let i = 0; i < count; i++) {
    const phi = Float64Array.from({ length: 3 }, () => random.uniform());
    seen.add(phi, error(phi));
  }
  return seen;
}

test("an affine error is explained by k + 2 models and by no fewer, whatever fails beside them", () => {
  const error = ([loss, a, b]: Float64Array) => 2 * (loss! + 0.3 * a! + 0.02 * b!) + 5;
  const failed = [{ features: [0, 0, 0], error: Number.POSITIVE_INFINITY, converged: false }];
  const few = observed(4, error);
  few.add(Float64Array.of(0, 0, 0), Number.NaN);
  expect(few.explanation(failed, F)).toBeUndefined();
  const lambda = observed(5, error).explanation(failed, F)!;
  for (const [j, weight] of [1, 0.3, 0.02].entries()) expect(lambda[j]! / weight).toBeCloseTo(1, 6);
});

test("no other error is, nor one that no λ of F explains", () => {
  const bent = (phi: Float64Array) => (phi[0]! - 0.4) ** 2 + Math.abs(phi[1]! - phi[2]!);
  expect(observed(40, bent).explanation([], F)).toBeUndefined();
  const upside = ([loss, a]: Float64Array) => loss! - a!;
  expect(observed(40, upside).explanation([], F)).toBeUndefined();
});

test("the best of many models are what is explained, whether they come first or last", () => {
  const random = new Random(5, 4);
  const phi = () => Float64Array.from({ length: 3 }, () => random.uniform());
  const good = Array.from({ length: 120 }, phi);
  const bad = Array.from({ length: 121 }, phi);
  const affine = ([loss, a, b]: Float64Array) => loss! + 0.3 * a! + 0.02 * b!;
  const chance = () => 5 + random.uniform();
  for (const goodFirst of [true, false]) {
    const seen = new VirtualObservations();
    const add = (models: readonly Float64Array[], error: (phi: Float64Array) => number) => {
      for (const features of models) seen.add(features, error(features));
    };
    if (goodFirst) add(good, affine);
    add(bad, chance);
    if (!goodFirst) {
      expect(seen.explanation([], F)).toBeUndefined();
      add(good, affine);
    }
    const lambda = seen.explanation([], F)!;
    for (const [j, weight] of [1, 0.3, 0.02].entries()) expect(lambda[j]! / weight).toBeCloseTo(1, 6);
  }
});
