import { LearnLossError } from "./errors.ts";
import type { Features } from "./features/feature.ts";
import type { TunerOptions } from "./tune.ts";

/** @throws OPTION or TOO_FEW for options of a tuner that do not go together */
export function checkOptions<F extends Features>(options: TunerOptions<F>): void {
  const { train, validation, folds, schedule, choice, tolerance, explore } = options;
  if (tolerance !== undefined && !(tolerance > 0 && tolerance < 1)) {
    throw new LearnLossError("OPTION", `The tolerance is ${tolerance}: give a number between 0 and 1, such as 1e-4.`);
  }
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
  if (choice === "one-standard-error" && validation) {
    throw new LearnLossError("OPTION", "A choice by one standard error needs `folds`: they tell the error's spread.");
  }
}
