import { afterEach, describe, expect, test, vi } from "vitest";
import { checkOptions } from "../../src/check-options.ts";
import { classWeights, l1, l2, type TunerOptions } from "../../src/index.ts";
import { ReducedModel } from "../../src/reduced/reduced-model.ts";
import { TuningWork } from "../../src/tuning/tuning-work.ts";
import { kernels } from "../../src/wasm/kernels.ts";
import { blobs } from "../reference/blobs.ts";

const train = blobs(120, 6, 3, 3);
const validation = blobs(70, 6, 3, 4);
const settings: Record<string, TunerOptions> = {
  "a validation set": { model: "softmax", train, validation, features: { l1: l1(), l2: l2() } },
  "a metric that steps": {
    model: "softmax",
    train,
    validation,
    features: { ...classWeights(train), l2: l2() },
    metric: "error-rate",
  },
  folds: { model: "softmax", train, folds: 4, features: { ...classWeights(train), l2: l2() } },
  "folds, one standard error": {
    model: "softmax",
    train,
    folds: 3,
    features: { l2: l2() },
    choice: "one-standard-error",
  },
};

/** A tuning of which kernels and methods that work on rows are watched: what they say that they did, and how often. */
function watched(options: TunerOptions, steps = Number.POSITIVE_INFINITY) {
  const k = kernels();
  const [data, projections, snapshots] = [
    vi.spyOn(k, "objectiveSetData"),
    vi.spyOn(k, "projectionInit"),
    vi.spyOn(k, "projectionSet"),
  ];
  /** Products with projected validation rows: directions over columns. */
  let products = 0;
  for (const method of ["validationLoss", "scores"] as const) {
    const own = ReducedModel.prototype[method] as (...args: unknown[]) => unknown;
    vi.spyOn(ReducedModel.prototype, method).mockImplementation(function counted(
      this: ReducedModel,
      ...args: unknown[]
    ) {
      products += this.size / train.columns;
      return own.apply(this, args) as never;
    });
  }
  // What a tuning that is stopped trains on all rows at its end is given back before its result is there.
  const spent = new Map<number, number>();
  const release = k.release;
  vi.spyOn(k, "release").mockImplementation((pointer) => {
    if (data.mock.calls.some(([objective]) => objective === pointer)) spent.set(pointer, k.objectivePasses(pointer));
    release(pointer);
  });
  const work = new TuningWork(checkOptions(options));
  work.begin();
  for (let i = 0; i < steps && work.step(); i++);
  for (const _ of work.finish());
  const result = work.result("stopped");
  const folds = work.session.folds.length;
  const judges = new Set(work.session.folds.map(({ trainer }) => trainer.validation.pointer));
  /** Passes over the rows of objectives of one kind, in rows seen. */
  const seen = (judging: boolean) =>
    data.mock.calls.reduce(
      (sum, [pointer, , , rows]) =>
        sum + (judges.has(pointer) === judging ? rows * (spent.get(pointer) ?? k.objectivePasses(pointer)) : 0),
      0,
    );
  const objectiveOf = new Map(projections.mock.calls.map(([projection, objective]) => [projection, objective]));
  const rowsOf = new Map(data.mock.calls.map(([pointer, , , rows]) => [pointer, rows]));
  const projected = snapshots.mock.calls
    .map(([projection]) => objectiveOf.get(projection)!)
    .filter((objective) => !judges.has(objective))
    .reduce((sum, objective) => sum + rowsOf.get(objective)! / 2, 0);
  const reduced = work.session.folds.reduce(
    (sum, { reduced, trainer }) => sum + trainer.objective.rows * reduced.passes,
    0,
  );
  const counted = {
    trained: seen(false) - projected,
    reduced: reduced + projected,
    judged: seen(true),
    products,
    folds,
  };
  work.session.dispose();
  return { result, counted };
}

afterEach(() => vi.restoreAllMocks());

describe.each(Object.entries(settings))("%s", (_, options) => {
  test("passes are the rows that were seen over those given, and are counted once: as training or as reduced", () => {
    for (const steps of [200, Number.POSITIVE_INFINITY]) {
      const { result, counted } = watched(options, steps);
      expect(counted.reduced).toBeGreaterThan(train.rows);
      expect(result.trainingPasses / (counted.trained / train.rows)).toBeCloseTo(1, 9);
      expect(result.reducedPasses / (counted.reduced / train.rows)).toBeCloseTo(1, 9);
      expect(result.passes / ((counted.trained + counted.reduced) / train.rows)).toBeCloseTo(1, 9);
      vi.restoreAllMocks();
    }
  });
});

test.each(["a validation set", "folds"])("%s: so are validation passes, of models and of virtual models", (name) => {
  const { result, counted } = watched(settings[name]!);
  const judging = name === "folds" ? train.rows : validation.rows;
  expect(counted.products).toBeGreaterThan(10);
  expect(result.validationPasses / (counted.judged / judging + counted.products / counted.folds)).toBeCloseTo(1, 9);
});
