import { expect, test } from "vitest";
import { encodeTargets } from "../../src/data/targets.ts";
import type { MetricName } from "../../src/evaluate/metric.ts";
import { FeatureSpace } from "../../src/features/space.ts";
import { augmentation, type Features, l1, l2, type ModelKind, mirror, shift } from "../../src/index.ts";
import { correctedError } from "../../src/tuning/corrected-error.ts";
import { Fold } from "../../src/tuning/fold.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";

type FoldArena = Arena<ReturnType<typeof kernels>>;

function foldOf(
  arena: FoldArena,
  model: ModelKind,
  metric: MetricName,
  features: Features,
  [rows, columns]: readonly [number, number],
  seed: number,
) {
  const space = new FeatureSpace(features, model);
  const [train, validation] = [blobs(rows, columns, 3, seed), blobs(200, columns, 3, seed + 50)];
  const { outputs, classes, train: own, others } = encodeTargets(model, train, validation);
  const targets = { outputs, classes, train: own, validation: others[0]! };
  const { rowGroups } = space;
  const options = { model, metric, train, validation, targets, rowGroups, tolerance: 1e-9, precision: "f64" } as const;
  const fold = new Fold(arena, space, options, 1);
  const lambda = space.normalize(Float64Array.from(space.data, (of) => (of ? 1 : 0.01)));
  return { space, fold, lambda };
}

const cases: readonly (readonly [ModelKind, MetricName, string, Features])[] = [
  ["softmax", "log-loss", "L2", { l2: l2() }],
  ["softmax", "log-loss", "L1 and L2", { l1: l1(), l2: l2() }],
  ["squared", "mean-squared-error", "L2", { l2: l2() }],
];

test.each(cases)(
  "%s, %s, %s: the corrected error of a model on its way is nearer to that of the minimizer",
  (model, metric, _, features) => {
    const off: number[] = [];
    const left: number[] = [];
    for (let seed = 1; seed <= 8; seed++) {
      using arena = new Arena(kernels());
      const { fold, lambda } = foldOf(arena, model, metric, features, [100, 36], seed);
      const { trainer } = fold;
      trainer.start(lambda, 0);
      while (trainer.running && trainer.solver.residual > 1e-3) trainer.solver.step(1);
      expect(trainer.running).toBe(true);
      const { error } = trainer.look();
      const learning = fold.learn(lambda, "fine");
      let step = learning.next();
      while (!step.done) step = learning.next();
      const corrected = correctedError(error, step.value!, trainer.metric);
      trainer.solver.step(10_000);
      const { error: least } = trainer.look();
      off.push(Math.abs(error - least));
      left.push(Math.abs(corrected - least));
      // At the minimizer there is nothing to correct.
      const again = fold.learn(lambda, "fine");
      let end = again.next();
      while (!end.done) end = again.next();
      expect(Math.abs(correctedError(least, end.value!, trainer.metric) - least)).toBeLessThan(1e-6 * least);
    }
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(left)).toBeLessThan(0.5 * sum(off));
  },
);

test("after the first training the span has the gradients of all transformations' losses", () => {
  using arena = new Arena(kernels());
  const train = blobs(60, 64, 3, 1);
  const features = { ...augmentation(train, { right: shift(1, 0), mirror: mirror() }), l2: l2() };
  const { space, fold, lambda } = foldOf(arena, "softmax", "log-loss", features, [60, 64], 1);
  const { trainer, reduced, theta } = fold;
  trainer.start(lambda, 0);
  trainer.solver.step(5);
  for (const _ of fold.learn(lambda, undefined));
  const { objective } = trainer;
  const gradient = arena.f64(objective.thetaCount);
  for (let group = 0; group < space.groupCount; group++) {
    objective.groupGradient(group, trainer.solver.theta, gradient);
    reduced.project(gradient);
    reduced.expand(theta);
    const [g, p] = [gradient, theta].map((at) => arena.viewF64(at, objective.thetaCount).slice());
    const cosine = g!.reduce((sum, x, i) => sum + x * p![i]!, 0) / Math.hypot(...g!) / Math.hypot(...p!);
    expect(cosine).toBeGreaterThan(0.999);
  }
});
