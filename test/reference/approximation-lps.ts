import type { LpProblem } from "../../src/outer/lp.ts";
import type { Random } from "../../src/random.ts";
import { INFINITE, integer, LpBuilder, power } from "./lp-builder.ts";

/** L1 regression: long dense columns, free coefficients, two residuals a row. */
export function regression(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const k = integer(random, 2, Math.max(2, Math.min(25, size >> 2)));
  const rows = Array.from({ length: size }, () => {
    const y = random.normal();
    return b.row(y, y);
  });
  const duplicated = Math.floor(size / 5);
  for (let j = 0; j < k; j++) {
    const values = rows.map(() => (random.below(4) ? random.normal() : 0));
    for (let i = 0; i < duplicated; i++) values[size - 1 - i] = values[i]!;
    b.column(
      0,
      random.below(3) ? -INFINITE : 0,
      INFINITE,
      rows.map((row, i) => [row, values[i]!]),
    );
  }
  for (const row of rows) {
    const weight = integer(random, 1, 3);
    b.column(weight, 0, INFINITE, [[row, 1]]);
    b.column(weight, 0, INFINITE, [[row, -1]]);
  }
  return b.problem();
}

/** Minimax over points: near-dependent rows (a Chebyshev fit by polynomials). */
export function minimax(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const degree = integer(random, 2, 8);
  const points = Math.max(degree + 2, size >> 1);
  const above: number[] = [];
  const below: number[] = [];
  const x = Array.from({ length: points }, (_, i) => (2 * i) / (points - 1) - 1);
  for (const value of x) {
    const y = Math.abs(value) + 0.3 * value;
    above.push(b.row(y, INFINITE));
    below.push(b.row(-INFINITE, y));
  }
  for (let d = 0; d <= degree; d++) {
    b.column(
      0,
      -INFINITE,
      INFINITE,
      [...above, ...below].map((row, i) => [row, power(x[i % points]!, d)]),
    );
  }
  b.column(1, 0, INFINITE, [
    ...above.map((row): [number, number] => [row, 1]),
    ...below.map((row): [number, number] => [row, -1]),
  ]);
  return b.problem();
}
