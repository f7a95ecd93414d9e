import type { Polyhedron } from "./features/polyhedron.ts";
import type { Observation } from "./study.ts";

const ERRORS = "FLAT: all models had the same error, so nothing could be learned of the weights: use another metric.";

const FEATURES =
  "FLAT: all models had the same features φ although λ differed, so nothing could be learned of the weights: see that the trainer uses the λ that it is given, or give the weights wider bounds.";

/** A warning of three models or more that tell nothing of the weights which F leaves free; none otherwise. */
export function flatness(F: Pick<Polyhedron, "lower" | "upper">, seen: readonly Observation[]): string[] {
  const [first] = seen;
  if (!first || seen.length < 3 || !F.lower.some((low, j) => low < F.upper[j]!)) return [];
  const alike = (of: (one: Observation) => Float64Array) =>
    seen.every((one) => of(one).every((value, j) => value === of(first)[j]));
  if (alike(({ features }) => features) && !alike(({ lambda }) => lambda)) return [FEATURES];
  return seen.every(({ error }) => error === first.error) ? [ERRORS] : [];
}
