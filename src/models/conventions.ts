/** λ of penalties in learnloss's convention: mean loss over rows + l1·‖W‖₁ + l2·½‖W‖². */
export interface PenaltyWeights {
  readonly l1?: number;
  readonly l2?: number;
}

/**
 * scikit-learn's LogisticRegression minimizes C·Σ loss + l1_ratio·‖w‖₁ + (1 − l1_ratio)·½‖w‖²: the same minimizer
 * has C = 1/(rows·(l1 + l2)) and l1_ratio = l1/(l1 + l2). `C` is Infinity without a penalty.
 */
export function toSklearnC({ l1 = 0, l2 = 0 }: PenaltyWeights, rows: number): { C: number; l1Ratio: number } {
  const sum = l1 + l2;
  return { C: 1 / (rows * sum), l1Ratio: sum > 0 ? l1 / sum : 0 };
}

/**
 * glmnet minimizes mean loss + lambda·(alpha·‖w‖₁ + (1 − alpha)·½‖w‖²), as does scikit-learn's ElasticNet for squared loss,
 * which calls them alpha and l1_ratio.
 */
export function toGlmnetLambda({ l1 = 0, l2 = 0 }: PenaltyWeights): { lambda: number; alpha: number } {
  const lambda = l1 + l2;
  return { lambda, alpha: lambda > 0 ? l1 / lambda : 0 };
}
