import { checkDataset } from "./data/dataset.ts";
import { LearnLossError } from "./errors.ts";
import { defaultMetric } from "./evaluate/metric.ts";
import { type Features, isFeature } from "./features/feature.ts";
import { checkTolerance } from "./fit.ts";
import { checkModel } from "./models/model-kind.ts";
import { checkNames, type OptionNames } from "./option-names.ts";
import { checkSeed } from "./random.ts";
import { BUDGET_NAMES, type Budget } from "./run.ts";
import type { TunerOptions } from "./tune.ts";

const NAMES: OptionNames<TunerOptions & Budget> = {
  model: true,
  train: true,
  validation: true,
  folds: true,
  workers: true,
  choice: true,
  features: true,
  metric: true,
  seed: true,
  tolerance: true,
  precision: true,
  schedule: true,
  explore: true,
  ...BUDGET_NAMES,
};

/** Relative minimum-norm subgradient at which the trainings of a tuner end. */
export const TUNE_TOLERANCE = 1e-4;

/** What options of a few values may be. */
export const CHOICES = {
  schedule: ["tune", "on-the-fly"],
  choice: ["best", "one-standard-error"],
  precision: ["f32", "f64"],
  explore: [true, false],
} as const;

type Defaulted = "metric" | "seed" | "tolerance" | "precision" | "schedule" | "choice" | "explore";

/** A tuner's options once they are checked, all defaults in place. */
export type CheckedOptions<F extends Features = Features> = TunerOptions<F> & Required<Pick<TunerOptions, Defaulted>>;

/**
 * @returns the options by themselves
 * @throws OPTION, TYPE, SEED or TOO_FEW for options of a tuner that are none, or do not go together
 */
export function checkOptions<F extends Features>(given: TunerOptions<F>): CheckedOptions<F> {
  const options = checkNames<TunerOptions & Budget>(given, NAMES) as TunerOptions<F>;
  const { model, train, validation, folds, features } = options;
  const { schedule = "tune", choice = "best", precision = "f32", explore = false } = options;
  const { metric = defaultMetric(model), tolerance = TUNE_TOLERANCE, seed = 0 } = options;
  checkModel(model);
  checkDataset("train", train);
  if (validation) checkDataset("validation", validation);
  if (typeof features !== "object" || features === null) {
    throw new LearnLossError("OPTION", "`features` is missing: say what the loss is mixed of, such as { l2: l2() }.");
  }
  for (const [name, feature] of Object.entries<unknown>(features)) {
    if (isFeature(feature)) continue;
    throw new LearnLossError("OPTION", `${name} is no feature: give what l1(), l2(), labelSmoothing() … return.`);
  }
  if (model === "squared" && Object.values(features).some(({ kind }) => kind === "uniform-loss")) {
    throw new LearnLossError("OPTION", "Label smoothing is of classes, which squared loss has none of: leave it out.");
  }
  // Numbers that stand for a few classes may be regressed on, with class weights too.
  const counts = Object.values(features).map((f) =>
    f.kind === "group-loss" && f.of.name === "classes" ? f.of.count : 0,
  );
  const classes = Math.max(0, ...counts);
  if (model === "squared" && 2 * classes > train.rows) {
    throw new LearnLossError(
      "OPTION",
      `Class weights are of classes: the targets of ${train.rows} rows have ${classes} values, which is a quantity. Leave them out.`,
    );
  }
  for (const [name, given] of Object.entries({ schedule, choice, precision, explore })) {
    const allowed: readonly unknown[] = CHOICES[name as keyof typeof CHOICES];
    if (allowed.includes(given)) continue;
    throw new LearnLossError("OPTION", `${name} is ${given}: give ${allowed.join(" or ")}.`);
  }
  checkTolerance(tolerance);
  checkSeed(seed);
  if (train.rows < 3) {
    throw new LearnLossError("TOO_FEW", `${train.rows} training rows are too few to tune a loss: give at least 3.`);
  }
  if ((validation === undefined) === (folds === undefined)) {
    throw new LearnLossError("OPTION", "Give either `validation`, rows that judge, or a number of `folds`.");
  }
  if (schedule === "on-the-fly" && folds !== undefined) {
    throw new LearnLossError(
      "OPTION",
      "On the fly there is one training run, and no model of all rows: give `validation`, not `folds`.",
    );
  }
  if (schedule === "on-the-fly" && explore) {
    throw new LearnLossError(
      "OPTION",
      "On the fly there is one training run, which explores nothing: leave `explore` out.",
    );
  }
  if (explore && folds !== undefined) {
    throw new LearnLossError(
      "OPTION",
      "Exploration ends with the budget, and the model of all rows is trained after it: give `validation`, not `folds`.",
    );
  }
  if (options.workers !== undefined && typeof options.workers?.solver !== "function") {
    throw new LearnLossError("OPTION", "`workers` is no pool: give what createPool of learnloss/workers makes.");
  }
  if (options.workers !== undefined && folds === undefined) {
    throw new LearnLossError("OPTION", "`workers` train folds side by side: give `folds`, or leave them out.");
  }
  if (choice === "one-standard-error" && validation) {
    throw new LearnLossError("OPTION", "A choice by one standard error needs `folds`: they tell the error's spread.");
  }
  return { ...options, metric, seed, tolerance, precision, schedule, choice, explore };
}
