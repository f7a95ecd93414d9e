import { given, LearnLossError } from "./errors.ts";
import { LinearLoss, lossName } from "./features/loss.ts";
import { l1, l2 } from "./features/norms.ts";
import { FIT_NAMES, type FitOptions, type FitResult, Fitting } from "./fit.ts";
import { checkNames, type OptionNames } from "./option-names.ts";
import { exp, log } from "./wasm/transcendental.ts";

/** Options of `fitPath`. */
export interface FitPathOptions extends Omit<FitOptions, "loss"> {
  /** Share of ‖W‖₁ in the penalty s·(mix·‖W‖₁ + (1 − mix)·½‖W‖²), from 0 to 1, as alpha in glmnet. @default 0.5 */
  readonly mix?: number;
  /** Strengths s ≥ 0, in the order of their fits. @default `count` of them, falling, equally spaced on the log scale */
  readonly strengths?: Iterable<number>;
  /** Number of strengths, unless these are given; at least 1. @default 100 */
  readonly count?: number;
  /**
   * The last strength over the first, between 0 and 1; the first is the smallest at which all weights are 0, for a mix below
   * 1e-3 that of 1e-3. @default 1e-3
   */
  readonly ratio?: number;
}

const { loss: _, ...NAMES } = FIT_NAMES;
const PATH_NAMES: OptionNames<FitPathOptions> = { ...NAMES, mix: true, strengths: true, count: true, ratio: true };

/**
 * A regularization path: models of one penalty at many strengths, each from the last, with what its solver learned of
 * the curvature. A strength that changes by a few percent costs a few passes. Yields what `fit` returns, and the strength, once
 * for each.
 *
 * @throws as `fit`; OPTION for a mix, count, ratio or strengths that are none, LAMBDA at a strength that is negative
 */
export async function* fitPath(options: FitPathOptions): AsyncGenerator<FitResult & { readonly strength: number }> {
  const { mix = 0.5, count = 100, ratio = 1e-3, strengths: chosen, ...fits } = checkNames(options, PATH_NAMES);
  if (!(typeof mix === "number" && mix >= 0 && mix <= 1))
    throw new LearnLossError("OPTION", `mix is ${mix}: give a number from 0 to 1.`);
  if (!(Number.isInteger(count) && count > 0 && typeof ratio === "number" && ratio > 0 && ratio < 1)) {
    throw new LearnLossError(
      "OPTION",
      `count is ${count} and ratio ${ratio}: give a whole number > 0, and 0 < ratio < 1.`,
    );
  }
  if (chosen !== undefined && typeof given("strengths", chosen)[Symbol.iterator] !== "function")
    throw new LearnLossError("OPTION", "`strengths` cannot be iterated over: give an array of numbers.");
  const lossOf = (strength: number) =>
    new LinearLoss(lossName(fits.model), { l1: l1(), l2: l2() }, { l1: strength * mix, l2: strength * (1 - mix) });
  const solves = Array.isArray(chosen) ? chosen.length : chosen ? 1 : count;
  const fitting = new Fitting({ ...fits, loss: lossOf(1) }, solves);
  try {
    // Without ‖W‖₁ no strength makes all weights 0: glmnet's convention begins where a thousandth of it would.
    const strengths = chosen ?? descending(fitting.largestL1 / Math.max(mix, 1e-3), count, ratio);
    for (const strength of strengths) {
      yield { ...(await fitting.solve(lossOf(strength))), strength };
    }
  } finally {
    fitting.dispose();
  }
}

function* descending(first: number, count: number, ratio: number): Generator<number> {
  for (let i = 0; i < count; i++) yield first * exp((log(ratio) * i) / Math.max(count - 1, 1));
}
