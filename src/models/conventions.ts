import { given, LearnLossError, listed } from "../errors.ts";

/** λ of penalties in learnloss's convention: mean loss over rows + l1·‖W‖₁ + l2·½‖W‖². */
export interface PenaltyWeights {
  readonly l1?: number;
  readonly l2?: number;
}

/**
 * scikit-learn's LogisticRegression minimizes C·Σ loss + l1_ratio·‖w‖₁ + (1 − l1_ratio)·½‖w‖²: the same minimizer
 * has C = 1/(rows·(l1 + l2)) and l1_ratio = l1/(l1 + l2). `C` is Infinity without a penalty.
 *
 * @param rows how many train; the sum of their weights, where they have weights
 * @throws LAMBDA for negative weights, and for a λ with weights of anything but l1 and l2; SHAPE without rows
 */
export function toSklearnC(lambda: PenaltyWeights, rows: number): { C: number; l1Ratio: number } {
  const { l1, l2 } = checked(lambda);
  if (!(rows > 0)) throw new LearnLossError("SHAPE", `rows is ${rows}: give the number of training rows.`);
  const sum = l1 + l2;
  return { C: 1 / (rows * sum), l1Ratio: sum > 0 ? l1 / sum : 0 };
}

/**
 * glmnet minimizes mean loss + lambda·(alpha·‖w‖₁ + (1 − alpha)·½‖w‖²), as does scikit-learn's ElasticNet for squared loss,
 * which calls them alpha and l1_ratio.
 *
 * @throws LAMBDA for negative weights, and for a λ with weights of anything but l1 and l2
 */
export function toGlmnetLambda(lambda: PenaltyWeights): { lambda: number; alpha: number } {
  const { l1, l2 } = checked(lambda);
  const sum = l1 + l2;
  return { lambda: sum, alpha: sum > 0 ? l1 / sum : 0 };
}

function checked(lambda: PenaltyWeights): Required<PenaltyWeights> {
  const { l1 = 0, l2 = 0, ...others } = given("lambda", lambda);
  const names = Object.keys(others).filter((name) => (others as Readonly<Record<string, number>>)[name] !== 0);
  if (names.length > 0) {
    throw new LearnLossError(
      "LAMBDA",
      `λ weighs ${listed(names)}, and only l1 and l2 have a counterpart: give these alone, as { l1, l2 }.`,
    );
  }
  if (l1 >= 0 && l2 >= 0) return { l1, l2 };
  throw new LearnLossError("LAMBDA", `λ has l1 ${l1} and l2 ${l2}: give numbers ≥ 0.`);
}
