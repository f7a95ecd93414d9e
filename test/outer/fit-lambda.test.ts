import { expect, test } from "vitest";
import { type LpProblem, solveLp } from "../../src/lp.ts";
import type { Box } from "../../src/outer/box.ts";
import { type FitObservation, fitLambda } from "../../src/outer/fit-lambda.ts";
import { Random } from "../../src/random.ts";

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

/** Models by chance, a third of them not converged, of errors that grow with λ·φ of some λ but for noise; F a box or shares. */
function posed(seed: number) {
  const random = new Random(seed, 21);
  const k = 2 + (seed % 4);
  const shares = seed % 2 === 1;
  const truth = Array.from({ length: k }, (_, j) => (j === 0 && !shares ? 1 : 0.1 + random.uniform()));
  const observations: FitObservation[] = Array.from({ length: 4 + ((seed * 5) % 17) }, () => {
    const features = truth.map(() => 3 + random.normal());
    const error = dot(truth, features) + [0, 0.3, 2][seed % 3]! * random.normal();
    return { features, error, converged: random.uniform() > 0.3 };
  });
  const F: Box = shares
    ? { lower: new Float64Array(k).fill(0.02), upper: new Float64Array(k).fill(1), data: new Float64Array(k).fill(1) }
    : {
        lower: Float64Array.from(truth, (_, j) => (j === 0 ? 1 : 0.01)),
        upper: Float64Array.from(truth, (_, j) => (j === 0 ? 1 : 5)),
      };
  return { k, observations, F };
}

/** Rows that keep the first k variables within F times what the next one is. */
function cone({ lower, upper, data }: Box, width: number) {
  const rows: number[][] = [];
  const [low, high]: [number[], number[]] = [[], []];
  const add = (entries: readonly (readonly [number, number])[], least: number, most: number) => {
    const row = new Array<number>(width).fill(0);
    for (const [at, value] of entries) row[at]! += value;
    rows.push(row);
    low.push(least);
    high.push(most);
  };
  const k = lower.length;
  for (let j = 0; j < k; j++) {
    add([[j, 1], [k, -lower[j]!]], 0, Number.POSITIVE_INFINITY); // biome-ignore format: a row of A each
    add([[j, 1], [k, -upper[j]!]], Number.NEGATIVE_INFINITY, 0); // biome-ignore format: a row of A each
  }
  if (data) add([...Array.from(data, (a, j) => [j, a] as const), [k, -1]], 0, 0);
  const solve = (cost: readonly number[], colLower: readonly number[], colUpper: readonly number[]) => {
    const matrix = { rows: rows.length, dense: rows.flat() };
    const problem: LpProblem = { cost, matrix, rowLower: low, rowUpper: high, colLower, colUpper };
    const outcome = solveLp(problem);
    if (outcome.status !== "optimal") throw new Error(outcome.status);
    return outcome.objective;
  };
  return { add, solve };
}

const free = Number.POSITIVE_INFINITY;

/** By how much some λ of F can make the loss of model j less than, or the same as, all converged ones' (≤ 0), or not (> 0). */
function lack(observations: readonly FitObservation[], j: number, F: Box): number {
  const k = F.lower.length;
  const { add, solve } = cone(F, k + 2);
  for (const { features, converged } of observations) {
    if (!converged) continue;
    const differences = Array.from({ length: k }, (_, i) => [i, observations[j]!.features[i]! - features[i]!] as const);
    add([...differences, [k + 1, -1]], -free, 0);
  }
  const fill = (value: number, last: number) => [...new Array<number>(k).fill(value), 1, last];
  return solve([...new Array<number>(k + 1).fill(0), 1], fill(0, -100), fill(free, 100));
}

/** The least Σ w·|e − μ·φ − c| where the loss of model j is the least, over that of a constant. */
function leastResidual(observations: readonly FitObservation[], j: number, F: Box): number {
  const k = F.lower.length;
  const errors = observations.map(({ error }) => error).sort((a, b) => a - b);
  const tau = errors[Math.min(Math.max(3 * k, 10), errors.length) - 1]! - errors[0]!;
  const w = observations.map(({ error }) => 1 / (1 + (error - errors[0]!) / tau));
  const n = observations.length;
  const { add, solve } = cone(F, k + 2 + 2 * n);
  for (const [i, { features, error, converged }] of observations.entries()) {
    const { features: own } = observations[j]!;
    add(
      [...Array.from(features, (f, at) => [at, f] as const), [k + 1, 1], [k + 2 + i, 1], [k + 2 + n + i, -1]],
      error,
      error,
    );
    if (converged)
      add(
        Array.from(features, (f, at) => [at, own[at]! - f] as const),
        -free,
        0,
      );
  }
  const bounds = (value: number, alpha: number, c: number, rest: number) => [
    ...new Array<number>(k).fill(value),
    alpha,
    c,
    ...new Array<number>(2 * n).fill(rest),
  ];
  const objective = solve(
    [...bounds(0, 0, 0, 0).slice(0, k + 2), ...w, ...w],
    bounds(0, 0, -free, 0),
    bounds(free, free, free, free),
  );
  const mean =
    dot(
      w,
      observations.map(({ error }) => error),
    ) / w.reduce((sum, x) => sum + x, 0);
  return objective / observations.reduce((sum, { error }, i) => sum + w[i]! * Math.abs(error - mean), 0);
}

test("λ is in F, prefers the model it explains to all converged ones, and no better model is preferred by any: brute force", () => {
  let passed = 0;
  for (let seed = 0; seed < 150; seed++) {
    const { observations, F } = posed(seed);
    const fit = fitLambda(observations, F);
    const ascending = [...observations.keys()].sort((a, b) => observations[a]!.error - observations[b]!.error);
    const lacks = ascending.map((j) => lack(observations, j, F));
    if (lacks.some((least) => Math.abs(least) < 1e-7 && least !== 0)) continue;
    const first = ascending[lacks.findIndex((least) => least <= 0)]!;
    if (fit.status !== "optimal") throw new Error(`seed ${seed}: ${fit.status}`);
    expect(fit.incumbent).toBe(first);
    passed += ascending.indexOf(first);
    for (const [j, weight] of fit.lambda.entries()) {
      expect(weight).toBeGreaterThanOrEqual(F.lower[j]! * (1 - 1e-9));
      expect(weight).toBeLessThanOrEqual(F.upper[j]! * (1 + 1e-9));
    }
    if (F.data) expect(dot(F.data, fit.lambda)).toBeCloseTo(1, 9);
    const own = dot(fit.lambda, observations[first]!.features);
    for (const { features, converged } of observations) {
      if (converged) expect(dot(fit.lambda, features)).toBeGreaterThan(own - 1e-9 * Math.abs(own));
    }
    // α is at least 1e-6 of what explains e, here 0.
    expect(Math.abs(fit.residual - leastResidual(observations, first, F))).toBeLessThan(1e-5);
  }
  expect(passed).toBeGreaterThan(20);
});

test("within a factor of a λ the fit stays there, and in F", () => {
  for (let seed = 0; seed < 40; seed++) {
    const { observations, F } = posed(seed);
    const center = F.lower.map((low, j) => (F.data ? 1 / F.lower.length : Math.sqrt(low * F.upper[j]!)));
    for (const radius of [1.1, 4]) {
      const fit = fitLambda(observations, F, { trust: { lambda: center, radius } });
      if (fit.status !== "optimal") continue;
      for (const [j, weight] of fit.lambda.entries()) {
        expect(weight).toBeGreaterThanOrEqual(Math.max(F.lower[j]!, center[j]! / radius) * (1 - 1e-9));
        expect(weight).toBeLessThanOrEqual(Math.min(F.upper[j]!, center[j]! * radius) * (1 + 1e-9));
      }
      if (F.data) expect(dot(F.data, fit.lambda)).toBeCloseTo(1, 9);
    }
  }
});

test("only the best take part, whatever their order, and none that diverged", () => {
  for (let seed = 0; seed < 40; seed++) {
    const { observations, F } = posed(seed);
    const fit = fitLambda(observations, F);
    const same = (others: readonly FitObservation[], options = {}) => {
      const other = fitLambda(others, F, options);
      if (fit.status !== "optimal" || other.status !== "optimal") throw new Error(`seed ${seed}`);
      expect(others[other.incumbent]).toBe(observations[fit.incumbent]);
      expect(other.residual).toBeCloseTo(fit.residual, 6);
      for (const [j, weight] of other.lambda.entries()) expect(weight).toBeCloseTo(fit.lambda[j]!, 6);
    };
    same(observations.toReversed());
    const worst = Math.max(...observations.map(({ error }) => error));
    const bad = observations.map(({ features }, i) => ({ features, error: worst + 1 + i, converged: true }));
    same([...bad, ...observations], { most: observations.length });
    const features = F.lower.map(() => -50);
    same([...observations, { features, error: 1e9, converged: true }]);
  }
});

test("of no models there is no fit; of one any λ is", () => {
  const { F } = posed(2);
  expect(fitLambda([], F)).toEqual({ status: "none" });
  const features = F.lower.map(() => 1);
  expect(fitLambda([{ features, error: 3, converged: true }], F)).toMatchObject({ status: "optimal", residual: 0 });
});
