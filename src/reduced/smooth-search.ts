import { exp, log } from "../wasm/transcendental.ts";
import { descend, type Slope } from "./descend.ts";
import type { Center, Prediction, SearchOptions } from "./search.ts";
import type { VirtualModels } from "./virtual-models.ts";

/** Linearizations at most. */
const STEPS = 6;

/** |δ| at which a linearization is trusted to begin with, at most, and at which the search ends. */
const TRUST = { first: 1, most: 2, least: 0.03 };

/**
 * A step that ended inside this share of the trust region, where the linearization erred by less than this share of the
 * tolerance, leaves as little to gain: no other linearization is made to say so. Digits' class weights: 99 → 80 passes in
 * all, digits 83 → 78, breast cancer 274 → 222. At 1, a learned penalty hit 15 of 20, not 18.
 */
const EDGE = 0.9;
const KEPT = 0.25;

/** Most penalties of which each is also tried alone, for the solves of its own. */
const ALONE = 3;

/**
 * A rise of e, over all penalties multiplied by e and over all divided by it, with which a λ is at the bottom of a valley
 * and not on a plateau. Of 75 leaps of on-the-fly runs and of the bench's tasks, the two that gained more than 0.5 % began
 * where e fell on one side; each leap costs two solves for all penalties, and two for each of at most `ALONE`. From centers
 * whose slope is known none found what a search's end does not (8 kinds of regressions, 400 each: 0.95 times the passes without).
 */
const FLAT = 2e-3;

/**
 * Share of e, per unit of log λ, by which it would fall beyond a penalty's bound for that penalty to stay there while shares move.
 * Where it scaled with them a step down ended where it began: of 80 pairs of class weights beside an L2 of at most 1e-3, 10 ended
 * more than 1 % above a grid, now 3. At 1e-3, six splits of 25 weights took a quarter more passes, for errors that were alike.
 */
const PRESSED = 0.01;

/** Evaluations of a linearization at most: they cost validation work alone. */
const EVALUATIONS = 60;

/** Length scale in log λ (for three weights) of the decay of the slope correction, which holds near the center only. */
const FADE = 0.5;

/**
 * For metrics with a gradient: the virtual models are linearized in log λ, a(δ) = a + Σ_j δ_j·∂a/∂log λ_j, and e of *them*
 * is minimized, for validation work only; the λ found is solved for, and accepted when it is better.
 *
 * The reduced model is corrected to first order, so that value and slope are the true ones at the center (Alexandrov,
 * Dennis, Lewis, Torczon 1998): smoothed kinks and a span that is still poor then cost steps, not the way.
 */
export function* searchBySlopes(
  models: VirtualModels,
  center: Center,
  { radius, tolerance, dear }: SearchOptions,
): Generator<void, Prediction> {
  const { metric, space } = models;
  const limits = models.box(center.lambda, radius);
  const home = center.lambda.map(log);
  let { lambda } = center;
  yield* models.solve(lambda);
  const reduced = models.loss();
  // The error of a model that is no minimizer yet is none of the λ: then the span knows better.
  const first = center.slope ? metric.toLoss(center.error) : reduced;
  const offset = first - reduced;
  let value = first;
  let tilt: Float64Array | undefined;
  let trust = TRUST.first;
  let linearized: Float64Array | undefined;
  for (let step = 0; step < STEPS && trust > TRUST.least; step++) {
    if (first - value > tolerance * Math.abs(value) && dear?.()) break;
    if (linearized !== lambda) yield* models.linearize(lambda);
    linearized = lambda;
    const origin = lambda.map(log);
    tilt ??= tiltOf(models, center);
    let still: ReadonlySet<number> | undefined;
    const evaluate = (x: Float64Array): Slope => {
      const at = models.slope(x.map((value, j) => value - origin[j]!));
      const lift = liftOf(tilt!, x, home);
      const slope = at.gradient.map((g, j) => g + lift.gradient[j]!);
      const value = at.value + offset + lift.value;
      still ??= space.stopped(x.map(exp), slope, PRESSED * Math.abs(value));
      return { value, gradient: space.gradient(x.map(exp), slope, still) };
    };
    const found = yield* descend(evaluate, origin, {
      lower: origin.map((x, j) => Math.max(x - trust, limits.lower[j]!)),
      upper: origin.map((x, j) => Math.min(x + trust, limits.upper[j]!)),
      project: (x) => models.lambda(x).map((value, j) => (still?.has(j) ? x[j]! : log(value))),
      evaluations: EVALUATIONS,
      reach: trust,
      tolerance: 0.1 * tolerance,
    });
    const promise = value - found.value;
    models.restore();
    if (!(promise > 0.5 * tolerance * Math.abs(value))) {
      if (step > 0 || center.slope) break;
      const { data } = space;
      const beside = [1, -1].map((far) => models.lambda(origin.map((x, j) => (data[j] ? x : x + far))));
      const rise = Math.min(...beside.map((lambda) => evaluate(lambda.map(log)).value)) - value;
      models.restore();
      if (rise > FLAT * Math.abs(value)) break;
      const far = yield* leap(models, lambda, radius, (x) => offset + liftOf(tilt!, x, home).value, value);
      if (!(value - far.value > tolerance * Math.abs(value))) break;
      ({ lambda, value } = far);
      continue;
    }
    models.move(found.x.map((x, j) => x - origin[j]!));
    const next = models.lambda(found.x);
    yield* models.solve(next);
    const actual = models.loss() + offset + liftOf(tilt, found.x, home).value;
    const gain = value - actual;
    if (!(gain > 0)) {
      trust *= 0.35;
      models.restore();
      continue;
    }
    lambda = next;
    value = actual;
    const inside = found.x.every((x, j) => Math.abs(x - origin[j]!) < EDGE * trust);
    if (gain > 0.7 * promise) trust = Math.min(1.5 * trust, TRUST.most);
    else if (gain < 0.3 * promise) trust *= 0.5;
    if (!inside) continue; // a step cut short promises more behind it, however little it gained
    if (gain < tolerance * Math.abs(value) && gain > 0.3 * promise) break;
    if (Math.abs(promise - gain) < KEPT * tolerance * Math.abs(value)) break;
  }
  return { lambda, error: metric.fromLoss(value), gain: metric.fromLoss(first - value) };
}

/**
 * Penalties far too weak, or too strong, leave e flat in log λ: nothing near promises anything. Looks at λ with all
 * penalties multiplied, and divided, and with each alone; the models are left at the best of them, or at λ.
 */
function* leap(
  models: VirtualModels,
  lambda: Float64Array,
  radius: number,
  correction: (x: Float64Array) => number,
  value: number,
): Generator<void, { readonly lambda: Float64Array; readonly value: number }> {
  const { data } = models.space;
  let best = { lambda, value };
  for (const leap of togetherAndAlone(models.free.filter((j) => !data[j])).flatMap((which) => [
    { which, step: radius },
    { which, step: -radius },
  ])) {
    const x = lambda.map((weight, j) => log(weight) + (leap.which.includes(j) ? leap.step : 0));
    const tried = models.lambda(x);
    models.save();
    yield* models.solve(tried);
    const error = models.loss() + correction(tried.map(log));
    if (error < best.value) best = { lambda: tried, value: error };
    else models.restore();
  }
  yield* models.solve(best.lambda);
  return best;
}

/** Which penalties to change at a time: all of them, and each where they are few. */
export function togetherAndAlone(penalties: readonly number[]): readonly (readonly number[])[] {
  return penalties.length > 1 && penalties.length <= ALONE ? [penalties, ...penalties.map((j) => [j])] : [penalties];
}

/** What the reduced model's slope at the center, where the models were just linearized, lacks of the true one. */
export function tiltOf(models: VirtualModels, { slope, lambda }: Center): Float64Array {
  const tilt = new Float64Array(lambda.length);
  if (!slope) return tilt;
  const { gradient } = models.slope(tilt);
  for (const j of models.free) tilt[j] = slope[j]! - gradient[j]!;
  return tilt;
}

/** The correction at x: tilt·δ/(1 + |δ|²/range), δ = x − home. */
export function liftOf(tilt: Float64Array, x: Float64Array, home: Float64Array): Slope {
  const delta = x.map((value, j) => value - home[j]!);
  const length = delta.reduce((sum, d) => sum + d * d, 0);
  const lift = delta.reduce((sum, d, j) => sum + d * tilt[j]!, 0);
  const range = (FADE ** 2 * delta.length) / 3;
  const fade = 1 / (1 + length / range);
  return {
    value: lift * fade,
    gradient: tilt.map((t, j) => t * fade - (2 * lift * fade * fade * delta[j]!) / range),
  };
}
