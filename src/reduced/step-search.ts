import type { Random } from "../random.ts";
import { log } from "../wasm/transcendental.ts";
import { TOGETHER } from "./mixtures.ts";
import type { Center, Prediction, SearchOptions } from "./search.ts";
import type { VirtualModels } from "./virtual-models.ts";

/** Weights up to which λ by chance cover the box. */
const FEW = 3;

/** λ by chance that a search of few weights looks at first. */
const PROBES = 4;

/** Linearizations at most; the |δ| at which one is trusted to begin with, at most, and at which the search ends. */
const STEPS = 8;
const TRUST = { first: 1, most: 2, least: 0.04 };

/** Candidates per linearization, in generations of an evolution strategy. */
const GENERATIONS = 6;
const CANDIDATES = 40;

/** The best of these, whose mean is the next middle: that of a plateau rather than its edge. */
const ELITE = CANDIDATES / 8;

/**
 * Metrics that move in steps have no gradient, but scores do: candidates λ·exp(δ) have validation scores
 * V₀ + Σ_j δ_j·∂V/∂log λ_j, so *any* metric is evaluated as it is on the linearized scores, by an evolution strategy; the
 * best candidate is then solved for, and accepted when it is better.
 */
export function* searchBySamples(
  models: VirtualModels,
  center: Center,
  { radius, tolerance, random }: SearchOptions,
): Generator<void, Prediction> {
  const limits = models.box(center.lambda, radius);
  let { lambda } = center;
  yield* models.solve(lambda);
  const before = models.error();
  let best = models.rank();
  for (let probe = 0; models.free.length <= FEW && probe < PROBES; probe++) {
    const tried = models.chance(limits, random);
    models.save();
    yield* models.solve(tried);
    const rank = models.rank();
    if (rank < best) [best, lambda] = [rank, tried];
    else models.restore();
  }
  let trust = TRUST.first;
  let linearized: Float64Array | undefined;
  for (let step = 0; step < STEPS && trust > TRUST.least; step++) {
    if (linearized !== lambda) {
      yield* models.solve(lambda);
      yield* models.linearize(lambda);
      linearized = lambda;
    }
    const origin = lambda.map(log);
    const { delta, promise } = yield* evolve(models, origin, limits, trust, best, random);
    if (!(promise < best)) {
      trust *= 0.35;
      continue;
    }
    const moved = new Float64Array(lambda.length);
    for (const [i, j] of models.free.entries()) moved[j] = delta[i]!;
    models.move(moved);
    const next = models.lambda(origin.map((x, j) => x + moved[j]!));
    yield* models.solve(next);
    const actual = models.rank();
    const gain = best - actual;
    if (!(gain > 0)) {
      trust *= 0.35;
      models.restore();
      continue;
    }
    trust = gain > 0.5 * (best - promise) ? Math.min(trust * 1.5, TRUST.most) : trust * 0.5;
    best = actual;
    lambda = next;
    if (gain < tolerance * Math.abs(best)) break;
  }
  const error = models.error();
  return { lambda, error, gain: before - error };
}

/** The step δ of the free weights whose linearized scores rank best. */
function* evolve(
  models: VirtualModels,
  origin: Float64Array,
  limits: { readonly lower: Float64Array; readonly upper: Float64Array },
  trust: number,
  best: number,
  random: Random,
): Generator<void, { readonly delta: Float64Array; readonly promise: number }> {
  let mean: Float64Array = new Float64Array(models.free.length);
  let promise = best;
  let spread = trust / 2;
  for (let generation = 0; generation < GENERATIONS; generation++) {
    const draw = () =>
      mean.map((m, f) => {
        const j = models.free[f]!;
        const step = Math.min(Math.max(m + spread * random.normal(), -trust), trust);
        return Math.min(Math.max(origin[j]! + step, limits.lower[j]!), limits.upper[j]!) - origin[j]!;
      });
    const deltas = Array.from({ length: CANDIDATES }, draw);
    const errors: number[] = [];
    for (let i = 0; i < CANDIDATES; i += TOGETHER) {
      errors.push(...models.promises(deltas.slice(i, i + TOGETHER)));
      yield;
    }
    const elite = eliteOf(models, deltas, errors);
    const [first] = elite;
    if (!first) continue;
    const middle = mean.map((_, f) => elite.reduce((sum, { delta }) => sum + delta[f]!, 0) / elite.length);
    const [error] = models.promises([middle]);
    const rank = error! > first.rank ? error! : error! + models.tieBreaks([middle])[0]!;
    const leader = rank <= first.rank ? { delta: middle, rank } : first;
    if (leader.rank < promise) {
      promise = leader.rank;
      mean = leader.delta;
    }
    spread *= 0.7;
  }
  return { delta: mean, promise };
}

/**
 * The best candidates. Ties, which cost more, are broken only for those whose error may put them among these: about eight of 40.
 */
function eliteOf(
  models: VirtualModels,
  deltas: readonly Float64Array[],
  errors: readonly number[],
): { readonly delta: Float64Array; readonly rank: number }[] {
  const sorted = Float64Array.from(errors).sort();
  const least = sorted[ELITE - 1]! + models.mostTieBreak;
  const close = [...deltas.keys()].filter((i) => !(errors[i]! > least) && !Number.isNaN(errors[i]!));
  const elite = [];
  for (let i = 0; i < close.length; i += TOGETHER) {
    const some = close.slice(i, i + TOGETHER);
    const ties = models.tieBreaks(some.map((m) => deltas[m]!));
    elite.push(...some.map((m, t) => ({ delta: deltas[m]!, rank: errors[m]! + ties[t]! })));
  }
  return elite.sort((a, b) => a.rank - b.rank).slice(0, ELITE);
}
