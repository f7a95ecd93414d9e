import type { Polyhedron } from "../features/polyhedron.ts";
import { Random } from "../random.ts";
import type { TrialRecord } from "../study.ts";
import { exp, log } from "../wasm/transcendental.ts";

/** The next λ, and why. */
export interface Proposal {
  readonly lambda: Float64Array;
  readonly kind: "start" | "fit" | "explore" | "given";
}

/** A pure function of what was told and a seed: the start, then log-uniform over F. */
export function propose(
  f: Polyhedron,
  trials: readonly TrialRecord[],
  seed: number,
  start: Float64Array | undefined,
): Proposal {
  if (trials.length === 0) return { lambda: start ?? middle(f), kind: "start" };
  const random = new Random(seed, trials.length);
  return { lambda: sample(f, random), kind: "explore" };
}

/** The middle of F on the log scale. */
export function middle(f: Polyhedron): Float64Array {
  return f.normalize(f.lower.map((low, j) => Math.sqrt(low * f.upper[j]!)));
}

/** Log-uniform between the bounds, then normalized. */
export function sample(f: Polyhedron, random: Random): Float64Array {
  return f.normalize(
    f.lower.map((low, j) => {
      const least = log(low);
      return exp(least + random.uniform() * (log(f.upper[j]!) - least));
    }),
  );
}
