import { expect, test } from "vitest";
import { binary as scalarBinary } from "../../build/lp-scalar-binary.ts";
import { Random } from "../../src/random.ts";
import { Arena } from "../../src/wasm/arena.ts";
import { type LpKernels, lpKernels } from "../../src/wasm/lp.ts";
import type { Abi } from "../../src/wasm/lp-abi.ts";
import { decodeBinary, instantiateModule } from "../../src/wasm/module.ts";
import {
  curvatureOf,
  newtonSystem,
  roundedObjective,
  type ScaledFit,
  smoothedStart,
} from "../reference/smoothed-newton.ts";

const scalar = instantiateModule<Abi>(decodeBinary(scalarBinary));

/** e bends with λ·φ and is noisy; cones: λ₀ is α, the others up to 3 times as much, and one sum. */
function scaledFit(seed: number, m: number, k: number, ordering = seed % 3 !== 0): ScaledFit {
  const random = new Random(seed, 5);
  const truth = Array.from({ length: k }, (_, j) => (j === 0 ? 1 : 0.1 + random.uniform()));
  const phi = Array.from({ length: m }, () => Array.from({ length: k }, () => random.normal()));
  const error = phi.map((row) => {
    const z = row.reduce((sum, value, j) => sum + value * truth[j]!, 0);
    return z + 0.2 * Math.abs(z) + 0.3 * random.normal();
  });
  const unit = (j: number, mu: number, alpha: number) =>
    Array.from({ length: k + 1 }, (_, i) => (i === j ? mu : i === k ? alpha : 0));
  const cones = [{ row: unit(0, 1, -1), equality: true }];
  for (let j = 1; j < k; j++)
    cones.push({ row: unit(j, 1, -1e-3), equality: false }, { row: unit(j, -1 / 3, 1), equality: false });
  return {
    phi,
    error,
    weight: error.map(() => (seed % 2 ? 1 : 0.5 + random.uniform())),
    ordered: error.map(() => random.uniform() < 0.9),
    incumbent: ordering ? error.indexOf(Math.min(...error)) : -1,
    cones,
    guard: 1e-6,
  };
}

/** x where the engine begins to pivot. */
function engineStart(
  { phi, error, weight, ordered, incumbent, cones, guard }: ScaledFit,
  kernels: LpKernels,
): Float64Array {
  using arena = new Arena(kernels);
  const m = phi.length;
  const k = phi[0]!.length;
  const capacity = (m + 7) & ~7;
  const coneCapacity = (cones.length + 2) & ~1;
  const block = arena.bytes(kernels.l1FitBytes(k, capacity, coneCapacity));
  kernels.l1FitInit(block, k, capacity, coneCapacity, guard);
  const view = (which: number, n: number) => arena.viewF64(kernels.l1FitArray(block, which) >>> 0, n);
  const place = (values: readonly number[]) => {
    const pointer = arena.f64(values.length);
    arena.viewF64(pointer, values.length).set(values);
    return pointer;
  };
  for (const { row, equality } of cones) kernels.l1FitCone(block, place(row), equality ? 1 : 0);
  view(0, m).set(weight);
  view(1, m).set(ordered.map(Number));
  view(5, k).fill(1);
  kernels.l1FitAppend(block, m, place(phi.flat()), place(error), 0, 1);
  kernels.l1FitIncumbent(block, incumbent);
  kernels.l1FitSolve(block, 0);
  return view(2, k + 2).slice();
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

test("the engine starts at the reference's vertex, sifted or not, SIMD or scalar", () => {
  const seen = { sifted: 0, whole: 0, full: 0 };
  for (const [m, k] of [
    [60, 8],
    [90, 9],
    [300, 12],
    [700, 16],
    [900, 20],
    [1200, 10],
  ] as const) {
    for (let seed = 0; seed < 6; seed++) {
      const fit = scaledFit(seed + m, m, k);
      const { leastSquares, vertex, active, artificials } = smoothedStart(fit);
      const scale = Math.max(...vertex.map(Math.abs));
      for (const kernels of [lpKernels(), scalar])
        expect(distance(engineStart(fit, kernels), vertex)).toBeLessThan(1e-8 * scale);
      expect(distance(vertex, leastSquares)).toBeGreaterThan(1e-3 * scale);
      seen[active < m ? "sifted" : "whole"]++;
      if (artificials === 0) seen.full++;
    }
  }
  expect(Math.min(seen.sifted, seen.whole, seen.full)).toBeGreaterThan(5);
});

test("where pivots are cheaper, or it is too few, the engine starts from least squares", () => {
  for (const [m, k] of [
    [50, 3],
    [40, 8],
  ] as const) {
    const fit = scaledFit(1, m, k);
    const { leastSquares, descents } = smoothedStart(fit);
    expect(descents).toEqual([]);
    expect(distance(engineStart(fit, lpKernels()), leastSquares)).toBeLessThan(1e-9);
  }
});

test("the reference: gradients and curvatures by differences, and every step descends", () => {
  for (let seed = 1; seed < 4; seed++) {
    const fit = scaledFit(seed, 300, 12);
    const { newton, leastSquares, smoothed, descents } = smoothedStart(fit);
    expect(descents.length).toBeGreaterThan(2);
    expect(Math.min(...descents)).toBeGreaterThan(0);
    for (const x of [newton, leastSquares]) {
      const band = 0.3;
      const hardness = curvatureOf(smoothed, x, band);
      const { descent, H } = newtonSystem(smoothed, x, band, hardness);
      const f = (j: number, h: number) =>
        roundedObjective(
          smoothed,
          x.map((value, i) => (i === j ? value + h : value)),
          band,
          hardness,
        );
      const gradient = (j: number, h: number) =>
        newtonSystem(
          smoothed,
          x.map((value, i) => (i === j ? value + h : value)),
          band,
          hardness,
        ).descent;
      for (let j = 0; j < x.length; j++) {
        const size = 1 + Math.abs(descent[j]!);
        expect(Math.abs((f(j, -1e-6) - f(j, 1e-6)) / 2e-6 - descent[j]!)).toBeLessThan(1e-4 * size);
        const column = gradient(j, 1e-9).map((value, i) => (descent[i]! - value) / 1e-9);
        // Hard rows that are clamped keep their curvature, which the gradient has not: it errs towards shorter steps.
        expect(column[j]!).toBeLessThan(H[j]![j]! * (1 + 1e-4) + 1e-2);
      }
    }
  }
});
