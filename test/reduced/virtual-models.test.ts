import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { virtualModels } from "../reference/virtual-models.ts";

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
