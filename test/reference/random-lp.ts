import type { LpProblem } from "../../src/outer/lp.ts";
import { Random } from "../../src/random.ts";

export type LpKind = "feasible" | "infeasible" | "unbounded" | "degenerate" | "any";

/**
 * A random LP whose status is known by construction ("any": it is not). Scaled by powers of two up to 2^±spread,
 * sometimes with duplicated rows.
 */
export function randomLp(seed: number, kind: LpKind, size: number, spread = 0): LpProblem {
  const random = new Random(seed, 55);
  const n = 1 + random.below(size);
  const m = 1 + random.below(size);
  const integer = kind === "degenerate" || random.below(2) === 0;
  const value = () => (integer ? random.below(7) - 3 : random.normal());
  const rows = Array.from({ length: m }, () => Array.from({ length: n }, () => (random.uniform() < 0.6 ? value() : 0)));
  for (let i = 1; i < m; i++) if (random.below(8) === 0) rows[i] = [...rows[random.below(i)]!];
  const lower: number[] = [];
  const upper: number[] = [];
  const point = Array.from({ length: n }, (_, j) => {
    const shape = random.below(5);
    const base = kind === "degenerate" ? 0 : value();
    lower[j] = shape === 3 ? Number.NEGATIVE_INFINITY : base;
    upper[j] = shape === 0 ? base + 1 + random.below(3) : shape === 4 ? base : Number.POSITIVE_INFINITY;
    return base + (shape === 4 ? 0 : random.below(2) * random.uniform());
  });
  const rowLower: number[] = [];
  const rowUpper: number[] = [];
  const duals = rows.map((row, i) => {
    const activity = row.reduce((sum, a, j) => sum + a * point[j]!, 0);
    const shape = random.below(4);
    const slack = kind === "degenerate" || random.below(2) ? 0 : random.uniform();
    rowLower[i] = shape === 0 ? Number.NEGATIVE_INFINITY : activity - (shape === 3 ? 0 : slack);
    rowUpper[i] = shape === 1 ? Number.POSITIVE_INFINITY : activity + (shape === 3 ? 0 : slack);
    return shape === 0 ? -random.uniform() : shape === 1 ? random.uniform() : random.normal();
  });
  // Costs that the duals and a sign-correct reduced cost make up: a dual feasible point exists.
  let cost = point.map((_, j) => {
    const free = lower[j] === Number.NEGATIVE_INFINITY;
    const reduced = free ? 0 : upper[j] === Number.POSITIVE_INFINITY ? random.below(3) : random.normal();
    return rows.reduce((sum, row, i) => sum + row[j]! * duals[i]!, reduced);
  });
  if (kind === "any") cost = cost.map(() => value());
  if (kind === "infeasible") {
    // A positive combination of two rows cannot be below one bound and above the other.
    const i = random.below(m);
    rows.push(rows[i]!.map((a) => -2 * a));
    const activity = rows[i]!.reduce((sum, a, j) => sum + a * point[j]!, 0);
    rowLower[i] = activity;
    rowLower.push(-2 * activity + 1 + random.uniform());
    rowUpper.push(Number.POSITIVE_INFINITY);
    if (rowUpper[i]! < activity) rowUpper[i] = activity;
  }
  if (kind === "unbounded") {
    // A new column that no row holds back.
    for (const [i, row] of rows.entries()) {
      const up = rowUpper[i] === Number.POSITIVE_INFINITY;
      const down = rowLower[i] === Number.NEGATIVE_INFINITY;
      row.push(up ? random.uniform() : down ? -random.uniform() : 0);
    }
    lower.push(0);
    upper.push(Number.POSITIVE_INFINITY);
    cost.push(-1 - random.uniform());
  }
  const power = () => 2 ** (random.below(2 * spread + 1) - spread);
  const rowScale = rows.map(power);
  const columnScale = lower.map(power);
  return {
    cost: cost.map((c, j) => c * columnScale[j]!),
    matrix: {
      rows: rows.length,
      dense: rows.flatMap((row, i) => row.map((a, j) => a * rowScale[i]! * columnScale[j]!)),
    },
    rowLower: rowLower.map((b, i) => b * rowScale[i]!),
    rowUpper: rowUpper.map((b, i) => b * rowScale[i]!),
    colLower: lower.map((b, j) => b / columnScale[j]!),
    colUpper: upper.map((b, j) => b / columnScale[j]!),
  };
}
