import type { LpProblem } from "../../src/outer/lp.ts";
import type { Random } from "../../src/random.ts";
import { decade, INFINITE, integer, LpBuilder, power } from "./lp-builder.ts";

/** Production and stock over periods: a staircase with capacities, ranges and backlog. */
export function periods(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const products = integer(random, 2, 6);
  const machines = integer(random, 1, 4);
  const count = Math.max(2, Math.floor(size / (products + machines + 1)));
  const use = Array.from({ length: products * machines }, () => (random.below(3) ? integer(random, 1, 20) / 10 : 0));
  const balance: number[][] = [];
  for (let t = 0; t < count; t++) {
    balance.push(
      Array.from({ length: products }, () => {
        const demand = integer(random, 0, 40);
        return b.row(demand, demand);
      }),
    );
  }
  for (let t = 0; t < count; t++) {
    const capacity = Array.from({ length: machines }, () =>
      random.below(4)
        ? b.row(-INFINITE, integer(random, 20, 120))
        : b.row(integer(random, 0, 5), integer(random, 30, 90)),
    );
    const smooth = b.row(-INFINITE, integer(random, 50, 400));
    for (let i = 0; i < products; i++) {
      const here = balance[t]![i]!;
      const next = balance[t + 1]?.[i];
      const consumed = capacity.map((row, k): [number, number] => [row, use[i * machines + k]!]);
      b.column(integer(random, 5, 30), 0, random.below(3) ? INFINITE : integer(random, 10, 60), [
        [here, 1],
        ...consumed,
      ]);
      b.column(integer(random, 1, 3), 0, random.below(2) ? INFINITE : 50, [
        [here, -1],
        [smooth, 1],
        ...(next === undefined ? [] : [[next, 1] as [number, number]]),
      ]);
      b.column(integer(random, 60, 99), 0, INFINITE, [[here, 1]]);
    }
    for (const row of capacity) b.column(integer(random, 2, 9), 0, INFINITE, [[row, 1]]);
    for (const row of capacity) b.column(1, 0, INFINITE, [[row, -1]]);
  }
  return b.problem();
}

/** Dynamic growth: equalities chain the periods, numbers from 1e-4 to 1e4, free and capped variables. */
export function growth(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const goods = integer(random, 3, 12);
  const count = Math.max(2, Math.floor(size / (goods + 1)));
  const input = Array.from({ length: goods * goods }, () => (random.below(3) ? 0 : decade(random, 2) / 100));
  let before: number[] = [];
  for (let t = 0; t < count; t++) {
    const rows = Array.from({ length: goods }, () => b.row(0, 0));
    const labor = b.row(-INFINITE, 1e3 * power(1.03, t));
    for (let i = 0; i < goods; i++) {
      const used = rows.map((row, k): [number, number] => [row, -input[k * goods + i]! + (k === i ? 1 : 0)]);
      b.column(0, 0, random.below(3) ? INFINITE : decade(random, 1) * 1e3, [...used, [labor, decade(random, 2)]]);
      // Consumption, worth less later; stock to the next period; imports, dear; a free balance here and there.
      b.column(-decade(random, 1) * power(0.95, t), 0, decade(random, 1) * 100, [[rows[i]!, -1]]);
      b.column(50 * decade(random, 1), 0, INFINITE, [[rows[i]!, 1]]);
      if (before.length > 0)
        b.column(0.1, 0, INFINITE, [
          [before[i]!, -1],
          [rows[i]!, 0.97],
        ]);
    }
    if (random.below(3) === 0)
      b.column(0, -INFINITE, INFINITE, [
        [b.row(-1e4, 1e4), 1],
        [rows[0]!, decade(random, 1) / 1e3],
      ]);
    before = rows;
  }
  return b.problem();
}

/** Blending of raw materials: ratio rows, free totals. */
export function blending(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const raws = integer(random, 3, 10);
  const qualities = integer(random, 2, 6);
  const products = Math.max(1, Math.floor((size - raws) / (qualities + 2)));
  const quality = Array.from({ length: raws * qualities }, () => Number((60 + 40 * random.uniform()).toFixed(1)));
  const supply = Array.from({ length: raws }, () => b.row(-INFINITE, integer(random, 50, 500)));
  for (let p = 0; p < products; p++) {
    const total = b.row(0, 0);
    const demand = b.row(0, integer(random, 20, 300));
    const rows = Array.from({ length: qualities }, () => (random.below(2) ? b.row(0, INFINITE) : b.row(-INFINITE, 0)));
    const wanted = rows.map((row) => (b.rowUpper[row] === 0 ? 75 + 25 * random.uniform() : 60 + 25 * random.uniform()));
    for (let r = 0; r < raws; r++) {
      const mixed = rows.map((row, q): [number, number] => [
        row,
        Number((quality[r * qualities + q]! - wanted[q]!).toFixed(1)),
      ]);
      b.column(integer(random, 10, 40), 0, INFINITE, [[supply[r]!, 1], [total, 1], ...mixed]);
    }
    b.column(-integer(random, 20, 60), -INFINITE, INFINITE, [
      [total, -1],
      [demand, 1],
    ]);
  }
  return b.problem();
}

/** Input-output model: I − Q, nearly singular, with chained bounds. */
export function leontief(random: Random, size: number): LpProblem {
  const b = new LpBuilder();
  const rows = Array.from({ length: size }, () => b.row(integer(random, 0, 20), INFINITE));
  for (let alternative = 0; alternative < 3; alternative++) {
    for (let i = 0; i < size; i++) {
      const chosen = new Set(Array.from({ length: integer(random, 1, 5) }, () => random.below(size)));
      chosen.delete(i);
      const share = (1 - decade(random, 3) / 1e4) / Math.max(1, chosen.size);
      b.column(integer(random, 1, 100) / 10, 0, random.below(5) ? INFINITE : 500, [
        [rows[i]!, 1],
        ...[...chosen].map((k): [number, number] => [rows[k]!, -Number(share.toFixed(6))]),
      ]);
    }
  }
  for (const row of rows) b.column(5000, 0, INFINITE, [[row, 1]]);
  return b.problem();
}
