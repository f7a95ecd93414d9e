import { expect, test } from "vitest";
import { MetricEvaluator, type MetricName } from "../../src/evaluate/metric.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { l1, l2 } from "../../src/index.ts";
import { Objective } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { ReducedModel } from "../../src/reduced/reduced-model.ts";
import { VirtualModels } from "../../src/reduced/virtual-models.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem } from "../reference/example-problem.ts";

/** Virtual models in a span of a few random ones, judged by other rows, of which the second fold has more. */
function virtualModels(arena: Arena<ReturnType<typeof kernels>>, metric: MetricName): VirtualModels {
  const space = new FeatureSpace({ l1: l1(), l2: l2() }, "softmax");
  const train = new Objective(arena, { ...exampleProblem("softmax", 60, 7, 3), precision: "f64", ...space.structure });
  const folds = [50, 331].map((rows) => {
    const judging = exampleProblem("softmax", rows, 7, 3, 2);
    const dataset = { rows, columns: 7, y: judging.targets };
    const validation = new Objective(arena, { ...judging, precision: "f64" });
    const reduced = new ReducedModel(arena, space, train, validation, 6);
    const random = new Random(9, rows);
    for (let i = 0; i < 4; i++) {
      reduced.add(arena.copy(Float64Array.from({ length: train.thetaCount }, () => 0.3 * random.normal())));
    }
    const evaluator = new MetricEvaluator(arena, metric, "softmax", dataset, judging.targets, 3, [0, 1, 2]);
    return { reduced, judge: { validation, metric: evaluator, share: 1, offset: rows / 1000 } };
  });
  return new VirtualModels(arena, space, folds);
}

test.each(["error-rate", "macro-f1", "balanced-error", "auc"] as const)(
  "%s: what steps promise is the error of the models moved by them, and its ties",
  (metric) => {
    using arena = new Arena(kernels());
    const models = virtualModels(arena, metric);
    const { data } = models.space;
    const lambda = models.space.normalize(Float64Array.from(data, (of, j) => (of ? 1 : 0.02 * (1 + j))));
    for (const _ of models.solve(lambda));
    for (const _ of models.linearize(lambda));
    const random = new Random(5);
    const errors = new Set<number>();
    for (const many of [1, 2, 4, 3]) {
      const deltas = Array.from({ length: many }, () => Float64Array.from(models.free, () => 2 * random.normal()));
      const promises = models.promises(deltas);
      const ties = models.tieBreaks(deltas);
      expect(promises.length).toBe(many);
      for (const [m, delta] of deltas.entries()) {
        const all = new Float64Array(lambda.length);
        for (const [i, j] of models.free.entries()) all[j] = delta[i]!;
        models.move(all);
        expect(promises[m]!).toBeCloseTo(models.error(), 12);
        expect(promises[m]! + ties[m]!).toBeCloseTo(models.rank(), 12);
        errors.add(promises[m]!);
      }
    }
    expect(errors.size).toBeGreaterThan(2);
  },
);
