import { afterEach, expect, test } from "vitest";
import { binary as scalarBinary } from "../../build/lp-scalar-binary.ts";
import { createL1Fit, L1Fit, type L1FitOutcome } from "../../src/outer/l1-fit.ts";
import { type LpProblem, solveLp } from "../../src/outer/lp.ts";
import { orderingMargin } from "../../src/outer/ordering-proof.ts";
import { Random } from "../../src/random.ts";
import { type LpKernels, lpKernels } from "../../src/wasm/lp.ts";
import type { Abi } from "../../src/wasm/lp-abi.ts";
import { decodeBinary, instantiateModule } from "../../src/wasm/module.ts";
import { type RandomFit, randomFit } from "../reference/random-fit.ts";

const open: { dispose(): void }[] = [];
afterEach(() => {
  for (const fit of open.splice(0)) fit.dispose();
});

function fitOf(p: RandomFit, j: number | null = p.best, kernels?: LpKernels): L1Fit {
  const fit = new L1Fit(p, kernels);
  open.push(fit);
  fit.append(p.phi, p.error);
  fit.setIncumbent(j ?? undefined);
  return fit;
}

/** Primal, dual and gap at once prove the optimum; a proof of infeasibility is verified anew. */
function expectProved(outcome: L1FitOutcome, p: RandomFit): void {
  if (outcome.status === "infeasible") {
    const { incumbent, models, weights } = outcome.proof;
    expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
    expect(orderingMargin(p.phi, p.k, incumbent, models, weights, p.F)).toBeGreaterThan(0);
    return;
  }
  if (outcome.status !== "optimal") throw new Error(outcome.status);
  expect(outcome.kkt.primal).toBeLessThan(1e-9);
  expect(outcome.kkt.dual).toBeLessThan(1e-9);
  expect(outcome.kkt.gap).toBeLessThan(1e-9);
}

function objective(outcome: L1FitOutcome): number {
  return outcome.status === "optimal" ? outcome.objective : Number.NaN;
}

test("every outcome is proved: KKT and gap where there is a fit, a mixture of models where there is none", () => {
  const seen = { optimal: 0, infeasible: 0 };
  for (let seed = 0; seed < 300; seed++) {
    const k = 1 + (seed % 8);
    const p = randomFit(seed, 2 + ((seed * 7) % 90), k);
    const outcome = fitOf(p, seed % 3 === 0 ? null : seed % 3 === 1 ? p.best : seed % p.error.length).solve();
    expectProved(outcome, p);
    seen[outcome.status as keyof typeof seen]++;
  }
  expect(seen.optimal).toBeGreaterThan(100);
  expect(seen.infeasible).toBeGreaterThan(30);
});

test("with e affine in λ·φ the fit finds λ from k + 2 observations", () => {
  for (const k of [2, 5, 12]) {
    const p = randomFit(k, k + 2, k, { noise: 0, slope: 3 });
    const random = new Random(k, 11);
    const truth = Array.from({ length: k }, (_, j) => (j === 0 ? 1 : 0.02 + random.uniform()));
    const outcome = fitOf(p).solve();
    if (outcome.status !== "optimal") throw new Error(outcome.status);
    expect(outcome.alpha).toBeCloseTo(3, 8);
    for (const [j, value] of truth.entries()) expect(outcome.lambda[j]).toBeCloseTo(value, 8);
  }
});

test("SIMD and scalar builds take the same number of iterations to the same objective", () => {
  const scalar = instantiateModule<Abi>(decodeBinary(scalarBinary));
  for (let seed = 0; seed < 20; seed++) {
    const p = randomFit(seed, 20 + seed * 17, 1 + (seed % 12));
    const a = fitOf(p).solve();
    const b = fitOf(p, p.best, scalar).solve();
    expect(a.status).toBe(b.status);
    if (a.status === "optimal") expect(Math.abs(a.objective / objective(b) - 1)).toBeLessThan(1e-10);
  }
});

test("a cold fit starts a few pivots away from its minimum", () => {
  for (const [m, k, grid] of [
    [2000, 20, 0],
    [3000, 30, 0],
    [2000, 20, 0.5],
  ] as const) {
    const p = randomFit(0, m, k, { grid });
    const outcome = fitOf(p).solve();
    expectProved(outcome, p);
    // From least squares alone 45, 82 and more.
    expect(outcome.iterations).toBeLessThan(2 * k);
  }
});

test("trap: near the cone's apex the hard rows hold relative to α", () => {
  let flat = 0;
  for (let seed = 0; seed < 40; seed++) {
    // The error falls with λ·φ: the best fit is as flat as the guard allows, but where chance says otherwise.
    const p = randomFit(seed, 60, 4, { slope: -1 });
    const outcome = fitOf(p, null).solve();
    expectProved(outcome, p);
    if (outcome.status !== "optimal") throw new Error(outcome.status);
    if (outcome.apex) flat++;
    for (const [j, value] of outcome.mu.entries()) {
      expect(value / outcome.alpha).toBeGreaterThan(p.F.lower[j]! - 1e-8);
      expect(value / outcome.alpha).toBeLessThan(p.F.upper[j]! * (1 + 1e-8));
    }
  }
  expect(flat).toBeGreaterThan(20);
});

test("trap: a warm restart never stops above a cold one", () => {
  for (let seed = 0; seed < 60; seed++) {
    const k = 2 + (seed % 5);
    const p = randomFit(seed, 120, k, seed % 2 ? { grid: 0.5 } : {});
    const warm = createL1Fit(p);
    open.push(warm);
    for (let m = 20; m <= 120; m += 10) {
      const from = warm.size;
      warm.append(p.phi.slice(from * k, m * k), p.error.slice(from, m));
      if (m % 30 === 0) warm.setWeights(Float64Array.from({ length: m }, (_, i) => 1 / (1 + (i % 7))));
      const best = p.error.slice(0, m).indexOf(Math.min(...p.error.slice(0, m)));
      warm.setIncumbent(best);
      const outcome = warm.solve();
      const part = { ...p, phi: p.phi.slice(0, m * k), error: p.error.slice(0, m) };
      expectProved(outcome, part);
      if (m % 30 !== 20) continue;
      warm.setWeights(new Float64Array(m).fill(1));
      const again = warm.solve();
      const cold = fitOf(part, best).solve();
      expect(again.status).toBe(cold.status);
      if (cold.status === "optimal") expect(Math.abs(objective(again) - cold.objective)).toBeLessThan(1e-9 * (1 + m));
    }
  }
});

test("observations that come a few at a time, through growth and sifting, end where a fresh fit does", () => {
  for (let seed = 0; seed < 12; seed++) {
    const k = 2 + ((seed * 3) % 11);
    const p = randomFit(seed, 900, k, { grid: seed % 3 ? 0 : 0.5, noise: seed % 4 ? 0.5 : 3 });
    const warm = createL1Fit(p);
    open.push(warm);
    const upTo = (m: number) => ({ ...p, phi: p.phi.slice(0, m * k), error: p.error.slice(0, m) });
    let m = 0;
    for (let step = 0; m < 900; step++) {
      const next = Math.min(m === 0 ? 200 : m + 1 + ((step * 7) % 23), 900);
      const ordered = Array.from({ length: next - m }, (_, i) => i % 4 !== 1);
      warm.append(p.phi.slice(m * k, next * k), p.error.slice(m, next), seed % 2 ? ordered : undefined);
      m = next;
      if (step === 0) warm.setIncumbent(p.best < 200 ? p.best : undefined);
      if (step === 25) warm.setWeights(Float64Array.from({ length: m }, (_, i) => (i % 5 ? 1 : 0)));
      const outcome = warm.solve();
      expectProved(outcome, upTo(m));
      if (outcome.status === "infeasible" || step >= 25 || step % 8 !== 0 || seed % 2) continue;
      const fresh = fitOf(upTo(m), p.best < 200 ? p.best : null).solve();
      expect(Math.abs(objective(outcome) - objective(fresh))).toBeLessThan(1e-9 * (1 + objective(fresh)));
    }
  }
});

test("trap: a warm switch to another incumbent is not trapped at the apex", () => {
  for (let seed = 0; seed < 20; seed++) {
    const p = randomFit(seed, 300, 6);
    const warm = fitOf(p);
    warm.solve();
    for (const j of [3, 17, p.best]) {
      warm.setIncumbent(j);
      const switched = warm.solve();
      const cold = fitOf(p, j).solve();
      expectProved(switched, p);
      expect(switched.status).toBe(cold.status);
      expect(switched.iterations).toBeLessThanOrEqual(2 * cold.iterations + 100);
    }
  }
});

test("trap: degenerate and duplicated rows do not cycle", () => {
  for (let seed = 0; seed < 60; seed++) {
    const p = randomFit(seed, 100, 1 + (seed % 6), { grid: 1, noise: 2 });
    const fit = fitOf(p);
    fit.append(p.phi, p.error);
    const outcome = fit.solve({ maxIterations: 3000 });
    const doubled = {
      ...p,
      phi: Float64Array.from([...p.phi, ...p.phi]),
      error: Float64Array.from([...p.error, ...p.error]),
    };
    expectProved(outcome, doubled);
  }
});

test("trap: orderings of many correlated models, which meet where μ = 0, do not cycle", () => {
  const k = 5;
  const F = { lower: Float64Array.of(1, 1e-3, 1e-3, 1e-3, 1e-3), upper: Float64Array.of(1, 10, 10, 10, 10) };
  for (let seed = 0; seed < 8; seed++) {
    const random = new Random(seed, 12);
    const m = 800 * (1 + (seed % 2));
    const phi = new Float64Array(m * k);
    const error = new Float64Array(m);
    // Checkpoints of trainings: all features and the error fall together.
    for (let i = 0; i < m; i++) {
      const level = 10 / (1 + (i % 100));
      for (let j = 0; j < k; j++) phi[i * k + j] = random.uniform() + level;
      error[i] = random.uniform() + level;
    }
    const order = Array.from(error, (_, i) => i).sort((a, b) => error[a]! - error[b]!);
    const p = { k, F, phi, error, best: order[0]! };
    const fit = fitOf(p);
    for (const j of order.slice(0, 10)) {
      fit.setIncumbent(j);
      const outcome = fit.solve();
      expectProved(outcome, p);
      expect(outcome.iterations).toBeLessThan(300);
    }
  }
});

test("trap: rebuilding the inverse keeps the state of residuals that are 0", () => {
  // Every residual of an exact fit is 0 at the optimum, and a solve from there rebuilds first: it has nothing to do.
  for (let seed = 0; seed < 40; seed++) {
    const p = randomFit(seed, 80, 1 + (seed % 6), { noise: 0 });
    const fit = fitOf(p, seed % 2 ? p.best : null);
    fit.solve();
    for (let again = 0; again < 3; again++) {
      const outcome = fit.solve();
      if (outcome.status !== "optimal") throw new Error(outcome.status);
      expect(outcome.objective).toBeLessThan(1e-11 * p.error.length);
      expect(outcome.iterations).toBeLessThanOrEqual(2);
    }
  }
});

/** The same fit as a general LP: |residual| split in two columns, α ≥ 0 without the apex guard. */
function asLp({ k, phi, error, F }: RandomFit, j: number | null): LpProblem {
  const m = error.length;
  const free = k + 2;
  const n = free + 2 * m;
  const rows: number[][] = [];
  const rowLower: number[] = [];
  const rowUpper: number[] = [];
  const add = (entries: readonly (readonly [number, number])[], low: number, high: number) => {
    const row = new Array<number>(n).fill(0);
    for (const [column, value] of entries) row[column]! += value;
    rows.push(row);
    rowLower.push(low);
    rowUpper.push(high);
  };
  const inf = Number.POSITIVE_INFINITY;
  const model = (i: number, sign = 1) => Array.from({ length: k }, (_, c) => [c, sign * phi[i * k + c]!] as const);
  for (let i = 0; i < m; i++) {
    add([...model(i), [k + 1, 1], [free + 2 * i, 1], [free + 2 * i + 1, -1]], error[i]!, error[i]!);
    if (j !== null && i !== j) add([...model(i), ...model(j, -1)], 0, inf);
  }
  for (let c = 0; c < k; c++) {
    add([[c, 1], [k, -F.lower[c]!]], 0, F.lower[c] === F.upper[c] ? 0 : inf); // biome-ignore format: a row of A
    add([[c, -1], [k, F.upper[c]!]], 0, inf); // biome-ignore format: a row of A
  }
  return {
    cost: Array.from({ length: n }, (_, c) => (c < free ? 0 : 1)),
    matrix: { rows: rows.length, dense: rows.flat() },
    rowLower,
    rowUpper,
    colLower: Array.from({ length: n }, (_, c) => (c === k || c >= free ? 0 : -inf)),
  };
}

test("the general LP comes to the same objective", () => {
  let compared = 0;
  for (let seed = 0; seed < 40; seed++) {
    const p = randomFit(seed, 5 + seed, 1 + (seed % 4), seed % 3 ? {} : { grid: 0.5 });
    const j = seed % 2 ? p.best : null;
    const fit = fitOf(p, j).solve();
    const lp = solveLp(asLp(p, j));
    if (fit.status !== "optimal" || fit.apex || lp.status !== "optimal") continue;
    expect(Math.abs(fit.objective - lp.objective)).toBeLessThan(1e-9 * (1 + lp.objective));
    compared++;
  }
  expect(compared).toBeGreaterThan(25);
});

test("trap: a cold start is not stuck at the apex", () => {
  const p = randomFit(1, 3000, 12);
  const outcome = fitOf(p).solve();
  expectProved(outcome, p);
  expect(outcome.iterations).toBeLessThan(500);
});

test("constant columns, equal errors and a single observation are fitted", () => {
  const p = randomFit(3, 30, 3);
  for (let i = 0; i < 30; i++) p.phi[i * 3 + 1] = 7;
  expectProved(fitOf(p).solve(), p);
  expectProved(fitOf({ ...p, error: new Float64Array(30).fill(2) }, null).solve(), p);
  const one = { ...p, phi: p.phi.slice(0, 3), error: p.error.slice(0, 1), best: 0 };
  expectProved(fitOf(one).solve(), one);
});

test("shares sum to 1 where one feature hardly differs between the models", () => {
  const F = {
    lower: Float64Array.of(1e-3, 1e-3, 1e-3),
    upper: Float64Array.of(1, 1, 1),
    data: Float64Array.of(1, 1, 1),
    total: 1,
  };
  const fit = createL1Fit({ k: 3, F });
  open.push(fit);
  fit.append([2.2, 4.3e-7, 8, 1.5, 2.2e-7, 9, 7.1, 6.9e-7, 1.7], [0.98, 0, 0.73]);
  fit.setIncumbent(1);
  const outcome = fit.solve();
  if (outcome.status !== "optimal") throw new Error(outcome.status);
  expect(Math.abs(outcome.lambda.reduce((a, b) => a + b) - 1)).toBeLessThan(1e-7);
});

test("a box that its owner changes later is not the fit's any more", () => {
  const p = randomFit(4, 40, 3);
  const F = { ...p.F, lower: p.F.lower.slice(), upper: p.F.upper.slice() };
  const fit = fitOf({ ...p, F });
  F.lower.fill(0);
  F.upper.fill(1e-3);
  expect(fit.solve()).toEqual(fitOf(p).solve());
});

test.each([
  ["negative data", { data: [1, -1] }, "BOUNDS"],
  ["data that are no number", { data: [1, Number.NaN] }, "BOUNDS"],
  ["infinite data", { data: [1, Number.POSITIVE_INFINITY] }, "BOUNDS"],
  ["a total that is no number", { data: [1, 1], total: Number.NaN }, "BOUNDS"],
  ["a total beyond the bounds", { data: [1, 1], total: 21 }, "INFEASIBLE"],
  ["a total below the bounds", { data: [1, 1], total: 1.9 }, "INFEASIBLE"],
  ["data that weigh nothing", { data: [0, 0] }, "INFEASIBLE"],
  ["data of another length", { data: [1] }, "SHAPE"],
])("an F with %s is refused by the fit and by the proof", (_, { data, ...rest }, code) => {
  const F = { lower: Float64Array.of(0, 2), upper: Float64Array.of(10, 10), data: Float64Array.from(data), ...rest };
  expect(() => createL1Fit({ k: 2, F })).toThrow(expect.objectContaining({ code }));
  expect(() => orderingMargin([-1, 1, 0, 0], 2, 0, [1], [1], F)).toThrow(expect.objectContaining({ code }));
});

test("bounds that sum to the total but for rounding, and unbounded weights, make an F", () => {
  const tenths = new Float64Array(10).fill(0.1);
  createL1Fit({ k: 10, F: { lower: tenths, upper: tenths, data: new Float64Array(10).fill(1) } }).dispose();
  const upper = Float64Array.of(1, Number.POSITIVE_INFINITY);
  createL1Fit({ k: 2, F: { lower: Float64Array.of(0, 0), upper, data: Float64Array.of(1, 0) } }).dispose();
});

test("a model that no λ prefers is proved to be one where a weight has no upper bound", () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed, 7);
    const F = { lower: Float64Array.of(1, 0.01), upper: Float64Array.of(1, Number.POSITIVE_INFINITY) };
    using fit = createL1Fit({ k: 2, F });
    const front = Array.from({ length: 6 }, () => 0.1 + random.uniform());
    fit.append([...front.flatMap((x) => [x, 1 / x]), 2, 20], [...front, 3]);
    fit.setIncumbent(6);
    expect(fit.solve().status).toBe("infeasible");
  }
});

test("misuse is a typed error and memory comes back", () => {
  const before = lpKernels().allocatedBytes();
  const p = randomFit(1, 10, 2);
  const fit = createL1Fit(p);
  const code = (value: string) => expect.objectContaining({ code: value });
  expect(() => fit.solve()).toThrow(code("EMPTY"));
  expect(() => fit.append([1, 2, 3], [1])).toThrow(code("SHAPE"));
  expect(() => fit.append([1, Number.NaN], [1])).toThrow(code("NON_FINITE"));
  fit.append(p.phi, p.error);
  expect(() => fit.setWeights([1])).toThrow(code("SHAPE"));
  expect(() => fit.setIncumbent(10)).toThrow(code("SHAPE"));
  expect(() => createL1Fit({ k: 1, F: { lower: new Float64Array([2]), upper: new Float64Array([1]) } })).toThrow(
    code("BOUNDS"),
  );
  for (const maxIterations of [-1, 0.5, Number.NaN]) expect(() => fit.solve({ maxIterations })).toThrow(code("OPTION"));
  // @ts-expect-error: a slip
  expect(() => fit.solve({ maxIteration: 5 })).toThrow(code("OPTION"));
  expect(fit.solve({ maxIterations: 0 }).status).toBe("iteration-limit");
  expect(fit.solve({ maxIterations: 2 ** 31 }).status).toBe("optimal");
  fit.dispose();
  fit.dispose();
  expect(() => fit.solve()).toThrow(code("DISPOSED"));
  expect(lpKernels().allocatedBytes()).toBe(before);
});
