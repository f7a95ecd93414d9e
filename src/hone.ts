import type { Features } from "./features/feature.ts";
import type { Random } from "./random.ts";
import type { Interpolation } from "./reduced/interpolation.ts";
import type { VirtualModels } from "./reduced/virtual-models.ts";
import type { Pause } from "./run.ts";
import type { Session } from "./session.ts";
import { log } from "./wasm/transcendental.ts";

/**
 * Trainings in a row that may bring nothing better; and passes, as a share of those until the best, when no λ promises to
 * be better.
 */
const PATIENCE = { trials: 20, share: 0.5 };

/** Distance in log λ_j at which the tangents are told to the interpolation. */
const TANGENT = 0.5;

/**
 * The end of a search where e moves in steps: its plateaus are many and small, and chance decides which is lowest; and how
 * exploration begins: far minimizers tell of other basins. Between minimizers models are interpolated for no work on
 * training rows, so that any number of λ can be judged: trains where e may be least (digits, error rate: the best of 1000
 * warm trainings at λ by chance, in 25 to 45).
 */
export function* hone<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  interpolation: Interpolation,
  random: Random,
): Generator<Pause> {
  const { leaders, folds } = session;
  if (!leaders.chosen) return;
  yield* tellTangents(session, models, interpolation, leaders.chosen.lambda);
  let found = session.passes;
  for (let failures = 0; failures < PATIENCE.trials; failures++) {
    const best = leaders.chosen.error;
    const candidate = yield* interpolation.propose(random);
    if (!candidate || (candidate.bound >= best && session.passes > (1 + PATIENCE.share) * found)) return;
    const { lambda } = candidate;
    const { error, converged } = yield* session.train(lambda, interpolation.start(lambda), {}, candidate.error);
    if (!converged) continue;
    const thetas = folds.map(({ trainer }) => trainer.solver.theta);
    interpolation.add(lambda, error, thetas);
    if (error < best) [failures, found] = [-1, session.passes];
  }
}

/** A model moved along each tangent ∂θ̂/∂log λ_j joins the interpolation: fewer minimizers than weights do not span. */
function* tellTangents<F extends Features>(
  { folds }: Session<F>,
  models: VirtualModels,
  interpolation: Interpolation,
  lambda: Float64Array,
): Generator<Pause> {
  models.refresh();
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
