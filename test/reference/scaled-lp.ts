import type { LpProblem } from "../../src/outer/lp.ts";
import type { Random } from "../../src/random.ts";
import { decade, INFINITE, integer, LpBuilder } from "./lp-builder.ts";

/** Coefficients 10^±6 in rows and columns alike, most columns boxed, some fixed, a few free. */
export function scaled(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const n = Math.floor(size * (1 + 2 * random.uniform()));
  const e = 1 + 2 * random.uniform();
  const rowSize = Array.from({ length: size }, () => decade(random, e));
  const entries = Array.from({ length: n }, (): [number, number][] => {
    const columnSize = decade(random, e);
    const chosen = new Set(Array.from({ length: integer(random, 1, 8) }, () => random.below(size)));
    return [...chosen].map((i) => [
      i,
      Number((rowSize[i]! * columnSize * decade(random, 1) * (random.below(2) ? 1 : -1)).toPrecision(4)),
    ]);
  });
  const activity = new Float64Array(size);
  const terms = new Float64Array(size);
  const point = entries.map((column) => {
    const x = random.below(3) ? decade(random, e) : 0;
    for (const [i, a] of column) {
      activity[i]! += a * x;
      terms[i]! += Math.abs(a * x);
    }
    return x;
  });
  const dual = activity.map((value, i) => {
    const slack = (random.below(2) ? 0.5 * random.uniform() : 0) * terms[i]!;
    const shape = random.below(4);
    b.row(
      shape === 0 ? -INFINITE : value - (shape === 3 ? 0 : slack),
      shape === 1 ? INFINITE : value + (shape === 3 ? 0 : slack),
    );
    return (
      ((shape === 0 ? -1 : shape === 1 ? 1 : random.below(2) ? 1 : -1) * random.below(2) * random.uniform()) /
      rowSize[i]!
    );
  });
  for (const [j, column] of entries.entries()) {
    let cost = 0;
    let size = 0;
    for (const [i, a] of column) {
      cost += a * dual[i]!;
      size += Math.abs(a * dual[i]!);
    }
    const shape = random.below(8);
    const x = point[j]!;
    if (shape === 0) b.column(cost, -INFINITE, INFINITE, column);
    else if (shape === 1) b.column(cost + size * random.normal(), x, x, column);
    else if (shape < 5)
      b.column(cost + size * random.below(3) * random.uniform(), random.below(2) ? 0 : x / 2, INFINITE, column);
    else b.column(cost + size * random.normal(), 0, 2 * x, column);
  }
  return b.problem();
}
