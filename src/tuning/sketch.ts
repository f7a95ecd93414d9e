import type { Features } from "../features/feature.ts";
import type { Random } from "../random.ts";
import { distance } from "../reduced/distance.ts";
import { KINK, sharpen } from "../reduced/kink.ts";
import { type Prediction, searchLambda } from "../reduced/search.ts";
import type { VirtualModels } from "../reduced/virtual-models.ts";
import type { Pause } from "../run.ts";
import type { Session } from "./session.ts";
import { NEAR_MINIMUM } from "./trainer.ts";

/** Step in log λ up to which a λ counts as the same. */
export const STILL = 0.5;

/** Radius in log λ of a search of the span, and the relative gain below which its promise ends the sketch. */
const SEARCH = { radius: 3, gain: 0.01 };

/**
 * Factor on the penalties of the second brief training: one model shows no direction in which e changes. Under squared loss a
 * weak lasso of few rows is a plateau of e, rough and far from the best. 15 kinds of regressions, 30 to 200 rows of 20 to 300
 * columns, 8 sets each: 1.0 % above the best of four factors in 199 passes at 2, 0.4 % in 171 at 30; lasso of 30 × 100, 80 more
 * sets, 4.2 and 0.8 % above a grid; diabetes 32 → 29 passes to the hit. Of log losses digits take 59 passes at 2 and 66 at 30,
 * breast cancer 141 and 165.
 */
const STRONGER = { squared: 30, logistic: 2, softmax: 2 };

/**
 * Iterations of the brief trainings; how many searches there are between them, and how accurate. On the fly the longer
 * ones cost a third more for little (npm run bench:on-the-fly); where λ is trained to the end, its exact place saves
 * passes. The first two at 5 and 3 iterations instead of 6 each, seeds 9 to 18 of the bench's tasks: mails 73 → 68 passes
 * to the hit, diabetes 72 → 68, digits and MNIST as before; as many hits. Balanced error and macro-F1, 19 seeds: errors
 * alike.
 */
const TUNE = { first: 5, stronger: 3, next: 6, rounds: 3, tolerance: 1e-3 };
export const FLY = { first: 4, stronger: 3, next: 3, rounds: 2, tolerance: 1e-2 };

/**
 * Share of the trainings' passes below which searches of the span cost next to nothing: then the training itself goes on
 * so, its λ following the span, until it is near a minimizer. Passes to the hit, medians of eight held-out seeds: MNIST,
 * n = 5000, 127 → 83, n = 1000, 75 → 63, Fashion-MNIST, n = 2000, 396 → 150, ten class weights 141 → 110, learned penalty of
 * MNIST 7 → 8 hits. At 0.05 the learned penalty gains nothing, above 0.15 regression of 65 columns takes longer. Not with
 * `basins`: breast cancer would go from 141 to 166.
 */
const CHEAP = 0.15;

/** Most rounds of such a training. */
const ROUNDS = 16;

interface Sketch {
  readonly lambda: Float64Array;
  /** Whether it went on because that cost next to nothing: the span knows more models than otherwise. */
  readonly pursued: boolean;
}

/**
 * A first idea of the best λ. Before anything is trained to the end, the span of a few brief trainings already knows about
 * where it should be (MNIST, n = 5000, L1 + L2: 156 → 112 passes; digits: 98 → 84). One trains at a first λ, one at stronger
 * penalties, the others where the span says, each on from its model there.
 *
 * @param basins whether there may be others to start in: then what is not sure yet is not pursued
 */
export function* sketch<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  random: Random,
  start: Float64Array,
  basins: boolean,
): Generator<Pause, Sketch> {
  const { space, folds } = session;
  const brief = session.onTheFly ? FLY : TUNE;
  const stronger = STRONGER[session.options.model];
  const isCheap = () => !basins && session.reducedPasses < CHEAP * session.trainingPasses;
  const isFar = () => folds.some(({ trainer }) => trainer.running && trainer.solver.residual >= NEAR_MINIMUM);
  yield* session.train(
    start,
    folds.map(() => 0),
    { iterations: brief.first },
  );
  let lambda = space.normalize(start.map((value, j) => (space.data[j] ? value : stronger * value)));
  yield* session.train(lambda, session.reached(), { iterations: brief.stronger });
  let round = 0;
  for (; round < (isCheap() ? ROUNDS : brief.rounds); round++) {
    const prediction: Prediction = yield* aim(session, models, random, lambda, SEARCH.radius);
    const step = distance(lambda, prediction.lambda);
    lambda = prediction.lambda;
    const settled = step < STILL || prediction.gain < SEARCH.gain * Math.abs(prediction.error);
    if ((settled || round >= brief.rounds) && !(isCheap() && isFar())) break;
    yield* session.train(lambda, session.expanded(), { iterations: brief.next }, prediction.error);
  }
  return { lambda, pursued: round > brief.rounds };
}

/** The best λ near that of a brief training, by the span's own error: that of a model on its way is none of λ. */
export function* aim<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  random: Random,
  lambda: Float64Array,
  radius: number,
): Generator<Pause, Prediction> {
  sharpen(session.folds, session.folds[0]!.current(), KINK.wide);
  const { tolerance } = session.onTheFly ? FLY : TUNE;
  return yield* searchLambda(models, { lambda, error: Number.NaN, slope: undefined }, { radius, tolerance, random });
}
