import { given, LearnLossError } from "../errors.ts";
import { checkNames } from "../option-names.ts";
import { BOUND_NAMES, penaltyBounds, type WeightBounds } from "./bounds.ts";
import type { Feature } from "./feature.ts";

/** Options of `convexPenalty`: bounds are those of each of its weights. */
export interface ConvexPenaltyOptions extends WeightBounds {
  /** How many pieces, or where they begin (≥ 0, each once). @default 8 */
  readonly knots?: number | readonly number[];
  /**
   * The last knot when only their number is given: the size of a large weight. With squared loss weights are of the size of
   * the targets beside the columns: give theirs. @default 2
   */
  readonly largest?: number;
}

/**
 * A penalty whose shape is learned: Σ_i p(w_i) with p(w) = Σ_b λ_b·max(0, |w| − t_b) + λ_ridge·½w², a nonnegative mix,
 * so p is even, convex and piecewise linear-quadratic. Features `knot:t` and `ridge`; `knot:0` is L1.
 *
 * @throws BOUNDS, OPTION for knots that are negative, not finite or given twice
 */
export function convexPenalty(options: ConvexPenaltyOptions = {}): Record<string, Feature> {
  checkNames(options, { knots: true, largest: true, ...BOUND_NAMES });
  const { knots = 8, largest = 2 } = options;
  if (typeof knots === "number" && !(Number.isInteger(knots) && knots >= 2 && knots <= 64 && largest > 0)) {
    throw new LearnLossError(
      "OPTION",
      `knots is ${knots} up to ${largest}: give an integer from 2 to 64 and a positive size.`,
    );
  }
  // Knots double from one to the next: weights are small mostly, and a penalty's shape is settled there.
  const positions =
    typeof knots === "number"
      ? Array.from({ length: knots }, (_, b) => (b === 0 ? 0 : largest / 2 ** (knots - 1 - b)))
      : [...given("knots", knots)].sort((a, b) => a - b);
  if (positions.length === 0) throw new LearnLossError("OPTION", "There are no knots: give where the pieces begin.");
  if (positions.some((t, b) => !(t >= 0 && Number.isFinite(t)) || t === positions[b - 1])) {
    throw new LearnLossError("OPTION", `The knots are ${positions.join(", ")}: give different finite numbers ≥ 0.`);
  }
  const bounds = penaltyBounds("the convex penalty", options);
  return {
    ...Object.fromEntries(
      positions.map((knot): [string, Feature] => [`knot:${knot}`, { kind: "hinge", knot, ...bounds }]),
    ),
    ridge: { kind: "l2", ...bounds },
  };
}
