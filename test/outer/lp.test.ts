import { describe, expect, test } from "vitest";
import { binary as scalarBinary } from "../../build/lp-scalar-binary.ts";
import { createLp, type LpProblem, solveLp } from "../../src/lp.ts";
import { Lp } from "../../src/outer/lp.ts";
import { kktOf } from "../../src/outer/lp-verification.ts";
import { Random } from "../../src/random.ts";
import { lpKernels } from "../../src/wasm/lp.ts";
import type { Abi } from "../../src/wasm/lp-abi.ts";
import { decodeBinary, instantiateModule } from "../../src/wasm/module.ts";
import { expectOptimal } from "../reference/expect-optimal.ts";
import { randomLp } from "../reference/random-lp.ts";
import { type Family, families, structuredLp } from "../reference/structured-lp.ts";

describe("random LPs of known status", () => {
  test("feasible, degenerate and duplicated: optimal with KKT residuals below 1e-9", () => {
    for (let seed = 0; seed < 300; seed++) {
      expectOptimal(solveLp(randomLp(seed, seed % 2 ? "feasible" : "degenerate", 5 + (seed % 25))));
    }
  });

  test("infeasible: a ray that proves it", () => {
    for (let seed = 0; seed < 200; seed++) {
      const outcome = solveLp(randomLp(seed, "infeasible", 5 + (seed % 25)));
      expect(outcome.status).toBe("infeasible");
    }
  });

  test("unbounded: a direction along which the cost falls", () => {
    for (let seed = 0; seed < 200; seed++) {
      const outcome = solveLp(randomLp(seed, "unbounded", 5 + (seed % 25)));
      expect(outcome.status).toBe("unbounded");
    }
  });

  test("badly scaled by powers of two up to 2^±20: the same status, proved in the data as given", () => {
    const kinds = ["feasible", "infeasible", "unbounded"] as const;
    for (let seed = 0; seed < 300; seed++) {
      const kind = kinds[seed % 3]!;
      const outcome = solveLp(randomLp(seed, kind, 15 + (seed % 30), 20));
      if (kind === "feasible") expectOptimal(outcome);
      else expect(outcome.status).toBe(kind);
    }
  });

  test("the unit of the costs does not matter: the same pivots to the same x, bit for bit", () => {
    for (let seed = 0; seed < 60; seed++) {
      const problem = randomLp(seed, seed % 2 ? "feasible" : "degenerate", 5 + (seed % 25));
      const plain = solveLp(problem);
      if (plain.status !== "optimal") throw new Error(plain.status);
      for (const unit of [2 ** -60, 2 ** -30, 2 ** 30]) {
        const cost = Array.from(problem.cost, (c) => unit * c);
        const outcome = solveLp({ ...problem, cost, offset: unit * (problem.offset ?? 0) });
        if (outcome.status !== "optimal") throw new Error(outcome.status);
        expect(outcome.x).toEqual(plain.x);
        expect(outcome.iterations).toBe(plain.iterations);
        expect(outcome.objective).toBe(unit * plain.objective);
        expect(outcome.rowDuals).toEqual(plain.rowDuals.map((y) => unit * y));
      }
    }
  });

  test("residuals above 1e-9 only where no doubles have less", () => {
    // 4/3·e + 0.1 lies between two doubles x·e that are 2e-16·e apart.
    const problem = (e: number) => ({
      cost: [0, 1],
      matrix: { rows: 1, dense: [-e, e] },
      rowLower: [0.1],
      rowUpper: [0.1],
      colLower: [4 / 3, 0],
      colUpper: [4 / 3, 2],
    });
    expectOptimal(solveLp(problem(3e6)));
    for (const e of [3e7, 3e8, 7e9]) {
      const outcome = solveLp(problem(e));
      if (outcome.status !== "optimal") throw new Error(outcome.status);
      expect(outcome.kkt.primal).toBeGreaterThan(1e-9);
      expect(outcome.kkt.primal).toBeLessThan(2 ** -52 * (8 / 3) * e);
    }
  });

  test("what is off by 1e-7 is no optimum", () => {
    // min −3x − 2y, x + y ≤ 4, 0 ≤ x ≤ 3, y free: (3, 1) with the dual −2 and the reduced cost −1 of x.
    const columns = [1, 1].map((value) => ({ rows: [0], values: [value] }));
    const bounds = { rowLower: [-Infinity], rowUpper: [4], colLower: [0, -Infinity], colUpper: [3, Infinity] };
    const excess = (x: number, y: number, dual: number) =>
      kktOf({ columns, cost: [-3, -2], ...bounds }, Float64Array.of(x, y), Float64Array.of(dual), 0).excess;
    expect(excess(3, 1, -2)).toBeLessThan(1e-15);
    for (const off of [1e-7, -1e-7]) {
      expect(excess(3 + off, 1, -2)).toBeGreaterThan(1e-9);
      expect(excess(3, 1 + off, -2)).toBeGreaterThan(1e-9);
      expect(excess(3, 1, -2 + off)).toBeGreaterThan(1e-9);
    }
  });

  test("of a row whose terms overflow nothing is said", () => {
    const fixed = [1e200, 1e200];
    const matrix = { rows: 1, dense: [1e200, -1e200] };
    const outcome = solveLp({ cost: [0, 0], matrix, rowLower: [5], colLower: fixed, colUpper: fixed });
    expect(outcome.status).toBe("numerical");
  });

  test("whatever comes out is proved", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const outcome = solveLp(randomLp(seed, "any", 12));
      seen.add(outcome.status);
      if (outcome.status === "optimal") expectOptimal(outcome);
    }
    expect([...seen].sort()).toEqual(["optimal", "unbounded"]);
  });

  test("the scalar build agrees", () => {
    const scalar = instantiateModule<Abi>(decodeBinary(scalarBinary));
    for (let seed = 0; seed < 30; seed++) {
      const problem = randomLp(seed, "any", 20);
      const a = solveLp(problem);
      using lp = new Lp(problem, scalar);
      const b = lp.solve();
      expect(b.status).toBe(a.status);
      if (a.status === "optimal" && b.status === "optimal") expect(b.objective).toBeCloseTo(a.objective, 8);
    }
  });
});

describe("LPs with the structures of real ones", () => {
  test.each(Object.keys(families) as Family[])("%s: proved to be optimal", (family) => {
    for (let seed = 0; seed < 6; seed++) expectOptimal(solveLp(structuredLp(family, seed, [12, 30, 80][seed % 3]!)));
  });

  test("trap: Devex weights that grow without bound price nothing (growth of 500 rows ran for ever)", () => {
    const outcome = solveLp(structuredLp("growth", 4, 500), { maxIterations: 3000 });
    expectOptimal(outcome);
  });

  test("a clock that interrupts does not change the pivots", () => {
    const problem = structuredLp("leontief", 1, 200);
    const { iterations } = solveLp(problem);
    expect(iterations).toBeGreaterThan(300);
    const timed = solveLp(problem, { timeLimit: 60_000 });
    expectOptimal(timed);
    expect(timed.iterations).toBe(iterations);
    expect(solveLp(problem, { timeLimit: 1e-3 }).status).toBe("time-limit");
  });
});

describe("what users of other solvers suffer from", () => {
  const bounded = { colUpper: [1, 1, 1, 1] };

  test("trap: Chvátal's cycling example ends", () => {
    const outcome = solveLp({
      cost: [-10, 57, 9, 24],
      matrix: { rows: 3, dense: [0.5, -5.5, -2.5, 9, 0.5, -1.5, -0.5, 1, 1, 0, 0, 0] },
      rowUpper: [0, 0, 1],
    });
    expect(expectOptimal(outcome)).toBeCloseTo(-1, 12);
  });

  test("trap: infeasible and unbounded have a status and a proof, never undefined", () => {
    const row = { rows: 1, dense: [1, 1, 1, 1] };
    const infeasible = solveLp({ cost: [1, 1, 1, 1], matrix: row, rowLower: [5], ...bounded });
    if (infeasible.status !== "infeasible") throw new Error(infeasible.status);
    // y·(A x) ≤ 4 |y| for every x in the box, and at least 5 |y| is asked for.
    expect(Array.from(infeasible.ray, Math.abs)).toEqual([1]);
    expect(infeasible.margin).toBeGreaterThan(0.1);
    const unbounded = solveLp({ cost: [-1, 0, 0, 0], matrix: row, rowLower: [0] });
    if (unbounded.status !== "unbounded") throw new Error(unbounded.status);
    expect(Array.from(unbounded.ray)).toEqual([1, 0, 0, 0]);
  });

  test("trap: optima come with duals that price the bounds", () => {
    for (let seed = 0; seed < 40; seed++) {
      const problem = randomLp(seed, "feasible", 10);
      const outcome = solveLp(problem);
      const best = expectOptimal(outcome);
      if (outcome.status !== "optimal") continue;
      const finite = (low: number | undefined, high: number | undefined, dual: number) =>
        dual === 0 ? 0 : dual * (dual > 0 ? low! : high!);
      let bound = 0;
      for (const [i, dual] of outcome.rowDuals.entries())
        if (Math.abs(dual) > 1e-12) bound += finite(problem.rowLower![i], problem.rowUpper![i], dual);
      for (const [j, dual] of outcome.reducedCosts.entries())
        if (Math.abs(dual) > 1e-12) bound += finite(problem.colLower![j], problem.colUpper![j], dual);
      expect(Math.abs(bound - best)).toBeLessThan(1e-8 * (1 + Math.abs(best)));
    }
  });

  test("trap: thousands of solves in constant memory", () => {
    const solve = (seed: number) => solveLp(randomLp(seed % 25, "any", 12));
    for (let seed = 0; seed < 100; seed++) solve(seed);
    const before = lpKernels().memory.buffer.byteLength;
    const blocks = lpKernels().allocatedBytes();
    for (let seed = 0; seed < 5000; seed++) solve(seed);
    expect(lpKernels().memory.buffer.byteLength).toBe(before);
    expect(lpKernels().allocatedBytes()).toBe(blocks);
  });
});

test("dense columns, in order and out of order, in pieces and in blocks, are the same LP", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed, 3);
    const m = 8 + (seed % 13);
    const n = 3 * m;
    const dense = Array.from({ length: m * n }, () => 0.1 + random.uniform());
    const cost = Array.from({ length: n }, () => 1 + random.uniform());
    const rowLower = Array.from({ length: m }, () => 1 + random.uniform());
    const sparse = (order: (j: number) => number[], pieces = 1): LpProblem => {
      const rows = Array.from({ length: n }, (_, j) => Array.from({ length: pieces }, () => order(j)).flat());
      return {
        cost,
        rowLower,
        matrix: {
          rows: m,
          columnStarts: Array.from({ length: n + 1 }, (_, j) => j * m * pieces),
          rowIndices: rows.flat(),
          values: rows.flatMap((column, j) => column.map((i) => dense[i * n + j]! / pieces)),
        },
      };
    };
    const upwards = Array.from({ length: m }, (_, i) => i);
    const objectives = [
      { cost, rowLower, matrix: { rows: m, dense } },
      sparse(() => upwards),
      sparse((j) => (j % 2 ? [...upwards].reverse() : upwards)),
      sparse((j) => (j % 3 ? [...upwards.slice(j % m), ...upwards.slice(0, j % m)] : upwards), 2),
    ].map((problem) => {
      const outcome = solveLp(problem);
      if (outcome.status !== "optimal") throw new Error(outcome.status);
      return outcome.objective;
    });
    for (const objective of objectives) expect(Math.abs(objective / objectives[0]! - 1)).toBeLessThan(1e-12);
  }
});

test("more columns, and more columns added, than a call has room for arguments", () => {
  const count = 130_000;
  const ones = new Float64Array(count).fill(1);
  const cost = Float64Array.from({ length: count }, (_, j) => 1 + ((j * 7) % count));
  const matrix = { rows: 1, dense: ones };
  using lp = createLp({ cost, matrix, rowLower: [3], colUpper: ones });
  const none = new Float64Array(count);
  const half = cost.map((c) => c / 2);
  lp.addColumns(matrix, half, none, ones);
  expect(lp.columns).toBe(2 * count);
  expect(lp.solve()).toMatchObject({ status: "optimal", objective: 2.5 });
});
