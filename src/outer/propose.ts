import type { Polyhedron } from "../features/polyhedron.ts";
import type { TrialRecord } from "../study.ts";
import { exp, log } from "../wasm/transcendental.ts";
import { explore, nearest } from "./explore.ts";
import { fitLambda } from "./fit-lambda.ts";
import { LARGEST } from "./fittable.ts";
import { surrogate } from "./surrogate.ts";

/** The next λ, and why. */
export interface Proposal {
  readonly lambda: Float64Array;
  readonly kind: "start" | "fit" | "explore" | "given";
}

export const PROPOSALS: Readonly<Record<Proposal["kind"], true>> = {
  start: true,
  fit: true,
  explore: true,
  given: true,
};

/** Factor around the incumbent's λ that the fit may move: at the start, and bounds on what it becomes. */
const RADIUS = { start: 8, least: 1.2, most: 24 };
/** Residual below which a fit is exact: e is affine in some λ·φ, and that λ is proposed wherever it is. */
const EXACT = 1e-7;
/**
 * Where as many fits have failed as there are weights, e may be no function of any λ·φ: one exploration of so many then asks a
 * surrogate of e over log λ. Two basins of e, the better one in a corner, 24 seeds: 7 → 24 hits in 150 trials with k = 2, 11 →
 * 20 in 200 with k = 3 (chance: 24 and 21). Every second one loses models among many local minima to the others.
 */
const SURROGATE = 3;
/** Two λ closer than this share of F's log-widths are the same. */
const SAME = 1e-6;

/**
 * A pure function of what was told and a seed: first a design of k + 1 points, then the outer fit, within a trust
 * region unless it is exact; exploration wherever the fit has nothing new to say, and the more often the fits have failed,
 * until something better is found.
 */
export function propose(
  F: Polyhedron,
  trials: readonly TrialRecord[],
  seed: number,
  start: Float64Array | undefined,
): Proposal {
  const origin = start ?? middle(F);
  if (trials.length === 0) return { lambda: origin, kind: "start" };
  const asked = trials.map(({ lambda }) => lambda);
  if (trials.length <= F.size) {
    const lambda = designPoint(F, trials.length, origin);
    if (!repeats(F, lambda, asked)) return { lambda, kind: "start" };
  }
  const seen = trials.flatMap((trial) => trial.observations);
  const observations = seen.filter(({ error }) => error < LARGEST);
  const exploring = (failures = 0): Proposal => {
    // A minimizer with an infinite error says, as the worst one does, where there is nothing else.
    const worst = observations.reduce((most, { error }) => Math.max(most, error), Number.NEGATIVE_INFINITY);
    const solved = seen.filter(({ converged }) => converged).map((o) => ({ ...o, error: Math.min(o.error, worst) }));
    const before = trials.filter(({ proposal }) => proposal === "explore").length;
    if (failures >= F.size && observations.length > 0 && before % SURROGATE === SURROGATE - 1) {
      const tried = trials
        .filter(({ status }) => status !== "pending")
        .map((trial) => ({ lambda: trial.lambda, error: Math.min(leastError(trial), worst) }));
      return { lambda: surrogate(F, tried, asked, seed, Math.floor(before / SURROGATE)), kind: "explore" };
    }
    const failed = trials.filter(({ status }) => status === "failed").map(({ lambda }) => lambda);
    return { lambda: explore(F, solved, asked, failed, (seed + trials.length) >>> 0), kind: "explore" };
  };
  if (observations.length === 0) return exploring();
  const free = fitLambda(observations, F);
  const { center, radius, failures } = trustRegion(trials);
  // Through no more models than weights any fit is exact: one that brought nothing better is not believed again.
  const exact = free.status === "optimal" && free.residual < EXACT && failures === 0;
  if (exact && !repeats(F, free.lambda, asked)) return { lambda: F.normalize(free.lambda), kind: "fit" };
  // One exploration after each fit that failed, then two, up to four.
  let explored = 0;
  while (trials.at(-1 - explored)?.proposal === "explore") explored++;
  if (explored < Math.min(failures, 4)) return exploring(failures);
  const fit = center ? fitLambda(observations, F, { trust: { lambda: center, radius } }) : free;
  for (const candidate of [fit, free]) {
    if (candidate.status === "optimal" && !repeats(F, candidate.lambda, asked)) {
      return { lambda: F.normalize(candidate.lambda), kind: "fit" };
    }
  }
  return exploring(failures);
}

/** Folds the trials into the best λ so far, the factor around it, and how many fits have failed since. */
function trustRegion(trials: readonly TrialRecord[]): {
  readonly center: Float64Array | undefined;
  readonly radius: number;
  readonly failures: number;
} {
  let center: Float64Array | undefined;
  let best = Number.POSITIVE_INFINITY;
  let radius = RADIUS.start;
  let failures = 0;
  let atFloor = 0;
  for (const trial of trials) {
    if (trial.status === "pending") continue;
    const error = leastError(trial);
    const better = error < best;
    if (trial.proposal === "fit") {
      if (better) {
        radius = Math.min(radius * 1.5, RADIUS.most);
        atFloor = 0;
      } else {
        failures++;
        atFloor = radius <= RADIUS.least ? atFloor + 1 : 0;
        radius = atFloor >= 6 ? RADIUS.start : Math.max(exp(0.6 * log(radius)), RADIUS.least);
      }
    }
    if (better) {
      best = error;
      center = trial.lambda;
      failures = 0;
    }
  }
  return { center, radius, failures };
}

function leastError({ observations }: TrialRecord): number {
  return observations.reduce((least, { error }) => Math.min(least, error), Number.POSITIVE_INFINITY);
}

function repeats(F: Polyhedron, lambda: ArrayLike<number>, asked: readonly ArrayLike<number>[]): boolean {
  return nearest(F, lambda, asked, SAME) < SAME;
}

/** Points 1 … k from which the first fit can tell all directions: one weight after the other goes up, the last: all down. */
function designPoint(F: Polyhedron, index: number, origin: Float64Array): Float64Array {
  const free = origin.map((_, j) => (F.lower[j]! < F.upper[j]! ? 1 : 0));
  const moved = [...free.entries()].filter(([, yes]) => yes).map(([j]) => j);
  const raised = moved[index - 1];
  return F.normalize(
    origin.map((value, j) => {
      if (j === raised) return Math.sqrt(value * F.upper[j]!);
      // Another mixture each time, so that shares with a common sum stay in general position.
      return raised === undefined && free[j] ? Math.sqrt(value * F.lower[j]!) * (1 + (j % 3)) : value;
    }),
  );
}

/** The middle of F on the log scale. */
export function middle(F: Polyhedron): Float64Array {
  return F.normalize(F.lower.map((low, j) => Math.sqrt(low * F.upper[j]!)));
}
