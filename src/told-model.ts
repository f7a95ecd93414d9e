import { given, LearnLossError, listed } from "./errors.ts";
import { checkNames, type OptionNames } from "./option-names.ts";
import { fittable, LARGEST } from "./outer/fittable.ts";

/** A model: its features φ, keyed as λ, and its error e (lower is better; +Infinity is allowed, NaN means it failed). */
export interface ModelSeen<Name extends string = string> {
  /**
   * φ(θ): the terms of the loss without their weights, on the training rows, in units in which the trial's loss is λ·φ, the same
   * for all models. Below 1e150, and best ≥ 0: exploration takes 0 for the least that a loss may be, and finds less where it may
   * be less.
   */
  readonly features: Readonly<Record<Name, number>>;
  /** e(θ), on rows that judge. From 1e150 on it counts as Infinity. */
  readonly error: number;
  /** Work spent when it was seen, in passes or in any unit: kept for reports, without effect on proposals. */
  readonly passes?: number | undefined;
}

/** The last model of a trial. */
export interface ToldModel<Name extends string = string> extends ModelSeen<Name> {
  /** Whether it minimizes its trial's loss: one whose training was cut short does not, and proves nothing of λ. @default true */
  readonly converged?: boolean;
}

const NAMES: OptionNames<ToldModel> = { features: true, error: true, passes: true, converged: true };

/**
 * Checks that a trial can be told this, NaN as its error included, by which it failed. Returns φ in the order of `names`.
 *
 * @throws SHAPE for other features, NON_FINITE, OVERFLOW, TYPE, OPTION
 */
export function checkToldModel(
  names: readonly string[],
  id: number,
  model: ModelSeen,
  converged: unknown,
): Float64Array {
  checkNames(given("the model", model), NAMES);
  const { error, passes } = model;
  if (typeof converged !== "boolean")
    throw new LearnLossError("TYPE", `converged of trial ${id} is ${String(converged)}: give true or false.`);
  const features = checkFeatures(names, model.features);
  if (typeof error !== "number" || error === Number.NEGATIVE_INFINITY) {
    throw new LearnLossError(
      "NON_FINITE",
      `The error of trial ${id} is ${shown(error)}: give a number, +Infinity for the worst.`,
    );
  }
  if (error <= -LARGEST)
    throw new LearnLossError("OVERFLOW", `The error of trial ${id} is ${error}: give more than ${-LARGEST}.`);
  if (passes !== undefined && !Number.isFinite(passes))
    throw new LearnLossError("NON_FINITE", `The passes of trial ${id} are ${passes}: give a number, or none.`);
  if (passes !== undefined && passes < 0)
    throw new LearnLossError("OPTION", `The passes of trial ${id} are ${passes}: give a number ≥ 0, or none.`);
  return features;
}

function checkFeatures(names: readonly string[], record: Readonly<Record<string, number>>): Float64Array {
  const keys = Object.keys(record ?? {});
  if (keys.length !== names.length || names.some((name) => !Object.hasOwn(record, name))) {
    throw new LearnLossError("SHAPE", `The features are ${listed(keys)}: give exactly ${listed(names)}.`);
  }
  for (const name of names) {
    if (!Number.isFinite(record[name])) {
      throw new LearnLossError("NON_FINITE", `Feature ${name} is ${shown(record[name])}: the observation is rejected.`);
    }
    if (!fittable(record[name]!)) {
      const what = `Feature ${name} is ${record[name]}: the observation is rejected.`;
      throw new LearnLossError("OVERFLOW", `${what} Give numbers below ${LARGEST}, or call fail.`);
    }
  }
  return Float64Array.from(names, (name) => record[name]!);
}

/** A value in a message: text in quotes, which looks like a number otherwise. */
function shown(value: unknown): string {
  return typeof value === "string" ? `the text "${value}"` : String(value);
}
