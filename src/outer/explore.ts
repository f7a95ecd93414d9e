import type { Polyhedron } from "../features/polyhedron.ts";
import { Random } from "../random.ts";
import { exp, log } from "../wasm/transcendental.ts";

/** A λ and the φ of the model that minimizes λ·φ. */
interface Solved {
  readonly lambda: ArrayLike<number>;
  readonly features: ArrayLike<number>;
  readonly error: number;
}

/**
 * Vertices of a proposal, of which the one with the widest gap is taken: `most`, or with many weights and models as many as
 * `products` multiplications allow, but `least`. With `most` a proposal of 50 weights and 110 models took 0.4 s, in proportion to
 * the models; so 0.15 s, of 5000 models twice that.
 */
const CANDIDATES = { most: 128, least: 8, products: 2 ** 25 };

/** Within 1/this of F's log-widths from a λ that was asked, the score of another is in proportion to its distance. */
const NEW = 50;

/**
 * Factor on the score of a λ whose nearest one asked was of a training that failed. A ridge that fails in three quarters of F, 60 trials: 47 failed
 * in the median of 16 seeds, more than by chance (43), and 29 so.
 */
const DOUBTFUL = 0.05;

/**
 * Sandwich exploration. v(λ) = min_θ λ·φ(θ) is concave and homogeneous: g(λ) = minᵢ λ·φᵢ bounds it from above, and
 * from below Σ c_s v(λ_s) wherever λ = Σ c_s λ_s + (something ≥ 0, where no feature is negative), c ≥ 0. The two are
 * furthest apart at vertices of g's pieces, where models tie: of some seeded ones the widest is returned, good models'
 * surroundings first. Once v = g at every vertex, v = g on F, and every minimizer has been seen.
 */
export function explore(
  F: Polyhedron,
  seen: readonly Solved[],
  asked: readonly ArrayLike<number>[],
  failed: readonly ArrayLike<number>[],
  seed: number,
): Float64Array {
  // Of one type: a loop over arrays of several takes five times as long.
  const solved = seen.map(({ lambda, features, error }) => ({
    lambda: Float64Array.from(lambda),
    features: Float64Array.from(features),
    error,
  }));
  const random = new Random(seed, solved.length + 0x5a1d);
  const values = solved.map(({ lambda, features }) => dot(lambda, features));
  const least = solved.reduce((lowest, { error }) => Math.min(lowest, error), Number.POSITIVE_INFINITY);
  const errors = solved.map(({ error }) => error).sort((a, b) => a - b);
  const spread = (errors[errors.length >> 2] ?? 0) - least;
  let best = sample(F, random);
  let widest = 1e-9;
  const models = solved.map(({ features }) => features);
  const products = F.size ** 2 * (models.length + 4 * F.size);
  const count = Math.max(Math.min(CANDIDATES.most, CANDIDATES.products / products), CANDIDATES.least);
  for (let i = 0; i < count; i++) {
    const vertex = tieVertex(F, models, random);
    const { lambda } = vertex;
    const own = solved[vertex.own];
    const promise = own && spread > 0 ? 1 / (1 + ((own.error - least) / spread) ** 2) : 1;
    const novelty = NEW * nearest(F, lambda, asked, 1 / NEW) * (isDoubtful(F, lambda, failed, asked) ? DOUBTFUL : 1);
    if (promise * novelty <= widest) continue; // a gap is at most 1, and costs most
    const score = promise * gap(lambda, solved, values) * novelty;
    if (score > widest) {
      widest = score;
      best = lambda;
    }
  }
  return best;
}

/** Whether the nearest λ that was asked is one whose training failed. */
function isDoubtful(
  F: Polyhedron,
  lambda: ArrayLike<number>,
  failed: readonly ArrayLike<number>[],
  asked: readonly ArrayLike<number>[],
): boolean {
  if (failed.length === 0) return false;
  const distance = nearest(F, lambda, failed, Number.POSITIVE_INFINITY);
  return nearest(F, lambda, asked, distance) >= distance;
}

/**
 * A vertex of the piece of g around a random λ: along random directions to the next tie or bound, then within it, until
 * nothing can move. Coordinates are relative to the random λ, which is log-uniform.
 */
function tieVertex(F: Polyhedron, models: readonly Float64Array[], random: Random) {
  const unit = sample(F, random);
  const k = unit.length;
  const lambda = Float64Array.from(unit);
  const fixed: Float64Array[] = [];
  fix(
    fixed,
    F.data.map((a, j) => a * unit[j]!),
  );
  for (let j = 0; j < k; j++) if (F.lower[j] === F.upper[j]) fix(fixed, axis(k, j));
  let own = -1;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, features] of models.entries()) {
    const loss = dot(features, lambda);
    if (own < 0 || loss < least) [own, least] = [i, loss];
  }
  // What each model's loss is above that of `own`, a function of the coordinates, and how much that is here.
  const above = models.map((features) => features.map((value, j) => (value - models[own]![j]!) * unit[j]!));
  const slacks = above.map((normal) => normal.reduce((sum, value) => sum + value, 0));
  const speeds = new Float64Array(models.length);
  while (fixed.length < k) {
    const direction = Float64Array.from({ length: k }, () => random.normal());
    if (!project(fixed, direction)) break;
    let length = Number.POSITIVE_INFINITY;
    let bound = -1;
    let tie = -1;
    for (let j = 0; j < k; j++) {
      const speed = direction[j]! * unit[j]!;
      if (Math.abs(direction[j]!) < 1e-9) continue;
      const t = Math.max(((speed > 0 ? F.upper[j]! : F.lower[j]!) - lambda[j]!) / speed, 0);
      if (t < length) [length, bound] = [t, j];
    }
    for (let i = 0; i < above.length; i++) {
      const speed = -dot(above[i]!, direction);
      speeds[i] = speed;
      if (!(speed > 1e-12)) continue;
      const t = Math.max(slacks[i]!, 0) / speed;
      if (t < length) [length, tie] = [t, i];
    }
    if (length === Number.POSITIVE_INFINITY) break;
    for (let j = 0; j < k; j++) lambda[j]! += length * direction[j]! * unit[j]!;
    for (let i = 0; i < above.length; i++) slacks[i]! -= length * speeds[i]!;
    if (!fix(fixed, tie < 0 ? axis(k, bound) : above[tie]!.slice())) break;
  }
  return { lambda: F.normalize(lambda), own };
}

function axis(k: number, j: number): Float64Array {
  const result = new Float64Array(k);
  result[j] = 1;
  return result;
}

/** Adds a normal to an orthonormal set; false when it depends on the others. */
function fix(fixed: Float64Array[], normal: Float64Array): boolean {
  if (!project(fixed, normal)) return false;
  fixed.push(normal);
  return true;
}

/** Takes out the components along an orthonormal set, twice against rounding, and makes a unit vector of the rest. */
function project(fixed: readonly Float64Array[], v: Float64Array): boolean {
  const before = Math.sqrt(dot(v, v));
  for (let pass = 0; pass < 2; pass++) {
    for (const q of fixed) {
      const along = dot(q, v);
      for (let j = 0; j < v.length; j++) v[j]! -= along * q[j]!;
    }
  }
  const after = Math.sqrt(dot(v, v));
  if (!(after > 1e-9 * before)) return false;
  for (let j = 0; j < v.length; j++) v[j]! /= after;
  return true;
}

/** g(λ), the least loss of any model. */
function leastLoss(lambda: ArrayLike<number>, solved: readonly Solved[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { features } of solved) least = Math.min(least, dot(lambda, features));
  return least;
}

/**
 * (g(λ) − lower bound)/|g(λ)|, at least 0. `values` are v(λ_s) as their models have it. Those that are used are lowered to g: that
 * of a training that diverged, if it were believed, would leave no gap in most of F.
 */
export function gap(lambda: ArrayLike<number>, solved: readonly Solved[], values: number[]): number {
  if (solved.length === 0) return 1;
  const upper = leastLoss(lambda, solved);
  // Greedy: the solved λ_s that explains most is taken out of λ as often as it fits, then the next.
  const rest = Float64Array.from(lambda);
  let lower = 0;
  for (let round = 0; round < rest.length; ) {
    let gain = 0;
    let chosen = -1;
    let times = 0;
    for (const [s, { lambda: at }] of solved.entries()) {
      let fits = Number.POSITIVE_INFINITY;
      for (let j = 0; j < rest.length; j++) fits = Math.min(fits, rest[j]! / at[j]!);
      if (fits * values[s]! > gain) {
        gain = fits * values[s]!;
        chosen = s;
        times = fits;
      }
    }
    if (chosen < 0 || gain < 1e-9 * Math.abs(upper)) break;
    const value = leastLoss(solved[chosen]!.lambda, solved);
    if (value < values[chosen]!) {
      values[chosen] = value;
      continue;
    }
    round++;
    lower += gain;
    for (let j = 0; j < rest.length; j++) rest[j] = Math.max(rest[j]! - times * solved[chosen]!.lambda[j]!, 0);
  }
  return Math.max(upper - lower, 0) / Math.max(Math.abs(upper), 1e-300);
}

/** The least over `others` of the largest |log λ/λ′| in units of F's log-widths, or `most` if that is less. */
export function nearest(
  F: Polyhedron,
  lambda: ArrayLike<number>,
  others: readonly ArrayLike<number>[],
  most: number,
): number {
  const widths = F.lower.map((low, j) => log(F.upper[j]! / low));
  let distance = most;
  for (const other of others) {
    let largest = 0;
    for (let j = 0; j < widths.length && largest < distance; j++) {
      if (widths[j]! > 0) largest = Math.max(largest, Math.abs(log(lambda[j]! / other[j]!)) / widths[j]!);
    }
    distance = Math.min(distance, largest);
  }
  return distance;
}

/** Log-uniform between the bounds, then normalized. */
export function sample(F: Polyhedron, random: Random): Float64Array {
  return F.normalize(
    F.lower.map((low, j) => {
      const least = log(low);
      return exp(least + random.uniform() * (log(F.upper[j]!) - least));
    }),
  );
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}
