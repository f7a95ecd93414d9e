// What an LP is given: numbers, checked and copied.
import { LearnLossError } from "../errors.ts";

/** @throws NON_FINITE */
export function finite(values: ArrayLike<number>, what: string): number[] {
  return Array.from(values, (value, j) => {
    if (!Number.isFinite(value))
      throw new LearnLossError("NON_FINITE", `${what}[${j}] is ${value}: give a finite number.`);
    return value;
  });
}

/** One bound per row or column. @throws SHAPE, BOUNDS */
export function boundsOf(
  values: ArrayLike<number> | undefined,
  count: number,
  missing: number,
  side: "lower" | "upper",
  what: string = side,
): number[] {
  if (!values) return new Array<number>(count).fill(missing);
  if (values.length !== count)
    throw new LearnLossError("SHAPE", `${what} has ${values.length} entries: give ${count}.`);
  const wrong = side === "upper" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Array.from(values, (value, i) => {
    if (typeof value !== "number" || Number.isNaN(value) || value === wrong)
      throw new LearnLossError("BOUNDS", `${what}[${i}] is ${value}: give a number, or Infinity of the other sign.`);
    return value;
  });
}

/** Iterations of one call of a kernel, which counts in i32, at most. */
export const MOST_ITERATIONS = 2 ** 31 - 1;

/** @throws OPTION */
export function iterationLimit(most: number): number {
  if (!Number.isInteger(most) || most < 0)
    throw new LearnLossError("OPTION", `maxIterations is ${most}: give an integer ≥ 0.`);
  return most;
}
