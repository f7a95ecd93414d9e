import { describe, expect, test } from "vitest";
import { sampleRows } from "../../src/data/sample.ts";
import { encodeTargets } from "../../src/data/targets.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { augmentation, classWeights, type Features, l2, noise } from "../../src/index.ts";
import { Fold } from "../../src/tuning/fold.ts";
import { train as training } from "../../src/tuning/trainer.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";

test("a sample has its share of every stratum, at least one row, each row once, always the same", () => {
  const strata = Array.from({ length: 1000 }, (_, i) => (i === 77 ? 2 : i % 4 === 0 ? 1 : 0));
  const rows = sampleRows(strata, 100);
  expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b));
  const count = (stratum: number) => rows.filter((row) => strata[row] === stratum).length;
  expect(Math.abs(count(0) - 75)).toBeLessThanOrEqual(1);
  expect(Math.abs(count(1) - 25)).toBeLessThanOrEqual(1);
  expect(count(2)).toBe(1);
  expect(sampleRows(strata, 100)).toEqual(rows);
});

describe("a span that sees a sample of the rows", () => {
  const rows = blobs(3000, 16, 3, 1);
  const validation = blobs(300, 16, 3, 2);
  const { classes, outputs, train, others } = encodeTargets("softmax", rows, validation);
  const targets = { outputs, classes, train, validation: others[0]! };
  const spaces: Record<string, Features> = {
    "class weights": { ...classWeights(rows), l2: l2() },
    augmentation: { ...augmentation(rows, { noisy: noise(0.1) }, { width: 4, height: 4 }), l2: l2() },
  };

  /** Trains at one λ, and solves for it in the span that came of it. */
  function solve(features: Features, spanBytes?: number) {
    const before = kernels().allocatedBytes();
    using arena = new Arena(kernels());
    const space = new FeatureSpace(features, "softmax");
    const fold = new Fold(
      arena,
      space,
      {
        model: "softmax",
        train: rows,
        validation,
        targets,
        rowGroups: space.rowGroups,
        metric: "log-loss",
        tolerance: 1e-6,
        precision: "f64",
      },
      1,
      spanBytes,
    );
    const lambda = space.normalize(space.lower.map((_, j) => (space.data[j] ? 1 : 0.01)));
    for (const _ of training([fold.trainer], lambda, [0], { iterations: 100 }, () => {}));
    const learning = fold.learn(lambda, "fine");
    let learned = learning.next();
    while (!learned.done) learned = learning.next();
    fold.reduced.solve(lambda);
    const value = fold.reduced.validationLoss().value + fold.judge.offset;
    const bytes = kernels().allocatedBytes() - before;
    const { trainingPasses, reducedPasses } = fold;
    const slope = learned.value as Float64Array;
    return { value, slope, bytes, trainingPasses, reducedPasses, error: fold.trainer.judge(fold.trainer.solver.theta) };
  }

  for (const [name, features] of Object.entries(spaces)) {
    test(`${name}: is smaller and cheaper, predicts nearly the same, and trainings see all rows`, () => {
      const whole = solve(features);
      const part = solve(features, 8 * 3 * 17 * 600);
      const copies = name === "augmentation" ? 2 : 1;
      const rowBytes = 8 * 3 * (4 + 2); // a span of three: intercepts, a model and an adjoint
      expect(whole.bytes - part.bytes).toBeGreaterThan(rowBytes * (3000 * copies - 610) - 250 * 600);
      expect(part.error).toBe(whole.error);
      // One pass, over all copies, makes the slope that of all rows, though the adjoints began differently.
      expect(part.trainingPasses - whole.trainingPasses).toBeGreaterThan(0);
      expect(part.trainingPasses - whole.trainingPasses).toBeLessThanOrEqual(4 * copies);
      const steepest = Math.max(...whole.slope.map(Math.abs));
      // They are solved for to a fifth.
      for (const [j, s] of part.slope.entries()) expect(Math.abs(s - whole.slope[j]!)).toBeLessThan(0.15 * steepest);
      expect(part.reducedPasses).toBeLessThan(0.5 * whole.reducedPasses);
      // The span of one training has its model; the sample's minimizer is next to it.
      expect(whole.value / whole.error).toBeCloseTo(1, 3);
      expect(Math.abs(part.value / whole.error - 1)).toBeLessThan(0.03);
      expect(part.value).not.toBe(whole.value);
      expect(solve(features, 8 * 3 * 17 * 600).value).toBe(part.value);
    });
  }
});
