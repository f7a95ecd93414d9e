import type { Polyhedron } from "../features/polyhedron.ts";
import { Random } from "../random.ts";
import { exp, log } from "../wasm/transcendental.ts";
import { sample } from "./explore.ts";
import { Kriging } from "./kriging.ts";

/** A λ that was tried, and the least error of its trial: finite. */
interface Tried {
  readonly lambda: Float64Array;
  readonly error: number;
}

/** λ that the errors are interpolated from, at most, the best ones; and how far apart these are, or the system is singular. */
const PLACES = { most: 100, apart: 1e-3 };
/** λ that are looked at: of all F, and around the best one by these shares of F's log-widths in about so many weights. */
const CANDIDATES = { anywhere: 200, around: 200, shares: [0.2, 0.1, 0.05, 0.02], weights: 4 };
/** Share of the error in a candidate's score, turn by turn; the rest is its distance from what was tried. */
const BALANCE = [0.3, 0.5, 0.8, 0.95];

/**
 * Where the error itself, interpolated over log λ, is small, or nothing is known: the score of a candidate is a mean of both,
 * each from 0 to 1 among the candidates (Regis & Shoemaker, INFORMS J. Comput. 19, 2007). It needs nothing of the models, and
 * so finds what neither a fit through φ nor gaps of v tell: an error that is no function of any λ·φ.
 *
 * @param asked every λ so far, those that are being tried included
 * @param turn how many λ were proposed in this way before
 */
export function surrogate(
  F: Polyhedron,
  tried: readonly Tried[],
  asked: readonly ArrayLike<number>[],
  seed: number,
  turn: number,
): Float64Array {
  const random = new Random(seed, turn + 0x51e);
  const free = Array.from(F.lower.keys()).filter((j) => F.lower[j]! < F.upper[j]!);
  const widths = free.map((j) => log(F.upper[j]! / F.lower[j]!));
  const placeOf = (lambda: ArrayLike<number>) =>
    Float64Array.from(free, (j, i) => log(lambda[j]! / F.lower[j]!) / widths[i]!);
  const known: (Tried & { readonly place: Float64Array })[] = [];
  for (const { lambda, error } of [...tried].sort((a, b) => a.error - b.error)) {
    if (known.length === PLACES.most) break;
    const place = placeOf(lambda);
    if (known.every((other) => distance(place, other.place) > PLACES.apart)) known.push({ lambda, error, place });
  }
  if (known.length < 2) return sample(F, random);

  const [best] = known;
  const candidates = Array.from({ length: CANDIDATES.anywhere }, () => sample(F, random));
  for (let i = 0; i < CANDIDATES.around; i++) {
    const share = CANDIDATES.shares[i % CANDIDATES.shares.length]!;
    const moved = Float64Array.from(best!.lambda);
    const always = free[random.below(free.length)];
    for (const [f, j] of free.entries()) {
      if (j !== always && random.uniform() >= CANDIDATES.weights / free.length) continue;
      moved[j] = Math.min(Math.max(moved[j]! * exp(share * widths[f]! * random.normal()), F.lower[j]!), F.upper[j]!);
    }
    candidates.push(F.normalize(moved));
  }
  const places = candidates.map(placeOf);
  // Higher than the median is bad enough: cliffs would make waves everywhere.
  const most = known[known.length >> 1]!.error;
  const errors = new Kriging(known.map(({ place }) => place))
    .at(places)
    .map(({ weights }) => weights.reduce((sum, w, i) => sum + w * Math.min(known[i]!.error, most), 0));
  const taken = asked.map(placeOf);
  const nearness = places.map(
    (place) => -taken.reduce((least, other) => Math.min(least, distance(place, other)), Number.POSITIVE_INFINITY),
  );
  const share = BALANCE[turn % BALANCE.length]!;
  const [high, near] = [ranged(errors), ranged(nearness)];
  const scores = high.map((value, c) => share * value + (1 - share) * near[c]!);
  // The first where a system that is singular after all makes no numbers.
  return candidates[Math.max(scores.indexOf(Math.min(...scores)), 0)]!;
}

/** From 0 for the least to 1 for the largest. */
function ranged(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => (most > least ? (value - least) / (most - least) : 0));
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}
