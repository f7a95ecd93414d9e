import { describe, expect, test } from "vitest";
import { checkOptions } from "../../src/check-options.ts";
import { dense } from "../../src/data/dataset.ts";
import { stratifiedSample } from "../../src/data/sample.ts";
import { encodeTargets } from "../../src/data/targets.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { l2 } from "../../src/index.ts";
import { Random } from "../../src/random.ts";
import { VirtualModels } from "../../src/reduced/virtual-models.ts";
import { Fold } from "../../src/tuning/fold.ts";
import { Session } from "../../src/tuning/session.ts";
import { train as training } from "../../src/tuning/trainer.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";

test("half of a sample is in proportion, half alike from every stratum; its weights stand for all rows", () => {
  const sizes = [9000, 900, 90, 10];
  const strata = Int32Array.from(sizes.flatMap((size, s) => Array.from({ length: size }, () => s)));
  const { rows, weights } = stratifiedSample(strata, 1000);
  expect([...rows]).toEqual([...new Set(rows)].sort((a, b) => a - b));
  const taken = sizes.map((_, s) => rows.filter((row) => strata[row] === s).length);
  // In proportion: 450, 45, 4.5 and 0.5; of what is left, 85.5 and 9.5 as all of their rows, and 202.5 each.
  expect(taken).toEqual([653, 248, 90, 10]);
  for (const [s, size] of sizes.entries()) {
    const sum = weights.reduce((total, weight, i) => total + (strata[rows[i]!] === s ? weight : 0), 0);
    expect(sum).toBeCloseTo(size, 6);
  }
  expect(stratifiedSample(strata, 1000).rows).toEqual(rows);
  expect(stratifiedSample(strata, 20_000).rows.length).toBe(strata.length);
});

describe("where rows that judge are many", () => {
  /** Two classes around ±(1, 1), one a fiftieth of the other, or another share. */
  function rare(rows: number, seed: number, every = 50) {
    const random = new Random(seed);
    const x = new Float32Array(rows * 2);
    const y = Float64Array.from({ length: rows }, (_, i) => (i % every === 0 ? 1 : 0));
    for (let i = 0; i < 2 * rows; i++) x[i] = 2 * random.normal() + (y[i >> 1] === 1 ? 1 : -1);
    return dense({ x, columns: 2, y });
  }
  const at = (row: number, column: number) => (validation.x.values as Float32Array)[row * 2 + column]!;
  const train = rare(500, 1);
  const validation = rare(200_000, 2);

  for (const metric of ["balanced-error", "auc", "log-loss", "error-rate"] as const) {
    test(`${metric}: virtual models are judged by a sample, as all rows would`, () => {
      const options = { model: "logistic", train, validation, features: { l2: l2() }, metric } as const;
      const session = new Session(checkOptions(options));
      const [fold] = session.folds;
      const { trainer } = fold!;
      // A metric that is the loss is asked for a few dozen times, not thousands.
      const { judge } = fold!;
      expect(judge.validation.rows).toBe(metric === "log-loss" ? 200_000 : 65_536);
      expect(judge.share).toBeCloseTo(judge.validation.rows / 200_000, 12);
      for (const _ of session.train(Float64Array.of(1, 0.01), [0], {}));
      for (const _ of session.train(Float64Array.of(1, 0.1), [trainer.solver.theta], { learns: "nothing" }));
      const truth = trainer.judge(trainer.solver.theta);
      const scores = session.arena.f64(judge.validation.rows);
      judge.validation.scores(trainer.solver.theta, scores);
      const sampled = judge.metric.evaluate(scores) + judge.offset;
      expect(Math.abs(sampled - truth)).toBeLessThan(1e-3);
      session.dispose();
    });
  }

  for (const metric of ["balanced-error", "auc", "error-rate"] as const) {
    test(`${metric}: rows of a sample weigh what they weigh, besides what they stand for`, () => {
      // Those on the wrong side, ten times as much.
      const sides = Float64Array.from({ length: validation.rows }, (_, i) => at(i, 0) + at(i, 1));
      const weights = sides.map((side, i) => (side > 0 === (validation.y[i] === 1) ? 1 : 10));
      const offset = (rows: typeof validation) => {
        const session = new Session(
          checkOptions({
            model: "logistic",
            train: rare(500, 1, 2),
            validation: rows,
            features: { l2: l2() },
            metric,
          }),
        );
        for (const _ of session.train(Float64Array.of(1, 0.01), [0], {}));
        const [{ judge, trainer }] = session.folds as [(typeof session.folds)[number]];
        const error = trainer.judge(trainer.solver.theta);
        session.dispose();
        expect(judge.share).toBeLessThan(1);
        return { error, offset: Math.abs(judge.offset) };
      };
      const [plain, weighed] = [offset(validation), offset({ ...validation, weights })];
      expect(weighed.error).toBeGreaterThan(1.3 * plain.error);
      expect(weighed.offset).toBeLessThan(0.01);
    });
  }

  test("a function of scores is handed all of them", () => {
    const metric = ({ rows }: { readonly rows: number }) => (rows === 200_000 ? 0.5 : 1);
    const session = new Session(checkOptions({ model: "logistic", train, validation, features: { l2: l2() }, metric }));
    expect(session.folds[0]!.judge.validation).toBe(session.folds[0]!.trainer.validation);
    session.dispose();
  });
});

test.each([
  ["squared", "mean-squared-error"],
  ["softmax", "log-loss"],
  ["softmax", "error-rate"],
] as const)("%s, %s: a sample that is far off says of the model trained last what all rows do", (model, metric) => {
  using arena = new Arena(kernels());
  const [train, validation] = [blobs(100, 5, 3, 1), blobs(3000, 5, 3, 2)];
  const { outputs, others, ...encoded } = encodeTargets(model, train, validation);
  const space = new FeatureSpace({ l2: l2() }, model);
  const targets = { outputs, train: encoded.train, validation: others[0]! };
  const given = { metric, targets, rowGroups: space.rowGroups, tolerance: 1e-6, precision: "f64" } as const;
  const room = 4 * 8 * outputs * 6 * 30; // of a span of all five columns: for 30 rows that judge, and 120 to train on
  const fold = new Fold(arena, space, { ...given, model, train, validation }, 1, room);
  const { judge, trainer } = fold;
  expect(judge.share).toBeCloseTo(0.01, 3);
  const models = new VirtualModels(arena, space, [fold]);
  const error = () => (judge.metric.smooth ? judge.metric.fromLoss(models.loss()) : models.error());
  for (const weight of [1, 0.01]) {
    const lambda = space.normalize(Float64Array.of(1, weight));
    for (const _ of training([trainer], lambda, [0], {}, () => {}));
    for (const _ of fold.learn(lambda, "coarse"));
    const truth = trainer.judge(trainer.solver.theta);
    expect(Math.abs(judge.offset)).toBeGreaterThan(0.01 * truth);
    expect(error() / truth).toBeCloseTo(1, 9);
    if (!judge.metric.smooth) continue;
    // What a search sees of it, on the way to other λ, starts there.
    for (const _ of models.solve(lambda));
    const here = models.loss();
    for (const _ of models.linearize(lambda));
    expect(models.slope(Float64Array.of(0, 0)).value).toBeCloseTo(here, 12);
  }
});
