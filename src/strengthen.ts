import type { Features } from "./features/feature.ts";
import { type Leader, standardError } from "./leaderboard.ts";
import type { VirtualModels } from "./reduced/virtual-models.ts";
import type { Pause } from "./run.ts";
import type { Session, Trained } from "./session.ts";
import { exp } from "./wasm/transcendental.ts";

/** log of the largest factor on the penalties that is looked at. */
const LONGEST = 5;

/** That of the least. */
const SHORTEST = 0.05;

/**
 * Share of the log of a factor that is left to look at once it proved too large, and its square, its cube … of the next ones. A
 * span that is right but for a little puts every second factor a little above the limit; one that is wrong is soon left.
 * Log loss, 12 sets of blobs: at 0.6 a factor 1.5 times the chosen one was allowed too on 4, now on none.
 */
const BACK = 0.9;

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
  let longest = LONGEST;
  for (let back = BACK; longest > SHORTEST; back *= BACK) {
    let [low, high] = [0, longest];
    for (let i = 0; i < 7; i++) {
      const middle = (low + high) / 2;
      if ((yield* predict(scaled(middle))) <= limit) low = middle;
      else high = middle;
    }
    if (low < SHORTEST) break;
    const lambda = scaled(low);
    const error = yield* predict(lambda);
    const seen: Trained = yield* session.train(lambda, session.expanded(), {}, error);
    if (seen.error <= limit) return { ...session.leaderOf(seen, lambda, session.study.trials.length - 1, true) };
    longest = back * low;
  }
  return best;
}
