import type { Features } from "../features/feature.ts";
import { KINK, sharpen } from "../reduced/kink.ts";
import type { VirtualModels } from "../reduced/virtual-models.ts";
import type { Pause } from "../run.ts";
import { exp, log } from "../wasm/transcendental.ts";
import type { Leader } from "./leaderboard.ts";
import type { Session, Trained } from "./session.ts";
import { standardError } from "./standard-error.ts";

/**
 * Steps in the log of the factor on the penalties: the least that is worth a training, the least after one that was allowed, and
 * the one tried where the error moves in steps and the span allows no such step.
 */
const SHORTEST = 0.05;
const MORE = 0.2;
const BLIND = 0.4;

/**
 * When a factor proves too strong, the interval of log factors ends this far below it; the next time half as far again, and so
 * on. A span that is right but for a little puts every second factor a little above the limit; one that is wrong is soon left.
 * Five folds of diabetes, breast cancer and wine, L1 or L2, and 16 lassos of correlated columns: all 56 tunings chose what is
 * within 1.1 of the strongest allowed.
 */
const BACK = 0.05;

/** Bisections of the interval of log factors on the span. */
const HALVINGS = 7;

/**
 * The choice by one standard error: the λ whose penalties are a common multiple of the best one's, as large as an error
 * within one standard error of the best allows; found on the span, confirmed by a training.
 */
export function* strengthen<F extends Features>(
  session: Session<F>,
  models: VirtualModels,
  best: Leader,
): Generator<Pause, Leader> {
  const { space, folds } = session;
  const limit = best.error + standardError(best.errors);
  const scaled = (t: number) =>
    space.normalize(best.lambda.map((value, j) => (space.data[j] ? value : value * exp(t))));
  let [leader, shortest, longest] = [best, 0, 0];
  // From what is allowed: a model whose weights are all 0, as one that proved too strong may be, is left by no solver.
  const isAllowed = function* (t: number): Generator<Pause, boolean> {
    for (const [f, theta] of session.placed(leader.thetas).entries()) folds[f]!.reduced.project(theta);
    yield* models.solve(scaled(t));
    return models.error() <= limit;
  };
  // Beyond the largest of these all penalties are at their upper bounds.
  for (const [j, value] of best.lambda.entries()) {
    if (!space.data[j]) longest = Math.max(longest, log(space.upper[j]! / value));
  }
  for (let back = BACK; longest - shortest > SHORTEST; ) {
    sharpen(folds, leader.thetas[0]!, KINK.sharp);
    let [low, high] = [shortest, longest];
    if (yield* isAllowed(high)) low = high;
    for (let i = 0; i < HALVINGS && low < high; i++) {
      const middle = (low + high) / 2;
      if (yield* isAllowed(middle)) low = middle;
      else high = middle;
    }
    const blind = low - shortest < (leader === best ? SHORTEST : MORE);
    if (blind && models.metric.smooth) break;
    if (blind) low = Math.min(shortest + BLIND, longest);
    const lambda = scaled(low);
    yield* isAllowed(low);
    const seen: Trained = yield* session.train(lambda, session.expanded(), {}, models.error());
    if (seen.error <= limit) {
      leader = session.leaderOf(seen, lambda, session.study.trials.length - 1, seen.converged);
      shortest = low;
    } else if (blind) {
      break;
    } else {
      longest = low - back;
      back *= 1.5;
    }
  }
  return leader;
}
