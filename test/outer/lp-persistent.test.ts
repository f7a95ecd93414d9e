import { describe, expect, test } from "vitest";
import { createLp, solveLp } from "../../src/lp.ts";
import { columnsOf } from "../../src/outer/lp-matrix.ts";
import { Random } from "../../src/random.ts";
import { lpKernels } from "../../src/wasm/lp.ts";
import { expectOptimal } from "../reference/expect-optimal.ts";
import { randomLp } from "../reference/random-lp.ts";

describe("a persistent LP", () => {
  test("the basis survives every edit, and the answer is that of a new LP", () => {
    for (let seed = 0; seed < 40; seed++) {
      const problem = randomLp(seed, "feasible", 12);
      using lp = createLp(problem);
      const first = expectOptimal(lp.solve());
      expect(lp.solve().iterations).toBe(0);
      const n = lp.columns;
      const m = lp.rows;
      // A row that the optimum satisfies changes nothing; a column that is too dear neither.
      lp.addRows({ rows: 1, dense: new Float64Array(n) }, [-1], [1]);
      lp.addColumns({ rows: m + 1, dense: new Float64Array(m + 1) }, [1], [0], [2]);
      const second = lp.solve();
      expect(expectOptimal(second)).toBeCloseTo(first, 9);
      expect(second.iterations).toBe(0);
      lp.changeCost(n, -1);
      expect(expectOptimal(lp.solve())).toBeCloseTo(first - 2, 8);
      lp.changeColumnBounds(n, 0, 1);
      expect(expectOptimal(lp.solve())).toBeCloseTo(first - 1, 8);
      lp.changeRowBounds(m, 5, 6);
      expect(lp.solve().status).toBe("infeasible");
      lp.changeRowBounds(m, -5, 6);
      expect(expectOptimal(lp.solve())).toBeCloseTo(first - 1, 8);
      const basis = lp.getBasis();
      lp.setBasis(new Uint8Array(basis.length).fill(3));
      expect(expectOptimal(lp.solve())).toBeCloseTo(first - 1, 8);
    }
  });

  test("after any sequence of edits: the status and objective of a new LP", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed, 3);
      const { matrix, ...start } = randomLp(seed, "feasible", 14);
      const mirror = {
        cost: [...(start.cost as number[])],
        rowLower: [...(start.rowLower as number[])],
        rowUpper: [...(start.rowUpper as number[])],
        colLower: [...(start.colLower as number[])],
        colUpper: [...(start.colUpper as number[])],
        dense: "dense" in matrix ? Array.from(matrix.dense) : [],
      };
      const n = () => mirror.cost.length;
      const m = () => mirror.rowLower.length;
      using lp = createLp({ ...start, matrix });
      for (let edit = 0; edit < 12; edit++) {
        const kind = random.below(5);
        if (kind === 0) {
          const row = mirror.cost.map(() => random.below(5) - 2);
          lp.addRows({ rows: 1, dense: row }, [-3 - random.below(9)], [3 + random.below(9)]);
          const added = lp.getBasis().at(-1);
          expect(added).toBe(3);
          mirror.dense.push(...row);
          const low = -3;
          lp.changeRowBounds(m(), low, 9);
          mirror.rowLower.push(low);
          mirror.rowUpper.push(9);
        } else if (kind === 1) {
          const column = mirror.rowLower.map(() => random.below(5) - 2);
          const [cost, low, high] = [random.normal(), random.below(3) - 1, 2 + random.below(4)];
          lp.addColumns({ rows: m(), dense: column }, [cost], [low], [high]);
          const width = n();
          mirror.dense = column.flatMap((a, i) => [...mirror.dense.slice(i * width, (i + 1) * width), a]);
          mirror.cost.push(cost);
          mirror.colLower.push(low);
          mirror.colUpper.push(high);
        } else if (kind === 2) {
          const j = random.below(n());
          mirror.cost[j] = random.normal();
          lp.changeCost(j, mirror.cost[j]);
        } else if (kind === 3) {
          const j = random.below(n());
          mirror.colLower[j] = random.below(4) - 2;
          mirror.colUpper[j] = mirror.colLower[j]! + random.below(4);
          lp.changeColumnBounds(j, mirror.colLower[j]!, mirror.colUpper[j]!);
        } else {
          const i = random.below(m());
          mirror.rowLower[i] = random.below(2) ? Number.NEGATIVE_INFINITY : -random.below(6);
          mirror.rowUpper[i] = random.below(2) ? Number.POSITIVE_INFINITY : random.below(6);
          lp.changeRowBounds(i, mirror.rowLower[i]!, mirror.rowUpper[i]!);
        }
        const warm = lp.solve();
        const { dense, ...rest } = mirror;
        const fresh = solveLp({ ...rest, matrix: { rows: m(), dense } });
        expect(warm.status).toBe(fresh.status);
        if (fresh.status !== "optimal") continue;
        expect(Math.abs(expectOptimal(warm) - expectOptimal(fresh))).toBeLessThan(
          1e-8 * (1 + Math.abs(fresh.objective)),
        );
        // Its own basis is optimal for a new LP, too.
        using again = createLp({ ...rest, matrix: { rows: m(), dense } });
        again.setBasis(lp.getBasis());
        const restarted = again.solve();
        expect(restarted.iterations).toBe(0);
        expectOptimal(restarted);
      }
    }
  });

  test("the three forms of a matrix are one problem", () => {
    const rest = { cost: [-1, -2, 0], rowUpper: [4, 6] };
    const dense = solveLp({ ...rest, matrix: { rows: 2, dense: [1, 1, 0, 0, 3, 1] } });
    const byColumn = solveLp({
      ...rest,
      matrix: { rows: 2, columnStarts: [0, 1, 3, 4], rowIndices: [0, 0, 1, 1], values: [1, 1, 3, 1] },
    });
    const byRow = solveLp({
      ...rest,
      matrix: { rows: 2, rowStarts: [0, 2, 4], columnIndices: [0, 1, 1, 2], values: [1, 1, 3, 1] },
    });
    expect(expectOptimal(dense)).toBe(-6);
    expect(expectOptimal(byColumn)).toBe(-6);
    expect(expectOptimal(byRow)).toBe(-6);
  });

  test("entries given in parts, or beside others that cancel, are one entry or none", () => {
    for (let seed = 0; seed < 50; seed++) {
      const problem = randomLp(seed, "feasible", 12);
      const [rows, count] = [problem.matrix.rows, problem.cost.length];
      const entries = columnsOf(problem.matrix, count);
      const random = new Random(seed, 3);
      const [columnStarts, rowIndices, values]: number[][] = [[0], [], []];
      const add = (row: number, ...parts: number[]) => {
        for (const part of parts) [rowIndices!.push(row), values!.push(part)];
      };
      for (const column of entries) {
        for (const [e, row] of column.rows.entries()) {
          const value = column.values[e]!;
          add(row, value / 4, value / 2, value / 4);
        }
        const empty = Array.from({ length: rows }, (_, i) => i).filter((i) => !column.rows.includes(i));
        for (const row of empty) if (random.uniform() < 0.3) add(row, 3, -3);
        columnStarts!.push(values!.length);
      }
      const matrix = { rows, columnStarts: columnStarts!, rowIndices: rowIndices!, values: values! };
      const { milliseconds: _, ...same } = solveLp(problem);
      expect(solveLp({ ...problem, matrix })).toMatchObject(same);
    }
    const huge = { rows: 1, columnStarts: [0, 2], rowIndices: [0, 0], values: [1e308, 1e308] };
    expect(() => solveLp({ cost: [1], matrix: huge })).toThrow(expect.objectContaining({ code: "NON_FINITE" }));
  });

  test("no rows, no columns, crossed bounds, limits", () => {
    expect(expectOptimal(solveLp({ cost: [], matrix: { rows: 0, dense: [] } }))).toBe(0);
    expect(expectOptimal(solveLp({ cost: [1], matrix: { rows: 0, dense: [] }, colLower: [3] }))).toBe(3);
    expect(solveLp({ cost: [-1], matrix: { rows: 0, dense: [] } }).status).toBe("unbounded");
    expect(solveLp({ cost: [1], matrix: { rows: 0, dense: [] }, colLower: [3], colUpper: [2] }).status).toBe(
      "infeasible",
    );
    const problem = randomLp(2, "feasible", 30);
    expect(solveLp(problem, { maxIterations: 1 }).status).toBe("iteration-limit");
    for (const maxIterations of [2 ** 31, Number.MAX_SAFE_INTEGER])
      expect(expectOptimal(solveLp(problem, { maxIterations }))).toBe(expectOptimal(solveLp(problem)));
  });

  test("a limit leaves a basis to go on from", () => {
    for (let seed = 0; seed < 20; seed++) {
      const problem = randomLp(seed, "feasible", 40);
      const best = expectOptimal(solveLp(problem));
      using lp = createLp(problem);
      let outcome = lp.solve({ maxIterations: 5 });
      for (let slices = 0; outcome.status === "iteration-limit" && slices < 200; slices++) {
        expect(outcome.iterations).toBeLessThanOrEqual(5);
        outcome = lp.solve({ maxIterations: 5 });
      }
      expect(Math.abs(expectOptimal(outcome) - best)).toBeLessThan(1e-8 * (1 + Math.abs(best)));
    }
  });

  test("the same seed takes the same pivots, another seed comes to the same objective", () => {
    for (let instance = 0; instance < 20; instance++) {
      const problem = randomLp(instance, "degenerate", 40);
      const first = solveLp(problem, { seed: 5 });
      const { milliseconds: _, ...same } = solveLp(problem, { seed: 5 });
      expect(first).toMatchObject(same);
      const other = expectOptimal(solveLp(problem, { seed: 6 }));
      expect(Math.abs(expectOptimal(first) - other)).toBeLessThan(1e-8 * (1 + Math.abs(other)));
    }
  });

  test("misuse is a typed error, and memory comes back", () => {
    const code = (value: string) => expect.objectContaining({ code: value });
    const matrix = { rows: 1, dense: [1] };
    expect(() => solveLp({ cost: [1, 2], matrix })).toThrow(code("SHAPE"));
    expect(() => solveLp({ cost: [Number.NaN], matrix })).toThrow(code("NON_FINITE"));
    expect(() => solveLp({ cost: [1], matrix: { rows: 1, dense: [Number.NaN] } })).toThrow(code("NON_FINITE"));
    expect(() => solveLp({ cost: [1], matrix, rowLower: [Number.NaN] })).toThrow(code("BOUNDS"));
    expect(() => solveLp({ cost: [1], matrix: { rows: 1e6, dense: [] } })).toThrow(code("TOO_LARGE"));
    for (const option of [{ tolerance: 0 }, { maxIterations: -1 }, { timeLimit: 0 }, { seed: 0.5 }])
      expect(() => solveLp({ cost: [1], matrix }, option)).toThrow(code("OPTION"));
    const before = lpKernels().allocatedBytes();
    const lp = createLp({ cost: [1], matrix });
    lp.solve();
    lp.dispose();
    expect(() => lp.solve()).toThrow(code("DISPOSED"));
    expect(lpKernels().allocatedBytes()).toBe(before);
  });
});
