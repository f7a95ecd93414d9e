import type { Features } from "../features/feature.ts";
import { distance } from "../reduced/distance.ts";
import type { Center } from "../reduced/search.ts";
import type { VirtualModels } from "../reduced/virtual-models.ts";
import type { Pause } from "../run.ts";
import type { Session, Trained } from "./session.ts";
import { STILL } from "./sketch.ts";

/**
 * Where penalties are weak, what they do to e is in proportion to λ: a slope in log λ that promises nothing nearby promises
 * `factor` times as much where they are `factor` times as strong. Unless all of them were above the share `known` of that in
 * some trial, a brief training there tells the span, and goes on where it finds less error. Class weights and L2 of weak
 * signals, 36 data sets: 21 ended more than 1 % above the best, 6 % in the mean, because class weights are searched first and
 * the span learns nothing of L2 on the way; now none. Passes in all, 15 splits: digits 95 → 95, their class weights 61 → 63,
 * diabetes 46 → 50, breast cancer 228 → 238, wine 479 → 536, and none later to the hit. With L1 besides, 300 sets, looks after
 * polishing and last promises, too: 33 more than 1 % above a stronger L2, up to 12 %; now none, in 1.1 times the passes. Only
 * penalties that make e fall count, and are strengthened, lest the rise of one hides the fall of another: 3200 regressions on 20
 * to 300 rows of 2 to 50 columns, one or two penalties: 105 → 88 more than 1 % above a scan, in 1.02 times the passes. Not
 * where e rises at `near` times as strong by the span's own account, which was right in 22 of 22 such places (and said nothing
 * of the kind in 8 of the 9 that were worth it): the median of passes in all, digits 79 → 72, mails 96 → 90.
 */
const PLATEAU = { factor: 20, known: 0.2, near: Math.E, iterations: 6 };

/**
 * Brief trainings at most on the way from a model without weights to the nearest with some. The same regressions: 88 → 83, the
 * worst of those with log losses 13 → 10 % above, in 1.01 times the passes.
 */
const HALVINGS = 3;

/** A λ, and the error of a brief training there. */
interface Look {
  readonly lambda: Float64Array;
  readonly error: number;
}

type PlateauCenter = Center & { readonly thetas: readonly Float64Array[] };

/**
 * A brief training where e may be less by more than `gain`, although the span promises nothing near the center: where penalties
 * leave weights, or are stronger than any that were trained with. Undefined where neither is to be expected.
 */
export function* leavePlateau<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  center: PlateauCenter,
  gain: number,
): Generator<Pause, Look | undefined> {
  const weaker = yield* trainBeneath(session, center);
  if (weaker) return weaker;
  const stronger = yield* beyondPlateau(session, models, center, gain);
  return stronger && (yield* look(session, stronger, center));
}

function* look<F extends Features>(session: Session<F>, lambda: Float64Array, { thetas }: PlateauCenter) {
  const seen: Trained = yield* session.train(lambda, session.placed(thetas), { iterations: PLATEAU.iterations });
  return { ...seen, lambda };
}

/** Penalties stronger than any that were trained with, if e may be less there by more than `gain`. */
function* beyondPlateau<F extends Features>(
  { study, space }: Pick<Session<F>, "study" | "space">,
  models: VirtualModels,
  { lambda, slope }: Center,
  gain: number,
): Generator<void, Float64Array | undefined> {
  const penalties = models.free.filter((j) => !space.data[j]);
  const falling = slope ? penalties.filter((j) => slope[j]! < 0) : [];
  const fall = -falling.reduce((sum, j) => sum + slope![j]!, 0);
  if (!(fall * PLATEAU.factor > gain)) return undefined;
  const raised = (factor: number) => space.normalize(lambda.map((w, j) => (falling.includes(j) ? factor * w : w)));
  const stronger = raised(PLATEAU.factor);
  const known = study.trials.some((trial) =>
    penalties.every((j) => {
      const share = trial.lambda[j]! / stronger[j]!;
      return falling.includes(j) ? share > PLATEAU.known : share < 1 / PLATEAU.known;
    }),
  );
  if (known) return undefined;
  // At the bottom of a valley, whose slopes are not quite 0 either, e rises soon, and the span knows.
  yield* models.solve(lambda);
  const here = models.error();
  yield* models.solve(raised(PLATEAU.near));
  return models.error() - here > gain ? undefined : stronger;
}

/**
 * Where penalties with kinks leave no weight, e does not depend on λ, and no slope says whether a little less of them would be
 * better. Halves the way in log λ to the nearest trial that has weights, until a brief training finds less error.
 */
function* trainBeneath<F extends Features>(
  session: Session<F>,
  center: PlateauCenter,
): Generator<Pause, Look | undefined> {
  const { space, study } = session;
  const isNull = (features: ArrayLike<number>) => space.data.every((a, j) => a !== 0 || features[j] === 0);
  const seen = study.trials.flatMap(({ lambda, observations }) => {
    const last = observations.at(-1);
    return last ? [{ none: isNull(last.features), lambda, far: distance(lambda, center.lambda) }] : [];
  });
  if (!seen.some(({ none, far }) => none && far === 0)) return undefined;
  const nearest = seen.filter(({ none }) => !none).sort((a, b) => a.far - b.far)[0];
  let [none, some] = [center.lambda, nearest?.lambda];
  for (let i = 0; i < HALVINGS && some && distance(none, some) > STILL; i++) {
    const middle = space.normalize(none.map((w, j) => Math.sqrt(w * some![j]!)));
    const next: Trained = yield* look(session, middle, center);
    if (next.error < center.error) return { lambda: middle, error: next.error };
    if (isNull(next.features)) none = middle;
    else some = middle;
  }
  return undefined;
}
