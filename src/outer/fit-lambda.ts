import type { Box } from "./box.ts";
import { createL1Fit } from "./l1-fit.ts";

/** A model that was seen: φ in F's coordinate order, e, and whether it minimizes its λ·φ. */
export interface FitObservation {
  readonly features: ArrayLike<number>;
  /** Below `LARGEST`: leave failed and infinitely bad models out. */
  readonly error: number;
  readonly converged: boolean;
}

interface FitLambdaOptions {
  /** λ stays within a factor of `lambda`: lambda/radius ≤ λ ≤ lambda·radius. */
  readonly trust?: { readonly lambda: ArrayLike<number>; readonly radius: number };
  /** Observations that take part, the best ones. @default 120 */
  readonly most?: number;
}

type LambdaFit =
  | {
      readonly status: "optimal";
      readonly lambda: Float64Array;
      /** The model that λ prefers to all converged ones, the best for which such a λ exists: its index among those given. */
      readonly incumbent: number;
      /** Weighted mean of |e − fit|, relative to the weighted mean of |e − its mean|; 0 when e is affine in λ·φ. */
      readonly residual: number;
    }
  | { readonly status: "none" };

/**
 * Errors farther from the least one than this many times the median is are of models that diverged and are left out: in their
 * units the other errors are rounding. With an outlier at 1e5 of 1 the least error found was as without, at 1e7 thousands of
 * times as large.
 */
const FAR = 1e6;

/** Observations that a fit looks at, at most: the best. */
export const MOST_OBSERVATIONS = 120;

/**
 * The outer fit: in ascending e, the first model j that some λ of F prefers to all converged models, and of these λ the
 * one whose λ·φ explains the errors best, min Σ wᵢ|eᵢ − μ·φᵢ − c| with μ = αλ (LearnLoss, arXiv 1907.00103, section 3).
 */
export function fitLambda(observations: readonly FitObservation[], F: Box, options: FitLambdaOptions = {}): LambdaFit {
  const k = F.lower.length;
  const most = options.most ?? MOST_OBSERVATIONS;
  // Ordering 10⁵ numbers takes a tenth of ordering their indices.
  const last = Float64Array.from(observations, ({ error }) => error).sort()[most - 1] ?? Number.POSITIVE_INFINITY;
  const best = observations
    .map((_, i) => i)
    .filter((i) => observations[i]!.error <= last)
    .sort((a, b) => observations[a]!.error - observations[b]!.error || a - b)
    .slice(0, most);
  if (best.length === 0) return { status: "none" };
  const errors = near(best.map((i) => observations[i]!.error));
  const order = best.slice(0, errors.length);
  const weights = weightsOf(errors, k);
  const fit = createL1Fit({ k, F: within(F, options.trust) });
  try {
    fit.append(
      order.flatMap((i) => Array.from(observations[i]!.features)),
      errors,
      order.map((i) => observations[i]!.converged),
    );
    fit.setWeights(weights);
    for (const [j, index] of order.entries()) {
      fit.setIncumbent(j);
      const outcome = fit.solve();
      if (outcome.status !== "optimal") continue;
      let sum = 0;
      let mean = 0;
      for (const [i, w] of weights.entries()) {
        sum += w;
        mean += w * errors[i]!;
      }
      mean /= sum;
      const spread = weights.reduce((total, w, i) => total + w * Math.abs(errors[i]! - mean), 0);
      const residual = spread > 0 ? outcome.objective / spread : 0;
      return { status: "optimal", lambda: outcome.lambda, incumbent: index, residual };
    }
    return { status: "none" };
  } finally {
    fit.dispose();
  }
}

/** The errors, ascending, that are not `FAR` from the least. */
function near(errors: readonly number[]): readonly number[] {
  const least = errors[0]!;
  const middle = errors[errors.length >> 1]! - least;
  return middle > 0 ? errors.filter((e) => e - least <= FAR * middle) : errors;
}

/** wᵢ = 1/(1 + (eᵢ − e₀)/τ), τ from the max(3k, 10)-th best: good models count, bad ones tell the direction. */
function weightsOf(errors: readonly number[], k: number): number[] {
  const least = errors[0]!;
  const tau = errors[Math.min(Math.max(3 * k, 10), errors.length) - 1]! - least;
  return errors.map((e) => (tau > 0 ? 1 / (1 + (e - least) / tau) : 1));
}

/** F within a factor of a λ. With the normalization in place this is a box again. */
function within(F: Box, trust: FitLambdaOptions["trust"]): Box {
  if (!trust) return F;
  const { lambda, radius } = trust;
  const lower = F.lower.map((low, j) => Math.min(Math.max(low, lambda[j]! / radius), F.upper[j]!));
  const upper = F.upper.map((high, j) => Math.max(Math.min(high, lambda[j]! * radius), lower[j]!));
  return { ...(F.data ? { data: F.data, total: F.total ?? 1 } : {}), lower, upper };
}
