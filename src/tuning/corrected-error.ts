import type { MetricEvaluator } from "../evaluate/metric.ts";

/**
 * e of the minimizer of ℓ_λ, to first order, from that of a model near it: e − u·∇ℓ, u the adjoint. As ∇ℓ = Σ_j λ_j·∂φ_j, what is
 * lacking is the sum of the slopes de/dlog λ_j = −λ_j·u·∂φ_j, 0 at the minimizer.
 */
export function correctedError(error: number, slope: Float64Array, metric: Pick<MetricEvaluator, "fromLoss">): number {
  return error + metric.fromLoss(slope.reduce((sum, s) => sum + s, 0));
}
