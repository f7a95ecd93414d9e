import type { Features } from "../features/feature.ts";
import type { Start } from "../inner/training-solver.ts";
import type { Random } from "../random.ts";
import type { Interpolation } from "../reduced/interpolation.ts";
import type { VirtualModels } from "../reduced/virtual-models.ts";
import type { Pause } from "../run.ts";
import { log } from "../wasm/transcendental.ts";
import { above } from "./above.ts";
import type { Session } from "./session.ts";
import type { Goal } from "./trainer.ts";

/**
 * When to give up: after `failures` λ in a row that bring nothing better, or, once none promises to, after `share` of the passes
 * until the best. `rough`: smooth e, not exploring; `looks`: otherwise, where the span is faithful and asked first; `chance`: beside
 * kinks, where e steps or one explores.
 *
 * Where e steps and the span smooths kinks, only trainings tell plateaus apart, and the lowest is often far off, at penalties
 * of almost 0 (a grid of 80 × 80 λ). Error rate of digits, ten splits with four seeds each, hits and mean passes: 28 of 40 in
 * 577 (20 in a row, share 0.5), 33 in 799 (40, 2), 38 in 1049 (60, 4), 38 in 1120 (80, 1), 39 in 1278 (80, 2), 40 in 1380
 * (80, 4). Looks to the end, of balanced error and macro-F1, 50 splits each: 33 and 36 in 299 and 371 passes (40 in a
 * row), 38 and 36 in 356 and 425 (60), but judging candidates, which is most of the time, takes 1.4 times as long. Where one
 * explores, hopping elsewhere finds less: 25 weights, 30 splits, medians above the best after 5000 and 7000 passes 1.0 and 0.9 %
 * (20 in a row, share 0.5), 0.5 and 0.2 % (80, 4), in twice the time; nine weights and wines alike.
 */
const PATIENCE = {
  looks: { failures: 40, share: 0.5 },
  rough: { failures: 8, share: 0.5 },
  chance: { failures: 80, share: 4 },
};

/**
 * Rows that judge, beyond which the patience is less in proportion: the more rows there are, the finer are the steps of e,
 * and the dearer is each look. MNIST, 1000 rows to train on and 8000 to judge, error rate, L1 and L2: 96 s with all patience,
 * 9 s, 0.13275 and 0.13287.
 */
const ROWS = 2 ** 11;

/**
 * How many rows one is where a metric is not of decisions for the largest score (AUC, costs, functions): mixtures are then judged
 * one by one, from all their scores. 32000 rows to train on and 8000 to judge, five classes, AUC: 40 s of which 37 judged, 4 s so,
 * 0.03419 and 0.03420.
 */
const WHOLE = 8;

/**
 * By how much, relatively, a λ must be better for the patience to begin anew where e hardly steps (AUC, costs, functions): almost
 * every look finds a little. Brier's score as a function, 80 rows, eight classes: 5200 passes on average and 1070, 87000 to 114000
 * calls of it, for errors within 0.01 %; log loss as a function of 150 rows 940 and 490; AUC of digits 740 and 650.
 */
const WORTH = 1e-3;

/** A smooth e this far above the best, relatively, may still end below it when its training is near the minimizer. */
const DOUBT = 0.02;

/**
 * Newton steps of a look. Hits of the least e that any variant found, and passes in all, macro-F1 and balanced error, 100
 * splits each: 57 in 388 and 61 in 305 where looks were solved to the end, 73 in 374 and 63 in 299 of two steps, 57 in 333 and
 * 68 in 283 of one.
 */
const STEPS = 2;

/** Step in log λ_j along a tangent to the model that joins the interpolation. */
const TANGENT = 0.5;

/**
 * The end of a search where e moves in steps: its plateaus are many and small, and chance decides which is lowest; where it
 * is rough, or one explores: far minimizers tell of other basins. Between minimizers models are interpolated for
 * no work on training rows, so that any number of λ can be judged: trains where e may be least (digits, error rate: the best
 * of 1000 warm trainings at λ by chance, in 25 to 45). Where the span is faithful, it is asked before: it tells e to a row of
 * the validation set for a fifth of a training, and its virtual model joins the interpolation like one that was trained.
 */
export function* hone<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  interpolation: Interpolation,
  random: Random,
  exploring: boolean,
): Generator<Pause> {
  const { leaders, folds } = session;
  if (!leaders.chosen || session.perfect) return;
  yield* tellTangents(session, models, interpolation, leaders.chosen.lambda);
  const looks = folds.every((fold) => fold.faithful);
  const { smooth } = models.metric;
  const rough = smooth && !exploring;
  const patience = PATIENCE[rough ? "rough" : looks ? "looks" : "chance"];
  const rows = interpolation.rows * (smooth || models.metric.countsLargest ? 1 : WHOLE);
  const most = Math.ceil(patience.failures * Math.min(ROWS / rows, 1));
  const worth = smooth || models.metric.counts === "decisions" ? 0 : WORTH;
  let found = session.passes;
  for (let failures = 0; failures < most && !session.perfect; failures++) {
    const best = leaders.chosen.error;
    const candidate = yield* interpolation.propose(random);
    if (!candidate || (candidate.bound >= best && session.passes > (1 + patience.share) * found)) return;
    const { lambda } = candidate;
    let starts: readonly Start[] = interpolation.start(lambda);
    let promise = candidate.error;
    if (looks) {
      promise = yield* settle(session, models, lambda);
      if (!(promise < best)) {
        interpolation.add(
          lambda,
          promise,
          folds.map((fold) => fold.expand()),
        );
        continue;
      }
      starts = session.expanded();
    }
    const rival = smooth ? above(best, DOUBT) : best;
    const goal: Goal = smooth ? { hopeless: best, rival, learns: "model" } : { rival };
    const { error, converged } = yield* session.train(lambda, starts, goal, promise);
    interpolation.add(lambda, error, session.reached());
    if (converged && error < best - worth * Math.abs(best)) [failures, found] = [-1, session.passes];
  }
}

/** The error of the virtual models of λ, up to what `STEPS` from interpolated ones leave of it. */
function* settle<F extends Features>(
  { folds }: Session<F>,
  models: VirtualModels,
  lambda: Float64Array,
): Generator<Pause, number> {
  for (const { reduced, theta } of folds) reduced.project(theta);
  yield* models.solve(lambda, STEPS);
  return models.error();
}

/** A model moved along each tangent ∂θ̂/∂log λ_j joins the interpolation: fewer minimizers than weights do not span. */
function* tellTangents<F extends Features>(
  { folds }: Session<F>,
  models: VirtualModels,
  interpolation: Interpolation,
  lambda: Float64Array,
): Generator<Pause> {
  yield* models.solve(lambda);
  yield* models.linearize(lambda);
  for (const j of models.free) {
    const step = lambda.map((_, i) => (i === j ? TANGENT : 0));
    models.move(step);
    const moved = models.lambda(lambda.map((w, i) => log(w) + step[i]!));
    const thetas = folds.map((fold) => fold.expand());
    interpolation.add(moved, models.error(), thetas);
    yield;
  }
}
