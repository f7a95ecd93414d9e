import type { Features } from "../features/feature.ts";
import type { Start } from "../inner/training-solver.ts";
import type { Random } from "../random.ts";
import { distance } from "../reduced/distance.ts";
import { type Center, type Prediction, searchLambda } from "../reduced/search.ts";
import { togetherAndAlone } from "../reduced/smooth-search.ts";
import type { VirtualModels } from "../reduced/virtual-models.ts";
import type { Pause } from "../run.ts";
import type { Session, Trained } from "./session.ts";
import { STILL } from "./sketch.ts";

/**
 * Where penalties are weak, what they do to e is in proportion to λ: a slope in log λ that promises nothing nearby promises up
 * to `FARTHEST` times as much where they are as many times as strong. The span tells what comes of it: of 566 brief trainings
 * there 71 found less error by more than a search's least gain, and it foretold 62 of them and 23 others. So it is asked in
 * `steps`, each `times` as strong, of the penalties that make e fall, together and alone (one may be right where the other is
 * weak), for as long as e falls. From the lowest, if it promises the share `promise` of the gain, the span is searched, and a
 * brief training sees whether what it promises there is true.
 *
 * Beside brief trainings wherever no trial was near: 3200 regressions on 20 to 300 rows of 2 to 50 columns, one or two
 * penalties, more than 1 % above a scan: 87 → 82, in 0.96 times the passes; class weights, L2 and L1 of weak signals, 600 sets,
 * more than 1 % above the least of a dozen variants: 21 → 3, in 0.97; wine, L1, L2 and smoothing, 30 splits, eight with 1 to
 * 15 % less error; digits 72 → 81 passes in all. At 20 times in three steps, 10 of the weak signals.
 */
const PLATEAU = { times: 3, steps: 4, promise: 0.3, radius: 3, tolerance: 1e-3, iterations: 6 };

/** `times` to the power of `steps`. */
const FARTHEST = 81;

/**
 * Brief trainings at most on the way from a model without weights to the nearest with some. The same regressions: 88 → 83, the
 * worst of those with log losses 13 → 10 % above, in 1.01 times the passes.
 */
const HALVINGS = 3;

type PlateauCenter = Center & { readonly thetas: readonly Float64Array[] };

/**
 * A λ where a brief training found less error, although the span promises nothing near the center: where penalties leave weights,
 * or are stronger. Undefined where there is none.
 */
export function* leavePlateau<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  center: PlateauCenter,
  gain: number,
  random: Random,
): Generator<Pause, Float64Array | undefined> {
  const weaker = yield* trainBeneath(session, center);
  if (weaker) return weaker;
  const stronger = yield* searchBeyond(models, center, gain, random);
  if (!stronger) return undefined;
  const seen = yield* look(session, stronger.lambda, session.expanded(), stronger.error);
  return seen.error < center.error ? stronger.lambda : undefined;
}

function look<F extends Features>(
  session: Session<F>,
  lambda: Float64Array,
  starts: readonly Start[],
  promise?: number,
): Generator<Pause, Trained> {
  return session.train(lambda, starts, { iterations: PLATEAU.iterations }, promise);
}

/** The best λ near penalties that are stronger, if the span promises more than `gain` of it. */
function* searchBeyond(
  models: VirtualModels,
  { lambda, slope }: Center,
  gain: number,
  random: Random,
): Generator<void, Prediction | undefined> {
  const { data } = models.space;
  const falling = slope ? models.free.filter((j) => !data[j] && slope[j]! < 0) : [];
  const promising = togetherAndAlone(falling).filter(
    (which) => -which.reduce((sum, j) => sum + slope![j]!, 0) * FARTHEST > gain,
  );
  if (promising.length === 0) return undefined;
  yield* models.solve(lambda);
  const here = models.error();
  let best = { lambda, error: here - PLATEAU.promise * gain };
  for (const which of promising) {
    let [last, stronger] = [here, lambda];
    for (let step = 0; step < PLATEAU.steps; step++) {
      stronger = models.space.normalize(stronger.map((w, j) => (which.includes(j) ? PLATEAU.times * w : w)));
      yield* models.solve(stronger);
      const error = models.error();
      if (error > last) break;
      last = error;
      if (error < best.error) best = { lambda: stronger, error };
    }
  }
  if (best.lambda === lambda) return undefined;
  const { radius, tolerance } = PLATEAU;
  const found = yield* searchLambda(models, { ...best, slope: undefined }, { radius, tolerance, random });
  return found.error < here - gain ? found : undefined;
}

/**
 * Where penalties with kinks leave no weight, e does not depend on λ, and no slope says whether a little less of them would be
 * better. Halves the way in log λ to the nearest trial that has weights, until a brief training finds less error.
 */
function* trainBeneath<F extends Features>(
  session: Session<F>,
  center: PlateauCenter,
): Generator<Pause, Float64Array | undefined> {
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
    const next = yield* look(session, middle, session.placed(center.thetas));
    if (next.error < center.error) return middle;
    if (isNull(next.features)) none = middle;
    else some = middle;
  }
  return undefined;
}
