import type { Random } from "../random.ts";
import { searchBySlopes } from "./smooth-search.ts";
import { searchBySamples } from "./step-search.ts";
import type { VirtualModels } from "./virtual-models.ts";

/** Where a search begins: a λ whose model was trained. */
export interface Center {
  readonly lambda: Float64Array;
  readonly error: number;
  /** de/dlog λ at the minimizer, where it is known. */
  readonly slope: Float64Array | undefined;
}

/** A λ and the error that the span predicts for it. */
export interface Prediction {
  readonly lambda: Float64Array;
  readonly error: number;
  /** What it predicts to be gained from the center. */
  readonly gain: number;
}

export interface SearchOptions {
  /** |log λ − log λ_center| at most: where nothing was seen, the span regularizes by itself and promises too much. */
  readonly radius: number;
  /** Relative gain that is worth another step. */
  readonly tolerance: number;
  readonly random: Random;
  /** Whether any gain will do now, for what was spent. @default never */
  readonly dear?: () => boolean;
}

/**
 * The best λ near `center`, where trying one costs a small share of a pass: e(θ̂_red(λ)) over log λ in a box. The
 * virtual models are left at θ̂_red of the λ found: an almost optimal start of its training.
 */
export function* searchLambda(
  models: VirtualModels,
  center: Center,
  options: SearchOptions,
): Generator<void, Prediction> {
  return yield* models.metric.smooth
    ? searchBySlopes(models, center, options)
    : searchBySamples(models, center, options);
}
