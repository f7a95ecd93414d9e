import type { LpProblem } from "../../src/outer/lp.ts";
import { Random } from "../../src/random.ts";

/**
 * Another problem with the same matrix: by turns (seed mod 4) other costs, other right-hand sides, other column bounds
 * (what was unbounded above is bounded, and the other way round), other row types (an equation loses a side, an inequality
 * becomes an equation).
 */
export function lpVariant(problem: LpProblem, seed: number): LpProblem {
  const random = new Random(seed, 77);
  const inf = Number.POSITIVE_INFINITY;
  const { matrix } = problem;
  const n = problem.cost.length;
  const filled = (given: ArrayLike<number> | undefined, count: number, missing: number) =>
    Array.from({ length: count }, (_, i) => given?.[i] ?? missing);
  const cost = Array.from(problem.cost);
  const rowLower = filled(problem.rowLower, matrix.rows, -inf);
  const rowUpper = filled(problem.rowUpper, matrix.rows, inf);
  const colLower = filled(problem.colLower, n, 0);
  const colUpper = filled(problem.colUpper, n, inf);
  const one = (count: number) => Math.floor(random.uniform() * count);
  if (seed % 4 === 0) for (let j = 0; j < n; j++) cost[j]! *= 0.5 + random.uniform();
  if (seed % 4 === 1)
    for (let i = 0; i < matrix.rows; i++) {
      const factor = 1 + 0.1 * (random.uniform() - 0.5);
      rowLower[i]! *= factor;
      rowUpper[i]! *= factor;
    }
  if (seed % 4 === 2)
    for (let change = 0; change < 5; change++) {
      const j = one(n);
      colUpper[j] = colUpper[j] === inf ? Math.max(colLower[j]!, 1 + 10 * random.uniform()) : inf;
    }
  if (seed % 4 === 3)
    for (let change = 0; change < 5; change++) {
      const i = one(matrix.rows);
      if (rowLower[i] === rowUpper[i]) {
        if (random.uniform() < 0.5) rowLower[i] = -inf;
        else rowUpper[i] = inf;
      } else if (rowLower[i]! > -inf) rowUpper[i] = rowLower[i]!;
      else if (rowUpper[i]! < inf) rowLower[i] = rowUpper[i]!;
    }
  for (let j = 0; j < n; j++) colUpper[j] = Math.max(colLower[j]!, colUpper[j]!);
  return { ...problem, cost, rowLower, rowUpper, colLower, colUpper };
}
