import type { LpProblem } from "../../src/outer/lp.ts";
import type { Random } from "../../src/random.ts";
import { INFINITE, integer, LpBuilder } from "./lp-builder.ts";

/** Transportation with integer supplies that add up: every partial sum of them is a degenerate vertex. */
export function transport(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const sources = Math.max(2, Math.floor((size * (1 + random.below(4))) / 10));
  const sinks = Math.max(2, size - sources);
  const unit = integer(random, 1, 3);
  const from = Array.from({ length: sources }, () => b.row(sinks * unit, sinks * unit));
  const to = Array.from({ length: sinks }, () => b.row(sources * unit, sources * unit));
  const sparse = size > 200 ? 0.1 : 1;
  for (const [i, a] of from.entries())
    for (const [j, z] of to.entries())
      if (random.uniform() < sparse || (i + j) % sources === 0 || (i + j) % sinks === 0)
        b.column(integer(random, 1, 9), 0, random.below(9) ? INFINITE : unit * sinks, [
          [a, 1],
          [z, 1],
        ]);
  // Whatever cannot go that way goes at a penalty.
  for (const row of to) b.column(100, 0, INFINITE, [[row, 1]]);
  for (const row of to) b.column(100, 0, INFINITE, [[row, -1]]);
  for (const row of from) b.column(100, 0, INFINITE, [[row, 1]]);
  for (const row of from) b.column(500, 0, INFINITE, [[row, -1]]);
  return b.problem();
}

/** n × n assignment: each basis has n − 1 variables at zero. */
export function assignment(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const n = Math.max(2, size >> 1);
  const from = Array.from({ length: n }, () => b.row(1, 1));
  const to = Array.from({ length: n }, () => b.row(1, 1));
  const share = Math.min(1, 12 / n);
  for (const [i, a] of from.entries())
    for (const [j, z] of to.entries())
      if (i === j || random.uniform() < share)
        b.column(integer(random, 0, 20), 0, INFINITE, [
          [a, 1],
          [z, 1],
        ]);
  return b.problem();
}

/** Multi-commodity flow on a grid with joint capacities. */
export function flows(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const goods = integer(random, 1, 4);
  const side = Math.max(2, Math.floor(Math.sqrt(size / (goods + 2))));
  const node = Array.from({ length: goods }, () => Array.from({ length: side * side }, () => b.row(0, 0)));
  for (const rows of node) {
    for (let pair = 0; pair < side; pair++) {
      const [from, to] = [rows[random.below(rows.length)]!, rows[random.below(rows.length)]!];
      const amount = integer(random, 1, 5);
      for (const [row, sign] of [
        [from, 1],
        [to, -1],
      ] as const) {
        b.rowLower[row]! += sign * amount;
        b.rowUpper[row]! += sign * amount;
      }
    }
    for (const row of rows) {
      b.column(40, 0, INFINITE, [[row, 1]]);
      b.column(40, 0, INFINITE, [[row, -1]]);
    }
  }
  for (let i = 0; i < side * side; i++) {
    for (const j of [i % side < side - 1 ? i + 1 : -1, i + side < side * side ? i + side : -1]) {
      if (j < 0) continue;
      const joint = goods > 1 ? b.row(-INFINITE, integer(random, 1, 6)) : -1;
      for (const rows of node) {
        const entries: [number, number][] = [
          [rows[i]!, 1],
          [rows[j]!, -1],
        ];
        if (joint >= 0) entries.push([joint, 1]);
        b.column(integer(random, 1, 5), random.below(3) ? 0 : -3, random.below(2) ? 3 : INFINITE, entries);
      }
    }
  }
  return b.problem();
}
