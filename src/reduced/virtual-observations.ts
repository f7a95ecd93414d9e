import type { Polyhedron } from "../features/polyhedron.ts";
import { type FitObservation, fitLambda, MOST_OBSERVATIONS } from "../outer/fit-lambda.ts";
import { LARGEST } from "../outer/fittable.ts";

/**
 * Residual of a fit that is exact but for rounding in f32, and for bounds that keep a weight above 0 of which e knows
 * nothing. Where e is affine 1e-6 to 6e-4 were seen, elsewhere no less than 0.03.
 */
const EXACT = 1e-3;

/**
 * Virtual models as observations of the outer fit: φ and e, which cost nothing more once they were solved for and judged.
 *
 * They are for errors that are affine in φ, which they give away before anything is trained to its end. Where e is not, the
 * fit near the best λ was tried as one more start of a search, when the span promised less error there than the best has:
 * wine, diabetes, digits and class weights, 90 splits, 2 ended with less error, for 2 to 11 % more passes; breast cancer,
 * 15 splits, 1 by 0.9 %, for 13 % more; a learned penalty, 10 splits, none, for 5 %; in rounds of exploration, 44 splits, none.
 */
export class VirtualObservations {
  readonly #best: FitObservation[] = [];

  add(features: Float64Array, error: number): void {
    if (!Number.isFinite(error) || !features.every(Number.isFinite)) return;
    const best = this.#best;
    if (best.length === MOST_OBSERVATIONS && error >= best.at(-1)!.error) return;
    const at = best.findIndex((other) => other.error > error);
    best.splice(at < 0 ? best.length : at, 0, { features, error, converged: false });
    if (best.length > MOST_OBSERVATIONS) best.pop();
  }

  /**
   * The λ whose λ·φ the errors of these models and of those told are affine in, if there is one: no λ has a better
   * minimizer. k + 2 models settle it, any k + 1 errors are affine in something.
   */
  explanation(told: readonly FitObservation[], F: Polyhedron): Float64Array | undefined {
    const all = [...told.filter(({ error }) => error < LARGEST), ...this.#best];
    if (all.length < F.size + 2) return undefined;
    const fit = fitLambda(all, F);
    return fit.status === "optimal" && fit.residual < EXACT ? F.normalize(fit.lambda) : undefined;
  }
}
