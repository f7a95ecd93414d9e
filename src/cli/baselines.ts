import { encodeTargets } from "../data/targets.ts";
import { FeatureSpace } from "../features/space.ts";
import { sample } from "../outer/explore.ts";
import { Random } from "../random.ts";
import type { TunerOptions } from "../tune.ts";
import { type Seen, Trainer, train } from "../tuning/trainer.ts";
import { Arena } from "../wasm/arena.ts";
import { kernels } from "../wasm/kernels.ts";
import { exp, log } from "../wasm/transcendental.ts";

/** What a method without a model of the error finds: its best λ, and what it had found at each cost. */
export interface Baseline {
  readonly lambda: Readonly<Record<string, number>>;
  readonly error: number;
  readonly passes: number;
  readonly milliseconds: number;
  /** The error of every model on the way, checkpoints included. */
  readonly curve: readonly { readonly passes: number; readonly error: number }[];
}

/**
 * Trains with one λ after the other, each from the last model (the cheapest way to do so), by the trainer, tolerance
 * and metric that the tuner uses.
 */
export function tryAll(
  options: Required<
    Pick<TunerOptions, "model" | "train" | "validation" | "features" | "metric" | "tolerance" | "precision">
  >,
  lambdas: (space: FeatureSpace) => Iterable<Float64Array>,
  limits: { readonly passes?: number; readonly observe?: (seen: Seen) => void } = {},
): Baseline {
  const { passes = Number.POSITIVE_INFINITY, observe = () => {} } = limits;
  const begun = performance.now();
  const arena = new Arena(kernels());
  const space = new FeatureSpace(options.features, options.model);
  const targets = encodeTargets(options.model, options.train, options.validation);
  const trainer = new Trainer(arena, space, {
    ...options,
    targets: { ...targets, validation: targets.others[0]! },
    rowGroups: space.rowGroups,
  });
  const theta = arena.f64(trainer.objective.thetaCount);
  const curve: { passes: number; error: number }[] = [];
  let best: { lambda: Float64Array; error: number } | undefined;
  let first = true;
  for (const lambda of lambdas(space)) {
    if (trainer.objective.passes >= passes) break;
    const see = (seen: Seen) => {
      curve.push({ passes: trainer.objective.passes, error: seen.error });
      observe(seen);
    };
    const training = train([trainer], lambda, [first ? 0 : theta], {}, see);
    let step = training.next();
    while (!step.done) step = training.next();
    const { error } = step.value;
    arena
      .viewF64(theta, trainer.objective.thetaCount)
      .set(arena.viewF64(trainer.solver.theta, trainer.objective.thetaCount));
    first = false;
    if (!best || error < best.error) best = { lambda, error };
    curve.push({ passes: trainer.objective.passes, error });
  }
  const spent = trainer.objective.passes;
  arena.dispose();
  const { lambda, error } = best!;
  return { lambda: space.toUserRecord(lambda), error, passes: spent, milliseconds: performance.now() - begun, curve };
}

/** All combinations of `count` values per weight, equally spaced on the log scale between the bounds. */
export function* grid(space: FeatureSpace, count: number): Generator<Float64Array> {
  const free = space.tuned;
  const combinations = free.reduce((product) => product * count, 1);
  for (let index = 0; index < combinations; index++) {
    const lambda = Float64Array.from(space.lower);
    let rest = index;
    for (const [position, j] of free.entries()) {
      // Back and forth, so that neighbors in time are neighbors in λ: warm starts are worth most.
      const digit = rest % count;
      rest = Math.floor(rest / count);
      const step = position === 0 && rest % 2 === 1 ? count - 1 - digit : digit;
      lambda[j] = exp(log(space.upper[j]!) + (step / (count - 1)) * (log(space.lower[j]!) - log(space.upper[j]!)));
    }
    yield lambda;
  }
}

/** Log-uniform within the bounds, without end. */
export function* randomly(space: FeatureSpace, seed: number): Generator<Float64Array> {
  for (let i = 1; ; i++) yield sample(space, new Random(seed, i));
}
