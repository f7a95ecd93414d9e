import { given, LearnLossError } from "../errors.ts";
import { type Polyhedron, ROUNDING } from "../features/polyhedron.ts";

/** F in numbers: lower ≤ λ ≤ upper and, where `data` ≥ 0 is given, data·λ = total. A `Polyhedron` is one. */
export type Box = Pick<Polyhedron, "lower" | "upper"> & {
  /** Coefficients ≥ 0 of the normalization; 0 for weights that take no part in it. @default no normalization */
  readonly data?: Float64Array;
  /** @default 1 */
  readonly total?: number;
};

/** @throws OPTION, SHAPE, BOUNDS, INFEASIBLE when no λ is in F */
export function checkBox(F: Box, k: number): void {
  const { data, total = 1 } = given("F", F);
  const [lower, upper] = [given("F.lower", F.lower), given("F.upper", F.upper)];
  if (lower.length !== k || upper.length !== k || (data && data.length !== k)) {
    throw new LearnLossError("SHAPE", `F has ${lower.length} lower and ${upper.length} upper bounds: give ${k} each.`);
  }
  for (let j = 0; j < k; j++) {
    if (!(lower[j]! >= 0) || lower[j] === Number.POSITIVE_INFINITY || !(upper[j]! >= lower[j]!)) {
      throw new LearnLossError(
        "BOUNDS",
        `F bounds λ${j} by [${lower[j]}, ${upper[j]}]: give 0 ≤ lower ≤ upper, lower finite.`,
      );
    }
  }
  if (!data) return;
  const odd = data.findIndex((a) => !(Number.isFinite(a) && a >= 0));
  if (odd >= 0) throw new LearnLossError("BOUNDS", `F.data[${odd}] is ${data[odd]}: give finite numbers ≥ 0.`);
  const sum = (bounds: Float64Array) => data.reduce((sum, a, j) => (a > 0 ? sum + a * bounds[j]! : sum), 0);
  const [least, most] = [sum(lower), sum(upper)];
  const rounding = ROUNDING * total;
  if (!(Number.isFinite(total) && least <= total + rounding && most >= total - rounding)) {
    throw new LearnLossError(
      Number.isFinite(total) ? "INFEASIBLE" : "BOUNDS",
      `F has data·λ = ${total}, and its bounds ${least} … ${most}: give a total between them.`,
    );
  }
}

/** A λ of F with the least d·λ: a fractional knapsack, cheapest d/data first. */
function minimizerOver(F: Box, d: ArrayLike<number>): Float64Array {
  const { lower, upper, data } = F;
  const lambda = Float64Array.from(lower);
  const shared: number[] = [];
  let rest = F.total ?? 1;
  for (const [j, low] of lower.entries()) {
    if (data && data[j]! > 0) {
      shared.push(j);
      rest -= data[j]! * low;
    } else if (d[j]! < 0) {
      lambda[j] = upper[j]!;
    }
  }
  shared.sort((a, b) => d[a]! / data![a]! - d[b]! / data![b]! || a - b);
  for (const j of shared) {
    const take = Math.min(Math.max(rest / data![j]!, 0), upper[j]! - lower[j]!);
    lambda[j]! += take;
    rest -= take * data![j]!;
  }
  return lambda;
}

/** What rounding does to a number, a little more than half a unit in its last place. */
export const HALF_UNIT = 1.2e-16;

/**
 * The least d·λ over F, less what rounding may have added in summing it up, and in what is left for the last of the shares;
 * −Infinity where an unbounded weight lowers it.
 */
export function minimumOver(F: Box, d: ArrayLike<number>): number {
  const lambda = minimizerOver(F, d);
  let value = 0;
  let size = 0;
  let price = 0;
  for (const [j, weight] of lambda.entries()) {
    if (F.data && F.data[j]! > 0) price = Math.max(price, Math.abs(d[j]!) / F.data[j]!);
    if (weight === 0 || d[j] === 0) continue;
    value += weight * d[j]!;
    size += Math.abs(weight * d[j]!);
  }
  return value - 2 * HALF_UNIT * (lambda.length + 4) * (size + price * (F.total ?? 1));
}
