import type { LpProblem } from "../../src/outer/lp.ts";
import { Random } from "../../src/random.ts";

/**
 * LPs with the structures that collections of real ones have: each family is a kind of model people write, with what
 * makes it hard (degeneracy, bad scaling, free variables, dense columns, near dependence). Feasible and bounded by
 * construction, of about `size` rows.
 */
export const families = {
  /** Production and stock over periods: a staircase with capacities, ranges and backlog. */
  periods,
  /** Transportation with integer supplies that add up: every partial sum of them is a degenerate vertex. */
  transport,
  /** n × n assignment: each basis has n − 1 variables at zero. */
  assignment,
  /** Relaxed set covering, a wide 0-1 matrix. */
  covering,
  /** Dynamic growth: equalities chain the periods, numbers from 1e-4 to 1e4, free and capped variables. */
  growth,
  /** Blending of raw materials: ratio rows, free totals. */
  blending,
  /** Multi-commodity flow on a grid with joint capacities. */
  flows,
  /** L1 regression: long dense columns, free coefficients, two residuals a row. */
  regression,
  /** A few dense rows over many boxed columns. */
  packing,
  /** Coefficients 10^±6 in rows and columns alike, most columns boxed, some fixed, a few free. */
  scaled,
  /** Minimax over points: near-dependent rows (a Chebyshev fit by polynomials). */
  minimax,
  /** Input-output model: I − Q, nearly singular, with chained bounds. */
  leontief,
} satisfies Record<string, (random: Random, size: number) => LpProblem>;
export type Family = keyof typeof families;

export function structuredLp(family: Family, seed: number, size: number): LpProblem {
  return families[family](new Random(seed, 83), size);
}

const INFINITE = Number.POSITIVE_INFINITY;

/** Rows with their bounds, columns with their entries. */
class Builder {
  readonly cost: number[] = [];
  readonly rowLower: number[] = [];
  readonly rowUpper: number[] = [];
  readonly colLower: number[] = [];
  readonly colUpper: number[] = [];
  readonly #entries: [row: number, value: number][][] = [];

  row(low: number, high: number): number {
    this.rowUpper.push(high);
    return this.rowLower.push(low) - 1;
  }

  column(cost: number, low: number, high: number, entries: [row: number, value: number][]): number {
    this.cost.push(cost);
    this.colLower.push(low);
    this.colUpper.push(high);
    return this.#entries.push(entries) - 1;
  }

  problem(): LpProblem {
    const columnStarts = [0];
    for (const entries of this.#entries) columnStarts.push(columnStarts.at(-1)! + entries.length);
    const all = this.#entries.flat();
    const { cost, rowLower, rowUpper, colLower, colUpper } = this;
    const matrix = {
      rows: rowLower.length,
      columnStarts,
      rowIndices: all.map(([row]) => row),
      values: all.map(([, value]) => value),
    };
    return { cost, matrix, rowLower, rowUpper, colLower, colUpper };
  }
}

function integer(random: Random, low: number, high: number): number {
  return low + random.below(high - low + 1);
}

/** About 10^U(−e, e), three digits, as people write numbers; read from text, so that every engine has the same. */
function decade(random: Random, e: number): number {
  const exponent = 2 * e * random.uniform() - e;
  const whole = Math.floor(exponent);
  return Number(`${(1 + 9 * (exponent - whole)).toFixed(2)}e${whole}`);
}

/** base^n by multiplication: the engines' ** differ in the last bit. */
function power(base: number, n: number): number {
  let result = 1;
  for (let i = 0; i < n; i++) result *= base;
  return result;
}

function periods(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function transport(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function assignment(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function covering(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function growth(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function blending(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function flows(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function regression(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function packing(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function scaled(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function minimax(random: Random, size: number): LpProblem {
  const b = new Builder();
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

function leontief(random: Random, size: number): LpProblem {
  const b = new Builder();
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
