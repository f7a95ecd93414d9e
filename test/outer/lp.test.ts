import { describe, expect, test } from "vitest";
import { binary as scalarBinary } from "../../build/lp-scalar-binary.ts";
import { createLp, type LpOutcome, solveLp } from "../../src/lp.ts";
import { Lp } from "../../src/outer/lp.ts";
import { lpKernels } from "../../src/wasm/lp.ts";
import type { Abi } from "../../src/wasm/lp-abi.ts";
import { decodeBinary, instantiateModule } from "../../src/wasm/module.ts";
import { randomLp } from "../reference/random-lp.ts";

/** KKT residuals of the problem as given prove the optimum; rays are verified by the solver in unscaled data. */
function expectOptimal(outcome: LpOutcome): number {
  if (outcome.status !== "optimal") throw new Error(outcome.status);
  const { primal, dual, gap } = outcome.kkt;
  expect(Math.max(primal, dual, gap)).toBeLessThan(1e-9);
  return outcome.objective;
}

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

  test("no rows, no columns, crossed bounds, limits", () => {
    expect(expectOptimal(solveLp({ cost: [], matrix: { rows: 0, dense: [] } }))).toBe(0);
    expect(expectOptimal(solveLp({ cost: [1], matrix: { rows: 0, dense: [] }, colLower: [3] }))).toBe(3);
    expect(solveLp({ cost: [-1], matrix: { rows: 0, dense: [] } }).status).toBe("unbounded");
    expect(solveLp({ cost: [1], matrix: { rows: 0, dense: [] }, colLower: [3], colUpper: [2] }).status).toBe(
      "infeasible",
    );
    const problem = randomLp(2, "feasible", 30);
    expect(solveLp(problem, { maxIterations: 1 }).status).toBe("iteration-limit");
  });

  test("misuse is a typed error, and memory comes back", () => {
    const code = (value: string) => expect.objectContaining({ code: value });
    const matrix = { rows: 1, dense: [1] };
    expect(() => solveLp({ cost: [1, 2], matrix })).toThrow(code("SHAPE"));
    expect(() => solveLp({ cost: [Number.NaN], matrix })).toThrow(code("NON_FINITE"));
    expect(() => solveLp({ cost: [1], matrix: { rows: 1, dense: [Number.NaN] } })).toThrow(code("NON_FINITE"));
    expect(() => solveLp({ cost: [1], matrix, rowLower: [Number.NaN] })).toThrow(code("BOUNDS"));
    expect(() => solveLp({ cost: [1], matrix: { rows: 1e6, dense: [] } })).toThrow(code("TOO_LARGE"));
    const before = lpKernels().allocatedBytes();
    const lp = createLp({ cost: [1], matrix });
    lp.solve();
    lp.dispose();
    expect(() => lp.solve()).toThrow(code("DISPOSED"));
    expect(lpKernels().allocatedBytes()).toBe(before);
  });
});
