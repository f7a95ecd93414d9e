import type { Features } from "./features/feature.ts";
import { type Leader, standardError } from "./leaderboard.ts";
import type { VirtualModels } from "./reduced/virtual-models.ts";
import type { Pause } from "./run.ts";
import type { Session, Trained } from "./session.ts";
import { exp } from "./wasm/transcendental.ts";

/** log of the largest factor on the penalties that is looked at. */
const LONGEST = 5;

/**
 * The choice by one standard error: the λ whose penalties are a common multiple of the best one's, as large as an error
 * within one standard error of the best allows; found on the span, confirmed by a training.
 */
export function* strengthen<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  best: Leader,
): Generator<Pause, Leader> {
  const { space } = session;
  const limit = best.error + standardError(best.errors);
  const scaled = (t: number) =>
    space.normalize(best.lambda.map((value, j) => (space.data[j] ? value : value * exp(t))));
  const predict = function* (lambda: Float64Array): Generator<Pause, number> {
    yield* models.solve(lambda);
    return models.error();
  };
  let [low, high] = [0, LONGEST];
  for (let i = 0; i < 7; i++) {
    const middle = (low + high) / 2;
    if ((yield* predict(scaled(middle))) <= limit) low = middle;
    else high = middle;
  }
  for (let t = low; t > 0.05; t *= 0.6) {
    const lambda = scaled(t);
    const error = yield* predict(lambda);
    const seen: Trained = yield* session.train(lambda, session.expanded(), {}, error);
    if (seen.error <= limit) return { ...session.leaderOf(seen, lambda, session.study.trials.length - 1, true) };
  }
  return best;
}
