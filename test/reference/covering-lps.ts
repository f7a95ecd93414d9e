import type { LpProblem } from "../../src/outer/lp.ts";
import type { Random } from "../../src/random.ts";
import { INFINITE, integer, LpBuilder } from "./lp-builder.ts";

/** Relaxed set covering, a wide 0-1 matrix. */
export function covering(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const rows = Array.from({ length: size }, () => b.row(1, random.below(4) ? INFINITE : 4));
  const columns = size * integer(random, 3, 8);
  for (let j = 0; j < columns; j++) {
    const chosen = new Set(Array.from({ length: integer(random, 2, 7) }, () => random.below(size)));
    b.column(
      integer(random, 1, 3),
      0,
      random.below(2) ? 1 : INFINITE,
      [...chosen].map((i) => [rows[i]!, 1]),
    );
  }
  for (const row of rows) b.column(9, 0, INFINITE, [[row, 1]]);
  for (const row of rows) b.column(9, 0, INFINITE, [[row, -1]]);
  return b.problem();
}

/** A few dense rows over many boxed columns. */
export function packing(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const m = Math.max(2, Math.floor(size / 10));
  const rows = Array.from({ length: m }, () =>
    random.below(3) ? b.row(-INFINITE, 10 * size) : b.row(size / 2, 20 * size),
  );
  for (let j = 0; j < 10 * size; j++) {
    const low = random.below(4) ? 0 : -integer(random, 0, 9) / 10;
    b.column(
      -integer(random, 1, 50),
      low,
      random.below(9) ? integer(random, 1, 9) / 3 : INFINITE,
      rows.map((row) => [row, integer(random, 1, 99) / 10]),
    );
  }
  return b.problem();
}
