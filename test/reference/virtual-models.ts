import { MetricEvaluator, type MetricName } from "../../src/evaluate/metric.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { type Features, l1, l2 } from "../../src/index.ts";
import { Objective } from "../../src/models/objective.ts";
import { Random } from "../../src/random.ts";
import { ReducedModel } from "../../src/reduced/reduced-model.ts";
import { VirtualModels } from "../../src/reduced/virtual-models.ts";
import type { Arena } from "../../src/wasm/arena.ts";
import type { Kernels } from "../../src/wasm/kernels.ts";
import { exampleProblem } from "./example-problem.ts";

/** Virtual models in a span of a few random ones, judged by other rows, of which the second fold has more. */
export function virtualModels(
  arena: Arena<Kernels>,
  metric: MetricName,
  features: Features = { l1: l1(), l2: l2() },
): VirtualModels {
  const space = new FeatureSpace(features, "softmax");
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
